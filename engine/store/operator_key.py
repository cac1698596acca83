"""Operator keys: what opens the operator's routes, and no tenant's."""

from __future__ import annotations

import secrets
from uuid import UUID

from engine.org.wire import Instant
from engine.store.api_key import SECRET_BYTES, digest
from engine.store.pool import Connection
from engine.store.row import Row


class OperatorKey(Row):
    id: UUID
    name: str
    created_at: Instant


class NewOperatorKey(OperatorKey):
    secret: str
    """Shown this once."""


INSERT = """
INSERT INTO operator_key (name, secret_hash) VALUES ($1, $2) RETURNING id, name, created_at
"""


async def create(connection: Connection, name: str) -> NewOperatorKey:
    secret = f"op_{secrets.token_urlsafe(SECRET_BYTES)}"
    record = await connection.fetchrow(INSERT, name, digest(secret))
    return NewOperatorKey.of({**record, "secret": secret})


REVOKE = """
UPDATE operator_key SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL
RETURNING id, name, created_at
"""


async def revoke(connection: Connection, name: str) -> list[OperatorKey]:
    """Every open key of that name."""
    return [OperatorKey.of(record) for record in await connection.fetch(REVOKE, name)]


FIND = """
SELECT id, name, created_at FROM operator_key WHERE secret_hash = $1 AND revoked_at IS NULL
"""


async def by_secret(connection: Connection, secret: str) -> OperatorKey | None:
    return OperatorKey.of_found(await connection.fetchrow(FIND, digest(secret)))
