"""Programs: whom to call, with which flow, from which numbers, when and how often."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.errors import Conflict, NotFound
from engine.org.wire import Instant
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Authored, Columns, Row

COLUMNS = """p.id, p.org_id, p.name, p.flow_id, p.audience_id, p.start_at, p.stop_at,
    p.retry_strategy, p.pause_windows, p.calling_hours, p.contact_rules, p.mode,
    p.trigger_condition,
    p.auto_pause_rules, p.status, p.created_at, p.updated_at, p.deleted_at, p.created_by,
    p.updated_by, p.deleted_by,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'number', d.number, 'country',
        d.country, 'status', d.status) ORDER BY pd.position), '[]')
     FROM program_did pd JOIN did d ON d.org_id = pd.org_id AND d.id = pd.did_id
     WHERE pd.org_id = p.org_id AND pd.program_id = p.id) AS did_pool"""


class Mode(StrEnum):
    BATCH = "batch"
    """Everybody, as fast as the numbers allow."""
    LIVE = "live"
    """Each contact when it is due."""


class ProgramStatus(StrEnum):
    DRAFT = "draft"
    """Never launched."""
    ACTIVE = "active"
    ARCHIVED = "archived"


class PoolDid(Row):
    id: UUID
    number: str
    country: str
    status: str


class Program(Authored):
    name: str
    flow_id: UUID
    audience_id: UUID
    start_at: Instant
    stop_at: Instant | None
    did_pool: list[PoolDid]
    retry_strategy: dict[str, Any]
    pause_windows: dict[str, Any] | None
    calling_hours: dict[str, Any] | None
    contact_rules: dict[str, Any] | None
    mode: Mode
    trigger_condition: dict[str, Any] | None
    auto_pause_rules: list[dict[str, Any]] | None
    status: ProgramStatus


WRITTEN = """name, flow_id, audience_id, start_at, stop_at, retry_strategy, pause_windows,
    calling_hours, contact_rules, mode, trigger_condition, auto_pause_rules"""
SETTLED = """n.retry_strategy, n.pause_windows, n.calling_hours, n.contact_rules, n.mode,
    n.trigger_condition, n.auto_pause_rules"""
INSERT = f"""
INSERT INTO program (org_id, created_by, updated_by, {WRITTEN})
SELECT $1, $2, $2, n.name, n.flow_id, n.audience_id, n.start_at, n.stop_at, {SETTLED}
FROM jsonb_populate_record(NULL::program, $3::jsonb) n
RETURNING id
"""


async def create(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    columns: Columns,
    did_ids: Sequence[UUID],
) -> Program:
    """The flow and the audience are the organization's, by the caller's word."""
    program_id = await connection.fetchval(INSERT, org_id, member_id, columns)
    await _set_pool(connection, org_id, program_id, did_ids)
    return await get(connection, org_id, program_id)


GET = f"SELECT {COLUMNS} FROM program p WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, program_id: UUID) -> Program:
    record = await connection.fetchrow(GET, org_id, program_id)
    if record is None:
        raise _missing()
    return Program.of(record)


LIST = Listing(
    Program,
    COLUMNS,
    """program p WHERE p.org_id = $1 AND p.deleted_at IS NULL
       AND ($2::text IS NULL OR p.name ILIKE $2)""",
    {
        "createdAt": "p.created_at",
        "updatedAt": "p.updated_at",
        "name": "p.name",
        "startAt": "p.start_at",
        "status": "p.status",
    },
    tie="p.id",
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Program]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


UPDATE = f"""
UPDATE program p
SET ({WRITTEN}, status) =
    (SELECT n.name, n.flow_id, n.audience_id, n.start_at, n.stop_at, {SETTLED}, n.status
     FROM jsonb_populate_record(p, $4::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def update(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    program_id: UUID,
    changes: Columns,
    did_ids: Sequence[UUID] | None,
) -> Program:
    """``did_ids`` replace the pool; ``None`` keeps it. Executions under way do not change."""
    if await connection.fetchval(UPDATE, org_id, member_id, program_id, changes) is None:
        raise _missing()
    if did_ids is not None:
        await _set_pool(connection, org_id, program_id, did_ids)
    return await get(connection, org_id, program_id)


EMPTY_POOL = "DELETE FROM program_did WHERE org_id = $1 AND program_id = $2"
FILL_POOL = """
INSERT INTO program_did (org_id, program_id, did_id, position)
SELECT $1, $2, did_id, position FROM unnest($3::uuid[]) WITH ORDINALITY w (did_id, position)
"""


async def _set_pool(
    connection: Connection, org_id: UUID, program_id: UUID, did_ids: Sequence[UUID]
) -> None:
    await connection.execute(EMPTY_POOL, org_id, program_id)
    await connection.execute(FILL_POOL, org_id, program_id, list(did_ids))


UNFINISHED = """
SELECT EXISTS (SELECT FROM execution WHERE org_id = $1 AND program_id = $2
    AND status IN ('scheduled', 'running', 'paused'))
"""
DELETE = """
UPDATE program SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, program_id: UUID) -> None:
    """Raises ``Conflict`` (``PROGRAM_RUNNING``) while an execution is not finished."""
    if await connection.fetchval(DELETE, org_id, member_id, program_id) is None:
        raise _missing()
    if await connection.fetchval(UNFINISHED, org_id, program_id):
        raise Conflict("PROGRAM_RUNNING", "The program has an execution that is not finished.")


def _missing() -> NotFound:
    return NotFound("ProgramNotFoundError", "There is no such program.")
