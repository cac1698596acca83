"""Ingestion sessions: an uploaded table on its way into contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from engine.errors import NotFound
from engine.org.wire import Instant
from engine.store.pool import Connection
from engine.store.row import Owned

COLUMNS = """id, org_id, file_name, path, has_header_row, columns, audience_id, mappings, status,
    counts, refused_path, created_at, expires_at"""
LIFE = timedelta(minutes=30)


class IngestionStatus(StrEnum):
    UPLOADED = "uploaded"
    VALIDATED = "validated"
    EXECUTED = "executed"


class IngestionSession(Owned):
    file_name: str
    path: str
    """Below the data folder."""
    has_header_row: bool
    columns: list[str]
    audience_id: UUID | None
    mappings: dict[str, str] | None
    """Column to field."""
    status: IngestionStatus
    counts: dict[str, int] | None
    refused_path: str | None
    """The rows that were refused, as CSV, below the data folder."""
    created_at: Instant
    expires_at: Instant


INSERT = f"""
INSERT INTO ingestion_session (org_id, id, file_name, path, has_header_row, columns, audience_id,
    created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
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
        now,
        now + LIFE,
    )
    return IngestionSession.of(record)


GET = f"SELECT {COLUMNS} FROM ingestion_session WHERE org_id = $1 AND id = $2 FOR UPDATE"


async def get(
    connection: Connection, org_id: UUID, session_id: UUID, *, now: datetime
) -> IngestionSession:
    """Locked until the transaction's end. Raises ``NotFound``, after its ``LIFE`` too."""
    record = await connection.fetchrow(GET, org_id, session_id)
    if record is None or record["expires_at"] <= now:
        raise NotFound("IngestionSessionNotFoundError", "There is no such ingestion session.")
    return IngestionSession.of(record)


VALIDATE = f"""
UPDATE ingestion_session SET mappings = $3, status = 'validated'
WHERE org_id = $1 AND id = $2 RETURNING {COLUMNS}
"""


async def validated(
    connection: Connection, org_id: UUID, session_id: UUID, mappings: Mapping[str, str]
) -> IngestionSession:
    return IngestionSession.of(await connection.fetchrow(VALIDATE, org_id, session_id, mappings))


EXECUTE = f"""
UPDATE ingestion_session SET counts = $3, refused_path = $4, status = 'executed'
WHERE org_id = $1 AND id = $2 RETURNING {COLUMNS}
"""


async def executed(
    connection: Connection,
    org_id: UUID,
    session_id: UUID,
    counts: Mapping[str, int],
    refused_path: str | None,
) -> IngestionSession:
    record = await connection.fetchrow(EXECUTE, org_id, session_id, counts, refused_path)
    return IngestionSession.of(record)


FORGET = """
DELETE FROM ingestion_session WHERE org_id = $1 AND expires_at <= $2 RETURNING path, refused_path
"""


async def forget_expired(connection: Connection, org_id: UUID, *, now: datetime) -> list[str]:
    """The files, below the data folder, that belong to nobody any more."""
    records = await connection.fetch(FORGET, org_id, now)
    return [path for record in records for path in record.values() if path is not None]
