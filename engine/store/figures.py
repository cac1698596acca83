"""The figures of an execution: its contacts by where they stand, its calls by what they came to."""

from __future__ import annotations

from uuid import UUID

from engine.store.pool import Connection
from engine.store.row import Row


class ContactMetrics(Row):
    total_contacts: int
    pending: int
    """Waiting for their first call."""
    queued: int
    """Taken by an engine, about to be dialed."""
    calling: int
    pending_retry: int
    completed: int
    failed: int
    skipped: int
    reach_rate: float
    """Completed contacts by all of them, 0 to 1."""


CONTACT_METRICS = """
SELECT count(*) AS total_contacts,
    count(*) FILTER (WHERE state = 'pending' AND attempts = 0) AS pending,
    count(*) FILTER (WHERE state = 'leased' AND dialing_at IS NULL) AS queued,
    count(*) FILTER (WHERE state = 'leased' AND dialing_at IS NOT NULL) AS calling,
    count(*) FILTER (WHERE state = 'pending' AND attempts > 0) AS pending_retry,
    count(*) FILTER (WHERE verdict = 'completed') AS completed,
    count(*) FILTER (WHERE verdict = 'failed') AS failed,
    count(*) FILTER (WHERE verdict = 'skipped') AS skipped,
    coalesce(round(count(*) FILTER (WHERE verdict = 'completed')::numeric / nullif(count(*), 0),
        4), 0)::float8 AS reach_rate
FROM target WHERE org_id = $1 AND execution_id = $2
"""


async def contact_metrics(
    connection: Connection, org_id: UUID, execution_id: UUID
) -> ContactMetrics:
    """All zero for an execution that is not there."""
    return ContactMetrics.of(await connection.fetchrow(CONTACT_METRICS, org_id, execution_id))


class CallMetrics(Row):
    """`totalCalls` is the sum of `inProgress` and all results."""

    total_calls: int
    connected: int
    """Picked up, by whom or what ever."""
    in_progress: int
    answered: int
    voicemail: int
    no_answer: int
    busy: int
    rejected: int
    failed: int
    """Interrupted and cancelled ones too."""


CALL_METRICS = """
SELECT count(*) AS total_calls,
    count(*) FILTER (WHERE answered_at IS NOT NULL) AS connected,
    count(*) FILTER (WHERE result IS NULL) AS in_progress,
    count(*) FILTER (WHERE result IN ('completed', 'answered')) AS answered,
    count(*) FILTER (WHERE result = 'voicemail') AS voicemail,
    count(*) FILTER (WHERE result = 'no_answer') AS no_answer,
    count(*) FILTER (WHERE result = 'busy') AS busy,
    count(*) FILTER (WHERE result = 'rejected') AS rejected,
    count(*) FILTER (WHERE result IN ('failed', 'interrupted', 'cancelled')) AS failed
FROM attempt WHERE org_id = $1 AND execution_id = $2
"""


async def call_metrics(connection: Connection, org_id: UUID, execution_id: UUID) -> CallMetrics:
    """All zero for an execution that is not there."""
    return CallMetrics.of(await connection.fetchrow(CALL_METRICS, org_id, execution_id))
