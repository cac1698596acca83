"""Executions: read them, and move them along their life.

Every transition takes the row ``FOR UPDATE``. An intent takes it ``FOR KEY SHARE``
(``engine.store.target``) and checks the status under that lock: once ``pause`` or ``cancel`` has
committed, no further intent can, and every earlier one has. Counters are plain updates that
neither lock disturbs. Locks are always taken in the order execution, then targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from engine.errors import NotFound
from engine.program.auto_pause import AutoPauseRule, AutoPauseRules
from engine.program.execution import Counters, Event, Status, transition
from engine.store.launch import CallRequest, announce, launch, request_call
from engine.store.pool import Connection

__all__ = [
    "CallRequest",
    "Execution",
    "active",
    "cancel",
    "get",
    "launch",
    "of_program",
    "pause",
    "request_call",
    "resume",
    "sweep",
]

SWEEP_LIMIT = 10_000
"""Contacts skipped in one statement: what holds an execution's row for a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Execution:
    id: UUID
    org_id: UUID
    kind: Literal["program", "request"]
    program_id: UUID | None
    """``None`` for a call request."""
    audience_id: UUID | None
    flow_id: UUID
    flow_version: int
    status: Status
    pause_reason: str | None
    """``requested``, or ``auto:NODE``."""
    counters: Counters
    auto_pause_rules: tuple[AutoPauseRule, ...]
    scheduled_start_at: datetime
    scheduled_stop_at: datetime | None
    actual_start_at: datetime | None
    actual_end_at: datetime | None
    """When it became final; calls that were live then may have ended later."""
    created_at: datetime
    updated_at: datetime


COUNTED = ("total", "pending", "in_progress", "completed", "failed", "skipped")


def _read(row: asyncpg.Record) -> Execution:
    values = {field.name: row.get(field.name) for field in fields(Execution)}
    values["status"] = Status(row["status"])
    values["counters"] = Counters(*(row[name] for name in COUNTED))
    values["auto_pause_rules"] = AutoPauseRules.validate_python(row["auto_pause_rules"] or ())
    return Execution(**values)


GET = "SELECT * FROM execution WHERE org_id = $1 AND id = $2"


async def get(connection: Connection, org_id: UUID, execution_id: UUID) -> Execution:
    """Raises ``NotFound`` (``ExecutionNotFoundError``)."""
    return _found(await connection.fetchrow(GET, org_id, execution_id))


def _found(row: asyncpg.Record | None) -> Execution:
    if row is None:
        raise NotFound("ExecutionNotFoundError", "There is no such execution.")
    return _read(row)


SORTABLE = frozenset(
    {"created_at", "updated_at", "status", "scheduled_start_at", "actual_start_at", "total"}
)

PAGE = """
SELECT e.*, count(*) OVER () AS matching
FROM execution e
WHERE e.org_id = $1 AND {condition}
ORDER BY e.{sort_by} {order}, e.id
LIMIT $2 OFFSET $3
"""

ACTIVE = "e.status IN ('scheduled', 'running', 'paused') AND e.kind = 'program'"


async def active(
    connection: Connection,
    org_id: UUID,
    *,
    limit: int = 20,
    offset: int = 0,
    sort_by: str = "created_at",
    descending: bool = True,
) -> tuple[list[Execution], int]:
    """One page of the organization's unfinished program executions, and how many there are."""
    statement = _page(ACTIVE, sort_by, descending)
    return _read_page(await connection.fetch(statement, org_id, limit, offset))


async def of_program(
    connection: Connection,
    org_id: UUID,
    program_id: UUID,
    *,
    limit: int = 20,
    offset: int = 0,
    sort_by: str = "created_at",
    descending: bool = True,
) -> tuple[list[Execution], int]:
    """One page of a program's executions, finished ones too, and how many there are."""
    statement = _page("e.program_id = $4", sort_by, descending)
    return _read_page(await connection.fetch(statement, org_id, limit, offset, program_id))


def _page(condition: str, sort_by: str, descending: bool) -> str:
    if sort_by not in SORTABLE:
        raise ValueError(f"executions cannot be sorted by {sort_by}")
    return PAGE.format(condition=condition, sort_by=sort_by, order="DESC" if descending else "ASC")


def _read_page(rows: Sequence[asyncpg.Record]) -> tuple[list[Execution], int]:
    return [_read(row) for row in rows], rows[0]["matching"] if rows else 0


LOCK = "SELECT * FROM execution WHERE org_id = $1 AND id = $2 FOR UPDATE"


async def _lock_for(
    connection: Connection, org_id: UUID, execution_id: UUID, event: Event
) -> Execution:
    execution = _found(await connection.fetchrow(LOCK, org_id, execution_id))
    transition(execution.status, event)
    return execution


PAUSE = """
UPDATE execution SET status = 'paused', pause_reason = $3, updated_at = $4
WHERE org_id = $1 AND id = $2
RETURNING *
"""


async def pause(
    connection: Connection,
    org_id: UUID,
    execution_id: UUID,
    *,
    now: datetime,
    reason: str = "requested",
) -> Execution:
    """After the commit no call of any kind begins; live ones finish.

    Raises ``NotFound`` and ``Conflict`` (``ILLEGAL_TRANSITION``), as ``resume`` and ``cancel`` do.
    """
    async with connection.transaction():
        await _lock_for(connection, org_id, execution_id, Event.PAUSE)
        row = await connection.fetchrow(PAUSE, org_id, execution_id, reason, now)
        await announce(connection, org_id, execution_id)
    return _found(row)


RESUME = """
UPDATE execution
SET status = CASE WHEN pending + in_progress = 0 THEN 'completed' ELSE 'running' END,
    actual_end_at = CASE WHEN pending + in_progress = 0 THEN $3::timestamptz END,
    auto_pause_rules = coalesce($4, auto_pause_rules), pause_reason = NULL, updated_at = $3
WHERE org_id = $1 AND id = $2
RETURNING *
"""

COUNT_ANEW = """
UPDATE execution_node SET since_resume = 0 WHERE org_id = $1 AND execution_id = $2
"""


async def resume(
    connection: Connection,
    org_id: UUID,
    execution_id: UUID,
    *,
    now: datetime,
    auto_pause_rules: Sequence[AutoPauseRule] | None = None,
) -> Execution:
    """Runs on, or completes at once where the last live call ended during the pause.

    ``auto_pause_rules`` replace the execution's own; ``None`` keeps them.
    """
    rules = None if auto_pause_rules is None else _rules(auto_pause_rules)
    async with connection.transaction():
        await _lock_for(connection, org_id, execution_id, Event.RESUME)
        await connection.execute(COUNT_ANEW, org_id, execution_id)
        row = await connection.fetchrow(RESUME, org_id, execution_id, now, rules)
        await announce(connection, org_id, execution_id)
    return _found(row)


def _rules(rules: Sequence[AutoPauseRule]) -> list[object]:
    return [rule.model_dump(mode="json", by_alias=True) for rule in rules]


CANCEL = """
UPDATE execution
SET status = 'cancelled', pause_reason = NULL, actual_end_at = $3, updated_at = $3, swept = false,
    hang_up = $4
WHERE org_id = $1 AND id = $2
"""


async def cancel(
    connection: Connection,
    org_id: UUID,
    execution_id: UUID,
    *,
    now: datetime,
    hang_up: bool = False,
) -> Execution:
    """After the commit no call begins; live ones finish, or with ``hang_up`` are ended. Final.

    The first ``SWEEP_LIMIT`` pending contacts are skipped at once, the rest by the dialers'
    ``sweep``, so that a million of them do not hold the answer up.
    """
    async with connection.transaction():
        await _lock_for(connection, org_id, execution_id, Event.CANCEL)
        await connection.execute(CANCEL, org_id, execution_id, now, hang_up)
        await sweep(connection, org_id, execution_id, now=now)
        await announce(connection, org_id, execution_id)
        return await get(connection, org_id, execution_id)


LOCK_UNSWEPT = """
SELECT status FROM execution WHERE org_id = $1 AND id = $2 AND NOT swept FOR NO KEY UPDATE
"""

SWEEP = """
WITH waiting AS (
    SELECT t.contact_id FROM target t
    WHERE t.org_id = $1 AND t.execution_id = $2 AND t.state = 'pending'
    ORDER BY t.due_at LIMIT $4 FOR UPDATE
), skipped AS (
    UPDATE target t
    SET state = 'done', verdict = 'skipped', cause = $5, finished_at = $3
    FROM waiting w
    WHERE t.org_id = $1 AND t.execution_id = $2 AND t.contact_id = w.contact_id
    RETURNING 1
), counted AS (SELECT count(*)::integer AS n FROM skipped)
UPDATE execution e
SET pending = e.pending - c.n, skipped = e.skipped + c.n, swept = e.pending = c.n, updated_at = $3
FROM counted c
WHERE e.org_id = $1 AND e.id = $2
RETURNING e.swept
"""


async def sweep(
    connection: Connection,
    org_id: UUID,
    execution_id: UUID,
    *,
    now: datetime,
    limit: int = SWEEP_LIMIT,
) -> bool:
    """Skips pending contacts of a stopped or cancelled execution; true when none is left."""
    async with connection.transaction():
        status = await connection.fetchval(LOCK_UNSWEPT, org_id, execution_id)
        if status is None:
            return True
        cause = f"execution_{status}"
        swept: bool = await connection.fetchval(SWEEP, org_id, execution_id, now, limit, cause)
    return swept
