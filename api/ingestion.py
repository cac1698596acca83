"""``/contact/ingestion``: a table becomes contacts in three steps: upload, map, execute.

The file is streamed to the data folder, read in batches, checked in a worker process and written
a batch a statement, so that a million rows take no more memory than a thousand.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, TypeAlias
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import Field

from api.contact import terms
from api.site import Request
from api.table import RefusedRows, batches, open_table
from api.upload import UploadedFile
from engine.errors import Conflict, NotFound
from engine.org.audience import AudienceType
from engine.org.contact import Refused
from engine.org.ingestion import check_mappings, read_rows
from engine.org.plan import Limit, limit_reached
from engine.org.wire import Instant
from engine.store import audience, contact, ingestion
from engine.store.ingestion import IngestionSession, IngestionStatus
from flows.wire import Wire

FOLDER = "ingestion"
SAMPLE = 10
ReadRow: TypeAlias = tuple[int, list[str], dict[str, Any] | Refused]
"""A row's number and cells, and what they came to."""


class UploadForm(Wire):
    preview_rows: Annotated[int, Field(ge=0, le=100)] = 5
    has_header_row: bool = True
    audience_id: UUID | None = None
    """A static audience the contacts are put into."""


class IngestionView(Wire):
    session_id: UUID
    file_name: str
    status: IngestionStatus
    columns: list[str]
    preview: list[list[str]]
    audience_id: UUID | None
    expires_at: Instant


class ColumnMapping(Wire):
    column: Annotated[str, Field(min_length=1, max_length=4096)]
    field: Annotated[str, Field(min_length=1, max_length=96)]
    """A contact's field, or `customAttributes.SLUG`."""


class MappingBody(Wire):
    session_id: UUID
    column_mappings: Annotated[list[ColumnMapping], Field(min_length=1, max_length=200)]


class RefusedRow(Wire):
    row: int
    """Its number in the file, the header's being 1."""
    code: str
    message: str


class IngestionValidation(Wire):
    session_id: UUID
    status: IngestionStatus
    total_rows: int
    valid_rows: int
    invalid_rows: int
    sample: list[RefusedRow]
    """The first refused rows."""


class ExecuteBody(Wire):
    session_id: UUID


class IngestionResult(Wire):
    session_id: UUID
    status: IngestionStatus
    total: int
    created: int
    updated: int
    failed: int
    refused_rows_url: str | None
    """The refused rows and their reasons as CSV; `null`: none was."""


async def upload(request: Request, form: UploadForm, file: UploadedFile) -> IngestionView:
    if form.audience_id is not None:
        await _require_static(request, form.audience_id)
    for stale in await ingestion.forget_expired(
        request.connection, request.org_id, now=request.now
    ):
        (request.site.data_dir / stale).unlink(missing_ok=True)
    session_id = uuid4()
    path = f"{FOLDER}/{session_id}.csv"
    with open_table(file.path, form.has_header_row) as (table, numbered):
        preview = [row for _, row in itertools.islice(numbered, form.preview_rows)]
    session = await ingestion.create(
        request.connection,
        request.org_id,
        session_id,
        file_name=file.name,
        path=path,
        has_header_row=form.has_header_row,
        columns=table.columns,
        audience_id=form.audience_id,
        now=request.now,
    )
    file.path.rename(request.site.data_dir / path)
    return IngestionView(
        sessionId=session.id,
        fileName=session.file_name,
        status=session.status,
        columns=session.columns,
        preview=preview,
        audienceId=session.audience_id,
        expiresAt=session.expires_at,
    )


async def validate(request: Request, body: MappingBody) -> IngestionValidation:
    """Reads the whole file and writes nothing: what an execution would refuse, and why."""
    session = await ingestion.get(
        request.connection, request.org_id, body.session_id, now=request.now
    )
    _refuse_executed(session)
    mappings = {mapping.column: mapping.field for mapping in body.column_mappings}
    reading = await _reading(request, session, mappings)
    session = await ingestion.validated(request.connection, request.org_id, session.id, mappings)
    total, refused = 0, 0
    sample: list[RefusedRow] = []
    async for batch in reading:
        bad = [
            RefusedRow(row=number, code=found.code, message=found.message)
            for number, _, found in batch
            if isinstance(found, Refused)
        ]
        total, refused = total + len(batch), refused + len(bad)
        sample += bad[: SAMPLE - len(sample)]
    return IngestionValidation(
        sessionId=session.id,
        status=session.status,
        totalRows=total,
        validRows=total - refused,
        invalidRows=refused,
        sample=sample,
    )


async def execute(request: Request, body: ExecuteBody) -> IngestionResult:
    """Each row by its phone: a contact made, or changed in what the row holds."""
    session = await ingestion.get(
        request.connection, request.org_id, body.session_id, now=request.now
    )
    _refuse_executed(session)
    if session.mappings is None:
        raise Conflict("INGESTION_NOT_VALIDATED", "Validate the session's mappings first.")
    reading = await _reading(request, session, session.mappings)
    path = f"{FOLDER}/{session.id}.refused.csv"
    counts: Counter[str] = Counter(total=0, created=0, updated=0, failed=0)
    with RefusedRows(request.site.data_dir / path, session.columns) as refused:
        async for batch in reading:
            counts.update(await _take_in(request, session, batch, refused))
    counts["failed"] = refused.count
    session = await ingestion.executed(
        request.connection, request.org_id, session.id, counts, path if refused.count else None
    )
    return _executed(session)


async def refused_rows(request: Request, id: UUID) -> web.FileResponse:
    session = await ingestion.get(request.connection, request.org_id, id, now=request.now)
    if session.refused_path is None:
        raise NotFound("RefusedRowsNotFoundError", "No row of this session was refused.")
    return web.FileResponse(
        request.site.data_dir / session.refused_path,
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="refused.csv"',
        },
    )


async def _reading(
    request: Request, session: IngestionSession, mappings: Mapping[str, str]
) -> AsyncIterator[list[ReadRow]]:
    """The file's rows in batches, each checked. Raises ``Invalid`` for mappings at once."""
    types, region = await terms(request)
    mapped = check_mappings(mappings, session.columns, types)
    path = request.site.data_dir / session.path

    async def read() -> AsyncIterator[list[ReadRow]]:
        with open_table(path, session.has_header_row) as (_, numbered):
            for batch in batches(numbered):
                cells = [row for _, row in batch]
                found = await request.site.workers.run(read_rows, cells, mapped, types, region)
                yield [(number, row, f) for (number, row), f in zip(batch, found, strict=True)]

    return read()


async def _take_in(
    request: Request, session: IngestionSession, batch: list[ReadRow], refused: RefusedRows
) -> Counter[str]:
    """Writes one batch; what it may not write goes to ``refused``."""
    good = [found for _, _, found in batch if not isinstance(found, Refused)]
    done = await contact.upsert(request.connection, request.org_id, request.member_id, good)
    if session.audience_id is not None:
        await audience.add(request.connection, request.org_id, session.audience_id, done.ids)
    over = limit_reached(Limit.CONTACTS, done.limit or 0, done.limit or 0)
    beyond_plan = frozenset(done.refused)
    for number, cells, found in batch:
        if isinstance(found, Refused):
            refused.add(number, cells, found.message)
        elif found["primary_phone"] in beyond_plan:
            refused.add(number, cells, str(over))
    return Counter(total=len(batch), created=done.created, updated=done.updated)


def _executed(session: IngestionSession) -> IngestionResult:
    counts = session.counts or {}
    url = f"/api/contact/ingestion/{session.id}/refused" if session.refused_path else None
    return IngestionResult(
        sessionId=session.id,
        status=session.status,
        total=counts["total"],
        created=counts["created"],
        updated=counts["updated"],
        failed=counts["failed"],
        refusedRowsUrl=url,
    )


async def _require_static(request: Request, audience_id: UUID) -> None:
    found = await audience.get(request.connection, request.org_id, audience_id)
    if found.type is not AudienceType.STATIC:
        raise Conflict("AUDIENCE_IS_LIVE", "A live audience takes its contacts by its rules.")


def _refuse_executed(session: IngestionSession) -> None:
    if session.status is IngestionStatus.EXECUTED:
        raise Conflict("INGESTION_EXECUTED", "The session has been executed.")
