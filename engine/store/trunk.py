"""Trunks: the operator's lines to carriers. Tenants see a name and a status, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TypedDict, Unpack
from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.wire import Instant
from engine.program.presentation import Identity, NumberFormat, Presentation
from engine.store.pool import Connection
from engine.store.row import Row

COLUMNS = """id, name, host, port, transport, domain, username, channels, calls_per_second, codecs,
    large_over_tcp, number_format, country, prefix_rules, identity, anonymous, diversion, headers,
    user_to_user, status, created_at, updated_at"""


PRESENTED = frozenset(field.name for field in fields(Presentation))


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
    number_format: NumberFormat
    country: str | None
    prefix_rules: list[str]
    identity: Identity
    anonymous: bool
    diversion: str | None
    headers: list[str]
    user_to_user: str | None
    status: str
    created_at: Instant
    updated_at: Instant


class Stated(TypedDict, total=False):
    """What an operator may say of a trunk; the rest is the table's defaults."""

    port: int | None
    transport: str | None
    domain: str | None
    username: str | None
    password: str | None
    channels: int
    calls_per_second: float
    codecs: Sequence[str]
    large_over_tcp: bool
    number_format: str
    country: str | None
    prefix_rules: Sequence[str]
    identity: str
    anonymous: bool
    diversion: str | None
    headers: Sequence[str]
    user_to_user: str | None


async def create(
    connection: Connection, *, name: str, host: str, **stated: Unpack[Stated]
) -> Trunk:
    """Raises ``Conflict`` (``TRUNK_EXISTS``), ``Invalid``."""
    values: dict[str, object] = {"name": name, "host": host, **stated}
    Presentation.stated(**{key: values[key] for key in PRESENTED & values.keys()})  # type: ignore[arg-type]
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    statement = f"INSERT INTO trunk ({', '.join(values)}) VALUES ({places}) RETURNING {COLUMNS}"
    try:
        record = await connection.fetchrow(statement, *values.values())
    except asyncpg.UniqueViolationError:
        raise Conflict("TRUNK_EXISTS", f"There is a trunk {name!r} already.") from None
    return Trunk.of(record)


BY_NAME = f"SELECT {COLUMNS} FROM trunk WHERE name = $1 AND deleted_at IS NULL"


async def by_name(connection: Connection, name: str) -> Trunk:
    record = await connection.fetchrow(BY_NAME, name)
    if record is None:
        raise NotFound("TrunkNotFoundError", f"There is no trunk {name!r}.")
    return Trunk.of(record)
