"""What an effect wants heard, as clips: of the organization, of its dictionary, of the system."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from engine.call.speech import FRESH_S, Speech, Unspeakable, Voice
from engine.org.dictionary import system_id
from engine.program.attempt import Attempt
from flows.effects import (
    Audible,
    AudioFile,
    NumberMode,
    SpokenDate,
    SpokenNumber,
    SpokenWord,
)
from media.dictionaries import grammar
from media.dictionaries.pack import SystemPack
from media.g711 import SAMPLE_RATE, Codec, Encoded, Samples, encode, silence
from media.prompts import Library
from tests.call.switchboard import Clips, attempt, dial, graph, play, say, speechlike

OURS = "our-dictionary"


def clip(pitch: float) -> Samples:
    return speechlike(0.1, pitch)


def number(value: str, **changes: Any) -> SpokenNumber:
    spoken = {"value": Decimal(value), "digits": value, "mode": NumberMode.FULL, "language": "en"}
    return SpokenNumber(**(spoken | changes))


def calling(*nodes: dict[str, Any]) -> Attempt:
    return attempt(("127.0.0.1", 5060), "+212600000001", graph(dial(), *nodes))


def word(dictionary: str | None) -> dict[str, Any]:
    """A play node that makes its flow need a dictionary."""
    item = {"type": "word", "value": "hello", "language": "en", "dictionaryId": dictionary}
    return say(item, id="word")


async def voice_of(clips: Clips, *nodes: dict[str, Any]) -> Voice:
    return await Speech(clips, Library()).voice(calling(*nodes), now=0.0)


def heard(voice: Voice, *items: Audible, codec: Codec = Codec.PCMA) -> bytes:
    return joined(voice.playlist(items, codec))


def joined(clips: list[Encoded] | Any) -> bytes:
    return np.concatenate(list(clips)).tobytes()


def packed(*keys: str, codec: Codec = Codec.PCMA, language: str = "en") -> bytes:
    return joined(SystemPack.load(language).encoded(key, codec) for key in keys)


# --- What is heard -----------------------------------------------------------------------------


@pytest.mark.parametrize("codec", Codec)
async def test_items_are_joined_in_order(codec: Codec) -> None:
    voice = await voice_of(Clips({"a": clip(100), "b": clip(200)}), play("a", "b"))
    made = heard(voice, AudioFile("b"), number("21"), AudioFile("a"), codec=codec)
    spoken = packed(*grammar("en").number(Decimal(21), "masculine"), codec=codec)
    assert made == joined([encode(clip(200), codec)]) + spoken + joined([encode(clip(100), codec)])


@pytest.mark.parametrize(
    ("item", "keys"),
    [
        (number("1984"), grammar("en").number(Decimal(1984), "masculine")),
        (number("0077", mode=NumberMode.DIGITS), grammar("en").digits("0077", ())),
        (
            number("0612345678", mode=NumberMode.DIGITS, grouping=(2, 2)),
            grammar("en").digits("0612345678", (2, 2)),
        ),
        (SpokenDate(date(2026, 3, 1), "en"), grammar("en").date(date(2026, 3, 1), None)),
        (SpokenWord("thanks", "en-GB"), ["thanks"]),
        (SpokenWord("pause-250", "en"), ["pause-250"]),
    ],
)
async def test_the_system_speaks(item: Audible, keys: list[str]) -> None:
    assert heard(await voice_of(Clips(), play("a")), item) == packed(*keys)


async def test_an_organizations_dictionary_speaks_with_its_own_clips_and_pauses() -> None:
    keys = grammar("en").number(Decimal(21), "masculine")
    words = {(OURS, key): clip(100 + 10 * n) for n, key in enumerate(keys)}
    voice = await voice_of(Clips({}, words), word(OURS))
    made = heard(voice, number("21", dictionary_id=OURS), SpokenWord("pause-30", "en", OURS))
    said = joined(encode(words[OURS, key], Codec.PCMA) for key in keys if "pause" not in key)
    assert said in made
    assert made.endswith(bytes([silence(Codec.PCMA)]) * (30 * SAMPLE_RATE // 1000))


async def test_a_word_of_ones_own_needs_no_language_of_ours() -> None:
    voice = await voice_of(Clips({}, {(OURS, "azul"): clip(100)}), word(OURS))
    assert heard(voice, SpokenWord("azul", "zgh", OURS)) == joined([encode(clip(100), Codec.PCMA)])


async def test_what_an_organizations_dictionary_lacks_the_system_says() -> None:
    voice = await voice_of(Clips({}, {(OURS, "number.20"): clip(100)}), word(OURS))
    own = joined([encode(clip(100), Codec.PCMA)])
    assert heard(voice, number("20", dictionary_id=OURS)) == own
    assert heard(voice, number("7", dictionary_id=OURS)) == packed("number.7")
    named_by_id = str(system_id("en"))
    assert heard(voice, number("7", dictionary_id=named_by_id)) == packed("number.7")


# --- What cannot be said -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (AudioFile("nowhere"), "audio_missing"),
        (SpokenWord("abracadabra", "en"), "key_missing"),
        (SpokenWord("abracadabra", "en", OURS), "key_missing"),
        (SpokenWord("hello", "tlh"), "unknown_language"),
        (number("21", language="tlh"), "unknown_language"),
        (number("21", language="tlh", dictionary_id=OURS), "unknown_language"),
        (SpokenDate(date(2026, 3, 1), "tlh"), "unknown_language"),
        (number("1000000000000"), "out_of_range"),
    ],
)
async def test_what_cannot_be_said_has_its_code(item: Audible, code: str) -> None:
    voice = await voice_of(Clips({}, {(OURS, "hello"): clip(100)}), play("nowhere"), word(OURS))
    with pytest.raises(Unspeakable) as problem:
        voice.playlist([item], Codec.PCMA)
    assert problem.value.code == code


async def test_a_dictionary_the_flow_does_not_name_is_not_fetched() -> None:
    voice = await voice_of(Clips({}, {(OURS, "hello"): clip(100)}), word(None))
    assert heard(voice, SpokenWord("hello", "en", OURS)) == packed("hello")


# --- One voice for many calls ------------------------------------------------------------------


async def test_a_new_upload_is_heard_by_the_next_voice_and_not_in_mid_call() -> None:
    clips = Clips({"a": clip(100)})
    speech, call = Speech(clips, Library()), calling(play("a"))
    first = await speech.voice(call, now=10.0)
    clips.audio["a"] = clip(200)
    assert await speech.voice(call, now=10.0 + FRESH_S / 2) is first
    second = await speech.voice(call, now=10.0 + FRESH_S)
    assert heard(first, AudioFile("a")) == joined([encode(clip(100), Codec.PCMA)])
    assert heard(second, AudioFile("a")) == joined([encode(clip(200), Codec.PCMA)])


async def test_a_clip_that_was_taken_away_is_missing_from_the_next_voice_only() -> None:
    clips = Clips({"a": clip(100)})
    speech, call = Speech(clips, Library()), calling(play("a"))
    first = await speech.voice(call, now=10.0)
    del clips.audio["a"]
    second = await speech.voice(call, now=20.0)
    assert heard(first, AudioFile("a"))
    with pytest.raises(Unspeakable):
        second.playlist([AudioFile("a")], Codec.PCMA)


class CountingClips(Clips):
    fetched = 0

    async def samples(self, *given: Any) -> Any:
        self.fetched += 1
        return await super().samples(*given)


async def test_clips_that_are_held_are_not_fetched_again() -> None:
    clips, library = CountingClips({"a": clip(100)}), Library()
    for process in range(3):
        await Speech(clips, library).voice(calling(play("a")), now=float(process))
    assert clips.fetched == 1


async def test_calls_that_begin_together_share_one_voice() -> None:
    clips = CountingClips({"a": clip(100)})
    speech, call = Speech(clips, Library()), calling(play("a"))
    voices = await asyncio.gather(*(speech.voice(call, now=5.0) for _ in range(10)))
    assert len(set(map(id, voices))) == 1
    assert clips.fetched == 1
