"""The attempt table's upkeep: its monthly partitions, and what a number dialed today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from engine.store.pool import Connection

DIALED = """
SELECT did_id, count(*)::integer AS dialed FROM attempt
WHERE org_id = $1 AND did_id = ANY ($2::uuid[]) AND dialed_at >= $3
GROUP BY did_id
"""


async def dialed_since(
    connection: Connection, org_id: UUID, did_ids: Sequence[UUID], since: datetime
) -> dict[UUID, int]:
    """Attempts of each number since ``since``; asked once a process for numbers with a cap."""
    rows = await connection.fetch(DIALED, org_id, list(did_ids), since)
    return {row["did_id"]: row["dialed"] for row in rows}


PARTITION_LOCK = "SELECT pg_advisory_xact_lock(hashtext('gomobile attempt partitions'))"

PARTITION_EXISTS = "SELECT to_regclass($1) IS NOT NULL"

# The default partition is scanned for rows of the month: an empty month ahead costs an index look.
IN_DEFAULT = """
SELECT EXISTS (SELECT FROM attempt_default WHERE dialed_at >= $1 AND dialed_at < $2)
"""

PARTITION = """
CREATE TABLE {name} PARTITION OF attempt FOR VALUES FROM ('{start}') TO ('{end}');
REVOKE ALL ON {name} FROM gomobile_tenant;
"""


async def make_partitions(connection: Connection, now: datetime, *, months: int = 2) -> None:
    """A partition for this month and the next; one begun in the default stays."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    async with connection.transaction():
        await connection.execute(PARTITION_LOCK)
        for _ in range(months):
            following = _next_month(month)
            await _make_partition(connection, month, following)
            month = following


async def _make_partition(connection: Connection, month: datetime, following: datetime) -> None:
    name = f"attempt_{month:%Y_%m}"
    if await connection.fetchval(PARTITION_EXISTS, name):
        return
    if not await connection.fetchval(IN_DEFAULT, month, following):
        await connection.execute(
            PARTITION.format(name=name, start=month.isoformat(), end=following.isoformat())
        )


def _next_month(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
