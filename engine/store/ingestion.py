"""Ingestion sessions: an uploaded table on its way into contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from engine.errors import NotFound
from engine.org.wire import Instant
from engine.store.pool import Connection
from engine.store.row import Owned, Row

COLUMNS = """id, org_id, file_name, path, has_header_row, columns, audience_id, mappings, status,
    counts, refused_path, created_at, expires_at, delimiter, size_bytes, place"""
LIFE = timedelta(minutes=30)


class IngestionStatus(StrEnum):
    UPLOADED = "uploaded"
    VALIDATED = "validated"
    EXECUTING = "executing"
    """Begun; executing it again goes on where it stopped."""
    EXECUTED = "executed"


class Place(Row):
    """How far a table has been taken in."""

    offset: int = 0
    """Bytes of the file."""
    number: int = 0
    """Of the last row read."""
    refused_bytes: int = 0
    """Of the file of refused rows."""


class IngestionSession(Owned):
    file_name: str
    path: str
    """Below the data folder; UTF-8, whatever was uploaded."""
    has_header_row: bool
    delimiter: str
    size_bytes: int
    columns: list[str]
    audience_id: UUID | None
    mappings: dict[str, str] | None
    """Column to field."""
    status: IngestionStatus
    counts: dict[str, int] | None
    place: Place | None
    refused_path: str | None
    """The rows that were refused, as CSV, below the data folder."""
    created_at: Instant
    expires_at: Instant


INSERT = f"""
INSERT INTO ingestion_session (org_id, id, file_name, path, has_header_row, columns, audience_id,
    delimiter, size_bytes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection,
    org_id: UUID,
    session_id: UUID,
    *,
    file_name: str,
    path: str,
    has_header_row: bool,
    columns: Sequence[str],
    audience_id: UUID | None,
    delimiter: str,
    size_bytes: int,
    now: datetime,
) -> IngestionSession:
    record = await connection.fetchrow(
        INSERT,
        org_id,
        session_id,
        file_name,
        path,
        has_header_row,
        list(columns),
        audience_id,
        delimiter,
        size_bytes,
        now,
        now + LIFE,
    )
    return IngestionSession.of(record)


GET = f"SELECT {COLUMNS} FROM ingestion_session WHERE org_id = $1 AND id = $2"


async def get(
    connection: Connection, org_id: UUID, session_id: UUID, *, now: datetime
) -> IngestionSession:
    """Raises ``NotFound``, after its ``LIFE`` too."""
    record = await connection.fetchrow(GET, org_id, session_id)
    if record is None or record["expires_at"] <= now:
        raise NotFound("IngestionSessionNotFoundError", "There is no such ingestion session.")
    return IngestionSession.of(record)


VALIDATE = f"""
UPDATE ingestion_session SET mappings = $3, status = 'validated'
WHERE org_id = $1 AND id = $2 AND status IN ('uploaded', 'validated') RETURNING {COLUMNS}
"""


async def validated(
    connection: Connection, org_id: UUID, session_id: UUID, mappings: Mapping[str, str]
) -> IngestionSession | None:
    """``None``: its execution has begun."""
    record = await connection.fetchrow(VALIDATE, org_id, session_id, mappings)
    return None if record is None else IngestionSession.of(record)


ADVANCE = f"""
UPDATE ingestion_session
SET status = $3, place = $4, counts = $5, refused_path = $6, expires_at = $7
WHERE org_id = $1 AND id = $2 RETURNING {COLUMNS}
"""


async def advance(
    connection: Connection,
    org_id: UUID,
    session_id: UUID,
    *,
    status: IngestionStatus,
    place: Place,
    counts: Mapping[str, int],
    refused_path: str | None,
    now: datetime,
) -> IngestionSession:
    """A batch has been taken in; the session lives for another ``LIFE``."""
    record = await connection.fetchrow(
        ADVANCE,
        org_id,
        session_id,
        status,
        place.model_dump(by_alias=True),
        counts,
        refused_path,
        now + LIFE,
    )
    return IngestionSession.of(record)


FORGET = """
DELETE FROM ingestion_session WHERE org_id = $1 AND expires_at <= $2 RETURNING path, refused_path
"""


async def forget_expired(connection: Connection, org_id: UUID, *, now: datetime) -> list[str]:
    """The files, below the data folder, that belong to nobody any more."""
    records = await connection.fetch(FORGET, org_id, now)
    return [path for record in records for path in record.values() if path is not None]
