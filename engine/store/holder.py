"""Who a request acts for: the holder of an API key, or a member who has logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from engine.org.organization import OrganizationStatus, Role
from engine.store.api_key import digest
from engine.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Holder:
    """All that a request is allowed by."""

    org_id: UUID
    member_id: UUID
    key_id: UUID | None
    """Of the API key; ``None`` where the member has logged in."""
    session_id: UUID | None
    role: Role
    """The key's own, or the member's as it is now."""
    is_active: bool
    expires_at: datetime | None
    status: OrganizationStatus

    @property
    def id(self) -> UUID:
        """Of whichever was shown."""
        return self.key_id or self.session_id or self.member_id


BY_SECRET = """
SELECT k.org_id, k.member_id, k.id AS key_id, NULL::uuid AS session_id, k.role, k.expires_at,
    o.status, k.is_active AND k.deleted_at IS NULL AND m.deleted_at IS NULL AS is_active
FROM api_key k
JOIN member m ON m.org_id = k.org_id AND m.id = k.member_id
JOIN organization o ON o.id = k.org_id AND o.deleted_at IS NULL
WHERE k.secret_hash = $1
"""


async def by_secret(connection: Connection, secret: str) -> Holder | None:
    """Looked up before the organization is known, so by the engine's role. The secret is found by
    its hash in an index: how long that takes says nothing about a secret."""
    return _holder(await connection.fetchrow(BY_SECRET, digest(secret)))


BY_SESSION = """
SELECT s.org_id, s.member_id, NULL::uuid AS key_id, s.id AS session_id, m.role, s.expires_at,
    o.status, s.revoked_at IS NULL AND m.deleted_at IS NULL AS is_active
FROM session s
JOIN member m ON m.org_id = s.org_id AND m.id = s.member_id
JOIN organization o ON o.id = s.org_id AND o.deleted_at IS NULL
WHERE s.org_id = $1 AND s.id = $2
"""


async def by_session(connection: Connection, org_id: UUID, session_id: UUID) -> Holder | None:
    return _holder(await connection.fetchrow(BY_SESSION, org_id, session_id))


# Who asks and the row-level security of its organization in one round trip.
ENTER = """
SELECT h.*, set_config('role', 'gomobile_tenant', true) AS entered_as,
    set_config('gomobile.org_id', h.org_id::text, true) AS entered
FROM ({holder}) h
"""
ENTER_BY_SECRET = ENTER.format(holder=BY_SECRET)
ENTER_BY_SESSION = ENTER.format(holder=BY_SESSION)


async def enter_by_secret(connection: Connection, secret: str) -> Holder | None:
    """In a transaction: from here to its end it sees rows of the holder's organization alone. The
    holder is to be refused, and the transaction with it, where it may not come in."""
    return _holder(await connection.fetchrow(ENTER_BY_SECRET, digest(secret)))


async def enter_by_session(connection: Connection, org_id: UUID, session_id: UUID) -> Holder | None:
    return _holder(await connection.fetchrow(ENTER_BY_SESSION, org_id, session_id))


def _holder(record: asyncpg.Record | None) -> Holder | None:
    if record is None:
        return None
    known = {name: value for name, value in record.items() if not name.startswith("entered")}
    known["role"], known["status"] = Role(known["role"]), OrganizationStatus(known["status"])
    return Holder(**known)
