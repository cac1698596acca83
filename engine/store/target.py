"""The queue: which contacts are due, who has them, and whose call may begin.

Every statement serves one organization and many of its contacts. The locks are taken in the order
execution, then targets, and an execution's counters move in the statement that moves its targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic.alias_generators import to_camel

from engine.program.outcome import Result
from engine.program.retry import RetryStrategies, RetryStrategy
from engine.store.pool import Connection

CLAIM_LIMIT = 1000
"""Rows a claim takes at most; the constant outer LIMIT of its statement."""

CONTACT_FIELDS = (
    "primary_phone",
    "first_name",
    "last_name",
    "full_name",
    "primary_email",
    "address",
    "city",
    "state",
    "zip",
    "occupation",
    "preferred_channel",
    "gender",
    "channels",
)
WIRE_NAMES = tuple((to_camel(name), name) for name in CONTACT_FIELDS)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One contact that this node may call now, if the intent is granted."""

    org_id: UUID
    execution_id: UUID
    contact_id: UUID
    attempts: int
    """Made so far."""
    results: tuple[Result, ...]
    """Of those."""
    to_number: str
    contact: Mapping[str, object]
    """Fields by their wire names."""
    attributes: Mapping[str, object]
    deleted: bool
    """The contact was deleted after the launch."""


# Without the constant LIMIT the planner expects every due row of every execution and scans the
# table. Ordering all executions' rows by due_at instead would starve the small ones.
CLAIM = f"""
WITH quota AS MATERIALIZED (
    SELECT e.id AS execution_id, q.places
    FROM unnest($3::uuid[], $4::integer[]) AS q (execution_id, places)
    JOIN execution e ON e.org_id = $1 AND e.id = q.execution_id AND e.status = 'running'
    WHERE EXISTS (SELECT FROM engine_node n WHERE n.id = $5 AND n.stopped_at IS NULL)
    ORDER BY e.id
    FOR NO KEY UPDATE OF e
), due AS MATERIALIZED (
    SELECT d.execution_id, d.contact_id
    FROM quota q
    CROSS JOIN LATERAL (
        SELECT t.execution_id, t.contact_id
        FROM target t
        WHERE t.org_id = $1 AND t.execution_id = q.execution_id
          AND t.state = 'pending' AND t.due_at <= $2
        ORDER BY t.due_at
        LIMIT q.places
        FOR UPDATE SKIP LOCKED
    ) d
    LIMIT {CLAIM_LIMIT}
), leased AS (
    UPDATE target t SET state = 'leased', node_id = $5
    FROM due d
    WHERE t.org_id = $1 AND t.execution_id = d.execution_id AND t.contact_id = d.contact_id
    RETURNING t.execution_id, t.contact_id, t.attempts, t.results
), counted AS (
    UPDATE execution e
    SET pending = e.pending - c.n, in_progress = e.in_progress + c.n, updated_at = $2
    FROM (SELECT execution_id, count(*)::integer AS n FROM leased GROUP BY execution_id) c
    WHERE e.org_id = $1 AND e.id = c.execution_id
)
SELECT l.execution_id, l.contact_id, l.attempts, l.results, c.custom_attributes,
       c.deleted_at IS NOT NULL AS deleted, {", ".join(f"c.{name}" for name in CONTACT_FIELDS)}
FROM leased l
JOIN contact c ON c.org_id = $1 AND c.id = l.contact_id
"""


async def claim(
    connection: Connection,
    org_id: UUID,
    node_id: UUID,
    quotas: Mapping[UUID, int],
    *,
    now: datetime,
) -> list[Claimed]:
    """Leases to ``node_id`` what is due at ``now``: so many contacts of each running execution."""
    rows = await connection.fetch(CLAIM, org_id, now, list(quotas), list(quotas.values()), node_id)
    return [_claimed(org_id, row) for row in rows]


def _claimed(org_id: UUID, row: asyncpg.Record) -> Claimed:
    return Claimed(
        org_id=org_id,
        execution_id=row["execution_id"],
        contact_id=row["contact_id"],
        attempts=row["attempts"],
        results=tuple(map(Result, row["results"])),
        to_number=row["primary_phone"],
        contact={wire_name: row[name] for wire_name, name in WIRE_NAMES},
        attributes=row["custom_attributes"],
        deleted=row["deleted"],
    )


@dataclass(frozen=True, slots=True)
class Intent:
    """The wish to dial: committed before the INVITE leaves, or it does not leave."""

    attempt_id: UUID
    execution_id: UUID
    contact_id: UUID
    number: int
    """Of the attempt, 1 for the first."""
    did_id: UUID
    trunk_id: UUID
    from_number: str
    to_number: str


# FOR KEY SHARE waits for a pause or a cancel under way (they hold FOR UPDATE) and then sees its
# status; it does not wait for counters. The fences: a node nobody took for dead, leased by it, not
# dialing, attempt in order.
INTEND = """
WITH wish AS MATERIALIZED (
    SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::integer[], $8::uuid[],
                         $9::uuid[], $10::text[], $11::text[])
        AS w (attempt_id, execution_id, contact_id, number, did_id, trunk_id, from_number,
              to_number)
), open AS MATERIALIZED (
    SELECT e.id FROM execution e
    WHERE e.org_id = $1 AND e.id = ANY ($5::uuid[]) AND e.status = 'running'
      AND (e.scheduled_stop_at IS NULL OR e.scheduled_stop_at > $3)
      AND EXISTS (SELECT FROM engine_node n WHERE n.id = $2 AND n.stopped_at IS NULL)
    FOR KEY SHARE OF e
), dialing AS (
    UPDATE target t SET dialing_at = $3, attempts = t.attempts + 1, did_id = w.did_id
    FROM wish w JOIN open o ON o.id = w.execution_id
    WHERE t.org_id = $1 AND t.execution_id = w.execution_id AND t.contact_id = w.contact_id
      AND t.state = 'leased' AND t.node_id = $2 AND t.dialing_at IS NULL
      AND t.attempts = w.number - 1
      AND NOT EXISTS (SELECT FROM target o WHERE o.org_id = $1 AND o.contact_id = w.contact_id
                        AND o.dialing_at IS NOT NULL)
    RETURNING w.*
)
INSERT INTO attempt (org_id, id, execution_id, contact_id, number, node_id, did_id, trunk_id,
                     from_number, to_number, dialed_at)
SELECT $1, attempt_id, execution_id, contact_id, number, $2, did_id, trunk_id,
       from_number, to_number, $3
FROM dialing
RETURNING id
"""


async def intend(
    connection: Connection,
    org_id: UUID,
    node_id: UUID,
    intents: Sequence[Intent],
    *,
    now: datetime,
) -> set[UUID]:
    """The ids of the attempts that may dial; the others must not.

    Refused are contacts of executions that are paused, ended or past their ``stopAt``, those that
    are no longer this node's, and those that another execution is calling. Raises
    ``asyncpg.UniqueViolationError`` where two of them race for one contact; each intent is then to
    be asked alone.
    """
    columns = ([getattr(one, name) for one in intents] for name in Intent.__slots__)
    rows = await connection.fetch(INTEND, org_id, node_id, now, *columns)
    return {row["id"] for row in rows}


STILL_INTENDED = """
SELECT w.attempt_id FROM unnest($5::uuid[], $6::uuid[], $7::uuid[])
    AS w (attempt_id, execution_id, contact_id)
JOIN execution e ON e.org_id = $1 AND e.id = w.execution_id AND e.status = 'running'
    AND (e.scheduled_stop_at IS NULL OR e.scheduled_stop_at > $4)
JOIN target t ON t.org_id = $1 AND t.execution_id = w.execution_id AND t.contact_id = w.contact_id
    AND t.node_id = $2 AND t.dialing_at = $3
WHERE EXISTS (SELECT FROM engine_node n WHERE n.id = $2 AND n.stopped_at IS NULL)
"""


async def still_intended(
    connection: Connection,
    org_id: UUID,
    node_id: UUID,
    intents: Sequence[Intent],
    *,
    dialed_at: datetime,
    now: datetime,
) -> set[UUID]:
    """Those of the intents committed with ``dialed_at`` that nothing has overtaken: no pause, no
    cancel, no burial of the node. Reads alone, so that it waits for no disk."""
    columns = (
        [getattr(one, name) for one in intents]
        for name in ("attempt_id", "execution_id", "contact_id")
    )
    rows = await connection.fetch(STILL_INTENDED, org_id, node_id, dialed_at, now, *columns)
    return {row["attempt_id"] for row in rows}


RELEASE = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[])
        AS g (execution_id, contact_id, skip_cause, due_at)
), held AS MATERIALIZED (
    SELECT e.id, CASE WHEN e.status IN ('stopped', 'cancelled') THEN 'execution_' || e.status END
        AS skip_cause
    FROM execution e
    WHERE e.org_id = $1 AND e.id = ANY ($4::uuid[])
    ORDER BY e.id
    FOR NO KEY UPDATE
), back AS (
    UPDATE target t
    SET node_id = NULL,
        state = CASE WHEN s.cause IS NULL THEN 'pending' ELSE 'done' END,
        verdict = CASE WHEN s.cause IS NOT NULL THEN 'skipped' END,
        finished_at = CASE WHEN s.cause IS NOT NULL THEN $3::timestamptz END,
        cause = coalesce(s.cause, t.cause), due_at = coalesce(g.due_at, t.due_at)
    FROM given g JOIN held h ON h.id = g.execution_id
    CROSS JOIN LATERAL (SELECT coalesce(g.skip_cause, h.skip_cause) AS cause) s
    WHERE t.org_id = $1 AND t.execution_id = g.execution_id AND t.contact_id = g.contact_id
      AND t.state = 'leased' AND t.node_id = $2 AND t.dialing_at IS NULL
    RETURNING t.execution_id, t.state
), counted AS (
    SELECT execution_id, count(*)::integer AS n,
           (count(*) FILTER (WHERE state = 'done'))::integer AS skipped
    FROM back GROUP BY execution_id
)
UPDATE execution e
SET in_progress = e.in_progress - c.n, pending = e.pending + c.n - c.skipped,
    skipped = e.skipped + c.skipped, updated_at = $3,
    (status, actual_end_at) = (
        SELECT CASE WHEN s.ends THEN 'completed' ELSE e.status END,
               CASE WHEN s.ends THEN $3 ELSE e.actual_end_at END
        FROM (SELECT e.status = 'running'
              AND e.pending + e.in_progress - c.skipped = 0) AS s (ends))
FROM counted c
WHERE e.org_id = $1 AND e.id = c.execution_id
"""


@dataclass(frozen=True, slots=True)
class Release:
    execution_id: UUID
    contact_id: UUID
    skip_cause: str | None = None
    """Why it is never to be called; ``None``: it waits again."""
    due_at: datetime | None = None
    """Until when it waits; ``None``: it stays as due as it was."""


async def release(
    connection: Connection,
    org_id: UUID,
    node_id: UUID,
    releases: Sequence[Release],
    *,
    now: datetime,
) -> None:
    """Hands back what ``node_id`` leases and has not dialed; anything else is left alone.

    Contacts of a stopped or cancelled execution are skipped instead.
    """
    await connection.execute(
        RELEASE,
        org_id,
        node_id,
        now,
        [one.execution_id for one in releases],
        [one.contact_id for one in releases],
        [one.skip_cause for one in releases],
        [one.due_at for one in releases],
    )


NEXT_DUE = """
SELECT q.execution_id, d.due_at
FROM unnest($2::uuid[]) AS q (execution_id)
CROSS JOIN LATERAL (
    SELECT t.due_at FROM target t
    WHERE t.org_id = $1 AND t.execution_id = q.execution_id AND t.state = 'pending'
    ORDER BY t.due_at LIMIT 1
) d
"""


async def next_due(
    connection: Connection, org_id: UUID, execution_ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """When each execution's first waiting contact is due; nothing where none waits."""
    rows = await connection.fetch(NEXT_DUE, org_id, list(execution_ids))
    return {row["execution_id"]: row["due_at"] for row in rows}


@dataclass(frozen=True, slots=True)
class Leased:
    """A contact that a node holds, as the database knows it."""

    org_id: UUID
    execution_id: UUID
    contact_id: UUID
    node_id: UUID
    attempts: int
    results: tuple[Result, ...]
    attempt_id: UUID | None
    """Of the call whose intent was committed; ``None``: it was never dialed."""
    dialing_at: datetime | None
    retry_strategy: RetryStrategy


LEASED = """
SELECT t.org_id, t.execution_id, t.contact_id, t.node_id, t.attempts, t.results, t.dialing_at,
       a.id AS attempt_id, e.retry_strategy
FROM target t
JOIN execution e ON e.org_id = t.org_id AND e.id = t.execution_id
LEFT JOIN attempt a ON a.org_id = t.org_id AND a.execution_id = t.execution_id
    AND a.contact_id = t.contact_id AND a.number = t.attempts AND a.dialed_at = t.dialing_at
    AND a.node_id = t.node_id AND a.result IS NULL
WHERE t.node_id = $1 AND t.state = 'leased'
LIMIT $2
"""


async def leased_by(connection: Connection, node_id: UUID, *, limit: int) -> list[Leased]:
    rows = await connection.fetch(LEASED, node_id, limit)
    return [_leased(row) for row in rows]


def _leased(row: asyncpg.Record) -> Leased:
    values: dict[str, Any] = dict(row)
    values["results"] = tuple(map(Result, row["results"]))
    values["retry_strategy"] = RetryStrategies.validate_python(row["retry_strategy"])
    return Leased(**values)
