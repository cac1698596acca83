"""What calls came to, written in batches: one transaction closes attempts, contacts, executions.

An outcome counts once. Its attempt must still be open, or closed as ``interrupted`` by somebody
who took this node for dead; its contact must still be in that attempt (same node, same number,
dialing), or be where the interruption left it, with no later intent committed. So an outcome that
is sent twice after a lost connection changes nothing the second time, and a late one replaces the
interruption and withdraws the retry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from engine.program.auto_pause import AutoPauseRules, NodeEntries, reached
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.program.retry import Done, RetryAt
from engine.store import call_history, consent, execution
from engine.store.consent import SaidInCall
from engine.store.pool import Connection

WITHDRAWN = Outcome(Result.CANCELLED, Cause("not_dialed", Fault.US), Milestones())


@dataclass(frozen=True, slots=True)
class Finished:
    """One call that ended, and what that means for its contact."""

    org_id: UUID
    execution_id: UUID
    contact_id: UUID
    node_id: UUID
    attempt_id: UUID
    number: int
    dialed_at: datetime
    """The instant of its intent."""
    report: CallReport
    decision: Done | RetryAt
    flow_id: UUID | None = None
    """``None`` where no flow ran; no trace is written then."""
    flow_version: int | None = None
    withdrawn: bool = False
    """The intent was committed but no INVITE left: the attempt does not count."""


FINISH = """
WITH report AS MATERIALIZED (
    SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::integer[],
                         $8::timestamptz[], $9::text[], $10::timestamptz[], $11::boolean[],
                         $12::text[], $13::text[], $14::text[], $15::integer[], $16::integer[],
                         $17::text[], $18::text[], $19::timestamptz[], $20::timestamptz[],
                         $21::timestamptz[], $22::timestamptz[])
        AS r (execution_id, contact_id, node_id, attempt_id, number, dialed_at, verdict, due_at,
              withdrawn, result, cause, fault, sip_status, q850, detail, answered_by,
              ringing_at, answered_at, first_audio_at, ended_at)
), held AS MATERIALIZED (
    SELECT e.id, e.status FROM execution e
    WHERE e.org_id = $1 AND e.id = ANY ($3::uuid[])
    ORDER BY e.id
    FOR NO KEY UPDATE
), closed AS (
    UPDATE attempt a
    SET result = r.result, cause = r.cause, fault = r.fault, sip_status = r.sip_status,
        q850 = r.q850, detail = r.detail, answered_by = r.answered_by, ringing_at = r.ringing_at,
        answered_at = r.answered_at, first_audio_at = r.first_audio_at, ended_at = r.ended_at
    FROM report r
    WHERE a.org_id = $1 AND a.id = ANY ($6::uuid[]) AND a.id = r.attempt_id
      AND a.dialed_at = r.dialed_at
      AND (a.result IS NULL OR (a.result = 'interrupted' AND r.result <> 'interrupted'))
    RETURNING a.id
), old AS MATERIALIZED (
    SELECT r.*, t.state AS old_state, t.verdict AS old_verdict, t.results AS old_results,
           CASE WHEN r.verdict IS NULL AND h.status IN ('stopped', 'cancelled') THEN 'skipped'
                WHEN r.verdict IS NULL AND h.status = 'completed' THEN 'failed'
                ELSE r.verdict END AS new_verdict
    FROM report r
    JOIN held h ON h.id = r.execution_id
    JOIN target t ON t.org_id = $1 AND t.execution_id = r.execution_id
        AND t.contact_id = r.contact_id
    WHERE t.attempts = r.number
      AND ((t.state = 'leased' AND t.node_id = r.node_id AND t.dialing_at = r.dialed_at)
           OR (t.dialing_at IS NULL AND t.result = 'interrupted' AND r.result <> 'interrupted'))
    FOR UPDATE OF t
), moved AS (
    UPDATE target t
    SET state = CASE WHEN o.new_verdict IS NULL THEN 'pending' ELSE 'done' END,
        verdict = o.new_verdict,
        due_at = coalesce(o.due_at, t.due_at),
        attempts = t.attempts - o.withdrawn::integer,
        results = t.results[1:o.number - 1]
                  || CASE WHEN o.withdrawn THEN '{}' ELSE ARRAY[o.result] END,
        result = CASE WHEN o.withdrawn THEN t.results[o.number - 1] ELSE o.result END,
        cause = CASE WHEN o.withdrawn THEN NULL ELSE o.cause END,
        node_id = NULL, dialing_at = NULL,
        finished_at = CASE WHEN o.new_verdict IS NOT NULL THEN $2::timestamptz END
    FROM old o
    WHERE t.org_id = $1 AND t.execution_id = o.execution_id AND t.contact_id = o.contact_id
    RETURNING t.execution_id, o.old_state, o.old_verdict, t.state, t.verdict
), counted AS (
    SELECT execution_id,
        sum((state = 'pending')::integer - (old_state = 'pending')::integer)::integer AS pending,
        sum((old_state = 'leased')::integer)::integer AS ended,
        sum((verdict IS NOT DISTINCT FROM 'completed')::integer
            - (old_verdict IS NOT DISTINCT FROM 'completed')::integer)::integer AS completed,
        sum((verdict IS NOT DISTINCT FROM 'failed')::integer
            - (old_verdict IS NOT DISTINCT FROM 'failed')::integer)::integer AS failed,
        sum((verdict IS NOT DISTINCT FROM 'skipped')::integer
            - (old_verdict IS NOT DISTINCT FROM 'skipped')::integer)::integer AS skipped
    FROM moved GROUP BY execution_id
), settled AS (
    UPDATE execution e
    SET pending = e.pending + c.pending, in_progress = e.in_progress - c.ended,
        completed = e.completed + c.completed, failed = e.failed + c.failed,
        skipped = e.skipped + c.skipped, updated_at = $2,
        (status, actual_end_at) = (
            SELECT CASE WHEN s.ends THEN 'completed' ELSE e.status END,
                   CASE WHEN s.ends THEN $2 ELSE e.actual_end_at END
            FROM (SELECT e.status = 'running'
                  AND e.pending + c.pending + e.in_progress - c.ended = 0) AS s (ends))
    FROM counted c
    WHERE e.org_id = $1 AND e.id = c.execution_id
)
SELECT id FROM closed
"""


async def finish(
    connection: Connection, org_id: UUID, batch: Sequence[Finished], *, now: datetime
) -> None:
    """Writes the outcomes of one organization's calls, with their traces and recordings.

    Executions complete, or pause by their rules, in the same transaction.
    """
    async with connection.transaction():
        rows = await connection.fetch(FINISH, org_id, now, *_columns(batch))
        closed = {row["id"] for row in rows}
        fresh = [one for one in batch if one.attempt_id in closed]
        await _write_traces(connection, org_id, fresh)
        await _write_recordings(connection, org_id, fresh)
        await consent.record_calls(connection, org_id, _said(fresh, now))
        await _count_nodes(connection, org_id, fresh, now)
        ended = [(one.contact_id, one.flow_id, one.report) for one in fresh]
        await call_history.remember(connection, org_id, ended)


def _columns(batch: Sequence[Finished]) -> list[list[object]]:
    return [list(column) for column in zip(*map(_row, batch), strict=True)]


def _row(one: Finished) -> tuple[object, ...]:
    outcome = one.report.outcome
    cause, times = outcome.cause, outcome.milestones
    retry = isinstance(one.decision, RetryAt)
    return (
        one.execution_id,
        one.contact_id,
        one.node_id,
        one.attempt_id,
        one.number,
        one.dialed_at,
        None if isinstance(one.decision, RetryAt) else one.decision.verdict,
        one.decision.instant if isinstance(one.decision, RetryAt) else None,
        one.withdrawn and retry,
        outcome.result,
        cause.code,
        cause.fault,
        cause.sip_status,
        cause.q850,
        cause.detail,
        outcome.answered_by,
        times.ringing_at,
        times.answered_at,
        times.first_audio_at,
        times.ended_at,
    )


TRACE = """
INSERT INTO call_trace (org_id, call_id, flow_id, flow_version, path, variables, node_counts,
                        events, quality)
SELECT $1, t.* FROM jsonb_to_recordset($2) AS t (call_id uuid, flow_id uuid,
    flow_version integer, path jsonb, variables jsonb, node_counts jsonb, events jsonb,
    quality jsonb)
ON CONFLICT DO NOTHING
"""


async def _write_traces(connection: Connection, org_id: UUID, batch: Sequence[Finished]) -> None:
    rows = [_trace(one) for one in batch if one.flow_id is not None]
    if rows:
        await connection.execute(TRACE, org_id, rows)


def _trace(one: Finished) -> dict[str, object]:
    report = one.report
    path = [
        {
            "nodeId": entry.node_id,
            "nodeType": entry.node_type,
            "nodeLabel": entry.label,
            "outputPath": entry.output,
            "timestamp": _stamp(entry.at),
        }
        | ({"error": entry.error} if entry.error else {})
        for entry in report.path
    ]
    events = [
        {"type": event.type, "timestamp": _stamp(event.at), "data": dict(event.data)}
        for event in report.events
    ]
    return {
        "call_id": str(one.attempt_id),
        "flow_id": str(one.flow_id),
        "flow_version": one.flow_version,
        "path": path,
        "variables": dict(report.variables or {}),
        "node_counts": dict(report.node_counts or {}),
        "events": events,
        "quality": dict(report.quality or {}),
    }


def _stamp(instant: datetime) -> str:
    """As everywhere on the wire: UTC, milliseconds, ``Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(batch: Sequence[Finished], now: datetime) -> list[SaidInCall]:
    found = [(one, consent.said_in(one.report)) for one in batch]
    return [
        (one.attempt_id, one.dialed_at, said, one.report.outcome.milestones.ended_at or now)
        for one, said in found
        if said is not None
    ]


RECORDING = """
INSERT INTO recording (org_id, id, call_id, node_id, recording_type, path, duration_ms,
                       size_bytes, created_at)
VALUES ($1, $2, $3, $4, 'segment', $5, $6, $7, $8)
ON CONFLICT DO NOTHING
"""


async def _write_recordings(
    connection: Connection, org_id: UUID, batch: Sequence[Finished]
) -> None:
    rows = [
        (
            org_id,
            recording.id,
            one.attempt_id,
            recording.node_id,
            recording.path,
            recording.duration_ms,
            recording.size_bytes,
            recording.created_at,
        )
        for one in batch
        for recording in one.report.recordings
    ]
    if rows:
        await connection.executemany(RECORDING, rows)


COUNT_NODES = """
INSERT INTO execution_node AS n (org_id, execution_id, node_id, entered, since_resume)
SELECT $1, c.execution_id, c.node_id, c.added, c.added
FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS c (execution_id, node_id, added)
ON CONFLICT (org_id, execution_id, node_id) DO UPDATE
SET entered = n.entered + EXCLUDED.entered, since_resume = n.since_resume + EXCLUDED.since_resume
RETURNING execution_id, node_id, entered, since_resume
"""

RULES = """
SELECT id, auto_pause_rules FROM execution
WHERE org_id = $1 AND id = ANY ($2::uuid[]) AND status = 'running' AND auto_pause_rules IS NOT NULL
"""


async def _count_nodes(
    connection: Connection, org_id: UUID, batch: Sequence[Finished], now: datetime
) -> None:
    added: Counter[tuple[UUID, str]] = Counter()
    for one in batch:
        for node_id, count in (one.report.node_counts or {}).items():
            added[one.execution_id, node_id] += count
    if not added:
        return
    executions, nodes = zip(*added, strict=True)
    rows = await connection.fetch(COUNT_NODES, org_id, executions, nodes, list(added.values()))
    entries: dict[UUID, list[NodeEntries]] = {}
    for row in rows:
        execution_id, node_id = row["execution_id"], row["node_id"]
        entry = NodeEntries(
            node_id, added[execution_id, node_id], row["entered"], row["since_resume"]
        )
        entries.setdefault(execution_id, []).append(entry)
    await _pause_by_rule(connection, org_id, entries, now)


async def _pause_by_rule(
    connection: Connection,
    org_id: UUID,
    entries: Mapping[UUID, Sequence[NodeEntries]],
    now: datetime,
) -> None:
    for row in await connection.fetch(RULES, org_id, list(entries)):
        rules = AutoPauseRules.validate_python(row["auto_pause_rules"])
        node_id = reached(rules, entries[row["id"]])
        if node_id is not None:
            reason = f"auto:{node_id}"
            await execution.pause(connection, org_id, row["id"], now=now, reason=reason)
