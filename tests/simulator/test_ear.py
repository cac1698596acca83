"""What a callee makes of what it hears: voices, pauses, beeps, and nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.simulator.callee import beep
from engine.simulator.ear import Ear, Heard
from media import recorder
from media.dictionaries.pack import SystemPack, shipped
from media.g711 import SAMPLE_RATE, Codec, Samples, decode, encode
from tests.call.switchboard import speechlike

PROMPT = speechlike(1.0)
BEEP = beep()


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


def tone(hertz: float, seconds: float) -> Samples:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def heard(*parts: Samples) -> list[Heard]:
    return Ear().feed(np.concatenate(parts))


def test_a_prompt_has_ended_after_a_second_of_silence() -> None:
    assert heard(PROMPT, silence(0.9)) == []
    assert heard(PROMPT, silence(1.1)) == [Heard.PROMPT_ENDED]


def test_silence_goes_on_without_another_end() -> None:
    assert heard(PROMPT, silence(30)) == [Heard.PROMPT_ENDED]


def test_a_pause_within_a_prompt_is_not_its_end() -> None:
    assert heard(PROMPT, silence(0.8), PROMPT, silence(1.1)) == [Heard.PROMPT_ENDED]


def test_each_prompt_ends() -> None:
    assert heard(*[PROMPT, silence(1.5)] * 3) == [Heard.PROMPT_ENDED] * 3


@pytest.mark.parametrize("sound", [BEEP, recorder.beep(), tone(440, 1.0), tone(1400, 0.3)])
def test_a_beep_has_ended_as_soon_as_it_is_quiet(sound: Samples) -> None:
    assert heard(silence(0.5), sound, silence(0.05)) == [Heard.BEEP_ENDED]


def test_a_beep_after_a_greeting_is_no_prompt() -> None:
    assert heard(PROMPT, silence(0.5), BEEP, silence(5)) == [Heard.BEEP_ENDED]


@pytest.mark.parametrize(
    "sound", [silence(5), speechlike(0.2), tone(1000, 0.06), PROMPT // 100], ids=range(4)
)
def test_silence_a_click_and_a_murmur_are_nothing(sound: Samples) -> None:
    assert heard(sound.astype(np.int16), silence(2)) == []


def test_what_was_forgotten_does_not_count() -> None:
    ear = Ear()
    ear.feed(PROMPT)
    ear.forget()
    assert ear.feed(silence(2)) == []


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("language", shipped())
def test_spoken_words_end_as_prompts_and_never_as_beeps(language: str, codec: Codec) -> None:
    pack = SystemPack.load(language)
    words = sorted(pack.keys)[:: len(pack.keys) // 40]
    said = [decode(pack.encoded(word, codec), codec) for word in words]
    parts = [part for clip in said for part in (clip, decode(encode(silence(1.2), codec), codec))]
    assert set(heard(*parts)) == {Heard.PROMPT_ENDED}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=30))
def test_it_does_not_matter_how_the_audio_is_cut(sizes: list[int]) -> None:
    ear, events = Ear(), []
    rest = np.concatenate([PROMPT, silence(1.2), BEEP, silence(0.3)])
    whole = Ear().feed(rest)
    while rest.size:
        for size in sizes:
            events += ear.feed(rest[:size])
            rest = rest[size:]
    assert events == whole == [Heard.PROMPT_ENDED, Heard.BEEP_ENDED]
