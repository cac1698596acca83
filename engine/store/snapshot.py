"""What a dialer keeps in memory: the executions that may dial, their numbers, their flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from engine.program.attempt import Did, Trunk
from engine.program.calling_hours import CallingHours
from engine.program.contact_rules import ContactRules
from engine.program.execution import Status
from engine.program.pause_windows import PauseWindows
from engine.program.presentation import Presentation
from engine.program.retry import RetryStrategies, RetryStrategy
from engine.store.launch import announce
from engine.store.pool import Connection

START_DUE = """
UPDATE execution SET status = 'running', actual_start_at = $1, updated_at = $1
WHERE status = 'scheduled' AND scheduled_start_at <= $1
RETURNING org_id, id
"""

STOP_DUE = """
UPDATE execution SET status = 'stopped', actual_end_at = $1, updated_at = $1, swept = false
WHERE status = 'running' AND scheduled_stop_at <= $1
RETURNING org_id, id
"""


async def move_with_time(connection: Connection, now: datetime) -> None:
    """Starts what is due to start and stops what is due to stop."""
    async with connection.transaction():
        for statement in (START_DUE, STOP_DUE):
            for row in await connection.fetch(statement, now):
                await announce(connection, row["org_id"], row["id"])


UNSWEPT = "SELECT org_id, id FROM execution WHERE NOT swept"


async def unswept(connection: Connection) -> list[tuple[UUID, UUID]]:
    """(organization, execution) of those that ended with contacts left to skip."""
    return [(row["org_id"], row["id"]) for row in await connection.fetch(UNSWEPT)]


HANG_UP = "SELECT id FROM execution WHERE id = ANY ($1::uuid[]) AND hang_up"


async def to_hang_up(connection: Connection, execution_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the executions whose live calls are to end at once."""
    return [row["id"] for row in await connection.fetch(HANG_UP, list(execution_ids))]


@dataclass(frozen=True, slots=True)
class Runnable:
    """An execution that dials now or will by itself."""

    org_id: UUID
    id: UUID
    program_id: UUID | None
    flow_id: UUID
    flow_version: int
    status: Status
    """``scheduled`` or ``running``."""
    did_ids: tuple[UUID, ...]
    retry_strategy: RetryStrategy
    pause_windows: PauseWindows | None
    calling_hours: CallingHours | None
    contact_rules: ContactRules
    scheduled_start_at: datetime
    scheduled_stop_at: datetime | None
    timezone: str
    """IANA name, the organization's."""
    country: str
    """ISO 3166 alpha-2, the organization's."""
    concurrent_calls: int | None
    """The plan's limit for the organization; ``None``: unlimited."""


RUNNABLE = """
SELECT e.org_id, e.id, e.program_id, e.flow_id, e.flow_version, e.status, e.did_ids,
       e.retry_strategy, e.pause_windows, e.calling_hours, e.contact_rules, e.scheduled_start_at,
       e.scheduled_stop_at, o.timezone, o.country, l.concurrent_calls
FROM execution e
JOIN organization o ON o.id = e.org_id AND o.status = 'active' AND o.deleted_at IS NULL
JOIN plan_limit l ON l.plan = o.plan
WHERE e.status IN ('scheduled', 'running')
"""


async def runnable(connection: Connection) -> list[Runnable]:
    """Of active organizations."""
    return [_runnable(row) for row in await connection.fetch(RUNNABLE)]


def _runnable(row: asyncpg.Record) -> Runnable:
    values: dict[str, Any] = dict(row)
    windows, hours = row["pause_windows"], row["calling_hours"]
    values["status"] = Status(row["status"])
    values["did_ids"] = tuple(row["did_ids"])
    values["retry_strategy"] = RetryStrategies.validate_python(row["retry_strategy"])
    values["pause_windows"] = None if windows is None else PauseWindows.model_validate(windows)
    values["contact_rules"] = ContactRules.model_validate(row["contact_rules"] or {})
    values["calling_hours"] = None if hours is None else CallingHours.model_validate(hours)
    return Runnable(**values)


DIDS = """
SELECT d.org_id, d.id, d.number, d.max_concurrent, d.calls_per_second, d.daily_cap,
       d.attestation,
       t AS trunk
FROM did d
JOIN trunk t ON t.id = d.trunk_id AND t.status = 'active' AND t.deleted_at IS NULL
WHERE d.org_id = ANY ($1::uuid[]) AND d.id = ANY ($2::uuid[])
  AND d.status = 'active' AND d.deleted_at IS NULL
"""


async def dids(
    connection: Connection, org_ids: Sequence[UUID], did_ids: Sequence[UUID]
) -> dict[UUID, Did]:
    """Those of the numbers that may be used now, with their trunks."""
    rows = await connection.fetch(DIDS, list(org_ids), list(did_ids))
    return {row["id"]: _did(row) for row in rows}


def _did(row: asyncpg.Record) -> Did:
    limits = {name: row[name] for name in ("max_concurrent", "calls_per_second", "daily_cap")}
    return Did(
        id=row["id"],
        number=row["number"],
        trunk=_trunk(row["trunk"]),
        attestation=row["attestation"],
        **limits,
    )


AS_STATED = (
    "id", "name", "host", "port", "username", "password", "channels", "calls_per_second",
    "transport", "large_over_tcp",
)  # fmt: skip
PRESENTED = (
    "number_format", "country", "prefix_rules", "identity", "anonymous", "diversion", "headers",
    "user_to_user",
)  # fmt: skip


def _trunk(row: asyncpg.Record) -> Trunk:
    return Trunk(
        domain=row["domain"] or row["host"],
        codecs=tuple(row["codecs"]),
        presentation=Presentation.stated(**{name: row[name] for name in PRESENTED}),
        **{name: row[name] for name in AS_STATED},
    )


GRAPH = """
SELECT graph FROM flow_version WHERE org_id = $1 AND flow_id = $2 AND version = $3
"""


async def graph(
    connection: Connection, org_id: UUID, flow_id: UUID, version: int
) -> Mapping[str, object]:
    """A flow as it was saved; a version never changes."""
    found: Mapping[str, object] = await connection.fetchval(GRAPH, org_id, flow_id, version)
    return found
