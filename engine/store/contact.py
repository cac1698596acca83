"""Contacts: one by one, and many at once keyed by phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.contact import ContactGender
from engine.org.plan import Limit
from engine.store.page import Listing, Page, Query
from engine.store.plan import require_room, room
from engine.store.pool import Connection
from engine.store.row import Authored, Columns

COLUMNS = """id, org_id, primary_phone, primary_phone_raw, first_name, last_name, full_name,
    primary_email, address, city, state, zip, occupation, preferred_channel, gender, channels,
    other_phones, custom_attributes, created_at, updated_at, deleted_at, created_by, updated_by,
    deleted_by"""


class Contact(Authored):
    primary_phone: str
    """E.164."""
    primary_phone_raw: str
    """As it was typed."""
    other_phones: list[str]
    """E.164, in the order they are to be tried."""
    first_name: str | None
    last_name: str | None
    full_name: str | None
    primary_email: str | None
    address: str | None
    city: str | None
    state: str | None
    zip: str | None
    occupation: str | None
    preferred_channel: str | None
    gender: ContactGender | None
    channels: list[str]
    custom_attributes: dict[str, Any]
    """Values by slug."""


WRITTEN = """primary_phone, primary_phone_raw, first_name, last_name, full_name, primary_email,
    address, city, state, zip, occupation, preferred_channel, gender"""
INSERT_ALL = f"""
INSERT INTO contact (org_id, created_by, updated_by, channels, other_phones, custom_attributes,
    {WRITTEN})
SELECT $1, $2, $2, coalesce(n.channels, '{{}}'), coalesce(n.other_phones, '{{}}'),
    jsonb_strip_nulls(coalesce(n.custom_attributes, '{{}}')),
    n.primary_phone, n.primary_phone_raw, n.first_name, n.last_name, n.full_name, n.primary_email,
    n.address, n.city, n.state, n.zip, n.occupation, n.preferred_channel, n.gender
FROM jsonb_populate_recordset(NULL::contact, $3::jsonb) n
"""
INSERT = f"{INSERT_ALL} RETURNING {COLUMNS}"


async def create(
    connection: Connection, org_id: UUID, member_id: UUID, columns: Columns
) -> Contact:
    """Raises ``Forbidden`` (``PLAN_LIMIT_REACHED``) or ``Conflict`` (``CONTACT_EXISTS``)."""
    await require_room(connection, org_id, Limit.CONTACTS)
    try:
        record = await connection.fetchrow(INSERT, org_id, member_id, [dict(columns)])
    except asyncpg.UniqueViolationError:
        raise _exists(columns) from None
    return Contact.of(record)


GET = f"SELECT {COLUMNS} FROM contact WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, contact_id: UUID) -> Contact:
    record = await connection.fetchrow(GET, org_id, contact_id)
    if record is None:
        raise missing()
    return Contact.of(record)


SORTS = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "firstName": "first_name",
    "lastName": "last_name",
    "fullName": "full_name",
    "primaryPhone": "primary_phone",
    "city": "city",
}
MATCHES = """($2::text IS NULL OR primary_phone LIKE $2 OR primary_phone_raw LIKE $2
    OR array_to_string(other_phones, ' ') LIKE $2
    OR first_name ILIKE $2 OR last_name ILIKE $2 OR full_name ILIKE $2 OR primary_email ILIKE $2)"""
NULLABLE = frozenset({"firstName", "lastName", "fullName", "city"})


def listing(belongs: str = "true") -> Listing[Contact]:
    """The contacts for which the condition ``belongs`` holds; its parameters begin at ``$3``."""
    source = f"contact WHERE org_id = $1 AND deleted_at IS NULL AND {MATCHES} AND {belongs}"
    return Listing(Contact, COLUMNS, source, SORTS, nullable=NULLABLE)


LIST = listing()


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Contact]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


# A column the patch does not name keeps its value: jsonb_populate_record starts from the row.
CHANGE = f"""
SET ({WRITTEN}, channels, other_phones, custom_attributes) =
    (SELECT n.primary_phone, n.primary_phone_raw, n.first_name, n.last_name, n.full_name,
        n.primary_email, n.address, n.city, n.state, n.zip, n.occupation, n.preferred_channel,
        n.gender, coalesce(n.channels, '{{}}'), coalesce(n.other_phones, '{{}}'),
        jsonb_strip_nulls(c.custom_attributes || coalesce(p.patch -> 'custom_attributes', '{{}}'))
     FROM jsonb_populate_record(c, p.patch) n),
    updated_at = now(), updated_by = $2
"""
UPDATE = f"""
UPDATE contact c {CHANGE}
FROM (SELECT $4::jsonb AS patch) p
WHERE c.org_id = $1 AND c.id = $3 AND c.deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, contact_id: UUID, columns: Columns
) -> Contact:
    """Columns that are not named stay, attributes likewise."""
    try:
        record = await connection.fetchrow(UPDATE, org_id, member_id, contact_id, columns)
    except asyncpg.UniqueViolationError:
        raise _exists(columns) from None
    if record is None:
        raise missing()
    return Contact.of(record)


DELETE = """
UPDATE contact SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""
LEAVE_AUDIENCES = "DELETE FROM audience_contact WHERE org_id = $1 AND contact_id = $2"


async def delete(connection: Connection, org_id: UUID, member_id: UUID, contact_id: UUID) -> None:
    if await connection.fetchval(DELETE, org_id, member_id, contact_id) is None:
        raise missing()
    await connection.execute(LEAVE_AUDIENCES, org_id, contact_id)


# Many at once ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Upserted:
    created: int
    updated: int
    refused: list[str]
    """Phones for which the plan has no room."""
    limit: int | None
    ids: list[UUID]


KNOWN = """
SELECT primary_phone FROM contact
WHERE org_id = $1 AND primary_phone = ANY ($2) AND deleted_at IS NULL
"""
INSERT_MISSING = f"""
{INSERT_ALL}
ON CONFLICT (org_id, primary_phone) WHERE deleted_at IS NULL DO NOTHING
RETURNING id, primary_phone
"""
UPDATE_KNOWN = f"""
UPDATE contact c {CHANGE}
FROM jsonb_array_elements($3::jsonb) p (patch)
WHERE c.org_id = $1 AND c.primary_phone = p.patch ->> 'primary_phone' AND c.deleted_at IS NULL
RETURNING id
"""


async def upsert(
    connection: Connection, org_id: UUID, member_id: UUID, contacts: Sequence[Columns]
) -> Upserted:
    """Each contact by its phone: made, or changed in the columns it names.

    The same phone twice is one contact: what comes later wins, and counts as an update.
    """
    by_phone: dict[str, dict[str, Any]] = {}
    for columns in contacts:
        merge(by_phone.setdefault(columns["primary_phone"], {}), columns)
    limit, refused = await _beyond_plan(connection, org_id, list(by_phone))
    wanted = [columns for phone, columns in by_phone.items() if phone not in refused]
    made = await connection.fetch(INSERT_MISSING, org_id, member_id, wanted)
    new = {record["primary_phone"] for record in made}
    rest = [columns for columns in wanted if columns["primary_phone"] not in new]
    changed = await connection.fetch(UPDATE_KNOWN, org_id, member_id, rest)
    accepted = sum(columns["primary_phone"] not in refused for columns in contacts)
    ids = [record["id"] for record in (*made, *changed)]
    return Upserted(len(made), accepted - len(made), sorted(refused), limit, ids)


async def _beyond_plan(
    connection: Connection, org_id: UUID, phones: list[str]
) -> tuple[int | None, set[str]]:
    limit, used = await room(connection, org_id, Limit.CONTACTS)
    if limit is None or used + len(phones) <= limit:
        return limit, set()
    known = {record["primary_phone"] for record in await connection.fetch(KNOWN, org_id, phones)}
    new = [phone for phone in phones if phone not in known]
    return limit, set(new[max(0, limit - used) :])


def merge(into: dict[str, Any], columns: Columns) -> None:
    """What comes later wins; attributes it does not name stay."""
    attributes = {**into.get("custom_attributes", {}), **columns.get("custom_attributes", {})}
    into.update(columns)
    if attributes:
        into["custom_attributes"] = attributes


def _exists(columns: Columns) -> Conflict:
    return Conflict(
        "CONTACT_EXISTS", f"There is a contact with the phone {columns['primary_phone']} already."
    )


def missing() -> NotFound:
    return NotFound("ContactNotFoundError", "There is no such contact.")
