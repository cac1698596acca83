"""Whether a flow's audio is there: looked up once, then answered for each of its audio items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from engine.org.dictionary import system_languages
from engine.store import audio, dictionary
from engine.store.pool import Connection
from flows.audio import AudioFileItem, AudioItem, WordItem
from flows.compile import Coverage, audio_items
from flows.value import is_literal
from media.dictionaries import UnknownLanguage
from media.dictionaries.pack import SystemPack


async def coverage_of(connection: Connection, org_id: UUID, graph: object) -> Coverage:
    """What ``flows.validate`` asks: which clips an item would need and has not.

    A number or a date in a dictionary of the organization's own falls back, key by key, to the
    system's; so it needs a language that is shipped, whatever the dictionary holds.
    """
    items = list(audio_items(graph))
    named = [_uuid(item.audio_id) for item in items if isinstance(item, AudioFileItem)]
    clips = await audio.known(connection, org_id, [id_ for id_ in named if id_ is not None])
    words = await _words(connection, org_id, items)

    def coverage(item: AudioItem) -> Sequence[str]:
        if isinstance(item, AudioFileItem):
            return () if _uuid(item.audio_id) in clips else (item.audio_id,)
        if item.dictionary_id is not None and _uuid(item.dictionary_id) not in words:
            return (f"dictionary {item.dictionary_id}",)
        own = words.get(_uuid(item.dictionary_id), frozenset())
        if isinstance(item, WordItem):
            return _missing_word(item, own)
        return () if _pack(item.language) else (f"language {item.language}",)

    return coverage


async def _words(
    connection: Connection, org_id: UUID, items: Sequence[AudioItem]
) -> Mapping[UUID | None, frozenset[str]]:
    """Keys by the id of each dictionary the items name and the organization can use."""
    named = {_uuid(getattr(item, "dictionary_id", None)) for item in items} - {None}
    if not named:
        return {}
    own = {found.id for found in await dictionary.all_of(connection, org_id)}
    words: dict[UUID | None, frozenset[str]] = {}
    for id_ in named:
        if id_ in system_languages():
            words[id_] = frozenset()
        elif id_ is not None and id_ in own:
            entries = await dictionary.entries(connection, org_id, id_)
            words[id_] = frozenset(entry.key for entry in entries)
    return words


def _missing_word(item: WordItem, own: frozenset[str]) -> Sequence[str]:
    """A word that only the call will know is looked for when it is known."""
    pack = _pack(item.language)
    if not is_literal(item.value) or item.value in own or (pack and item.value in pack.keys):
        return ()
    return (str(item.value),)


def _pack(language: str) -> SystemPack | None:
    try:
        return SystemPack.load(language)
    except UnknownLanguage:
        return None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
