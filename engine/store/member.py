"""Members: the people of an organization, each with a role."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from pydantic import Field

from engine.errors import Conflict, NotFound
from engine.org.organization import Role
from engine.org.plan import Limit
from engine.org.wire import Instant
from engine.store.organization import OrganizationBrief
from engine.store.page import Listing, Page, Query
from engine.store.plan import require_room
from engine.store.pool import Connection
from engine.store.row import Row

COLUMNS = """id, org_id, email, first_name, last_name, phone, role, is_email_verified,
    last_login_at, created_at, updated_at"""


class Member(Row):
    id: UUID
    org_id: UUID = Field(alias="organizationId")
    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    role: Role
    is_email_verified: bool
    last_login_at: Instant | None
    created_at: Instant
    updated_at: Instant


class Profile(Row):
    """A member and its organization, as `GET /users/me` answers."""

    id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    role: Role
    is_email_verified: bool
    last_login_at: Instant | None
    created_at: Instant
    updated_at: Instant
    organization: OrganizationBrief


INSERT = f"""
INSERT INTO member (org_id, email, role, first_name, last_name, phone)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection,
    org_id: UUID,
    email: str,
    role: Role,
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    phone: str | None = None,
) -> Member:
    """Raises ``Forbidden`` (``PLAN_LIMIT_REACHED``), ``Conflict`` (``EMAIL_TAKEN``) or
    ``NotFound`` (``OrganizationNotFoundError``)."""
    await require_room(connection, org_id, Limit.MEMBERS)
    try:
        record = await connection.fetchrow(
            INSERT, org_id, email, role.value, first_name, last_name, phone
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("EMAIL_TAKEN", f"The organization has a member {email}.") from None
    return Member.of(record)


BY_EMAIL = f"""
SELECT {COLUMNS} FROM member
WHERE org_id = $1 AND lower(email) = lower($2) AND deleted_at IS NULL
"""


async def by_email(connection: Connection, org_id: UUID, email: str) -> Member:
    record = await connection.fetchrow(BY_EMAIL, org_id, email)
    if record is None:
        raise NotFound("MemberNotFoundError", f"The organization has no member {email}.")
    return Member.of(record)


PROFILE = """
SELECT m.id, m.email, m.first_name, m.last_name, m.phone, m.role, m.is_email_verified,
    m.last_login_at, m.created_at, m.updated_at, jsonb_build_object('id', o.id, 'name', o.name,
    'slug', o.slug, 'country', o.country, 'timezone', o.timezone, 'currency', o.currency,
    'plan', o.plan) AS organization
FROM member m JOIN organization o ON o.id = m.org_id
WHERE m.org_id = $1 AND m.id = $2 AND m.deleted_at IS NULL
"""


async def profile(connection: Connection, org_id: UUID, member_id: UUID) -> Profile:
    record = await connection.fetchrow(PROFILE, org_id, member_id)
    if record is None:
        raise NotFound("MemberNotFoundError", "There is no such member.")
    return Profile.of(record)


LIST = Listing(
    Member,
    COLUMNS,
    """member WHERE org_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR email ILIKE $2
    OR first_name ILIKE $2 OR last_name ILIKE $2)""",
    {
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "email": "lower(email)",
        "firstName": "first_name",
        "lastName": "last_name",
        "role": "role",
        "lastLoginAt": "last_login_at",
    },
    nullable=frozenset({"firstName", "lastName", "lastLoginAt"}),
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Member]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


GET = f"SELECT {COLUMNS} FROM member WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, member_id: UUID) -> Member:
    record = await connection.fetchrow(GET, org_id, member_id)
    if record is None:
        raise NotFound("MemberNotFoundError", "There is no such member.")
    return Member.of(record)


# Locked, so that two admins who remove each other at once take turns.
ADMINS = """
SELECT id FROM member WHERE org_id = $1 AND role = 'admin' AND deleted_at IS NULL
ORDER BY id FOR UPDATE
"""


async def _keep_an_admin(connection: Connection, org_id: UUID, leaving: UUID) -> None:
    admins = {record["id"] for record in await connection.fetch(ADMINS, org_id)}
    if admins == {leaving}:
        raise Conflict("LAST_ADMIN", "The organization would be left without an admin.")


SET_ROLE = f"""
UPDATE member SET role = $3, updated_at = now() WHERE org_id = $1 AND id = $2
RETURNING {COLUMNS}
"""


async def set_role(connection: Connection, org_id: UUID, member_id: UUID, role: Role) -> Member:
    """Its sessions act by the new role at once; its keys keep the one they were made with.

    Raises ``NotFound`` (``MemberNotFoundError``) or ``Conflict`` (``LAST_ADMIN``).
    """
    await get(connection, org_id, member_id)
    if role is not Role.ADMIN:
        await _keep_an_admin(connection, org_id, member_id)
    return Member.of(await connection.fetchrow(SET_ROLE, org_id, member_id, role.value))


REMOVE = "UPDATE member SET deleted_at = now(), updated_at = now() WHERE org_id = $1 AND id = $2"


async def remove(connection: Connection, org_id: UUID, member_id: UUID) -> None:
    """Its keys and sessions are refused from then on.

    Raises ``NotFound`` (``MemberNotFoundError``) or ``Conflict`` (``LAST_ADMIN``).
    """
    await get(connection, org_id, member_id)
    await _keep_an_admin(connection, org_id, member_id)
    await connection.execute(REMOVE, org_id, member_id)
