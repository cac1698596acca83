"""``/dictionaries``: recorded words by key. System ones ship with the code and belong to nobody."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.clip import clip_of
from api.site import Request
from api.upload import UploadedFile
from engine.errors import Forbidden
from engine.org.dictionary import system_languages
from engine.org.organization import Name
from engine.org.wire import Instant, given
from engine.store import dictionary
from engine.store.row import Row
from flows.wire import Language, Wire
from media.dictionaries.pack import SystemPack
from media.g711 import SAMPLE_RATE, Codec
from media.prompts import prepare_word

Key = Annotated[str, Field(min_length=1, max_length=256)]
SYSTEM = system_languages()
ENDONYMS = {"ar": "العربية", "ary": "الدارجة", "en": "English", "fr": "Français"}


class DictionaryBody(Wire):
    name: Name
    description: Annotated[str, Field(max_length=256)] | None = None
    language: Language


class EntryForm(Wire):
    key: Key


class DictionaryView(Row):
    id: UUID
    organization_id: UUID | None
    """`null`: a system dictionary."""
    name: str
    description: str | None = None
    language: str
    is_system: bool
    entry_count: int
    created_at: Instant | None = None
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    created_by: UUID | None = None
    updated_by: UUID | None = None
    deleted_by: UUID | None = None


class EntryView(Row):
    key: str
    duration_ms: int
    created_at: Instant | None = None
    updated_at: Instant | None = None


async def create(request: Request, body: DictionaryBody) -> DictionaryView:
    return _view(
        await dictionary.create(request.connection, request.org_id, request.member_id, given(body))
    )


async def all_of(request: Request) -> list[DictionaryView]:
    """The system's first, then the organization's own."""
    own = await dictionary.all_of(request.connection, request.org_id)
    return [*map(_system_view, SYSTEM), *map(_view, own)]


async def get(request: Request, id: UUID) -> DictionaryView:
    if id in SYSTEM:
        return _system_view(id)
    return _view(await dictionary.get(request.connection, request.org_id, id))


async def delete(request: Request, id: UUID) -> None:
    _refuse_system(id)
    await dictionary.delete(request.connection, request.org_id, request.member_id, id)


async def entries(request: Request, id: UUID) -> list[EntryView]:
    if id in SYSTEM:
        pack = SystemPack.load(SYSTEM[id])
        return [_system_entry(pack, key) for key in sorted(pack.keys)]
    await dictionary.get(request.connection, request.org_id, id)
    found = await dictionary.entries(request.connection, request.org_id, id)
    return [EntryView.of(entry.model_dump()) for entry in found]


async def put_entry(request: Request, id: UUID, form: EntryForm, file: UploadedFile) -> EntryView:
    """A key that is there is recorded anew."""
    _refuse_system(id)
    await dictionary.get(request.connection, request.org_id, id)
    clip, prepared = await clip_of(request, file, prepare_word)
    entry = await dictionary.put_entry(
        request.connection, request.org_id, id, form.key, clip, prepared.duration_ms
    )
    return EntryView.of(entry.model_dump())


async def get_entry(request: Request, id: UUID, key: Key) -> EntryView:
    if id in SYSTEM:
        pack = SystemPack.load(SYSTEM[id])
        if key not in pack.keys:
            raise dictionary.missing_entry(key)
        return _system_entry(pack, key)
    await dictionary.get(request.connection, request.org_id, id)
    entry = await dictionary.entry(request.connection, request.org_id, id, key)
    return EntryView.of(entry.model_dump())


async def delete_entry(request: Request, id: UUID, key: Key) -> None:
    _refuse_system(id)
    await dictionary.get(request.connection, request.org_id, id)
    await dictionary.delete_entry(request.connection, request.org_id, id, key)


def _view(own: dictionary.Dictionary) -> DictionaryView:
    known = own.model_dump() | {"organization_id": own.org_id, "is_system": False}
    return DictionaryView.of(known)


def _system_view(id: UUID) -> DictionaryView:
    tag = SYSTEM[id]
    return DictionaryView(
        id=id,
        organization_id=None,
        name=ENDONYMS.get(tag, tag),
        language=tag,
        is_system=True,
        entry_count=len(SystemPack.load(tag).keys),
    )


def _system_entry(pack: SystemPack, key: str) -> EntryView:
    samples = pack.encoded(key, Codec.PCMU).size
    return EntryView(key=key, duration_ms=samples * 1000 // SAMPLE_RATE)


def _refuse_system(id: UUID) -> None:
    if id in SYSTEM:
        raise Forbidden("SYSTEM_DICTIONARY", "A system dictionary cannot be changed.")
