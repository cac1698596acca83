"""Whether a flow's audio is there: looked up once, then answered for each of its audio items."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.site import Request
from engine.org.dictionary import system_languages
from engine.org.spelling import Observed, Unspeakable, lacking
from engine.store import audio, dictionary, observation
from engine.store.pool import Connection
from flows import AudioFileItem, AudioItem, DateItem, NodeFault, TextItem
from flows.audible import value_of
from flows.audio import KeyedItem
from flows.compile import Coverage, audio_items
from flows.value import attribute_of
from media.dictionaries import UnknownLanguage
from media.dictionaries.pack import SystemPack
from media.text_to_speech import NoVoice, Studio


@dataclass(frozen=True, slots=True)
class Estate:
    """What an organization's flow can use, as far as its items ask for it."""

    audio: set[UUID]
    words: Mapping[str, frozenset[str]]
    """Keys by the id of each dictionary that is there."""
    ranges: Mapping[tuple[type[AudioItem], str], Observed | None]
    """Of the attributes that are spoken, as days for dates and as numbers for all else."""


async def coverage_of(request: Request, graph: object) -> Coverage:
    """What ``flows.validate`` asks: which clips an item would need and has not.

    An organization's dictionary stands in for the system's key by key, so a key is missing where
    neither has it. An attribute is taken to range over what the organization's contacts hold in
    it; of a value that only the call will know nothing is demanded.
    """
    items = list(audio_items(graph))
    connection, org_id = request.connection, request.org_id
    estate = Estate(
        await _audio(connection, org_id, items),
        await _words(connection, org_id, items),
        await _ranges(connection, org_id, items),
    )
    answers = await asyncio.to_thread(_answers, items, estate, request.site.studio)

    def coverage(item: AudioItem) -> Sequence[str]:
        answer = answers[item]
        if isinstance(answer, NodeFault):
            raise answer
        return answer

    return coverage


def _answers(
    items: Sequence[AudioItem], estate: Estate, studio: Studio
) -> dict[AudioItem, Sequence[str] | NodeFault]:
    answers: dict[AudioItem, Sequence[str] | NodeFault] = {}
    for item in items:
        try:
            answers[item] = _missing(item, estate, studio)
        except Unspeakable as problem:
            answers[item] = NodeFault(problem.code, str(problem))
        except NodeFault as fault:
            answers[item] = fault
    return answers


def _missing(item: AudioItem, estate: Estate, studio: Studio) -> Sequence[str]:
    match item:
        case AudioFileItem():
            return () if _uuid(item.audio_id) in estate.audio else (item.audio_id,)
        case TextItem():
            return _without_voice(item, studio)
        case _:
            return _missing_keys(item, estate)


def _without_voice(item: TextItem, studio: Studio) -> Sequence[str]:
    try:
        studio.find(item.language, item.voice)
    except NoVoice:
        return (f"voice {item.voice or item.language}",)
    return ()


def _missing_keys(item: KeyedItem, estate: Estate) -> Sequence[str]:
    if item.dictionary_id is not None and item.dictionary_id not in estate.words:
        return (f"dictionary {item.dictionary_id}",)
    own = estate.words.get(item.dictionary_id or "", frozenset())
    pack = _pack_keys(item.language)
    if pack is None and item.type != "word":
        return (f"language {item.language}",)
    slug = attribute_of(item.value)
    observed = estate.ranges.get((type(item), slug)) if slug else None
    return lacking(item, observed, own, pack or frozenset())


async def _audio(connection: Connection, org_id: UUID, items: Sequence[AudioItem]) -> set[UUID]:
    named = [_uuid(item.audio_id) for item in items if isinstance(item, AudioFileItem)]
    return await audio.known(connection, org_id, [id_ for id_ in named if id_ is not None])


async def _words(
    connection: Connection, org_id: UUID, items: Sequence[AudioItem]
) -> Mapping[str, frozenset[str]]:
    """Keys by the id of each dictionary the items name and the organization can use."""
    named = {name for item in items if (name := getattr(item, "dictionary_id", None)) is not None}
    if not named:
        return {}
    own = {found.id for found in await dictionary.all_of(connection, org_id)}
    words: dict[str, frozenset[str]] = {}
    for name in named:
        id_ = _uuid(name)
        if id_ in system_languages():
            words[name] = frozenset()
        elif id_ is not None and id_ in own:
            entries = await dictionary.entries(connection, org_id, id_)
            words[name] = frozenset(entry.key for entry in entries)
    return words


async def _ranges(
    connection: Connection, org_id: UUID, items: Sequence[AudioItem]
) -> Mapping[tuple[type[AudioItem], str], Observed | None]:
    """Only items with a dictionary of the organization's own can lack what a range needs."""
    ranges: dict[tuple[type[AudioItem], str], Observed | None] = {}
    for item in items:
        value = value_of(item)
        slug = None if value is None else attribute_of(value)
        if slug is None or getattr(item, "dictionary_id", None) is None:
            continue
        look = observation.days if isinstance(item, DateItem) else observation.numbers
        ranges[type(item), slug] = await look(connection, org_id, slug)
    return ranges


def _pack_keys(language: str) -> frozenset[str] | None:
    try:
        return SystemPack.load(language).keys
    except UnknownLanguage:
        return None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
