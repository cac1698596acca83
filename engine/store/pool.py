"""Connections to the database: one pool a process, its codecs, and the transactions on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from engine.errors import StoreUnavailable

OLDEST_SERVER = 15
"""Major version of PostgreSQL: ``security_invoker`` views, ``NULLS NOT DISTINCT``, ``MERGE``."""

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""What every SQL function takes: one connection, in whatever transaction its caller opened."""


async def open_pool(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    application_name: str = "gomobile",
    idle_in_transaction: timedelta = timedelta(seconds=15),
    timeout: float = 10.0,  # noqa: ASYNC109  asyncpg's own limit on one connection attempt, seconds
) -> asyncpg.Pool:
    """A pool on ``postgresql://…``; raises ``StoreUnavailable`` where it cannot be used.

    json and jsonb are Python values, uuid is ``uuid.UUID``, timestamptz is aware and in UTC.
    A session that is ``idle_in_transaction`` for so long is ended by the server: a process that was
    stopped amid a transaction must not hold its locks against everybody else's calls.
    """
    try:
        _check_scheme(url)
        pool = await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            init=_prepare,
            reset=_leave_as_it_is,
            timeout=timeout,
            server_settings={
                "application_name": application_name,
                "timezone": "UTC",
                # Plans here are short and hot; compiling one costs more than it ever saves.
                "jit": "off",
                "idle_in_transaction_session_timeout": str(_milliseconds(idle_in_transaction)),
            },
        )
        await _check_version(pool)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        raise _unreachable(url, problem) from problem
    return pool


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """One transaction on a connection of its own; committed at the end, rolled back on any error.

    The role is the engine's: it sees every organization, so each statement names ``org_id``.
    """
    async with pool.acquire() as connection, connection.transaction():
        yield connection


ENTER_TENANT = """
SELECT set_config('role', 'gomobile_tenant', true), set_config('gomobile.org_id', $1, true)
"""


@asynccontextmanager
async def tenant(pool: asyncpg.Pool, org_id: UUID) -> AsyncIterator[Connection]:
    """A transaction under row-level security: it sees and writes rows of ``org_id`` alone.

    Setting ``role`` for the transaction is ``SET LOCAL ROLE``; both settings end with it.
    """
    async with pool.acquire() as connection, as_tenant(connection, org_id):
        yield connection


@asynccontextmanager
async def as_tenant(connection: Connection, org_id: UUID) -> AsyncIterator[None]:
    """The same on a connection one has."""
    async with connection.transaction():
        await connection.fetchrow(ENTER_TENANT, str(org_id))
        yield


LEAVE_TENANT = "SELECT set_config('role', 'none', true)"


@asynccontextmanager
async def above_tenant(connection: Connection) -> AsyncIterator[None]:
    """Inside ``tenant``, for statements on what the tenant's role may not touch: the same
    transaction by the engine's role. An error ends the transaction, and the role with it."""
    await connection.fetchrow(LEAVE_TENANT)
    yield
    await connection.fetchrow("SELECT set_config('role', 'gomobile_tenant', true)")


async def _prepare(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_to_json, decoder=json.loads
        )


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """A round trip less for every use of a connection: all that is set here ends with its
    transaction, and asyncpg itself ends one that was left open."""


def _to_json(value: Any) -> str:
    """NaN and infinities are no JSON; PostgreSQL would refuse them with a worse message."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


async def _check_version(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        version = connection.get_server_version()
    if version.major >= OLDEST_SERVER:
        return
    await pool.close()
    raise StoreUnavailable(
        "database_too_old",
        f"The database runs PostgreSQL {version.major}; {OLDEST_SERVER} or newer is needed.",
    )


def _check_scheme(url: str) -> None:
    """asyncpg would fill what is missing from PG* variables and reach some other database."""
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise ValueError("a database URL begins with postgresql://")


def _unreachable(url: str, problem: Exception) -> StoreUnavailable:
    """Names the host and never the whole URL: it may hold a password."""
    reason = str(problem) or type(problem).__name__
    return StoreUnavailable(
        "database_unreachable", f"No connection to the database at {_place(url)}: {reason}"
    )


def _place(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "its local socket"
    except ValueError:
        return "a URL that cannot be read"
