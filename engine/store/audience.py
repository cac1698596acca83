"""Audiences: static ones by their members, live ones by their rules as one SQL condition."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from engine.errors import NotFound
from engine.org.audience import AudienceType, Group
from engine.store import contact, custom_attribute
from engine.store.condition import condition
from engine.store.contact import Contact
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Authored, Columns

COLUMNS = """id, org_id, name, description, type, rules, created_at, updated_at, deleted_at,
    created_by, updated_by, deleted_by"""


class Audience(Authored):
    name: str
    description: str | None
    type: AudienceType
    rules: Group | None
    contact_count: int = 0


INSERT = f"""
INSERT INTO audience (org_id, name, description, type, rules, created_by, updated_by)
SELECT $1, n.name, n.description, n.type, n.rules, $2, $2
FROM jsonb_populate_record(NULL::audience, $3::jsonb) n
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection, org_id: UUID, member_id: UUID, columns: Columns
) -> Audience:
    record = await connection.fetchrow(INSERT, org_id, member_id, columns)
    return await _counted(connection, Audience.of(record))


GET = f"SELECT {COLUMNS} FROM audience WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, audience_id: UUID) -> Audience:
    record = await connection.fetchrow(GET, org_id, audience_id)
    if record is None:
        raise _missing()
    return await _counted(connection, Audience.of(record))


LIST = Listing(
    Audience,
    COLUMNS,
    "audience WHERE org_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR name ILIKE $2)",
    {"createdAt": "created_at", "updatedAt": "updated_at", "name": "name", "type": "type"},
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Audience]:
    found = await LIST.fetch(connection, query, org_id, query.pattern)
    rows = [await _counted(connection, row) for row in found.rows]
    return Page(rows, found.total, query)


UPDATE = f"""
UPDATE audience a
SET (name, description, rules) =
    (SELECT n.name, n.description, n.rules FROM jsonb_populate_record(a, $4::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, audience_id: UUID, changes: Columns
) -> Audience:
    record = await connection.fetchrow(UPDATE, org_id, member_id, audience_id, changes)
    if record is None:
        raise _missing()
    return await _counted(connection, Audience.of(record))


DELETE = """
UPDATE audience SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, audience_id: UUID) -> None:
    if await connection.fetchval(DELETE, org_id, member_id, audience_id) is None:
        raise _missing()


# Members of a static audience ------------------------------------------------------------------

ADD = """
INSERT INTO audience_contact (org_id, audience_id, contact_id)
SELECT $1, $2, id FROM contact WHERE org_id = $1 AND id = ANY ($3) AND deleted_at IS NULL
ON CONFLICT DO NOTHING
RETURNING contact_id
"""


async def add(
    connection: Connection, org_id: UUID, audience_id: UUID, contacts: Sequence[UUID]
) -> int:
    """How many were not in it before; contacts that do not exist are passed over."""
    return len(await connection.fetch(ADD, org_id, audience_id, list(contacts)))


REMOVE = """
DELETE FROM audience_contact WHERE org_id = $1 AND audience_id = $2 AND contact_id = ANY ($3)
RETURNING contact_id
"""


async def remove(
    connection: Connection, org_id: UUID, audience_id: UUID, contacts: Sequence[UUID]
) -> int:
    return len(await connection.fetch(REMOVE, org_id, audience_id, list(contacts)))


EXISTING = "SELECT id FROM contact WHERE org_id = $1 AND id = ANY ($2) AND deleted_at IS NULL"


async def missing_contacts(
    connection: Connection, org_id: UUID, contacts: Sequence[UUID]
) -> list[UUID]:
    """Those of ``contacts`` the organization does not have, in their order."""
    records = await connection.fetch(EXISTING, org_id, list(contacts))
    known = {record["id"] for record in records}
    return [contact_id for contact_id in contacts if contact_id not in known]


# Who is in it ----------------------------------------------------------------------------------

MEMBER_OF = "id IN (SELECT contact_id FROM audience_contact WHERE org_id = $1 AND audience_id = $3)"


async def contacts(connection: Connection, audience: Audience, query: Query) -> Page[Contact]:
    if audience.rules is not None:
        return await matching(connection, audience.org_id, audience.rules, query)
    return await contact.listing(MEMBER_OF).fetch(
        connection, query, audience.org_id, query.pattern, audience.id
    )


MATCHING_IDS = "SELECT id FROM contact WHERE org_id = $1 AND deleted_at IS NULL AND "


async def member_ids(connection: Connection, audience: Audience) -> list[UUID]:
    """All contacts a live audience holds now."""
    if audience.rules is None:
        raise ValueError("the members of a static audience have rows of their own")
    types = await custom_attribute.types(connection, audience.org_id)
    parameters: list[Any] = [audience.org_id]
    sql = MATCHING_IDS + condition(audience.rules, types, parameters)
    async with as_engine(connection):
        return [record["id"] for record in await connection.fetch(sql, *parameters)]


async def matching(
    connection: Connection, org_id: UUID, rules: Group, query: Query
) -> Page[Contact]:
    """The contacts the rules hold for now."""
    types = await custom_attribute.types(connection, org_id)
    parameters: list[Any] = [org_id, query.pattern]
    sql = condition(rules, types, parameters)
    async with as_engine(connection):
        return await contact.listing(sql).fetch(connection, query, *parameters)


COUNT_MEMBERS = "SELECT count(*) FROM audience_contact WHERE org_id = $1 AND audience_id = $2"
COUNT_MATCHING = "SELECT count(*) FROM contact WHERE org_id = $1 AND deleted_at IS NULL AND "


async def _counted(connection: Connection, audience: Audience) -> Audience:
    if audience.rules is None:
        count = await connection.fetchval(COUNT_MEMBERS, audience.org_id, audience.id)
    else:
        types = await custom_attribute.types(connection, audience.org_id)
        parameters: list[Any] = [audience.org_id]
        sql = COUNT_MATCHING + condition(audience.rules, types, parameters)
        async with as_engine(connection):
            count = await connection.fetchval(sql, *parameters)
    return audience.model_copy(update={"contact_count": count})


CURRENT_ROLE = "SELECT current_setting('role')"
SET_ROLE = "SELECT set_config('role', $1, true)"


@asynccontextmanager
async def as_engine(connection: Connection) -> AsyncIterator[None]:
    """Leaves the tenant's role for one statement: under a policy the planner uses no index for
    operators it does not know to be leakproof, jsonb's among them. The statement names org_id."""
    role = await connection.fetchval(CURRENT_ROLE)
    await connection.fetchval(SET_ROLE, "none")
    yield
    await connection.fetchval(SET_ROLE, role)


def _missing() -> NotFound:
    return NotFound("AudienceNotFoundError", "There is no such audience.")
