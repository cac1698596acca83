"""Recordings, read side: where each lies, and what it is of."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from engine.errors import NotFound
from engine.org.wire import Instant
from engine.store.pool import Connection
from engine.store.row import Row

COLUMNS = "id, id AS file_id, call_id, recording_type, node_id, duration_ms, created_at"


class RecordingType(StrEnum):
    SEGMENT = "segment"
    FULL_CALL = "full_call"


class Recording(Row):
    id: UUID
    call_id: UUID
    file_id: UUID
    recording_type: RecordingType
    node_id: str | None
    duration_ms: int
    created_at: Instant


LIST = f"""
SELECT {COLUMNS} FROM recording
WHERE org_id = $1 AND ($2::uuid IS NULL OR call_id = $2)
ORDER BY created_at DESC, id LIMIT $3 OFFSET $4
"""


async def some(
    connection: Connection, org_id: UUID, *, call_id: UUID | None, limit: int, offset: int
) -> list[Recording]:
    """Newest first; of one call where ``call_id`` is given."""
    records = await connection.fetch(LIST, org_id, call_id, limit, offset)
    return [Recording.of(record) for record in records]


GET = f"SELECT {COLUMNS} FROM recording WHERE org_id = $1 AND id = $2"


async def get(connection: Connection, org_id: UUID, recording_id: UUID) -> Recording:
    record = await connection.fetchrow(GET, org_id, recording_id)
    if record is None:
        raise _missing()
    return Recording.of(record)


PATH = "SELECT path FROM recording WHERE org_id = $1 AND id = $2"


async def path(connection: Connection, org_id: UUID, recording_id: UUID) -> str:
    """Below the data folder."""
    found: str | None = await connection.fetchval(PATH, org_id, recording_id)
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound("RecordingNotFoundError", "There is no such recording.")
