"""API keys: a random secret shown once, kept as its SHA-256, with a role fixed at creation."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import asyncpg

from engine.errors import NotFound
from engine.org.organization import Role
from engine.org.wire import Instant
from engine.store.pool import Connection
from engine.store.row import Row

COLUMNS = "id, name, key_prefix, role, is_active, expires_at, created_at, updated_at"
SECRET_BYTES = 32


class ApiKey(Row):
    id: UUID
    name: str
    key_prefix: str
    role: Role
    is_active: bool
    expires_at: Instant | None
    created_at: Instant
    updated_at: Instant


class NewApiKey(ApiKey):
    secret: str
    """Shown this once."""


INSERT = f"""
INSERT INTO api_key (org_id, member_id, name, key_prefix, secret_hash, role, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    name: str,
    prefix: str,
    role: Role,
    expires_at: datetime | None = None,
) -> NewApiKey:
    """Raises ``NotFound`` (``MemberNotFoundError``) where the member is not the organization's."""
    secret = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    try:
        record = await connection.fetchrow(
            INSERT, org_id, member_id, name, prefix, digest(secret), role.value, expires_at
        )
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("MemberNotFoundError", "There is no such member.") from None
    return NewApiKey.of({**record, "secret": secret})


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


LIST = f"""
SELECT {COLUMNS} FROM api_key WHERE org_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id
"""


async def all_of(connection: Connection, org_id: UUID) -> list[ApiKey]:
    return [ApiKey.of(record) for record in await connection.fetch(LIST, org_id)]


REVOKE = """
UPDATE api_key SET is_active = false, deleted_at = now(), updated_at = now()
WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id
"""


async def revoke(connection: Connection, org_id: UUID, key_id: UUID) -> None:
    if await connection.fetchval(REVOKE, org_id, key_id) is None:
        raise NotFound("ApiKeyNotFoundError", "There is no such API key.")
