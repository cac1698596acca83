"""Flows: a name and its versions; a change of the graph is a new version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine.errors import Conflict, NotFound
from engine.org.plan import Limit
from engine.store.page import Listing, Page, Query
from engine.store.plan import require_room
from engine.store.pool import Connection
from engine.store.row import Authored, Columns

COLUMNS = """f.id, f.org_id, f.name, f.description, f.version, f.created_at, f.updated_at,
    f.deleted_at, f.created_by, f.updated_by, f.deleted_by"""


class FlowBrief(Authored):
    name: str
    description: str | None
    version: int
    """The newest; from 1."""


class Flow(FlowBrief):
    graph: dict[str, Any]


INSERT = """
INSERT INTO flow (org_id, name, description, version, created_by, updated_by)
VALUES ($1, $3, $4, 1, $2, $2)
RETURNING id
"""
INSERT_VERSION = """
INSERT INTO flow_version (org_id, flow_id, version, graph, created_by) VALUES ($1, $2, $3, $4, $5)
"""


async def create(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    name: str,
    description: str | None,
    graph: dict[str, Any],
) -> Flow:
    """Raises ``Forbidden`` (``PLAN_LIMIT_REACHED``). The graph is taken as it is."""
    await require_room(connection, org_id, Limit.FLOWS)
    flow_id = await connection.fetchval(INSERT, org_id, member_id, name, description)
    await connection.execute(INSERT_VERSION, org_id, flow_id, 1, graph, member_id)
    return await get(connection, org_id, flow_id)


GET = f"""
SELECT {COLUMNS}, v.graph
FROM flow f
JOIN flow_version v ON v.org_id = f.org_id AND v.flow_id = f.id AND v.version = f.version
WHERE f.org_id = $1 AND f.id = $2 AND f.deleted_at IS NULL
"""


async def get(connection: Connection, org_id: UUID, flow_id: UUID) -> Flow:
    return _found(await connection.fetchrow(GET, org_id, flow_id))


LIST = Listing(
    FlowBrief,
    COLUMNS,
    """flow f WHERE f.org_id = $1 AND f.deleted_at IS NULL
       AND ($2::text IS NULL OR f.name ILIKE $2 OR f.description ILIKE $2)""",
    {
        "createdAt": "f.created_at",
        "updatedAt": "f.updated_at",
        "name": "f.name",
        "version": "f.version",
    },
    tie="f.id",
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[FlowBrief]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


UPDATE = """
UPDATE flow f
SET (name, description) =
    (SELECT n.name, n.description FROM jsonb_populate_record(f, $4::jsonb) n),
    version = version + $5, updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3
RETURNING version
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, flow_id: UUID, changes: Columns
) -> Flow:
    """``changes`` may hold ``graph``; one that differs becomes the next version."""
    current = _found(await connection.fetchrow(f"{GET} FOR UPDATE OF f", org_id, flow_id))
    graph = changes.get("graph", current.graph)
    columns = {name: value for name, value in changes.items() if name != "graph"}
    step = int(graph != current.graph)
    version = await connection.fetchval(UPDATE, org_id, member_id, flow_id, columns, step)
    if step:
        await connection.execute(INSERT_VERSION, org_id, flow_id, version, graph, member_id)
    return await get(connection, org_id, flow_id)


PROGRAMS = """
SELECT name FROM program WHERE org_id = $1 AND flow_id = $2 AND deleted_at IS NULL ORDER BY name
"""
DELETE = """
UPDATE flow SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, flow_id: UUID) -> None:
    """Raises ``Conflict`` (``FLOW_IN_USE``) that names the programs."""
    await get(connection, org_id, flow_id)
    programs = [record["name"] for record in await connection.fetch(PROGRAMS, org_id, flow_id)]
    if programs:
        raise Conflict("FLOW_IN_USE", f"The flow is used by: {', '.join(programs)}.")
    await connection.execute(DELETE, org_id, member_id, flow_id)


def _found(record: Any) -> Flow:
    if record is None:
        raise NotFound("FlowNotFoundError", "There is no such flow.")
    return Flow.of(record)
