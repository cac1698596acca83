"""Four engines under kill -9, SIGSTOP and a dying database: lost 0, dialed twice 0.

The far end keeps its own log, and the database is held against it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from engine.program.execution import Status
from engine.program.outcome import Result
from engine.store import execution
from engine.store.embedded import EmbeddedPostgres
from engine.store.migrate import migrate
from engine.store.pool import open_pool
from tests.campaign import Campaign
from tests.dial.havoc import Havoc
from tests.dial.phones import Ring

ENGINES = 4
RETRY = {"type": "fixed_delay", "delayMinutes": 0.05, "maxRetries": 2}
RETRIED = {Result.NO_ANSWER, Result.BUSY, Result.INTERRUPTED}

ATTEMPTS = """
SELECT id, contact_id, number, result, cause FROM attempt WHERE execution_id = $1
ORDER BY dialed_at
"""

MakeHavoc = Callable[..., AbstractAsyncContextManager[Havoc]]


@pytest.fixture
def havoc(tmp_path: Path, memory: Path | None) -> MakeHavoc:
    """On a server of its own, that commits as the shipped one does; ``fsync`` as told."""

    @asynccontextmanager
    async def make(fsync: str, calls_per_second: float) -> AsyncIterator[Havoc]:
        parent = memory if fsync == "off" else None
        with tempfile.TemporaryDirectory(prefix="gomobile-havoc-", dir=parent) as folder:
            Path(folder).chmod(0o755)
            async with EmbeddedPostgres(Path(folder), settings={"fsync": fsync}) as postgres:
                pool = await open_pool(postgres.url, application_name="test", max_size=3)
                await migrate(pool)
                async with Havoc(postgres, pool, tmp_path, calls_per_second).engines(ENGINES) as it:
                    yield it
                await pool.close()

    return make


@pytest.mark.parametrize(
    ("contacts", "calls_per_second", "fsync", "every"),
    [
        pytest.param(2_000, 75.0, "off", 1.5, id="2000", marks=pytest.mark.timeout(180)),
        pytest.param(
            20_000,
            120.0,
            "on",
            1.5,
            id="20000",
            marks=[pytest.mark.long, pytest.mark.timeout(1800)],
        ),
    ],
)
async def test_nobody_is_lost_and_nobody_is_dialed_twice(
    havoc: MakeHavoc, contacts: int, calls_per_second: float, fsync: str, every: float
) -> None:
    async with havoc(fsync, calls_per_second) as it:
        campaign = await Campaign.create(it.pool, contacts=contacts, dids=4)
        campaign = replace(campaign, now=datetime.now(UTC))
        execution_id = await campaign.launch(retry_strategy=RETRY)

        async def completed() -> bool:
            return (await campaign.execution(execution_id)).status is Status.COMPLETED

        await it.rage(completed, every=every)
        counters = await campaign.counters(execution_id)
        assert counters.total == counters.completed + counters.failed == contacts, "lost"
        attempts = await it.pool.fetch(ATTEMPTS, execution_id)
        print(dict(it.blows), counters, Counter(row["result"] for row in attempts))
        hold_against(it.rings, {str(row["id"]): row for row in attempts}, it.in_flight)
    assert it.blows["kill -9"] >= 4
    assert min(it.blows.values()) >= 1
    assert len(it.blows) == 4


async def test_no_call_begins_100_ms_after_a_pause_or_a_cancel_was_answered(
    havoc: MakeHavoc,
) -> None:
    """Every instant is of the machine's one monotonic clock, taken where it happened."""
    async with havoc("off", 100.0) as it:
        campaign = await Campaign.create(it.pool, contacts=2_000)
        campaign = replace(campaign, now=datetime.now(UTC))
        execution_id = await campaign.launch()
        row = (campaign.org_id, execution_id)
        closed: list[tuple[float, float]] = []
        for end in (execution.pause, execution.pause, execution.pause, execution.cancel):
            await it.until_rung(len(it.rings) + 60)
            async with it.pool.acquire() as connection:
                await end(connection, *row, now=campaign.now)
                answered = time.monotonic()
                await asyncio.sleep(0.6)
                closed.append((answered + 0.1, time.monotonic()))
                if end is execution.pause:
                    await execution.resume(connection, *row, now=campaign.now)
        left = [ring.left_at for ring in it.rings]
        assert [at for at in left for start, until in closed if start < at < until] == []


def hold_against(
    rings: list[Ring], attempts: Mapping[str, asyncpg.Record], in_flight: set[UUID]
) -> None:
    """The far end's log against the rows."""
    rung = {ring.attempt: ring for ring in rings}
    assert len(rung) == len(rings), "an attempt was dialed twice"
    assert set(rung) <= set(attempts), "somebody was rung whom no attempt accounts for"
    for name, row in attempts.items():
        if row["result"] == Result.CANCELLED:
            assert row["cause"] == "not_dialed"
            assert name not in rung, "withdrawn, and yet it rang"
        elif row["result"] != Result.INTERRUPTED:
            assert row["result"] == rung[name].result
    interrupted = {row["id"] for row in attempts.values() if row["result"] == Result.INTERRUPTED}
    assert interrupted <= in_flight, "interrupted, and nothing had befallen its engine"
    _follow_each_contact(rings, attempts)


def _follow_each_contact(rings: list[Ring], attempts: Mapping[str, asyncpg.Record]) -> None:
    """A contact rings again only after an attempt that asked for it, one number up."""
    by_contact: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in attempts.values():
        if row["result"] != Result.CANCELLED:
            by_contact[row["contact_id"]].append(row)
    for rows in by_contact.values():
        assert [row["number"] for row in rows] == [*range(1, len(rows) + 1)]
        for earlier, _later in pairwise(rows):
            assert earlier["result"] in RETRIED, "reached, and yet rung again"
