"""Invitations: members to be. The token is shown once, to whoever invites, to hand on."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.organization import OrganizationStatus, Role
from engine.org.plan import Limit
from engine.org.wire import Instant
from engine.store import member
from engine.store.api_key import SECRET_BYTES, digest
from engine.store.member import Member
from engine.store.plan import require_room
from engine.store.pool import Connection
from engine.store.row import Row

LIFE = timedelta(days=7)


class Invitation(Row):
    id: UUID
    email: str
    role: Role
    created_at: Instant
    expires_at: Instant


class NewInvitation(Invitation):
    token: str
    """Shown this once; whoever has it becomes the member."""


IS_MEMBER = """
SELECT true FROM member WHERE org_id = $1 AND lower(email) = lower($2) AND deleted_at IS NULL
"""
# A new invitation takes the place of an open one to the same address.
WITHDRAW_EARLIER = """
DELETE FROM invitation WHERE org_id = $1 AND lower(email) = lower($2) AND accepted_at IS NULL
"""
INSERT = """
INSERT INTO invitation (org_id, email, role, token_hash, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id, email, role, created_at, expires_at
"""


async def create(
    connection: Connection, org_id: UUID, member_id: UUID, email: str, role: Role, now: datetime
) -> NewInvitation:
    """Raises ``Forbidden`` (``PLAN_LIMIT_REACHED``) or ``Conflict`` (``EMAIL_TAKEN``)."""
    await require_room(connection, org_id, Limit.MEMBERS)
    if await connection.fetchval(IS_MEMBER, org_id, email):
        raise Conflict("EMAIL_TAKEN", f"The organization has a member {email}.")
    token = f"inv_{secrets.token_urlsafe(SECRET_BYTES)}"
    await connection.execute(WITHDRAW_EARLIER, org_id, email)
    record = await connection.fetchrow(
        INSERT, org_id, email, role.value, digest(token), member_id, now, now + LIFE
    )
    return NewInvitation.of({**record, "token": token})


LIST = """
SELECT id, email, role, created_at, expires_at FROM invitation
WHERE org_id = $1 AND accepted_at IS NULL AND expires_at > $2
ORDER BY created_at DESC, id
"""


async def all_of(connection: Connection, org_id: UUID, now: datetime) -> list[Invitation]:
    """Those that can still be accepted, newest first."""
    return [Invitation.of(record) for record in await connection.fetch(LIST, org_id, now)]


WITHDRAW = """
DELETE FROM invitation WHERE org_id = $1 AND id = $2 AND accepted_at IS NULL RETURNING id
"""


async def withdraw(connection: Connection, org_id: UUID, invitation_id: UUID) -> None:
    if await connection.fetchval(WITHDRAW, org_id, invitation_id) is None:
        raise _missing()


FIND = """
SELECT i.org_id, i.id, i.email, i.role, o.status
FROM invitation i JOIN organization o ON o.id = i.org_id AND o.deleted_at IS NULL
WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.expires_at > $2
FOR UPDATE OF i
"""
ACCEPTED = "UPDATE invitation SET accepted_at = $3 WHERE org_id = $1 AND id = $2"


async def accept(
    connection: Connection,
    token: str,
    *,
    first_name: str | None,
    last_name: str | None,
    now: datetime,
) -> Member:
    """The new member, by the engine's role: the token is all there is to know the organization by.

    Raises ``NotFound`` (``InvitationNotFoundError``), and what ``member.create`` raises.
    """
    found: asyncpg.Record | None = await connection.fetchrow(FIND, digest(token), now)
    if found is None or found["status"] != OrganizationStatus.ACTIVE:
        raise _missing()
    made = await member.create(
        connection,
        found["org_id"],
        found["email"],
        Role(found["role"]),
        first_name=first_name,
        last_name=last_name,
    )
    await connection.execute(ACCEPTED, found["org_id"], found["id"], now)
    return made


def _missing() -> NotFound:
    return NotFound("InvitationNotFoundError", "There is no such open invitation.")
