"""Each hot statement finds its rows by an index, however many others there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.store import node, number, outcome, statistics, target
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign

ROWS = 25_000

SEED = """
INSERT INTO target (org_id, execution_id, contact_id, due_at)
SELECT $1, $2, gen_random_uuid(), $3::timestamptz - n * interval '1 second'
FROM generate_series(1, $4) n
"""


SEED_ATTEMPTS = """
INSERT INTO attempt (org_id, id, execution_id, contact_id, number, node_id, did_id, trunk_id,
                     from_number, to_number, dialed_at)
SELECT $1, gen_random_uuid(), $2, gen_random_uuid(), 1, $2, $2, $2, '', '',
       $3::timestamptz + n * interval '1 millisecond'
FROM generate_series(1, $4) n
"""


class Queue:
    """Three executions with 25,000 pending contacts each."""

    def __init__(self, campaign: Campaign, executions: list[UUID], node_id: UUID) -> None:
        self.campaign, self.executions, self.node_id = campaign, executions, node_id

    @classmethod
    async def seed(cls, pool: asyncpg.Pool) -> Queue:
        campaign = await Campaign.create(pool, contacts=50)
        executions = [await campaign.launch() for _ in range(3)]
        for execution_id in executions:
            await pool.execute(SEED, campaign.org_id, execution_id, NOW, ROWS)
            await pool.execute(
                "UPDATE execution SET total = total + $2, pending = pending + $2 WHERE id = $1",
                execution_id,
                ROWS,
            )
        async with pool.acquire() as connection:
            node_id = await node.register(connection, "plans")
            await connection.execute(SEED_ATTEMPTS, campaign.org_id, executions[0], NOW, ROWS)
            await connection.execute("SELECT pg_stat_force_next_flush()")
            assert "target" in await statistics.refresh(connection)
            assert "target" not in await statistics.refresh(connection)
        return cls(campaign, executions, node_id)


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


async def explain(pool: asyncpg.Pool, statement: str, *args: object) -> dict[str, Any]:
    """The generic plan's run, rolled back: what a prepared statement uses in the long run."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        (plan,) = await connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *args
        )
        await transaction.rollback()
    top: dict[str, Any] = plan["Plan"]
    return top


def assert_no_scan_of(table: str, plan: dict[str, Any]) -> None:
    scans = [one for one in nodes_of(plan) if one.get("Relation Name") == table]
    assert scans
    assert {one["Node Type"] for one in scans} <= {
        "Index Scan",
        "Index Only Scan",
        "Bitmap Heap Scan",
        "ModifyTable",
    }


@pytest.fixture
async def queue(pool: asyncpg.Pool) -> Queue:
    return await Queue.seed(pool)


async def test_the_queues_statements_use_their_indexes(queue: Queue, pool: asyncpg.Pool) -> None:
    org_id, executions = queue.campaign.org_id, queue.executions
    claim = await explain(pool, target.CLAIM, org_id, NOW, executions, [20, 20, 20], queue.node_id)
    assert_no_scan_of("target", claim)
    assert "target_due" in {one.get("Index Name") for one in nodes_of(claim)}
    assert claim["Shared Hit Blocks"] + claim["Shared Read Blocks"] < 60 * 40

    due = await explain(pool, target.NEXT_DUE, org_id, executions)
    assert "target_due" in {one.get("Index Name") for one in nodes_of(due)}
    assert due["Shared Hit Blocks"] + due["Shared Read Blocks"] < 50

    claimed = await pool.fetch(target.CLAIM, org_id, NOW, executions, [20] * 3, queue.node_id)
    execution_ids = [row["execution_id"] for row in claimed]
    contact_ids = [row["contact_id"] for row in claimed]
    count = len(claimed)
    release = await explain(
        pool,
        target.RELEASE,
        org_id,
        queue.node_id,
        NOW,
        execution_ids,
        contact_ids,
        [None] * count,
        [None] * count,
    )
    assert_no_scan_of("target", release)
    intend = await explain(
        pool,
        target.INTEND,
        org_id,
        queue.node_id,
        NOW,
        [uuid4() for _ in claimed],
        execution_ids,
        contact_ids,
        [1] * count,
        [uuid4()] * count,
        [uuid4()] * count,
        [""] * count,
        [""] * count,
    )
    assert_no_scan_of("target", intend)
    leased = await explain(pool, target.LEASED, queue.node_id, 1000)
    assert "target_leased" in {one.get("Index Name") for one in nodes_of(leased)}


async def test_finishing_reads_the_rows_it_finishes(queue: Queue, pool: asyncpg.Pool) -> None:
    org_id, (execution_id, *_) = queue.campaign.org_id, queue.executions
    ids = [uuid4() for _ in range(20)]
    later = NOW + timedelta(hours=1)
    text, number, instant = ["x"] * 20, [1] * 20, [later] * 20
    finish = await explain(
        pool,
        outcome.FINISH,
        org_id,
        NOW,
        [execution_id] * 20,
        ids,
        ids,
        ids,
        number,
        instant,
        text,
        instant,
        [False] * 20,
        text,
        text,
        text,
        number,
        number,
        text,
        text,
        instant,
        instant,
        instant,
        instant,
    )
    assert_no_scan_of("target", finish)
    assert_no_scan_of("attempt_default", finish)
    assert finish["Shared Hit Blocks"] + finish["Shared Read Blocks"] < 1000


async def test_what_is_known_of_numbers_is_found_by_indexes(
    queue: Queue, pool: asyncpg.Pool
) -> None:
    contact_ids = queue.campaign.contact_ids[:20]
    known = await explain(
        pool,
        number.STANDINGS,
        queue.campaign.org_id,
        [queue.executions[0]] * 20,
        contact_ids,
        [f"+2126000000{n:02}" for n in range(20)],
        [NOW - timedelta(days=30)] * 20,
    )
    for table in ("target", "attempt_default"):
        assert_no_scan_of(table, known)
    assert "target_in_call" in {one.get("Index Name") for one in nodes_of(known)}
    assert known["Shared Hit Blocks"] + known["Shared Read Blocks"] < 20 * 20
