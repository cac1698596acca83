"""Organizations: created by the operator, read and changed by their own members."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from pydantic import Field

from engine.errors import Conflict, FieldProblem, Invalid, NotFound
from engine.org.organization import NewOrganization, OrganizationStatus
from engine.org.phone import normalise
from engine.org.plan import Plan
from engine.org.wire import Instant, given
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Columns, Row

COLUMNS = """id, name, slug, country, timezone, currency, plan, status, type, industry, size,
    primary_use, created_at, updated_at, deleted_at, created_by, updated_by, deleted_by"""


class Organization(Row):
    id: UUID
    name: str
    slug: str
    country: str
    timezone: str
    currency: str
    plan: Plan
    status: OrganizationStatus
    type: str | None
    industry: str | None
    size: str | None
    primary_use: str | None
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None
    created_by: UUID | None
    updated_by: UUID | None
    deleted_by: UUID | None


class OrganizationBrief(Row):
    """What a member sees of it beside its own profile."""

    id: UUID
    name: str
    slug: str
    country: str = Field(description="ISO 3166 alpha-2")
    timezone: str
    currency: str
    plan: Plan


INSERT = f"""
INSERT INTO organization (name, slug, country, timezone, currency, plan, type, industry, size,
    primary_use)
SELECT n.name, n.slug, n.country, n.timezone, n.currency, n.plan, n.type, n.industry, n.size,
    n.primary_use
FROM jsonb_populate_record(NULL::organization, $1::jsonb) n
RETURNING {COLUMNS}
"""


async def create(connection: Connection, new: NewOrganization) -> Organization:
    """Raises ``Conflict`` (``SLUG_TAKEN``)."""
    try:
        record = await connection.fetchrow(INSERT, given(new) | {"plan": new.plan.value})
    except asyncpg.UniqueViolationError:
        raise _taken(new.slug) from None
    return Organization.of(record)


GET = f"SELECT {COLUMNS} FROM organization WHERE id = $1 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID) -> Organization:
    record = await connection.fetchrow(GET, org_id)
    if record is None:
        raise _missing()
    return Organization.of(record)


BY_SLUG = f"SELECT {COLUMNS} FROM organization WHERE slug = $1 AND deleted_at IS NULL"


async def by_slug(connection: Connection, slug: str) -> Organization:
    record = await connection.fetchrow(BY_SLUG, slug)
    if record is None:
        raise _missing()
    return Organization.of(record)


COUNTRY = "SELECT country FROM organization WHERE id = $1"


async def country(connection: Connection, org_id: UUID) -> str:
    """The default region of its phone numbers."""
    found: str = await connection.fetchval(COUNTRY, org_id)
    return found


async def number(connection: Connection, org_id: UUID, typed: str) -> str:
    """E.164 of a number read as dialed from the organization's country.

    Raises ``Invalid`` for the field ``number``.
    """
    e164 = normalise(typed, await country(connection, org_id))
    if isinstance(e164, FieldProblem):
        raise Invalid(e164.message, fields={"number": [e164]})
    return e164


UPDATE = f"""
UPDATE organization o
SET (name, slug, country, timezone, currency, type, industry, size, primary_use) =
    (SELECT n.name, n.slug, n.country, n.timezone, n.currency, n.type, n.industry, n.size,
        n.primary_use
     FROM jsonb_populate_record(o, $3::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE id = $1 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, changes: Columns
) -> Organization:
    try:
        record = await connection.fetchrow(UPDATE, org_id, member_id, changes)
    except asyncpg.UniqueViolationError:
        raise _taken(str(changes.get("slug"))) from None
    return Organization.of(record)


LIST = Listing(
    Organization,
    COLUMNS,
    """organization
WHERE deleted_at IS NULL AND ($1::text IS NULL OR name ILIKE $1 OR slug ILIKE $1)""",
    {
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "name": "name",
        "slug": "slug",
        "plan": "plan",
        "status": "status",
    },
)


async def page(connection: Connection, query: Query) -> Page[Organization]:
    """Of all organizations: for the operator."""
    return await LIST.fetch(connection, query, query.pattern)


SET_STATUS = f"""
UPDATE organization SET status = $2, updated_at = now() WHERE id = $1 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def set_status(
    connection: Connection, org_id: UUID, status: OrganizationStatus
) -> Organization:
    """One that is not active is refused at the API, and no call of it starts: those under way
    finish, and what was due stays due."""
    return _found(await connection.fetchrow(SET_STATUS, org_id, status.value))


SET_PLAN = f"""
UPDATE organization SET plan = $2, updated_at = now() WHERE id = $1 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def set_plan(connection: Connection, org_id: UUID, plan: Plan) -> Organization:
    """What exceeds a smaller plan stays; only more of it is refused."""
    return _found(await connection.fetchrow(SET_PLAN, org_id, plan.value))


def _found(record: asyncpg.Record | None) -> Organization:
    if record is None:
        raise _missing()
    return Organization.of(record)


def _taken(slug: str) -> Conflict:
    return Conflict("SLUG_TAKEN", f"Another organization has the slug {slug!r}.")


def _missing() -> NotFound:
    return NotFound("OrganizationNotFoundError", "There is no such organization.")
