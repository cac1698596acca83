"""``/contact``: people to call, one by one or a thousand at once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import Field

from api.reply import ListQuery
from api.site import Request
from api.upload import SPOOL, SpooledFile
from engine.org.attribute import AttributeType
from engine.org.contact import ContactChange, NewContact, Refused, settle, settle_many
from engine.org.plan import Limit, limit_reached
from engine.store import audience, contact, custom_attribute, organization, person
from engine.store import export as written
from engine.store.contact import Contact
from engine.store.page import Page
from flows.wire import Wire

MOST_AT_ONCE = 1000
FEW = 20
"""Bodies that are checked here; more go to a worker process."""


class UpsertBody(Wire):
    data: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_AT_ONCE)]
    """Contacts as `POST /contact` takes them, each by its phone: made, or changed in what is
    given."""


class UpsertFailure(Wire):
    index: int
    code: str
    message: str


class UpsertResult(Wire):
    created: int
    updated: int
    failed: list[UpsertFailure]


async def create(request: Request, body: NewContact) -> Contact:
    columns = settle(body, *await terms(request))
    return await contact.create(request.connection, request.org_id, request.member_id, columns)


async def page(request: Request, query: ListQuery) -> Page[Contact]:
    return await contact.page(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Contact:
    return await contact.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: ContactChange) -> Contact:
    columns = settle(body, *await terms(request))
    return await contact.update(request.connection, request.org_id, request.member_id, id, columns)


async def delete(request: Request, id: UUID) -> None:
    await contact.delete(request.connection, request.org_id, request.member_id, id)


class MergeBody(Wire):
    contacts: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    """Those that are the same person; what they say fills what the kept contact leaves unsaid."""


async def merge(request: Request, id: UUID, body: MergeBody) -> Contact:
    others = list(dict.fromkeys(body.contacts))
    return await person.merge(request.connection, request.org_id, request.member_id, id, others)


async def erase(request: Request, id: UUID) -> None:
    """Nothing that says who it was is left; the calls stay counted."""
    gone = await person.erase(request.connection, request.org_id, request.member_id, id)
    for path in gone:
        (request.site.data_dir / path).unlink(missing_ok=True)


class ExportQuery(Wire):
    audience_id: UUID | None = None


async def export(request: Request, query: ExportQuery) -> web.FileResponse:
    """The contacts of the organization, or of one audience, as CSV; no cell is a formula."""
    found = None
    if query.audience_id is not None:
        found = await audience.get(request.connection, request.org_id, query.audience_id)
    path = request.site.data_dir / SPOOL / uuid4().hex
    try:
        await written.export(request.connection, request.org_id, found, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": 'attachment; filename="contacts.csv"',
    }
    return SpooledFile(path, headers=headers)


async def upsert(request: Request, body: UpsertBody) -> UpsertResult:
    """One bad row never refuses the others."""
    settled = await _settle_all(request, body.data)
    good = [columns for columns in settled if not isinstance(columns, Refused)]
    done = await contact.upsert(request.connection, request.org_id, request.member_id, good)
    over = limit_reached(Limit.CONTACTS, done.limit or 0, done.limit or 0)
    beyond_plan = frozenset(done.refused)
    failed: list[UpsertFailure] = []
    for index, row in enumerate(settled):
        if isinstance(row, Refused):
            failed.append(UpsertFailure(index=index, code=row.code, message=row.message))
        elif row["primary_phone"] in beyond_plan:
            failed.append(UpsertFailure(index=index, code=over.code, message=str(over)))
    return UpsertResult(created=done.created, updated=done.updated, failed=failed)


async def _settle_all(
    request: Request, bodies: list[dict[str, Any]]
) -> list[dict[str, Any] | Refused]:
    types, region = await terms(request)
    if len(bodies) <= FEW:
        return settle_many(bodies, types, region)
    return await request.site.workers.run(settle_many, bodies, types, region)


async def terms(request: Request) -> tuple[dict[str, AttributeType], str]:
    """What contacts are checked against: the attributes' types and the phones' default region."""
    types = await custom_attribute.types(request.connection, request.org_id)
    return types, await organization.country(request.connection, request.org_id)
