"""Idempotency keys: what a POST answered the first time, for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from engine.errors import Conflict
from engine.store.pool import Connection

LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """A key that has been used."""

    route: str
    body_hash: bytes
    answer: Answer


PATIENCE = "5s"
"""How long a request waits for an equal one that is at work, holding a connection meanwhile."""
WAIT_AT_MOST = "SELECT set_config('lock_timeout', $1, true)"
EXPIRE = "DELETE FROM idempotency_key WHERE org_id = $1 AND key = $2 AND created_at <= $3"
# Waits for another transaction that holds the same key: the second of two equal requests finds
# either the first one's answer or, where that rolled back, nothing.
CLAIM = """
INSERT INTO idempotency_key (org_id, key, route, body_hash, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true
"""
READ = (
    "SELECT route, body_hash, status, response FROM idempotency_key WHERE org_id = $1 AND key = $2"
)


async def claim(
    connection: Connection, org_id: UUID, key: str, route: str, body_hash: bytes, *, now: datetime
) -> Earlier | None:
    """``None``: the key is this request's, once its transaction commits with the answer.

    Raises ``Conflict`` (``IDEMPOTENCY_KEY_BUSY``) where the first request is still at work.
    """
    await connection.execute(WAIT_AT_MOST, PATIENCE)
    try:
        await connection.execute(EXPIRE, org_id, key, now - LIFE)
        claimed = await connection.fetchval(CLAIM, org_id, key, route, body_hash, now)
    except asyncpg.LockNotAvailableError:
        raise Conflict("IDEMPOTENCY_KEY_BUSY", "The first request is still at work.") from None
    await connection.execute(WAIT_AT_MOST, "0")
    if claimed:
        return None
    record = await connection.fetchrow(READ, org_id, key)
    answer = Answer(record["status"], record["response"])
    return Earlier(record["route"], record["body_hash"], answer)


ANSWER = "UPDATE idempotency_key SET status = $3, response = $4 WHERE org_id = $1 AND key = $2"


async def answered(connection: Connection, org_id: UUID, key: str, answer: Answer) -> None:
    await connection.execute(ANSWER, org_id, key, answer.status, answer.body)
