"""Plan limits: the one place that says whether there is room for more."""

from __future__ import annotations

from uuid import UUID

from engine.org.plan import Limit, PlanLimits, limit_reached
from engine.store.pool import Connection

LIMITS = """
SELECT p.contacts, p.calls_per_month, p.concurrent_calls, p.flows, p.members
FROM organization o JOIN plan_limit p ON p.plan = o.plan
WHERE o.id = $1
"""


async def limits(connection: Connection, org_id: UUID) -> PlanLimits:
    return PlanLimits(**await connection.fetchrow(LIMITS, org_id))


# Two requests that count at once would both find room: they take turns, transaction by transaction.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))"
USED = {
    Limit.CONTACTS: "SELECT count(*) FROM contact WHERE org_id = $1 AND deleted_at IS NULL",
    Limit.FLOWS: "SELECT count(*) FROM flow WHERE org_id = $1 AND deleted_at IS NULL",
    Limit.MEMBERS: "SELECT count(*) FROM member WHERE org_id = $1 AND deleted_at IS NULL",
}


async def room(connection: Connection, org_id: UUID, what: Limit) -> tuple[int | None, int]:
    """``(limit, used)``; ``limit`` is ``None`` where the plan has none, and nothing is counted."""
    limit = getattr(await limits(connection, org_id), what.value)
    if limit is None:
        return None, 0
    await connection.fetchrow(TAKE_TURNS, str(org_id), what.value)
    return limit, await connection.fetchval(USED[what], org_id)


async def require_room(connection: Connection, org_id: UUID, what: Limit) -> None:
    """Raises ``Forbidden`` (``PLAN_LIMIT_REACHED``) where one more would be too many."""
    limit, used = await room(connection, org_id, what)
    if limit is not None and used >= limit:
        raise limit_reached(what, limit, used)
