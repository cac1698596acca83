from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.errors import StoreUnavailable
from engine.store.pool import open_pool, tenant, transaction


@pytest.mark.parametrize("kind", ["json", "jsonb"])
async def test_json_is_python_values(pool: asyncpg.Pool, kind: str) -> None:
    value = {"name": "أحمد", "tags": ["a", None, True], "balance": 12.5}
    assert await pool.fetchval(f"SELECT $1::{kind}", value) == value


async def test_json_refuses_what_is_no_json(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.DataError):
        await pool.fetchval("SELECT $1::jsonb", float("nan"))


async def test_uuids_are_uuids(pool: asyncpg.Pool) -> None:
    value = uuid4()
    found = await pool.fetchval("SELECT $1::uuid", value)
    assert isinstance(found, UUID)
    assert found == value
    assert hash(found) == hash(value)


async def test_instants_are_aware_and_utc(pool: asyncpg.Pool) -> None:
    casablanca = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    found = await pool.fetchval("SELECT $1::timestamptz", casablanca)
    assert found == casablanca
    assert found.tzinfo is UTC


async def test_a_transaction_that_fails_leaves_nothing(pool: asyncpg.Pool) -> None:
    await pool.execute("CREATE TABLE note (body text)")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await write_and_fail(pool)
    async with transaction(pool) as connection:
        await connection.execute("INSERT INTO note VALUES ('kept')")
    assert [row["body"] for row in await pool.fetch("SELECT body FROM note")] == ["kept"]


async def write_and_fail(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("INSERT INTO note VALUES ('lost')")
        await connection.execute("SELECT 1 / 0")


OWN_NOTES = """
CREATE TABLE note (org_id uuid, body text);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON note TO gomobile_tenant
    USING (org_id = current_setting('gomobile.org_id')::uuid);
GRANT SELECT, INSERT ON note TO gomobile_tenant
"""


async def test_a_tenant_sees_its_own_rows_alone(pool: asyncpg.Pool) -> None:
    await pool.execute(OWN_NOTES)
    ours, theirs = uuid4(), uuid4()
    await pool.executemany("INSERT INTO note VALUES ($1, $2)", [(ours, "a"), (theirs, "b")])
    async with tenant(pool, ours) as connection:
        assert [row["body"] for row in await connection.fetch("SELECT body FROM note")] == ["a"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO note VALUES ($1, 'forged')", theirs)


async def test_the_tenant_ends_with_its_transaction(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        engine = await connection.fetchval("SELECT current_user")
    for _ in range(pool.get_max_size()):
        async with tenant(pool, uuid4()) as connection:
            assert await connection.fetchval("SELECT current_user") == "gomobile_tenant"
        async with transaction(pool) as connection:
            assert await connection.fetchval("SELECT current_user") == engine
            assert not await connection.fetchval("SELECT current_setting('gomobile.org_id', true)")


async def test_the_application_is_named(database: str) -> None:
    pool = await open_pool(database, application_name="gomobile test")
    try:
        assert await pool.fetchval("SHOW application_name") == "gomobile test"
    finally:
        await pool.close()


async def test_a_database_that_is_missing_is_named_without_its_password(database: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        await open_pool("postgresql://someone:secret@127.0.0.1:1/nothing", timeout=2)
    assert refused.value.code == "database_unreachable"
    assert "127.0.0.1:1" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "postgresql://[::1/x", ""])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable):
        await open_pool(url, timeout=2)
