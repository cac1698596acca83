"""Brings a database to the schema of this program: numbered SQL files in dbmate's format.

A file ``NNNN_name.sql`` holds a ``-- migrate:up`` and, if it can be taken back, a
``-- migrate:down`` section. Each is applied in a transaction of its own that also takes the
advisory lock, so that several starters share the work without two doing the same; a lock held
between transactions would not survive a connection pooler. A file that was applied never changes:
its checksum stands in ``schema_migrations``. ``transaction:false`` is refused, because a statement
that needs it waits for the very starters that wait for its lock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise

import asyncpg

from engine.errors import StoreUnavailable
from engine.store.pool import Connection

MIGRATIONS: Traversable = files("engine.store") / "migrations"

FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
SECTION = re.compile(r"^--\s*migrate:(?P<section>\w+)[ \t]*(?P<options>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    version: str
    """Four digits; applied in this order."""
    name: str
    up: str
    checksum: str
    """SHA-256 of the whole file, in hex."""


def read_migrations(folder: Traversable = MIGRATIONS) -> list[Migration]:
    """Every migration of the folder, by version; ``ValueError`` where one is malformed."""
    found = sorted(
        (
            read_migration(file.name, file.read_text("utf-8"))
            for file in folder.iterdir()
            if file.name.endswith(".sql")
        ),
        key=lambda migration: migration.version,
    )
    for one, next_one in pairwise(found):
        if one.version == next_one.version:
            raise ValueError(f"Two migrations are numbered {one.version}.")
    return found


def read_migration(file_name: str, text: str) -> Migration:
    match = FILE_NAME.fullmatch(file_name)
    if match is None:
        raise ValueError(f"A migration is called NNNN_name.sql, not {file_name}.")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return Migration(match["version"], match["name"], _up(file_name, text), checksum)


async def migrate(
    database: asyncpg.Pool | Connection, folder: Traversable = MIGRATIONS
) -> list[Migration]:
    """Applies what is missing, oldest first, and returns what this call applied.

    Raises ``StoreUnavailable``: ``migration_changed`` where an applied file is not what it was,
    ``schema_too_new`` where a newer program has been here, ``migration_failed`` with the
    database's words.
    """
    known = read_migrations(folder)
    if isinstance(database, asyncpg.Pool):
        async with database.acquire() as connection:
            return await _apply_all(connection, known)
    return await _apply_all(database, known)


async def _apply_all(connection: Connection, known: Sequence[Migration]) -> list[Migration]:
    applied = []
    while (migration := await _apply_next(connection, known)) is not None:
        applied.append(migration)
    return applied


# "gomobile" in ASCII: the key of the lock, the same for every version of this program.
LOCK = "SELECT pg_advisory_xact_lock(x'676f6d6f62696c65'::bigint)"

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    text PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

READ_APPLIED = "SELECT version, checksum FROM schema_migrations"

TABLE_EXISTS = "SELECT to_regclass('schema_migrations') IS NOT NULL"

RECORD = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"


async def _apply_next(connection: Connection, known: Sequence[Migration]) -> Migration | None:
    async with connection.transaction():
        await connection.execute(LOCK)
        if not await connection.fetchval(TABLE_EXISTS):
            await connection.execute(CREATE_TABLE)
        applied = {row["version"]: row["checksum"] for row in await connection.fetch(READ_APPLIED)}
        migration = next_pending(known, applied)
        if migration is not None:
            await _apply(connection, migration)
        return migration


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.up)
    except asyncpg.PostgresError as problem:
        raise StoreUnavailable(
            "migration_failed", f"Migration {migration.version}_{migration.name}: {problem}"
        ) from problem
    await connection.execute(RECORD, migration.version, migration.name, migration.checksum)


def next_pending(known: Sequence[Migration], applied: Mapping[str, str]) -> Migration | None:
    """The oldest migration that is not applied; ``applied`` maps versions to checksums."""
    unknown = sorted(set(applied) - {migration.version for migration in known})
    if unknown:
        raise StoreUnavailable(
            "schema_too_new",
            f"The database has migration {unknown[-1]}, which this version of gomobile lacks.",
        )
    for migration in known:
        _refuse_changed(migration, applied.get(migration.version))
    return next((one for one in known if one.version not in applied), None)


def _refuse_changed(migration: Migration, applied_checksum: str | None) -> None:
    if applied_checksum not in (None, migration.checksum):
        raise StoreUnavailable(
            "migration_changed",
            f"Migration {migration.version}_{migration.name} was changed after it was applied.",
        )


def _up(file_name: str, text: str) -> str:
    marks = list(SECTION.finditer(text))
    sections = [mark["section"] for mark in marks]
    if sections not in (["up"], ["up", "down"]):
        raise ValueError(f"{file_name}: wants '-- migrate:up', then at most '-- migrate:down'.")
    if any(mark["options"].strip() for mark in marks):
        raise ValueError(
            f"{file_name}: migrate options such as transaction:false are not supported."
        )
    if any(not line.startswith("--") for line in text[: marks[0].start()].split("\n") if line):
        raise ValueError(f"{file_name}: a statement stands before '-- migrate:up'.")
    end = marks[1].start() if len(marks) == 2 else len(text)
    return text[marks[0].end() : end].strip()
