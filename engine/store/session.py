"""Sessions: members who have logged in, and the refresh tokens each was given.

A refresh token is used once. One that comes again was copied, by whoever came first or by whoever
comes now; nobody can tell which, so the session ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import asyncpg

from engine.errors import NotFound
from engine.org.organization import OrganizationStatus
from engine.org.wire import Instant
from engine.store.api_key import SECRET_BYTES, digest
from engine.store.pool import Connection
from engine.store.row import Row

LIFE = timedelta(days=30)
"""From the last refresh."""
KEPT = timedelta(days=30)
"""After its end, for its admins to see."""


class Ended(StrEnum):
    LOGOUT = "logout"
    REVOKED = "revoked"
    REUSE = "reuse"
    PASSWORD = "password"


class Session(Row):
    id: UUID
    user_agent: str | None
    address: str | None
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member with the address that was typed, in one of perhaps several organizations."""

    org_id: UUID
    slug: str
    member_id: UUID
    hash: str
    status: OrganizationStatus


MOST_CANDIDATES = 8
CANDIDATES = f"""
SELECT m.org_id, o.slug, m.id AS member_id, p.hash, o.status
FROM member m
JOIN password p ON p.org_id = m.org_id AND p.member_id = m.id
JOIN organization o ON o.id = m.org_id AND o.deleted_at IS NULL
WHERE lower(m.email) = lower($1) AND m.deleted_at IS NULL AND ($2::text IS NULL OR o.slug = $2)
ORDER BY m.last_login_at DESC NULLS LAST, m.id LIMIT {MOST_CANDIDATES}
"""


async def candidates(connection: Connection, email: str, slug: str | None) -> list[Candidate]:
    records = await connection.fetch(CANDIDATES, email, slug)
    return [
        Candidate(**{**record, "status": OrganizationStatus(record["status"])})
        for record in records
    ]


@dataclass(frozen=True, slots=True)
class Grant:
    """A session with a refresh token that has just been made."""

    org_id: UUID
    member_id: UUID
    session_id: UUID
    refresh_token: str


PRUNE = "DELETE FROM session WHERE org_id = $1 AND member_id = $2 AND expires_at < $3"
START = """
INSERT INTO session (org_id, member_id, user_agent, address, created_at, last_used_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $5, $6)
RETURNING id
"""
SEEN = "UPDATE member SET last_login_at = $3 WHERE org_id = $1 AND id = $2"


async def start(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    user_agent: str | None,
    address: str | None,
    now: datetime,
) -> Grant:
    await connection.execute(PRUNE, org_id, member_id, now - KEPT)
    session_id = await connection.fetchval(
        START, org_id, member_id, user_agent, address, now, now + LIFE
    )
    await connection.execute(SEEN, org_id, member_id, now)
    return await _grant(connection, org_id, member_id, session_id, now)


ISSUE = """
INSERT INTO refresh_token (org_id, token_hash, session_id, issued_at) VALUES ($1, $2, $3, $4)
"""


async def _grant(
    connection: Connection, org_id: UUID, member_id: UUID, session_id: UUID, now: datetime
) -> Grant:
    token = f"rt_{secrets.token_urlsafe(SECRET_BYTES)}"
    await connection.execute(ISSUE, org_id, digest(token), session_id, now)
    return Grant(org_id, member_id, session_id, token)


class Refused(StrEnum):
    """Why a refresh token gets no new one."""

    UNKNOWN = "REFRESH_TOKEN_INVALID"
    EXPIRED = "REFRESH_TOKEN_EXPIRED"
    REUSED = "REFRESH_TOKEN_REUSED"
    """Its session has ended with it."""
    SUSPENDED = "ORGANIZATION_SUSPENDED"


# Both rows are locked, so that of two equal requests the second sees what the first did.
FIND = """
SELECT t.org_id, t.session_id, t.used_at, s.member_id, s.revoked_at, s.expires_at,
    o.status = 'active' AND o.deleted_at IS NULL AS is_served, m.deleted_at IS NULL AS is_member
FROM refresh_token t
JOIN session s ON s.org_id = t.org_id AND s.id = t.session_id
JOIN member m ON m.org_id = s.org_id AND m.id = s.member_id
JOIN organization o ON o.id = t.org_id
WHERE t.token_hash = $1
FOR UPDATE OF t, s
"""
USE = "UPDATE refresh_token SET used_at = $3 WHERE org_id = $1 AND token_hash = $2"
EXTEND = "UPDATE session SET last_used_at = $3, expires_at = $4 WHERE org_id = $1 AND id = $2"


async def refresh(connection: Connection, token: str, now: datetime) -> Grant | Refused:
    """A refusal is returned, not raised: the end of a session must be committed."""
    hash_ = digest(token)
    found = await connection.fetchrow(FIND, hash_)
    refused = _refusal(found, now)
    if found is None or refused is Refused.UNKNOWN:
        return Refused.UNKNOWN
    org_id, session_id = found["org_id"], found["session_id"]
    if refused is Refused.REUSED:
        await connection.fetch(END, org_id, [session_id], now, Ended.REUSE.value)
    if refused is not None:
        return refused
    await connection.execute(USE, org_id, hash_, now)
    await connection.execute(EXTEND, org_id, session_id, now, now + LIFE)
    return await _grant(connection, org_id, found["member_id"], session_id, now)


def _refusal(found: asyncpg.Record | None, now: datetime) -> Refused | None:
    if found is None or not found["is_member"]:
        return Refused.UNKNOWN
    if found["used_at"] is not None:
        return Refused.REUSED
    if found["revoked_at"] is not None:
        return Refused.UNKNOWN
    if found["expires_at"] <= now:
        return Refused.EXPIRED
    return None if found["is_served"] else Refused.SUSPENDED


END = """
UPDATE session SET revoked_at = $3, revoked_reason = $4
WHERE org_id = $1 AND id = ANY ($2::uuid[]) AND revoked_at IS NULL
RETURNING id
"""
OPEN = """
SELECT id, user_agent, address, created_at, last_used_at, expires_at FROM session
WHERE org_id = $1 AND member_id = $2 AND revoked_at IS NULL AND expires_at > $3
ORDER BY last_used_at DESC, id
"""


async def all_of(
    connection: Connection, org_id: UUID, member_id: UUID, now: datetime
) -> list[Session]:
    """The open ones of a member, the last used first."""
    records = await connection.fetch(OPEN, org_id, member_id, now)
    return [Session.of(record) for record in records]


async def end(
    connection: Connection,
    org_id: UUID,
    session_ids: Sequence[UUID],
    why: Ended,
    now: datetime,
) -> int:
    """How many were open until now."""
    return len(await connection.fetch(END, org_id, list(session_ids), now, why.value))


async def revoke(
    connection: Connection, org_id: UUID, member_id: UUID, session_id: UUID, now: datetime
) -> None:
    """One of the member's own. Raises ``NotFound`` (``SessionNotFoundError``)."""
    open_ = {one.id for one in await all_of(connection, org_id, member_id, now)}
    if session_id not in open_:
        raise NotFound("SessionNotFoundError", "There is no such open session.")
    await end(connection, org_id, [session_id], Ended.REVOKED, now)


SET_PASSWORD = """
INSERT INTO password (org_id, member_id, hash, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (org_id, member_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
"""


async def set_password(
    connection: Connection, org_id: UUID, member_id: UUID, hash_: str, now: datetime
) -> None:
    """Ends every session of the member: whoever knew the old password is out."""
    await connection.execute(SET_PASSWORD, org_id, member_id, hash_, now)
    open_ = [one.id for one in await all_of(connection, org_id, member_id, now)]
    await end(connection, org_id, open_, Ended.PASSWORD, now)


PASSWORD = """
SELECT p.hash FROM password p JOIN member m ON m.org_id = p.org_id AND m.id = p.member_id
WHERE p.org_id = $1 AND p.member_id = $2 AND m.deleted_at IS NULL
"""


async def password_of(connection: Connection, org_id: UUID, member_id: UUID) -> str | None:
    """The hash; ``None`` where none has been set."""
    found: str | None = await connection.fetchval(PASSWORD, org_id, member_id)
    return found
