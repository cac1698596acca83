"""What an effect wants heard, as clips in the call's codec.

Before a call rings, ``Speech.voice`` sees to it that every clip its flow can need is in memory,
texts rendered by a text-to-speech voice included; a ``Voice`` then answers at once. A voice keeps
the clips it was made with, so that a call hears a prompt as it was when the call began, never half
of a new one; the calls of one flow share them for ``FRESH_S`` seconds, after which a new upload is
heard.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from engine.org.catalogue import Catalogue, ClipHash
from engine.org.spelling import Unspeakable, keys
from engine.program.attempt import Attempt
from flows import (
    Audible,
    AudioFile,
    AudioFileItem,
    AudioItem,
    Keyed,
    SpokenText,
    TextItem,
)
from media.dictionaries import UnknownLanguage
from media.dictionaries.pack import SystemPack
from media.dictionaries.prosody import placed
from media.g711 import Codec, Encoded, Samples
from media.playlist import Playlist
from media.prompts import Clip, Library
from media.text_to_speech import NoVoice, Utterance

FRESH_S: Final = 1.0
KEPT_S: Final = 60.0
RENDERED_AT_ONCE: Final = 2

Render: TypeAlias = Callable[[Utterance], Samples]
"""Blocks, so it runs in a worker. Raises ``NoVoice``."""


class ClipSource(Protocol):
    """Where clips come from; ``engine.app`` hands in the store."""

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        """Ids that are unknown are left out."""

    async def samples(
        self, org_id: UUID, clips: Collection[ClipHash]
    ) -> Mapping[ClipHash, Samples]: ...


@dataclass(frozen=True, slots=True)
class Voice:
    """Speaks for one call; every clip is in memory."""

    audio: Mapping[str, Clip]
    words: Mapping[tuple[str, str], Clip]
    """By dictionary id and key."""
    texts: Mapping[SpokenText, Clip | NoVoice] = field(default_factory=dict)

    def playlist(self, items: Sequence[Audible], codec: Codec) -> Playlist:
        """Raises ``Unspeakable``."""
        last = len(items) - 1
        return [
            clip for at, item in enumerate(items) for clip in self._heard(item, codec, at == last)
        ]

    def _heard(self, item: Audible, codec: Codec, last: bool) -> Iterator[Encoded]:
        match item:
            case AudioFile(audio_id):
                if audio_id not in self.audio:
                    raise Unspeakable("audio_missing", f"There is no audio {audio_id}.")
                yield self.audio[audio_id][codec]
            case SpokenText():
                yield self._read_out(item)[codec]
            case _:
                yield from self._words_of(item, codec, last)

    def _words_of(self, item: Keyed, codec: Codec, last: bool) -> Iterator[Encoded]:
        """An organization's dictionary stands in for the system's, key by key."""
        own, dictionary = self.words, item.dictionary_id or ""
        for key in placed(keys(item), last, lambda toned: (dictionary, toned) in own):
            clip = own.get((dictionary, key))
            yield _system_word(item.language, key, codec) if clip is None else clip[codec]

    def _read_out(self, item: SpokenText) -> Clip:
        match self.texts.get(item):
            case None:
                raise Unspeakable("text_missing", "The text was not known before the call began.")
            case NoVoice() as problem:
                raise Unspeakable(problem.code, str(problem))
            case clip:
                return clip


def unvoiced(utterance: Utterance) -> Samples:
    """For who has no text to speech."""
    raise NoVoice("no_voice", f"There is no voice here to read {utterance.text[:40]!r}.")


class Speech:
    """The voices of one process."""

    def __init__(self, source: ClipSource, library: Library, render: Render = unvoiced) -> None:
        self._source = source
        self._library = library
        self._render = render
        self._voices: dict[tuple[UUID, UUID, int], tuple[float, Voice]] = {}
        self._preparing: dict[tuple[UUID, UUID, int], asyncio.Lock] = {}
        self._rendering = asyncio.Semaphore(RENDERED_AT_ONCE)

    async def voice(
        self, attempt: Attempt, now: float, texts: Collection[SpokenText] = ()
    ) -> Voice:
        """For a call that begins now (monotonic seconds) and can need these texts. Raises what the
        source raises."""
        voice = await self._of_flow(attempt, now)
        return replace(voice, texts=await self._read(texts)) if texts else voice

    async def of_items(
        self, org_id: UUID, items: Collection[AudioItem], texts: Collection[SpokenText]
    ) -> Voice:
        """For items outside a flow: what a preview says."""
        voice = await self._prepare(org_id, items)
        return replace(voice, texts=await self._read(texts))

    async def _of_flow(self, attempt: Attempt, now: float) -> Voice:
        key = (attempt.org_id, attempt.flow_id, attempt.flow_version)
        async with self._preparing.setdefault(key, asyncio.Lock()):
            made_at, voice = self._voices.get(key, (0.0, None))
            if voice is None or now - made_at >= FRESH_S:
                voice = await self._prepare(attempt.org_id, attempt.flow.audio)
                self._voices[key] = (now, voice)
                self._forget(now)
        return voice

    def _forget(self, now: float) -> None:
        """A voice nobody asked for in a while belongs to a flow that is not called any more."""
        for key in [key for key, (made_at, _) in self._voices.items() if now - made_at > KEPT_S]:
            del self._voices[key]
            self._preparing.pop(key, None)

    async def _prepare(self, org_id: UUID, items: Iterable[AudioItem]) -> Voice:
        files: set[str] = set()
        dictionaries: set[str] = set()
        for item in items:
            if isinstance(item, AudioFileItem):
                files.add(item.audio_id)
            elif not isinstance(item, TextItem) and item.dictionary_id is not None:
                dictionaries.add(item.dictionary_id)
        if not files and not dictionaries:
            return Voice({}, {})
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

    async def _read(self, texts: Collection[SpokenText]) -> dict[SpokenText, Clip | NoVoice]:
        return {text: await self._rendered(text) for text in texts}

    async def _rendered(self, text: SpokenText) -> Clip | NoVoice:
        """What cannot be spoken is said where it stands in the flow: the node decides."""
        utterance = Utterance(text.text, text.language, text.voice)
        digest = hashlib.sha256(repr(utterance).encode()).digest()
        if (held := self._library.get(digest)) is not None:
            return held
        try:
            async with self._rendering:
                samples = await asyncio.to_thread(self._render, utterance)
        except NoVoice as problem:
            return problem
        return self._library.put(digest, samples)


def _system_word(language: str, key: str, codec: Codec) -> Encoded:
    try:
        pack = SystemPack.load(language)
    except UnknownLanguage as problem:
        raise Unspeakable("unknown_language", str(problem)) from problem
    if key not in pack:
        raise Unspeakable("key_missing", f"The {pack.language} dictionary lacks {key!r}.")
    return pack.encoded(key, codec)
