"""Greetings by their cadence: people, machines, and what nobody can tell."""

from __future__ import annotations

import io
import shutil
import subprocess
from itertools import product

import numpy as np
import pytest
import soundfile
import soxr

from media.answering_machine import Decision, Detector, Parameters, Reason
from media.g711 import Samples


def voice(ms: int, dbov: float = -24, seed: int = 0) -> np.ndarray:
    """A hum of a gliding pitch, swelling as syllables do."""
    chance = np.random.default_rng(seed)
    time = np.arange(ms * 8) / 8000
    turns = 2 * np.pi * np.cumsum(chance.uniform(90, 220) + 20 * np.sin(9 * time)) / 8000
    hum = sum(np.sin(k * turns) / k for k in range(1, 8))
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * 4 * time)
    return hum * swell * 32768 * 10 ** (dbov / 20)


def cadence(*spans: int, dbov: float = -24, noise_dbov: float = -65) -> Samples:
    """Silence and voice by turns, in milliseconds, beginning with silence."""
    parts = [
        voice(ms, dbov, seed) if seed % 2 else np.zeros(ms * 8) for seed, ms in enumerate(spans)
    ]
    clean = np.concatenate(parts)
    noise = np.random.default_rng(5).normal(0, 32768 * 10 ** (noise_dbov / 20), clean.size)
    return (clean + noise).clip(-32768, 32767).astype(np.int16)


def decide(audio: Samples, parameters: Parameters | None = None) -> Decision:
    detector = Detector(parameters or Parameters())
    for at in range(0, audio.size, 160):
        if decision := detector.feed(audio[at : at + 160]):
            return decision
    return detector.end()


HUMANS = {
    "hello?": (300, 420, 2000),
    "at once": (0, 300, 2000),
    "yes, hello?": (900, 220, 180, 350, 2000),
    "Martin, good evening": (500, 380, 120, 700, 2000),
    "a click, then hello?": (200, 40, 500, 400, 2000),
}
MACHINES = {
    "one long sentence": (300, 4000, 500),
    "sentences": (500, 700, 150, 600, 150, 900, 150, 600, 300),
    "many short words": (200, *(200, 120) * 8),
}


@pytest.mark.parametrize("noise_dbov", [-70, -50])
@pytest.mark.parametrize("dbov", [-14, -24, -32])
@pytest.mark.parametrize("name", HUMANS)
def test_people(name: str, dbov: float, noise_dbov: float) -> None:
    decision = decide(cadence(*HUMANS[name], dbov=dbov, noise_dbov=noise_dbov))
    assert (decision.answered_by, decision.reason) == ("human", Reason.HUMAN)
    assert decision.at_ms <= sum(HUMANS[name][:-1]) + 840


@pytest.mark.parametrize("noise_dbov", [-70, -50])
@pytest.mark.parametrize("dbov", [-14, -24, -32])
@pytest.mark.parametrize("name", MACHINES)
def test_machines(name: str, dbov: float, noise_dbov: float) -> None:
    decision = decide(cadence(*MACHINES[name], dbov=dbov, noise_dbov=noise_dbov))
    assert decision.answered_by == "machine"
    assert decision.at_ms <= 3500


def test_reasons_of_a_machine() -> None:
    assert decide(cadence(*MACHINES["one long sentence"])).reason is Reason.LONG_GREETING
    words = decide(cadence(*MACHINES["many short words"]))
    assert (words.reason, words.words) == (Reason.MAX_WORDS, 5)
    tone = decide(cadence(0, 6000), Parameters(greeting=9000, maximum_word_length=1200))
    assert (tone.reason, tone.at_ms) == (Reason.MAX_WORD_LENGTH, 1200)


def test_silence_is_not_sure() -> None:
    decision = decide(cadence(6000))
    assert decision == Decision("unknown", Reason.INITIAL_SILENCE, 2500, 0, 0)


def test_clicks_are_not_sure() -> None:
    decision = decide(cadence(*(400, 40) * 10))
    assert (decision.answered_by, decision.words) == ("unknown", 0)


def test_what_is_not_clear_in_time_is_not_sure() -> None:
    patient = Parameters(after_greeting_silence=4000, total_analysis_time=3000)
    decision = decide(cadence(300, 400, 5000), patient)
    assert (decision.answered_by, decision.reason, decision.at_ms) == (
        "unknown",
        Reason.TOO_LONG,
        3000,
    )


def test_a_call_that_ends_first_is_not_sure() -> None:
    decision = decide(cadence(300, 400, 100))
    assert (decision.answered_by, decision.reason, decision.at_ms) == ("unknown", Reason.ENDED, 800)


def test_the_decision_comes_once_and_stays() -> None:
    detector = Detector()
    first = detector.feed(cadence(300, 400, 3000))
    assert first is not None
    assert detector.feed(cadence(0, 4000)) is None
    assert detector.decision == detector.end() == first


GREETINGS = {
    "human": {
        "en": ["Hello?", "Yes, hello?"],
        "fr": ["Allô ?", "Oui, bonjour ?"],
        "ar": ["ألو؟", "نعم، مرحبا؟"],
    },
    "machine": {
        "en": ["Hi, you have reached John Smith. I cannot take your call, leave a message please."],
        "fr": ["Bonjour, vous êtes bien chez la famille Martin, laissez un message après le bip."],
        "ar": ["مرحبا، لا أستطيع الرد على مكالمتكم الآن، يرجى ترك رسالة بعد الصافرة."],
    },
}


def spoken(language: str, variant: str, text: str) -> Samples:
    command = ["espeak-ng", "-v", language + variant, "--stdout", text]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    audio, rate = soundfile.read(io.BytesIO(data))
    loud = soxr.resample(audio, rate, 8000)
    level = 0.6 * loud / np.abs(loud).max()
    silence = np.zeros(3200), np.zeros(16000)
    return (np.concatenate([silence[0], level, silence[1]]) * 32767).astype(np.int16)


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("answered_by", GREETINGS)
def test_spoken_greetings(answered_by: str) -> None:
    verdicts = [
        (language, variant, text, decide(spoken(language, variant, text)))
        for language, texts in GREETINGS[answered_by].items()
        for variant, text in product(["", "+f2", "+m3"], texts)
    ]
    assert [v for v in verdicts if v[3].answered_by != answered_by] == []
