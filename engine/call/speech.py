"""What an effect wants heard, as clips in the call's codec.

Before a call rings, ``Speech.voice`` sees to it that every clip its flow can need is in memory; a
``Voice`` then answers at once. A voice keeps the clips it was made with, so that a call hears a
prompt as it was when the call began, never half of a new one; the calls of one flow share a voice
for ``FRESH_S`` seconds, after which a new upload is heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, assert_never
from uuid import UUID

from engine.program.attempt import Attempt
from flows import AudioFileItem, CompiledFlow
from flows.effects import (
    Audible,
    AudioFile,
    NumberMode,
    SpokenDate,
    SpokenNumber,
    SpokenWord,
)
from media.dictionaries import CannotSpeak, Grammar, UnknownLanguage, grammar
from media.dictionaries.pack import SystemPack
from media.g711 import Codec, Encoded, Samples
from media.playlist import Playlist
from media.prompts import Clip, Library

FRESH_S: Final = 1.0
KEPT_S: Final = 60.0

ClipHash: TypeAlias = bytes
Spoken: TypeAlias = SpokenNumber | SpokenDate | SpokenWord


class Unspeakable(Exception):
    """``code``: ``audio_missing``, ``key_missing``, ``unknown_language``, or one of
    ``media.dictionaries.CannotSpeak``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which clips an organization's audio and dictionaries are now."""

    audio: Mapping[str, ClipHash]
    """By audio id."""
    words: Mapping[tuple[str, str], ClipHash]
    """By dictionary id and key."""

    def clips(self) -> set[ClipHash]:
        return {*self.audio.values(), *self.words.values()}


class ClipSource(Protocol):
    """Where clips come from; ``engine.app`` hands in the store."""

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        """Ids that are unknown are left out."""

    async def samples(
        self, org_id: UUID, clips: Collection[ClipHash]
    ) -> Mapping[ClipHash, Samples]: ...


class Voice:
    """Speaks for one call; every clip is in memory."""

    def __init__(
        self,
        audio: Mapping[str, Clip],
        words: Mapping[tuple[str, str], Clip],
    ) -> None:
        self._audio, self._words = audio, words

    def playlist(self, items: Sequence[Audible], codec: Codec) -> Playlist:
        """Raises ``Unspeakable``."""
        return [clip for item in items for clip in self._heard(item, codec)]

    def _heard(self, item: Audible, codec: Codec) -> Iterator[Encoded]:
        match item:
            case AudioFile(audio_id):
                if audio_id not in self._audio:
                    raise Unspeakable("audio_missing", f"There is no audio {audio_id}.")
                yield self._audio[audio_id][codec]
            case SpokenNumber() | SpokenDate() | SpokenWord():
                for key in _keys(item):
                    yield self._word(item, key, codec)
            case _:
                assert_never(item)

    def _word(self, item: Spoken, key: str, codec: Codec) -> Encoded:
        """An organization's dictionary stands in for the system's, key by key."""
        own = self._words.get((item.dictionary_id or "", key))
        return _system_word(item.language, key, codec) if own is None else own[codec]


class Speech:
    """The voices of one process."""

    def __init__(self, source: ClipSource, library: Library) -> None:
        self._source = source
        self._library = library
        self._voices: dict[tuple[UUID, UUID, int], tuple[float, Voice]] = {}
        self._preparing: dict[tuple[UUID, UUID, int], asyncio.Lock] = {}

    async def voice(self, attempt: Attempt, now: float) -> Voice:
        """For a call that begins now (monotonic seconds). Raises what the source raises."""
        key = (attempt.org_id, attempt.flow_id, attempt.flow_version)
        async with self._preparing.setdefault(key, asyncio.Lock()):
            made_at, voice = self._voices.get(key, (0.0, None))
            if voice is None or now - made_at >= FRESH_S:
                voice = await self._prepare(attempt.org_id, attempt.flow)
                self._voices[key] = (now, voice)
                self._forget(now)
        return voice

    def _forget(self, now: float) -> None:
        """A voice nobody asked for in a while belongs to a flow that is not called any more."""
        for key in [key for key, (made_at, _) in self._voices.items() if now - made_at > KEPT_S]:
            del self._voices[key]
            self._preparing.pop(key, None)

    async def _prepare(self, org_id: UUID, flow: CompiledFlow) -> Voice:
        files = {item.audio_id for item in flow.audio if isinstance(item, AudioFileItem)}
        dictionaries = {
            item.dictionary_id
            for item in flow.audio
            if not isinstance(item, AudioFileItem) and item.dictionary_id is not None
        }
        found = await self._source.catalogue(org_id, files, dictionaries)
        clips = await self._fetch(org_id, found.clips())
        return Voice(
            {name: clips[clip] for name, clip in found.audio.items() if clip in clips},
            {name: clips[clip] for name, clip in found.words.items() if clip in clips},
        )

    async def _fetch(self, org_id: UUID, wanted: set[ClipHash]) -> dict[ClipHash, Clip]:
        held = {name: clip for name in wanted if (clip := self._library.get(name)) is not None}
        if held.keys() == wanted:
            return held
        samples = await self._source.samples(org_id, wanted - held.keys())
        return held | {name: self._library.put(name, found) for name, found in samples.items()}


def _keys(item: Spoken) -> list[str]:
    if isinstance(item, SpokenWord):
        return [item.value]
    try:
        return _spell(grammar(item.language), item)
    except CannotSpeak as problem:
        raise Unspeakable(problem.code, str(problem)) from problem
    except UnknownLanguage as problem:
        raise Unspeakable("unknown_language", str(problem)) from problem


def _spell(language: Grammar, item: SpokenNumber | SpokenDate) -> list[str]:
    match item:
        case SpokenNumber(mode=NumberMode.FULL):
            return language.number(item.value, item.gender.value)
        case SpokenNumber():
            return language.digits(item.digits, item.grouping)
        case SpokenDate():
            return language.date(item.value, item.format)
        case _:
            assert_never(item)


def _system_word(language: str, key: str, codec: Codec) -> Encoded:
    try:
        pack = SystemPack.load(language)
    except UnknownLanguage as problem:
        raise Unspeakable("unknown_language", str(problem)) from problem
    if key not in pack:
        raise Unspeakable("key_missing", f"The {pack.language} dictionary lacks {key!r}.")
    return pack.encoded(key, codec)
