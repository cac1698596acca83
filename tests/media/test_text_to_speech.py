"""Voices of this machine: espeak-ng where it is installed, piper by a program that stands in."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from media.loudness import LEVEL
from media.text_to_speech import EspeakNg, NoVoice, Piper, Studio, Utterance
from media.text_to_speech.engine import Spoken
from media.text_to_speech.espeak import voices
from tests.call.peers import demand_program


@dataclass
class Tone:
    """An engine that hums as many tenths of a second as there are letters."""

    name: str = "tone"
    spoken: list[str] = field(default_factory=list)

    def find(self, language: str, voice: str | None) -> str | None:
        return (voice or "hum") if language == "en" else None

    def speak(self, text: str, voice: str) -> Spoken:
        self.spoken.append(text)
        time = np.arange(len(text) * 1600) / 16_000
        return np.sin(2 * np.pi * 300 * time).astype(np.float32) * (voice != "mute"), 16_000


@pytest.fixture
def tone() -> Tone:
    return Tone()


@pytest.fixture
def studio(tmp_path: Path, tone: Tone) -> Studio:
    return Studio(tmp_path / "spoken", (tone,))


def test_a_text_is_spoken_once_and_kept_by_content(studio: Studio, tone: Tone) -> None:
    first, again = (studio.render(Utterance("hello", "en")) for _ in range(2))
    assert np.array_equal(first, again)
    assert tone.spoken == ["hello"]
    assert np.sqrt(np.mean((first[400:2400] / 32768) ** 2)) == pytest.approx(LEVEL, rel=0.05)
    studio.render(Utterance("hello", "en", "tone:other"))
    assert tone.spoken == ["hello", "hello"]
    assert len(list(studio.cache.iterdir())) == 2


def test_another_process_finds_what_was_spoken(studio: Studio) -> None:
    studio.render(Utterance("hello", "en"))
    late = Tone()
    assert Studio(studio.cache, (late,)).render(Utterance("hello", "en")).size
    assert late.spoken == []


def test_the_oldest_clips_leave_when_there_are_too_many(studio: Studio) -> None:
    for at, text in enumerate(("a", "bb", "ccc")):
        studio.render(Utterance(text, "en"))
        (newest,) = [file for file in studio.cache.iterdir() if file.stat().st_mtime > 1e9]
        os.utime(newest, (at + 1, at + 1))
    sizes = sorted(file.stat().st_size for file in studio.cache.iterdir())
    studio.most_bytes = sizes[1] + sizes[2]
    studio.trim()
    assert sorted(file.stat().st_size for file in studio.cache.iterdir()) == sizes[1:]


@pytest.mark.parametrize(
    ("utterance", "code", "told"),
    [
        (Utterance("x", "tlh"), "no_voice", "'tlh'"),
        (Utterance("x", "en", "piper:amy"), "no_voice", "'piper:amy'"),
        (Utterance("x", "en", "tone:mute"), "voice_failed", "no sound"),
    ],
)
def test_who_cannot_speak_says_so(
    studio: Studio, utterance: Utterance, code: str, told: str
) -> None:
    with pytest.raises(NoVoice, match=told) as refused:
        studio.render(utterance)
    assert refused.value.code == code


def test_a_machine_without_voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    voices.cache_clear()
    with pytest.raises(NoVoice, match="install espeak-ng"):
        Studio.here(tmp_path).find("fr")
    voices.cache_clear()


# --- espeak-ng ---------------------------------------------------------------------------------


@pytest.fixture
def espeak() -> EspeakNg:
    demand_program("espeak-ng", "espeak-ng")
    return EspeakNg()


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("ar", "ar"),
        ("ar-MA", "ar"),
        ("ary", "ar"),
        ("fr", "fr-fr"),
        ("fr_BE", "fr-be"),
        ("en", "en-gb"),
        ("en-US", "en-us"),
        ("tlh-x", None),
    ],
)
def test_a_language_has_its_voice(espeak: EspeakNg, language: str, voice: str | None) -> None:
    assert espeak.find(language, None) == voice


def test_a_voice_is_one_of_those_that_are_listed(espeak: EspeakNg) -> None:
    assert espeak.find("fr", "fr-ch") == "fr-ch"
    assert espeak.find("fr", "../../etc/passwd") is None
    assert espeak.find("fr", "-w/tmp/x") is None


def test_it_speaks_the_same_each_time_whatever_the_text(espeak: EspeakNg) -> None:
    first, again = (espeak.speak("--version [[ & <b> 'x'", "en-gb") for _ in range(2))
    assert first[1] == again[1] > 8000
    assert np.array_equal(first[0], again[0])
    assert np.abs(first[0]).max() > 0.1


# --- piper -------------------------------------------------------------------------------------

PROGRAM = """#!/usr/bin/env python3
import sys
model, text = sys.argv[2], sys.stdin.read()
if "broken" in model:
    sys.exit("no such model")
sys.stdout.buffer.write(bytes((0, 32)) * 160 * len(text))
"""


@pytest.fixture
def piper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Piper:
    program = tmp_path / "piper"
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("fr_FR-siwis-medium", "ar_JO-kareem-low", "fr_FR-broken-low"):
        (tmp_path / f"{name}.onnx").touch()
        (tmp_path / f"{name}.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 16000}}))
    (tmp_path / "en_US-unfinished-low.onnx").touch()
    return Piper(tmp_path)


def test_piper_speaks_with_the_models_that_are_there(piper: Piper) -> None:
    assert piper.find("fr-MA", "fr_FR-siwis-medium") == "fr_FR-siwis-medium"
    assert piper.find("ar", None) == piper.find("ar-JO", None) == "ar_JO-kareem-low"
    assert piper.find("en", None) is None
    assert piper.find("fr", "de_DE-eva") is None
    samples, rate = piper.speak("un", "fr_FR-siwis-medium")
    assert (samples.size, rate) == (480, 16000)
    assert samples[0] == 0.25


def test_piper_that_fails_says_why(piper: Piper) -> None:
    with pytest.raises(NoVoice, match="no such model") as refused:
        piper.speak("un", "fr_FR-broken-low")
    assert refused.value.code == "voice_failed"
    (piper.folder / "fr_FR-siwis-medium.onnx.json").write_text("{}")
    with pytest.raises(NoVoice, match="rate"):
        piper.speak("un", "fr_FR-siwis-medium")


def test_piper_is_asked_before_espeak(piper: Piper, tmp_path: Path) -> None:
    studio = Studio(tmp_path / "spoken", (piper, EspeakNg()))
    assert studio.find("ar")[0] is piper
