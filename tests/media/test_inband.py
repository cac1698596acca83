"""The in-band detector against a generated Q.24 grid, several calls at once, and speech."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import soxr

from media import g711
from media.dtmf import KEYS, KeyPress, KeySource, amplitude, tones
from media.g711 import Codec, Samples
from media.inband import HOP, InbandDetector

SHIFTS = range(0, HOP, 16)
"""Where in a hop the first tone starts, in samples."""


def silence(samples: int) -> Samples:
    return np.zeros(samples, np.int16)


def heard(*signals: Samples) -> set[str]:
    """What is heard in each of several signals, each a call of one detector."""
    audio = np.zeros((len(signals), max(map(len, signals)) // HOP * HOP + 4 * HOP), np.int16)
    for row, signal in enumerate(signals):
        audio[row, : len(signal)] = signal
    keys = [""] * len(signals)
    for row, press in InbandDetector(len(signals)).feed(range(len(signals)), audio):
        keys[row] += press.key
    return set(keys)


def heard_at_every_shift(keys: Samples) -> set[str]:
    return heard(*(np.concatenate([silence(400 + shift), keys]) for shift in SHIFTS))


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("quieter", [-8, -20, -29])
@pytest.mark.parametrize("error", [-0.015, 0, 0.015])
@pytest.mark.parametrize("twist", [-8, 0, 4])
def test_every_key_within_the_limits(codec: Codec, quieter: int, error: float, twist: int) -> None:
    low = quieter - min(twist, 0)
    sent = tones(KEYS, tone_ms=40, gap_ms=40, level_dbm0=low, twist_db=twist, offset=error)
    coded = g711.decode(g711.encode(sent, codec), codec)
    assert heard_at_every_shift(coded) == {KEYS}


@pytest.mark.parametrize("error", [-0.06, -0.05, -0.035, 0.035, 0.05, 0.06])
def test_tones_off_their_frequency_are_no_keys(error: float) -> None:
    assert heard_at_every_shift(tones(KEYS, offset=error)) == {""}


@pytest.mark.parametrize("twist", [-13, 9])
def test_unequal_tones_are_no_key(twist: int) -> None:
    assert heard_at_every_shift(tones(KEYS, level_dbm0=-12, twist_db=twist)) == {""}


def test_tones_loud_enough_to_clip() -> None:
    assert heard_at_every_shift(tones(KEYS, tone_ms=40, gap_ms=40, level_dbm0=0)) == {KEYS}


def test_faint_tones_are_no_keys() -> None:
    assert heard_at_every_shift(tones(KEYS, level_dbm0=-40)) == {""}


@pytest.mark.parametrize("tone_ms", [10, 15, 20, 23])
def test_short_bursts_are_no_keys(tone_ms: int) -> None:
    assert heard_at_every_shift(tones(KEYS, tone_ms=tone_ms, gap_ms=60)) == {""}


@pytest.mark.parametrize("snr_db", [12, 15, 20])
def test_keys_in_noise(snr_db: int) -> None:
    keys = tones(KEYS, tone_ms=50, gap_ms=50)
    noise = np.random.default_rng(snr_db).normal(0, amplitude(-10 - snr_db), len(keys))
    assert heard_at_every_shift((keys + noise).astype(np.int16)) == {KEYS}


def broken(key: str, break_ms: int) -> Samples:
    """A key of 120 ms with a hole in its middle."""
    tone = tones([key], tone_ms=120 + break_ms, gap_ms=0)
    tone[480 : 480 + 8 * break_ms] = 0
    return tone


@pytest.mark.parametrize(("break_ms", "times"), [(5, 1), (10, 1), (40, 2), (60, 2)])
def test_a_short_break_does_not_split_a_key_and_a_pause_does(break_ms: int, times: int) -> None:
    signals = [
        np.concatenate([silence(400 + shift), broken(key, break_ms)])
        for key in KEYS
        for shift in SHIFTS
    ]
    assert heard(*signals) == {key * times for key in KEYS}


def test_a_held_key_is_one() -> None:
    assert heard(tones("5", tone_ms=5000)) == {"5"}


def test_dial_tone_beep_and_loud_noise_are_no_keys() -> None:
    time = np.arange(16000) / 8000
    dial = 8000 * (np.sin(2 * np.pi * 350 * time) + np.sin(2 * np.pi * 440 * time))
    beep = 20000 * np.sin(2 * np.pi * 1400 * time)
    noise = np.random.default_rng(1).normal(0, 9000, 24000).clip(-32768, 32767)
    assert heard(*(sound.astype(np.int16) for sound in (dial, beep, noise))) == {""}


def test_many_calls_at_once_keep_their_own_state() -> None:
    detector = InbandDetector(len(KEYS) + 5)
    rows = np.arange(len(KEYS)) + 5
    audio = np.stack([np.roll(tones([key], tone_ms=60), 32 * i) for i, key in enumerate(KEYS)])
    found = [
        hit for at in range(0, 1280, 160) for hit in detector.feed(rows, audio[:, at:][:, :160])
    ]
    assert sorted(found) == [
        (i + 5, KeyPress(key, 40, KeySource.INBAND)) for i, key in enumerate(KEYS)
    ]


def test_a_row_that_is_given_to_another_call_starts_afresh() -> None:
    detector = InbandDetector(1)
    tone = tones("1", tone_ms=100, gap_ms=0)[None]
    assert [press.key for _, press in detector.feed([0], tone)] == ["1"]
    detector.reset(0)
    assert [press.key for _, press in detector.feed([0], tone)] == ["1"]


@pytest.mark.parametrize("shape", [(1, 81), (2, 80)])
def test_audio_that_does_not_fit_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="hops"):
        InbandDetector(4).feed([0], np.zeros(shape, np.int16))


def formant_speech(seconds: float, pitch_hz: float, seed: int) -> Samples:
    """Voiced sounds: harmonics of a gliding pitch under three wandering formants, with breath."""
    chance = np.random.default_rng(seed)
    time = np.arange(int(seconds * 8000)) / 8000
    knots = np.arange(0, seconds + 0.15, 0.15)
    pitch = np.interp(time, knots, pitch_hz * chance.uniform(0.8, 1.25, len(knots)))
    turns = 2 * np.pi * np.cumsum(pitch) / 8000
    formants = [
        (np.interp(time, knots, chance.uniform(low, high, len(knots))), bandwidth)
        for low, high, bandwidth in ((280, 850, 80), (900, 2200, 120), (2300, 3000, 160))
    ]
    sound = chance.normal(0, 0.05, len(time))
    for harmonic in range(1, int(3400 / pitch_hz)):
        gain = sum(1 / (1 + ((harmonic * pitch - at) / width) ** 2) for at, width in formants)
        sound += gain * np.sin(harmonic * turns)
    syllables = np.interp(time, knots, chance.uniform(0.1, 1, len(knots)))
    return (sound * syllables / np.abs(sound).max() * 28000).astype(np.int16)


def test_generated_speech_is_no_key() -> None:
    voices = [formant_speech(8, pitch, seed) for seed, pitch in enumerate(range(80, 330, 25))]
    assert heard(*voices) == {""}


SENTENCES = {
    "en": "Hello, your balance is two thousand three hundred and forty five. Please hold the line.",
    "fr": "Bonjour, vous êtes bien chez la famille Martin, laissez un message après le bip sonore.",
    "ar": "مرحبا بكم في خدمة العملاء. رصيدكم الحالي هو ألفان وثلاثمائة درهم. شكرا لكم",
}


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("voice", ["", "+f2", "+m3"])
def test_synthetic_speech_is_no_key(language: str, voice: str) -> None:
    command = ["espeak-ng", "-v", language + voice, "--stdout", SENTENCES[language]]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    audio, rate = soundfile.read(io.BytesIO(spoken), dtype="int16")
    assert heard(soxr.resample(audio, rate, 8000)) == {""}
