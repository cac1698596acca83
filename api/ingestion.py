"""``/contact/ingestion``: a table becomes contacts in three steps: upload, map, execute.

CSV and XLSX. The file is streamed to the data folder, settled as text, and read, checked and
written a part at a time (``api.table``, ``api.intake``), so that a million rows take no more memory
than a thousand.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import Field

from api.contact import terms
from api.intake import COUNTS, FOLDER, INTAKES, Intake, Reading
from api.site import Request
from api.table import settle_table
from api.upload import UploadedFile
from engine.errors import Conflict, NotFound
from engine.org.audience import AudienceType
from engine.org.ingestion import check_mappings
from engine.org.wire import Instant
from engine.store import audience, ingestion
from engine.store.ingestion import IngestionSession, IngestionStatus, Place
from engine.store.staging import Duplicates
from flows.wire import Wire

SAMPLE = 10


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
    duplicates: Duplicates = Duplicates.UPDATE
    """What becomes of a row whose phone a contact, or an earlier row, has."""
    dry_run: bool = False
    """Counts what an execution would do, and writes nothing."""
    wait: bool = True
    """False: answers at once; how far it is says `GET /contact/ingestion/{id}`."""


class IngestionResult(Wire):
    session_id: UUID
    status: IngestionStatus
    progress: float
    """From 0 to 1, by the bytes read."""
    total: int
    """Rows read."""
    created: int
    updated: int
    skipped: int
    """Rows whose phone was known, where duplicates are skipped."""
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
    target = request.site.data_dir / path
    table, preview = await request.site.workers.run(
        settle_table, file.path, target, form.has_header_row, form.preview_rows
    )
    session = await ingestion.create(
        request.connection,
        request.org_id,
        session_id,
        file_name=file.name,
        path=path,
        has_header_row=form.has_header_row,
        columns=table.columns,
        audience_id=form.audience_id,
        delimiter=table.delimiter,
        size_bytes=target.stat().st_size,
        now=request.now,
    )
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
    session = await _session(request, body.session_id)
    mappings = {mapping.column: mapping.field for mapping in body.column_mappings}
    reading = await _reading(request, session, mappings)
    validated = await ingestion.validated(request.connection, request.org_id, session.id, mappings)
    if validated is None:
        raise Conflict("INGESTION_EXECUTING", "The session's execution has begun.")
    total, refused = 0, 0
    sample: list[RefusedRow] = []
    async with aclosing(reading.parts(request.site, Place())) as parts:
        async for part in parts:
            total, refused = total + part.rows, refused + len(part.refused)
            sample += [
                RefusedRow(row=bad.number, code=bad.code, message=bad.reason)
                for bad in part.refused[: SAMPLE - len(sample)]
            ]
    return IngestionValidation(
        sessionId=session.id,
        status=validated.status,
        totalRows=total,
        validRows=total - refused,
        invalidRows=refused,
        sample=sample,
    )


async def execute(request: Request, body: ExecuteBody) -> IngestionResult:
    """Each row by its phone: a contact made, or changed in what the row holds.

    What was begun and cut off goes on where it stopped, with the mappings it began with.
    """
    session = await _session(request, body.session_id)
    if session.mappings is None:
        raise Conflict("INGESTION_NOT_VALIDATED", "Validate the session's mappings first.")
    reading = await _reading(request, session, session.mappings, body.duplicates)
    intake = Intake(request.site, reading, request.member_id, dry=body.dry_run)
    task = request.web.app[INTAKES].start(intake)
    if not body.wait:
        return _result(session)
    return _result(await asyncio.shield(task), whole=body.dry_run)


async def get(request: Request, id: UUID) -> IngestionResult:
    """How far it is."""
    return _result(await ingestion.get(request.connection, request.org_id, id, now=request.now))


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


async def _session(request: Request, session_id: UUID) -> IngestionSession:
    """One that can still be executed."""
    session = await ingestion.get(request.connection, request.org_id, session_id, now=request.now)
    if session.status is IngestionStatus.EXECUTED:
        raise Conflict("INGESTION_EXECUTED", "The session has been executed.")
    return session


async def _reading(
    request: Request,
    session: IngestionSession,
    mappings: dict[str, str],
    duplicates: Duplicates = Duplicates.UPDATE,
) -> Reading:
    """Raises ``Invalid`` for mappings that lead nowhere."""
    types, region = await terms(request)
    mapped = check_mappings(mappings, session.columns, types)
    return Reading(session, mapped, types, region, duplicates)


def _result(session: IngestionSession, *, whole: bool = False) -> IngestionResult:
    counts = session.counts or {}
    read = session.place.offset if session.place else 0
    url = f"/api/contact/ingestion/{session.id}/refused" if session.refused_path else None
    return IngestionResult(
        sessionId=session.id,
        status=session.status,
        progress=1.0 if whole else round(read / max(1, session.size_bytes), 4),
        refusedRowsUrl=None if whole else url,
        **{name: counts.get(name, 0) for name in COUNTS},
    )


async def _require_static(request: Request, audience_id: UUID) -> None:
    found = await audience.get(request.connection, request.org_id, audience_id)
    if found.type is not AudienceType.STATIC:
        raise Conflict("AUDIENCE_IS_LIVE", "A live audience takes its contacts by its rules.")
