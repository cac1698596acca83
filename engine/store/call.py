"""Calls, read side: what each attempt came to, and its flow run."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from engine.errors import FieldProblem, Invalid, NotFound
from engine.org.wire import Instant
from engine.store.page import Query
from engine.store.pool import Connection
from engine.store.row import Owned, Row

# A call that lives has no result yet; how far it came is its status.
STATUS = """coalesce(a.result, CASE WHEN a.answered_at IS NOT NULL THEN 'in_progress'
    WHEN a.ringing_at IS NOT NULL THEN 'ringing' ELSE 'dialing' END)"""
COLUMNS = f"""a.id, a.org_id, {STATUS} AS status, 'outbound' AS direction, a.from_number AS "from",
    a.to_number AS "to", a.dialed_at AS created_at, a.dialed_at, a.ringing_at, a.answered_at,
    a.first_audio_at, a.ended_at AS terminated_at, a.answered_by, a.cause, a.fault, a.sip_status,
    a.q850, a.execution_id, e.program_id, a.contact_id, a.number AS attempt_number, a.did_id,
    (extract(epoch FROM a.ended_at - a.answered_at) * 1000)::bigint AS duration_ms"""
JOINED = "attempt a JOIN execution e ON e.org_id = a.org_id AND e.id = a.execution_id"


class Call(Owned):
    status: str
    """`dialing, ringing, in_progress` while it lives, then the result: `completed, answered,
    voicemail, busy, no_answer, rejected, failed, interrupted, cancelled`."""
    direction: str
    from_: str = Field(alias="from")
    to: str
    created_at: Instant
    dialed_at: Instant
    ringing_at: Instant | None
    answered_at: Instant | None
    first_audio_at: Instant | None
    terminated_at: Instant | None
    duration_ms: int | None
    """From the answer to the end."""
    answered_by: str | None
    cause: str | None
    fault: str | None
    sip_status: int | None
    q850: int | None
    execution_id: UUID
    program_id: UUID | None
    contact_id: UUID
    attempt_number: int
    """1 for the first."""
    did_id: UUID


class PathStep(Row):
    node_id: str
    node_type: str
    node_label: str | None = None
    output_path: str | None = None
    timestamp: Instant | None = None


class Event(Row):
    type: str
    timestamp: Instant
    data: dict[str, Any] = Field(default_factory=dict)


class FlowRun(Row):
    """What the call's flow did; empty where it never ran."""

    flow_id: UUID
    flow_name: str
    flow_version: int
    execution_path: list[PathStep]
    final_variables: dict[str, Any]
    node_execution_count: dict[str, int]
    events: list[Event]


class CallDetail(Call, FlowRun):
    recordings: list[UUID]


@dataclass(frozen=True, slots=True)
class Filter:
    """``None``: any."""

    execution_id: UUID | None = None
    program_id: UUID | None = None
    contact_id: UUID | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    rows: list[Call]
    total: int
    next_cursor: str | None
    """Where the following page begins; ``None`` on the last one."""


WHERE = f"""
a.org_id = $1
  AND ($2::uuid IS NULL OR a.execution_id = $2) AND ($3::uuid IS NULL OR e.program_id = $3)
  AND ($4::uuid IS NULL OR a.contact_id = $4) AND ($5::text IS NULL OR {STATUS} = $5)
  AND ($6::text IS NULL OR a.to_number LIKE $6 OR a.from_number LIKE $6)
"""
COUNT = f"SELECT count(*) FROM {JOINED} WHERE {WHERE}"
LIST = f"""
SELECT {COLUMNS} FROM {JOINED} WHERE {WHERE}
  AND ($9::timestamptz IS NULL OR (a.dialed_at, a.id) < ($9, $10))
ORDER BY a.dialed_at DESC, a.id DESC LIMIT $7 OFFSET $8
"""
LIST_RISING = f"""
SELECT {COLUMNS} FROM {JOINED} WHERE {WHERE}
  AND ($9::timestamptz IS NULL OR (a.dialed_at, a.id) > ($9, $10))
ORDER BY a.dialed_at, a.id LIMIT $7 OFFSET $8
"""


async def page(
    connection: Connection, org_id: UUID, query: Query, only: Filter, cursor: str | None = None
) -> Calls:
    """By the time of dialing. A cursor goes on where a page ended and takes the place of ``page``:
    new calls do not shift it."""
    args = (
        org_id,
        only.execution_id,
        only.program_id,
        only.contact_id,
        only.status,
        query.pattern,
    )
    after = _read_cursor(cursor) if cursor else (None, None)
    offset = 0 if cursor else (query.page - 1) * query.limit
    sql = LIST if query.descending else LIST_RISING
    records = await connection.fetch(sql, *args, query.limit + 1, offset, *after)
    rows = [Call.of(record) for record in records[: query.limit]]
    more = len(records) > query.limit
    total = await connection.fetchval(COUNT, *args)
    return Calls(rows, total, _cursor(rows[-1]) if more else None)


def _cursor(call: Call) -> str:
    return base64.urlsafe_b64encode(f"{call.dialed_at.isoformat()} {call.id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        instant, _, call_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return datetime.fromisoformat(instant), UUID(call_id)
    except (binascii.Error, ValueError):
        problem = FieldProblem("format", "This is not a cursor of this list.", {"format": "cursor"})
        raise Invalid("The cursor is not valid.", fields={"cursor": [problem]}) from None


FLOW_RUN = """e.flow_id, f.name AS flow_name, e.flow_version, t.path AS execution_path,
    t.variables AS final_variables, t.node_counts AS node_execution_count, t.events"""
GET = f"""
SELECT {COLUMNS}, {FLOW_RUN},
    (SELECT coalesce(array_agg(r.id ORDER BY r.created_at, r.id), '{{}}')
     FROM recording r WHERE r.org_id = a.org_id AND r.call_id = a.id) AS recordings
FROM {JOINED}
JOIN flow f ON f.org_id = e.org_id AND f.id = e.flow_id
LEFT JOIN call_trace t ON t.org_id = a.org_id AND t.call_id = a.id
WHERE a.org_id = $1 AND a.id = $2
"""


async def get(connection: Connection, org_id: UUID, call_id: UUID) -> CallDetail:
    record = await connection.fetchrow(GET, org_id, call_id)
    if record is None:
        raise NotFound("CallNotFoundError", "There is no such call.")
    return CallDetail.of(_with_run(dict(record)))


def _with_run(values: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "execution_path": [],
        "final_variables": {},
        "node_execution_count": {},
        "events": [],
    }
    return values | {name: values[name] or nothing for name, nothing in empty.items()}


# A call request ----------------------------------------------------------------------------------


class CallReport(FlowRun):
    """What became of a call request: its latest call, or that there is none yet."""

    job_id: UUID
    status: str
    """`queued` before the first call and between two, else the latest call's."""
    direction: str
    from_: str = Field(alias="from")
    to: str
    created_at: Instant
    dialed_at: Instant | None
    answered_at: Instant | None
    terminated_at: Instant | None
    duration_ms: int | None
    contact_id: UUID
    call_id: UUID | None
    """The latest call's."""
    attempts: int


REPORT = f"""
SELECT e.id AS job_id, 'outbound' AS direction, e.created_at, x.contact_id, x.attempts,
    coalesce(a.from_number, d.number) AS "from", coalesce(a.to_number, c.primary_phone) AS "to",
    CASE WHEN a.id IS NULL OR x.state = 'pending' THEN
        CASE WHEN e.status = 'cancelled' THEN 'cancelled' ELSE 'queued' END
    ELSE {STATUS} END AS status,
    a.id AS call_id, a.dialed_at, a.answered_at, a.ended_at AS terminated_at,
    (extract(epoch FROM a.ended_at - a.answered_at) * 1000)::bigint AS duration_ms, {FLOW_RUN}
FROM execution e
JOIN target x ON x.org_id = e.org_id AND x.execution_id = e.id
JOIN contact c ON c.org_id = e.org_id AND c.id = x.contact_id
JOIN flow f ON f.org_id = e.org_id AND f.id = e.flow_id
LEFT JOIN did d ON d.org_id = e.org_id AND d.id = e.did_ids[1]
LEFT JOIN LATERAL (
    SELECT * FROM attempt a
    WHERE a.org_id = e.org_id AND a.execution_id = e.id AND a.contact_id = x.contact_id
    ORDER BY a.number DESC LIMIT 1
) a ON true
LEFT JOIN call_trace t ON t.org_id = a.org_id AND t.call_id = a.id
WHERE e.org_id = $1 AND e.id = $2 AND e.kind = 'request'
"""


async def report(connection: Connection, org_id: UUID, job_id: UUID) -> CallReport:
    record = await connection.fetchrow(REPORT, org_id, job_id)
    if record is None:
        raise NotFound("CallReportNotFoundError", "There is no such job.")
    return CallReport.of(_with_run(dict(record)))
