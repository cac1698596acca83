from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.errors import StoreUnavailable
from engine.store.migrate import Migration, migrate, next_pending, read_migration, read_migrations
from engine.store.pool import open_pool

FIRST = """-- migrate:up
CREATE TABLE note (body text);
INSERT INTO note VALUES ('a; -- b');

-- migrate:down
DROP TABLE note;
"""
SECOND = "-- Why: notes have authors.\n-- migrate:up\nALTER TABLE note ADD author text;\n"


@pytest.fixture
async def pool(postgres: Any) -> AsyncIterator[asyncpg.Pool]:
    """A database without the schema."""
    url = await postgres.create(template="template0")
    pool = await open_pool(url, min_size=1, max_size=5)
    yield pool
    await pool.close()
    await postgres.drop(url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_note.sql").write_text(FIRST)
    (tmp_path / "0002_author.sql").write_text(SECOND)
    (tmp_path / "README").write_text("not a migration")
    return tmp_path


def versions(migrations: list[Migration]) -> list[str]:
    return [migration.version for migration in migrations]


async def test_what_is_missing_is_applied_once(pool: asyncpg.Pool, folder: Path) -> None:
    assert versions(await migrate(pool, folder)) == ["0001", "0002"]
    assert await migrate(pool, folder) == []
    assert await pool.fetch("SELECT body, author FROM note") == [("a; -- b", None)]
    applied = await pool.fetch("SELECT version, name FROM schema_migrations ORDER BY version")
    assert [tuple(row) for row in applied] == [("0001", "note"), ("0002", "author")]


async def test_a_later_file_is_applied_alone(pool: asyncpg.Pool, folder: Path) -> None:
    await migrate(pool, folder)
    (folder / "0003_more.sql").write_text("-- migrate:up\nCREATE TABLE more ();\n")
    async with pool.acquire() as connection:
        assert versions(await migrate(connection, folder)) == ["0003"]


async def test_a_changed_file_is_refused(pool: asyncpg.Pool, folder: Path) -> None:
    await migrate(pool, folder)
    (folder / "0001_note.sql").write_text(FIRST.replace("body", "text"))
    (folder / "0003_more.sql").write_text("-- migrate:up\nCREATE TABLE more ();\n")
    with pytest.raises(StoreUnavailable, match="0001_note was changed") as refused:
        await migrate(pool, folder)
    assert refused.value.code == "migration_changed"
    assert await pool.fetchval("SELECT to_regclass('more')") is None


async def test_a_newer_schema_is_refused(pool: asyncpg.Pool, folder: Path) -> None:
    await migrate(pool, folder)
    (folder / "0002_author.sql").unlink()
    with pytest.raises(StoreUnavailable) as refused:
        await migrate(pool, folder)
    assert refused.value.code == "schema_too_new"


async def test_a_broken_file_leaves_nothing_of_itself(pool: asyncpg.Pool, folder: Path) -> None:
    (folder / "0002_author.sql").write_text("-- migrate:up\nCREATE TABLE half ();\nSELECT 1 / 0;")
    with pytest.raises(StoreUnavailable, match="0002_author: division by zero") as refused:
        await migrate(pool, folder)
    assert refused.value.code == "migration_failed"
    assert await pool.fetchval("SELECT to_regclass('half')") is None
    assert await pool.fetchval("SELECT array_agg(version) FROM schema_migrations") == ["0001"]


async def test_several_starters_share_the_work(pool: asyncpg.Pool, folder: Path) -> None:
    for number in range(3, 20):
        (folder / f"{number:04}_more.sql").write_text(f"-- migrate:up\nCREATE TABLE t{number} ();")
    shares = await asyncio.gather(*(migrate(pool, folder) for _ in range(5)))
    assert sorted(version for share in shares for version in versions(share)) == [
        f"{number:04}" for number in range(1, 20)
    ]


async def test_the_product_schema_is_whole(
    database: str,
) -> None:
    connection = await asyncpg.connect(database)
    try:
        applied = await connection.fetch("SELECT version FROM schema_migrations ORDER BY version")
        assert [row["version"] for row in applied] == versions(read_migrations())
        assert await migrate(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("file_name", "text"),
    [
        ("1_short.sql", FIRST),
        ("0001_Upper.sql", FIRST),
        ("0001_none.sql", "CREATE TABLE note ();"),
        ("0001_down.sql", "-- migrate:down\nDROP TABLE note;"),
        ("0001_twice.sql", "-- migrate:up\n-- migrate:up\n"),
        ("0001_other.sql", "-- migrate:up\n-- migrate:sideways\n"),
        ("0001_option.sql", "-- migrate:up transaction:false\nVACUUM;"),
        ("0001_before.sql", "CREATE TABLE lost ();\n-- migrate:up\n"),
    ],
)
def test_a_malformed_file_is_refused(file_name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"migrat"):
        read_migration(file_name, text)


def test_only_the_up_section_is_applied() -> None:
    assert read_migration("0001_note.sql", FIRST).up == (
        "CREATE TABLE note (body text);\nINSERT INTO note VALUES ('a; -- b');"
    )


def test_a_number_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text(FIRST)
    (tmp_path / "0001_other.sql").write_text(SECOND)
    with pytest.raises(ValueError, match="0001"):
        read_migrations(tmp_path)


def test_a_gap_is_filled() -> None:
    known = [read_migration(f"{number:04}_n.sql", SECOND) for number in (1, 2, 3)]
    applied = {"0001": known[0].checksum, "0003": known[2].checksum}
    assert next_pending(known, applied) == known[1]
