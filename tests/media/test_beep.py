"""Beeps of many pitches, levels and lengths after a greeting, and what is none."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import soxr

from media import g711
from media.beep import Beep, BeepDetector
from media.dtmf import tones
from media.g711 import Codec, Samples
from media.recorder import beep


def found(audio: Samples) -> list[Beep]:
    coded = g711.decode(g711.encode(audio, Codec.PCMA), Codec.PCMA)
    detector = BeepDetector()
    slices = np.split(coded, range(160, coded.size, 160))
    return [hit for part in slices if (hit := detector.feed(part)) is not None]


def after_a_greeting(tone: Samples) -> Samples:
    """A buzz of many harmonics, a pause, the tone, silence."""
    time = np.arange(8000) / 8000
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20)) * 5000
    pause = np.zeros(2411, np.int16)
    return np.concatenate([buzz.astype(np.int16), pause, tone, pause])


@pytest.mark.parametrize("hertz", [400, 850, 1000, 1400, 2100])
@pytest.mark.parametrize("duration_ms", [200, 400, 1000])
@pytest.mark.parametrize("level", [-6, -15, -28])
def test_a_beep_is_found_where_it_ends(hertz: int, duration_ms: int, level: int) -> None:
    audio = after_a_greeting(beep(duration_ms, hertz, level))
    (hit,) = found(audio)
    assert hit.hertz == pytest.approx(hertz, abs=10)
    assert hit.duration_ms == pytest.approx(duration_ms, abs=60)
    assert hit.ended_at_ms == pytest.approx(1301 + duration_ms, abs=40)


def test_what_is_no_beep() -> None:
    noise = np.random.default_rng(0).normal(0, 4000, 40000).astype(np.int16)
    time = np.arange(8000) / 8000
    siren = (9000 * np.sin(2 * np.pi * (600 + 300 * time) * time)).astype(np.int16)
    for sound in (noise, siren, beep(60), tones("1#5", tone_ms=300), np.zeros(8000, np.int16)):
        assert found(after_a_greeting(sound)) == []


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("voice", ["en", "en+f2", "fr+m3", "ar", "es+f4"])
def test_speech_is_no_beep(voice: str) -> None:
    text = "Hello, ooooh, you have reached the family, leave a message after the tone. 1 2 3 4 5 6."
    command = ["espeak-ng", "-v", voice, "-s", "120", "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    audio, rate = soundfile.read(io.BytesIO(spoken), dtype="int16")
    assert found(soxr.resample(audio, rate, 8000)) == []
