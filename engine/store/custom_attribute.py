"""Custom attributes of contacts."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.attribute import AttributeType
from engine.store.pool import Connection
from engine.store.row import Authored, Columns

COLUMNS = """id, org_id, name, display_name, description, type, created_at, updated_at, deleted_at,
    created_by, updated_by, deleted_by"""


class CustomAttribute(Authored):
    name: str
    """The slug: values stand under it, and it never changes."""
    display_name: str
    description: str | None
    type: AttributeType


INSERT = f"""
INSERT INTO custom_attribute (org_id, name, display_name, description, type, created_by, updated_by)
VALUES ($1, $3, $4, $5, $6, $2, $2)
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    name: str,
    display_name: str,
    description: str | None,
    kind: AttributeType,
) -> CustomAttribute:
    """Raises ``Conflict`` (``CUSTOM_ATTRIBUTE_EXISTS``)."""
    try:
        record = await connection.fetchrow(
            INSERT, org_id, member_id, name, display_name, description, kind.value
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(
            "CUSTOM_ATTRIBUTE_EXISTS", f"There is a custom attribute {name} already."
        ) from None
    return CustomAttribute.of(record)


LIST = f"""
SELECT {COLUMNS} FROM custom_attribute
WHERE org_id = $1 AND deleted_at IS NULL ORDER BY created_at, id
"""


async def all_of(connection: Connection, org_id: UUID) -> list[CustomAttribute]:
    return [CustomAttribute.of(record) for record in await connection.fetch(LIST, org_id)]


TYPES = "SELECT name, type FROM custom_attribute WHERE org_id = $1 AND deleted_at IS NULL"


async def types(connection: Connection, org_id: UUID) -> dict[str, AttributeType]:
    """By slug."""
    records = await connection.fetch(TYPES, org_id)
    return {record["name"]: AttributeType(record["type"]) for record in records}


GET = f"""
SELECT {COLUMNS} FROM custom_attribute WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL
"""


async def get(connection: Connection, org_id: UUID, attribute_id: UUID) -> CustomAttribute:
    record = await connection.fetchrow(GET, org_id, attribute_id)
    if record is None:
        raise _missing()
    return CustomAttribute.of(record)


UPDATE = f"""
UPDATE custom_attribute a
SET (display_name, description) =
    (SELECT n.display_name, n.description FROM jsonb_populate_record(a, $4::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, attribute_id: UUID, changes: Columns
) -> CustomAttribute:
    record = await connection.fetchrow(UPDATE, org_id, member_id, attribute_id, changes)
    if record is None:
        raise _missing()
    return CustomAttribute.of(record)


DELETE = """
UPDATE custom_attribute SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING name
"""
# Values go with their attribute: a new one of the same name must not find them.
FORGET = """
UPDATE contact SET custom_attributes = custom_attributes - $2
WHERE org_id = $1 AND custom_attributes ? $2
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, attribute_id: UUID) -> None:
    name = await connection.fetchval(DELETE, org_id, member_id, attribute_id)
    if name is None:
        raise _missing()
    await connection.execute(FORGET, org_id, name)


def _missing() -> NotFound:
    return NotFound("CustomAttributeNotFoundError", "There is no such custom attribute.")
