"""Trunks: the operator's lines to carriers. Tenants see a name and a status, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TypedDict, Unpack
from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.org.secret import MARK, Secret
from engine.org.trunk import PASSWORD
from engine.org.wire import Instant
from engine.program.presentation import Identity, NumberFormat, Presentation
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Columns, Row

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
    """``password`` is sealed. Raises ``Conflict`` (``TRUNK_EXISTS``), ``Invalid``."""
    values: dict[str, object] = {"name": name, "host": host, **stated}
    Presentation.stated(**{key: values[key] for key in PRESENTED & values.keys()})  # type: ignore[arg-type]
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    statement = f"INSERT INTO trunk ({', '.join(values)}) VALUES ({places}) RETURNING {COLUMNS}"
    try:
        record = await connection.fetchrow(statement, *values.values())
    except asyncpg.UniqueViolationError:
        raise _taken(name) from None
    return Trunk.of(record)


BY_NAME = f"SELECT {COLUMNS} FROM trunk WHERE name = $1 AND deleted_at IS NULL"


async def by_name(connection: Connection, name: str) -> Trunk:
    record = await connection.fetchrow(BY_NAME, name)
    if record is None:
        raise NotFound("TrunkNotFoundError", f"There is no trunk {name!r}.")
    return Trunk.of(record)


LIST = Listing(
    Trunk,
    COLUMNS,
    "trunk WHERE deleted_at IS NULL AND ($1::text IS NULL OR name ILIKE $1 OR host ILIKE $1)",
    {"createdAt": "created_at", "updatedAt": "updated_at", "name": "name", "status": "status"},
)


async def page(connection: Connection, query: Query) -> Page[Trunk]:
    return await LIST.fetch(connection, query, query.pattern)


GET = f"SELECT {COLUMNS} FROM trunk WHERE id = $1 AND deleted_at IS NULL"


async def get(connection: Connection, trunk_id: UUID) -> Trunk:
    record = await connection.fetchrow(GET, trunk_id)
    if record is None:
        raise _missing()
    return Trunk.of(record)


UPDATE = f"""
UPDATE trunk t
SET (name, host, port, domain, username, password, channels, calls_per_second, codecs, status) =
    (SELECT n.name, n.host, n.port, n.domain, n.username, n.password, n.channels,
        n.calls_per_second, n.codecs, n.status
     FROM jsonb_populate_record(t, $2::jsonb) n),
    updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(connection: Connection, trunk_id: UUID, changes: Columns) -> Trunk:
    """A password among the changes is sealed.

    Raises ``NotFound`` (``TrunkNotFoundError``) or ``Conflict`` (``TRUNK_EXISTS``).
    """
    try:
        record = await connection.fetchrow(UPDATE, trunk_id, changes)
    except asyncpg.UniqueViolationError:
        raise _taken(str(changes.get("name"))) from None
    if record is None:
        raise _missing()
    return Trunk.of(record)


PASSWORDS = "SELECT id, password FROM trunk WHERE password IS NOT NULL FOR UPDATE"
SEAL = "UPDATE trunk SET password = $2 WHERE id = $1"


async def keep_sealed(connection: Connection, secret: Secret) -> None:
    """Seals every password that is not. Raises ``SettingError`` where one was sealed with another
    secret: better at the start than with the first call."""
    for record in await connection.fetch(PASSWORDS):
        password = secret.unseal(record["password"], PASSWORD)
        if not record["password"].startswith(MARK):
            await connection.execute(SEAL, record["id"], secret.seal(password, PASSWORD))


def _taken(name: str) -> Conflict:
    return Conflict("TRUNK_EXISTS", f"There is a trunk {name!r} already.")


def _missing() -> NotFound:
    return NotFound("TrunkNotFoundError", "There is no such trunk.")
