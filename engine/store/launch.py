"""How executions come to be: a program's launch, and a single call on request.

A launch copies what the program says and whom its audience holds at that moment, in one
transaction: later edits change neither. The unique index ``execution_one_per_program`` refuses a
second unfinished execution, whoever comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from engine.errors import Conflict, Invalid, NotFound
from engine.program.retry import RetryStrategy
from engine.program.trigger import TriggerCondition
from engine.store.pool import Connection

CHANNEL = "gomobile_execution"
"""NOTIFY with ``ORGANIZATION EXECUTION`` whenever an execution begins or changes its status."""

ANNOUNCE = f"SELECT pg_notify('{CHANNEL}', $1::text || ' ' || $2::text)"


async def announce(connection: Connection, org_id: UUID, execution_id: UUID) -> None:
    """Wakes the dialers once the transaction has committed."""
    await connection.execute(ANNOUNCE, str(org_id), str(execution_id))


READ_PROGRAM = """
SELECT p.start_at, p.audience_id, p.mode, p.trigger_condition, a.type AS audience_type, o.timezone
FROM program p
JOIN audience a ON a.org_id = p.org_id AND a.id = p.audience_id
JOIN organization o ON o.id = p.org_id
WHERE p.org_id = $1 AND p.id = $2 AND p.deleted_at IS NULL AND p.status <> 'archived'
FOR UPDATE OF p
"""

READ_DIDS = """
SELECT d.id
FROM program_did pd
JOIN did d ON d.org_id = pd.org_id AND d.id = pd.did_id
JOIN trunk t ON t.id = d.trunk_id
WHERE pd.org_id = $1 AND pd.program_id = $2
  AND d.status = 'active' AND d.deleted_at IS NULL
  AND t.status = 'active' AND t.deleted_at IS NULL
ORDER BY pd.position
"""

INSERT_EXECUTION = """
INSERT INTO execution (org_id, program_id, audience_id, flow_id, flow_version, status, did_ids,
                       retry_strategy, pause_windows, calling_hours, contact_rules,
                       auto_pause_rules, scheduled_start_at, scheduled_stop_at, actual_start_at,
                       created_at, updated_at, created_by)
SELECT p.org_id, p.id, p.audience_id, p.flow_id, f.version,
       CASE WHEN p.start_at > $3 THEN 'scheduled' ELSE 'running' END, $4::uuid[],
       p.retry_strategy, p.pause_windows, p.calling_hours, p.contact_rules,
       p.auto_pause_rules,
       p.start_at, p.stop_at, CASE WHEN p.start_at > $3 THEN NULL ELSE $3 END,
       $3, $3, $5
FROM program p JOIN flow f ON f.org_id = p.org_id AND f.id = p.flow_id
WHERE p.org_id = $1 AND p.id = $2
RETURNING id
"""

# A contact of a live program is due at its date's midnight in the organization's zone, moved by
# the offset; dates before the day of the launch are over and are not called.
SNAPSHOT = """
WITH due AS (
    SELECT c.id, CASE WHEN $5::text IS NULL THEN $4::timestamptz ELSE
        ((c.custom_attributes ->> $5)::date::timestamp AT TIME ZONE $6)
        + $7::integer * interval '1 minute' END AS at
    FROM {members}
    WHERE c.deleted_at IS NULL
      AND ($5 IS NULL OR nullif(c.custom_attributes ->> $5, '') IS NOT NULL)
)
INSERT INTO target (org_id, execution_id, contact_id, due_at)
SELECT $1, $2, due.id, greatest(due.at, $4)
FROM due
WHERE $5 IS NULL OR due.at >= date_trunc('day', $4 AT TIME ZONE $6) AT TIME ZONE $6
"""

# Right after an import the planner knows nothing of the tables and would look every member up by
# the organization alone: 3,000 contacts took 3.5 s, and ten times as many a hundred times as long.
JOIN_BY_HASH = "SELECT set_config('enable_nestloop', $1, true)"

SNAPSHOT_STATIC = SNAPSHOT.format(
    members="""audience_contact ac JOIN contact c ON c.org_id = ac.org_id AND c.id = ac.contact_id
               AND ac.org_id = $1 AND ac.audience_id = $3"""
)

SNAPSHOT_LISTED = SNAPSHOT.format(
    members="(SELECT DISTINCT unnest($3::uuid[]) AS id) listed "
    "JOIN contact c ON c.org_id = $1 AND c.id = listed.id"
)

COUNT = "UPDATE execution SET total = $3, pending = $3 WHERE org_id = $1 AND id = $2"

ACTIVATE = "UPDATE program SET status = 'active', updated_at = $3 WHERE org_id = $1 AND id = $2"


async def launch(
    connection: Connection,
    org_id: UUID,
    program_id: UUID,
    *,
    now: datetime,
    contact_ids: Sequence[UUID] | None = None,
    created_by: UUID | None = None,
) -> UUID:
    """Begins an execution and returns its id. Wants to run inside a transaction.

    ``contact_ids`` are the members of a live audience, found by its rules; a static audience
    knows its own. Raises ``NotFound`` (``ProgramNotFoundError``), ``Invalid``
    (``EmptyDidPoolError``, ``AudienceEmptyError``) and ``Conflict``
    (``ExecutionAlreadyRunningError``); the transaction is then to be rolled back.
    """
    program = await connection.fetchrow(READ_PROGRAM, org_id, program_id)
    if program is None:
        raise NotFound("ProgramNotFoundError", "There is no such program.")
    if program["audience_type"] == "live" and contact_ids is None:
        raise ValueError("the members of a live audience are the caller's to find")
    execution_id = await _insert(connection, org_id, program_id, now, created_by)
    total = await _snapshot(connection, org_id, execution_id, program, now, contact_ids)
    if total == 0:
        raise Invalid("The program's audience has no contact to call.", code="AudienceEmptyError")
    await connection.execute(COUNT, org_id, execution_id, total)
    await connection.execute(ACTIVATE, org_id, program_id, now)
    await announce(connection, org_id, execution_id)
    return execution_id


async def _insert(
    connection: Connection, org_id: UUID, program_id: UUID, now: datetime, created_by: UUID | None
) -> UUID:
    did_ids = [row["id"] for row in await connection.fetch(READ_DIDS, org_id, program_id)]
    if not did_ids:
        raise Invalid("The program has no active number to call from.", code="EmptyDidPoolError")
    try:
        inserted: UUID = await connection.fetchval(
            INSERT_EXECUTION, org_id, program_id, now, did_ids, created_by
        )
    except asyncpg.UniqueViolationError as problem:
        raise Conflict(
            "ExecutionAlreadyRunningError", "An execution of this program has not ended yet."
        ) from problem
    return inserted


async def _snapshot(
    connection: Connection,
    org_id: UUID,
    execution_id: UUID,
    program: asyncpg.Record,
    now: datetime,
    contact_ids: Sequence[UUID] | None,
) -> int:
    statement, members = (
        (SNAPSHOT_STATIC, program["audience_id"])
        if contact_ids is None
        else (SNAPSHOT_LISTED, list(contact_ids))
    )
    trigger = program["mode"] == "live" and TriggerCondition(**program["trigger_condition"])
    await connection.execute(JOIN_BY_HASH, "off")
    status = await connection.execute(
        statement,
        org_id,
        execution_id,
        members,
        max(program["start_at"], now),
        trigger.attribute_name if trigger else None,
        program["timezone"],
        trigger.offset_minutes if trigger else 0,
    )
    await connection.execute(JOIN_BY_HASH, "on")
    return int(status.split()[-1])


@dataclass(frozen=True, slots=True)
class CallRequest:
    did_id: UUID
    contact_id: UUID
    flow_id: UUID
    retry: RetryStrategy
    start_at: datetime | None = None


# One statement per thing that may be missing would be three; here the row that is absent names it.
READ_REQUESTED = """
SELECT (SELECT d.id FROM did d WHERE d.org_id = $1 AND d.id = $2
                              AND d.status = 'active' AND d.deleted_at IS NULL) AS did_id,
       (SELECT c.id FROM contact c WHERE c.org_id = $1 AND c.id = $3
                                  AND c.deleted_at IS NULL) AS contact_id,
       (SELECT f.version FROM flow f WHERE f.org_id = $1 AND f.id = $4
                                     AND f.deleted_at IS NULL) AS flow_version
"""

INSERT_REQUEST = """
INSERT INTO execution (org_id, kind, flow_id, flow_version, status, did_ids, retry_strategy,
                       scheduled_start_at, actual_start_at, total, pending,
                       created_at, updated_at, created_by)
VALUES ($1, 'request', $2, $3, CASE WHEN $6::timestamptz > $7 THEN 'scheduled' ELSE 'running' END,
        ARRAY[$4::uuid], $5, $6, CASE WHEN $6 > $7 THEN NULL ELSE $7::timestamptz END,
        1, 1, $7, $7, $8)
RETURNING id
"""

INSERT_TARGET = """
INSERT INTO target (org_id, execution_id, contact_id, due_at) VALUES ($1, $2, $3, $4)
"""


async def request_call(
    connection: Connection,
    org_id: UUID,
    request: CallRequest,
    *,
    now: datetime,
    created_by: UUID | None = None,
) -> UUID:
    """One contact, one number, one flow: an execution without a program; its id is the job's.

    Raises ``NotFound`` (``DidNotFoundError``, ``ContactNotFoundError``, ``FlowNotFoundError``).
    """
    version = await _require(connection, org_id, request)
    start_at = max(request.start_at or now, now)
    execution_id: UUID = await connection.fetchval(
        INSERT_REQUEST,
        org_id,
        request.flow_id,
        version,
        request.did_id,
        request.retry.model_dump(mode="json", by_alias=True),
        start_at,
        now,
        created_by,
    )
    await connection.execute(INSERT_TARGET, org_id, execution_id, request.contact_id, start_at)
    await announce(connection, org_id, execution_id)
    return execution_id


async def _require(connection: Connection, org_id: UUID, request: CallRequest) -> int:
    found = await connection.fetchrow(
        READ_REQUESTED, org_id, request.did_id, request.contact_id, request.flow_id
    )
    for column, noun in (("did_id", "Did"), ("contact_id", "Contact"), ("flow_version", "Flow")):
        if found[column] is None:
            raise NotFound(f"{noun}NotFoundError", f"There is no such {noun.lower()}.")
    version: int = found["flow_version"]
    return version
