"""Engine nodes: processes that hold leases, alive as long as they say so on the database's clock.

A node's id is new at every start, so that nothing a former life left behind is taken for one's
own. The database's clock is used because every node shares it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from engine.store.pool import Connection

REGISTER = "INSERT INTO engine_node (name) VALUES ($1) RETURNING id"


async def register(connection: Connection, name: str) -> UUID:
    """``name`` is for people: host and process."""
    node_id: UUID = await connection.fetchval(REGISTER, name)
    return node_id


RENEW = """
UPDATE engine_node SET renewed_at = clock_timestamp()
WHERE id = $1 AND stopped_at IS NULL
RETURNING true
"""


async def renew(connection: Connection, node_id: UUID) -> bool:
    """False: another node has declared this one dead; it must register anew."""
    return await connection.fetchval(RENEW, node_id) is True


STOP = "UPDATE engine_node SET stopped_at = clock_timestamp() WHERE id = $1 AND stopped_at IS NULL"


async def stop(connection: Connection, node_id: UUID) -> None:
    """What it still leases is anybody's to hand back, at once."""
    await connection.execute(STOP, node_id)


# While the database was away nobody could renew: after its start everybody gets one lease's time.
BURY = """
UPDATE engine_node SET stopped_at = clock_timestamp()
WHERE stopped_at IS NULL AND renewed_at < clock_timestamp() - $1::interval
  AND pg_postmaster_start_time() < clock_timestamp() - $2::interval
RETURNING id
"""


async def bury(
    connection: Connection, lease: timedelta, *, grace: timedelta | None = None
) -> list[UUID]:
    """Declares dead who has not renewed for a ``lease``.

    ``grace`` is how long the database must have been up, one lease unless told.
    """
    rows = await connection.fetch(BURY, lease, lease if grace is None else grace)
    return [row["id"] for row in rows]


DEAD_WITH_LEASES = """
SELECT n.id FROM engine_node n
WHERE n.stopped_at IS NOT NULL
  AND EXISTS (SELECT FROM target t WHERE t.node_id = n.id AND t.state = 'leased')
"""


async def dead_with_leases(connection: Connection) -> list[UUID]:
    rows = await connection.fetch(DEAD_WITH_LEASES)
    return [row["id"] for row in rows]


TAKE_ON = """
SELECT true FROM engine_node WHERE id = $1 AND stopped_at IS NOT NULL FOR UPDATE
"""


async def take_on(connection: Connection, node_id: UUID) -> bool:
    """Until the transaction's end nobody else takes on what this dead node holds.

    Waits for who does so now. False: the node is not dead.
    """
    return await connection.fetchval(TAKE_ON, node_id) is True


FORGET = """
DELETE FROM engine_node n
WHERE n.stopped_at < clock_timestamp() - interval '1 day'
  AND NOT EXISTS (SELECT FROM target t WHERE t.node_id = n.id AND t.state = 'leased')
"""


async def forget(connection: Connection) -> None:
    """Drops the rows of nodes that are long dead and hold nothing."""
    await connection.execute(FORGET)
