"""Trunks: the operator's lines to carriers. Tenants see a name and a status, no more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.wire import Instant
from engine.store.pool import Connection
from engine.store.row import Row

COLUMNS = """id, name, host, port, transport, domain, username, channels, calls_per_second, codecs,
    large_over_tcp, status, created_at, updated_at"""


class Trunk(Row):
    id: UUID
    name: str
    host: str
    port: int | None
    """`null`, here and below: what DNS says of the host."""
    transport: str | None
    domain: str | None
    username: str | None
    channels: int
    calls_per_second: float
    codecs: list[str]
    large_over_tcp: bool
    status: str
    created_at: Instant
    updated_at: Instant


INSERT = f"""
INSERT INTO trunk (name, host, port, domain, username, password, channels, calls_per_second, codecs,
    transport, large_over_tcp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection,
    *,
    name: str,
    host: str,
    port: int | None = None,
    domain: str | None = None,
    username: str | None = None,
    password: str | None = None,
    channels: int = 1000,
    calls_per_second: float = 50.0,
    codecs: Sequence[str] = ("PCMA", "PCMU"),
    transport: str | None = None,
    large_over_tcp: bool = False,
) -> Trunk:
    """Raises ``Conflict`` (``TRUNK_EXISTS``)."""
    try:
        record = await connection.fetchrow(
            INSERT,
            name,
            host,
            port,
            domain,
            username,
            password,
            channels,
            calls_per_second,
            list(codecs),
            transport,
            large_over_tcp,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("TRUNK_EXISTS", f"There is a trunk {name!r} already.") from None
    return Trunk.of(record)


BY_NAME = f"SELECT {COLUMNS} FROM trunk WHERE name = $1 AND deleted_at IS NULL"


async def by_name(connection: Connection, name: str) -> Trunk:
    record = await connection.fetchrow(BY_NAME, name)
    if record is None:
        raise NotFound("TrunkNotFoundError", f"There is no trunk {name!r}.")
    return Trunk.of(record)
