"""Nobody is lost and nobody is dialed twice: crashes, pauses, drains, and a database that goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from math import inf
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.clock import VirtualClock
from engine.dial import Dialer, Intend
from engine.dial.intents import Grant, IntentDesk
from engine.dial.reaper import Reaper
from engine.program.attempt import Attempt
from engine.program.execution import Counters, Status
from engine.program.outcome import Result
from engine.program.report import CallReport
from engine.store import execution, node, target
from engine.store.target import Intent
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign
from tests.dial.rehearsal import FAST, FarEnd, Rehearsal, report

HOUR = timedelta(hours=1)
TWICE = {"type": "fixed_delay", "delayMinutes": 60, "maxRetries": 2}


async def let_leases_run_out(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE engine_node SET renewed_at = now() - interval '1 hour'")


async def reap(pool: asyncpg.Pool) -> None:
    reaper = Reaper(pool, VirtualClock(NOW), FAST.lease, FAST.interrupted_rest)
    await reaper.reap(grace=timedelta(0))


async def test_a_crash_loses_nobody_and_nobody_rings_twice_for_it(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=60, channels=20)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    rang: list[Attempt] = []
    for crash_after in (10, 17, 3):
        async with Rehearsal(pool, hold=asyncio.Event()) as rehearsal:
            await rehearsal.until_rung(crash_after)
            await rehearsal.crash()
        rang += [attempt for _, attempt in rehearsal.far_end.rang]
        await let_leases_run_out(pool)
        await reap(pool)
    counters = await campaign.counters(execution_id)
    assert counters == Counters(total=60, pending=60)
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + timedelta(seconds=119))
        first_pass = len(rehearsal.far_end.rang)
        assert first_pass == 60 - len(rang)
        await rehearsal.until(NOW + 2 * HOUR)
    rang += [attempt for _, attempt in rehearsal.far_end.rang]
    assert await campaign.counters(execution_id) == Counters(total=60, completed=60)
    dialed = [(attempt.contact_id, attempt.number) for attempt in rang]
    assert len(dialed) == len(set(dialed))
    rows = await pool.fetch("SELECT id FROM attempt")
    assert {row["id"] for row in rows} == {attempt.id for attempt in rang}


async def test_an_interrupted_call_uses_budget(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=3)
    execution_id = await campaign.launch()
    async with Rehearsal(pool, hold=asyncio.Event()) as rehearsal:
        await rehearsal.until_rung(3)
        await rehearsal.crash()
    await let_leases_run_out(pool)
    await reap(pool)
    assert await campaign.counters(execution_id) == Counters(total=3, failed=3)
    causes = await pool.fetch("SELECT DISTINCT result, cause, fault FROM attempt")
    assert [tuple(row) for row in causes] == [("interrupted", "engine_lost", "us")]


async def test_a_node_taken_for_dead_still_tells_how_its_calls_ended(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=5)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    hold = asyncio.Event()
    settings = replace(FAST, lease=timedelta(seconds=0.3))
    async with Rehearsal(pool, hold=hold, settings=settings) as rehearsal:
        await rehearsal.until_rung(5)
        await pool.execute("UPDATE engine_node SET stopped_at = now()")
        await reap(pool)
        assert (await campaign.counters(execution_id)).pending == 5
        hold.set()
        await rehearsal.until(NOW + HOUR)
    assert await campaign.counters(execution_id) == Counters(total=5, completed=5)
    assert set(rehearsal.far_end.per_contact().values()) == {1}


async def test_after_a_pause_no_call_begins_and_live_ones_finish(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=40, channels=6)
    execution_id = await campaign.launch()
    hold = asyncio.Event()
    async with Rehearsal(pool, hold=hold) as rehearsal:
        await rehearsal.until_rung(6)
        async with pool.acquire() as connection:
            await execution.pause(connection, campaign.org_id, execution_id, now=NOW)
        hold.set()
        await rehearsal.until(NOW + HOUR)
        assert len(rehearsal.far_end.rang) == 6
        assert await campaign.counters(execution_id) == Counters(total=40, pending=34, completed=6)
        async with pool.acquire() as connection:
            await execution.resume(connection, campaign.org_id, execution_id, now=NOW)
        await rehearsal.until_rung(40)
        await rehearsal.rest()
    assert (await campaign.execution(execution_id)).status is Status.COMPLETED


@pytest.mark.parametrize("moment", [1, 7, 25])
async def test_pauses_and_cancels_at_any_moment_stop_the_dialing(
    pool: asyncpg.Pool, moment: int
) -> None:
    """Between the reply and every INVITE after it lies a committed intent that came before."""
    campaign = await Campaign.create(pool, contacts=80, calls_per_second=1000.0, channels=9)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    async with Rehearsal(pool) as rehearsal:
        running = asyncio.create_task(rehearsal.until(NOW + timedelta(minutes=1)))
        await rehearsal.until_rung(moment)
        async with pool.acquire() as connection:
            await execution.cancel(connection, campaign.org_id, execution_id, now=NOW)
        committed = await pool.fetchval("SELECT count(*) FROM attempt")
        await running
    assert len(rehearsal.far_end.rang) <= committed
    ended = await campaign.counters(execution_id)
    assert (ended.completed, ended.skipped) == (committed, 80 - committed)
    assert (await campaign.execution(execution_id)).status is Status.CANCELLED


async def test_a_cancel_may_hang_up_and_others_talk_on(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=20, channels=4)
    beside = await Campaign.create(pool, contacts=20, channels=4, slug="rif")
    ended, other = await campaign.launch(), await beside.launch()
    hold = asyncio.Event()
    async with Rehearsal(pool, hold=hold) as rehearsal:
        await rehearsal.until_rung(8)
        async with pool.acquire() as connection:
            await execution.cancel(connection, campaign.org_id, ended, now=NOW, hang_up=True)
        while (counters := await campaign.counters(ended)).skipped < 20:
            await asyncio.sleep(0.01)
        assert counters == Counters(total=20, skipped=20)
        talking = [attempt.execution_id for _, attempt in rehearsal.far_end.rang[:8]].count(other)
        assert talking == 4
        hold.set()
        await rehearsal.until(NOW + HOUR)
    assert await beside.counters(other) == Counters(total=20, completed=20)
    rows = await pool.fetch(
        "SELECT result, cause, fault FROM attempt WHERE execution_id = $1", ended
    )
    assert {tuple(row) for row in rows} == {("cancelled", "hung_up", "operator")}


async def test_a_drain_lets_live_calls_finish(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=20, channels=4)
    execution_id = await campaign.launch()
    hold = asyncio.Event()
    async with Rehearsal(pool, hold=hold) as rehearsal:
        await rehearsal.until_rung(4)
        draining = asyncio.create_task(rehearsal.dialer.drain(30))
        await asyncio.sleep(0)
        hold.set()
        await draining
        await rehearsal.task
    assert len(rehearsal.far_end.rang) == 4
    assert await campaign.counters(execution_id) == Counters(total=20, pending=16, completed=4)
    assert await pool.fetchval("SELECT bool_and(stopped_at IS NOT NULL) FROM engine_node")


async def test_a_kill_ends_calls_and_writes_that_they_were_interrupted(
    pool: asyncpg.Pool,
) -> None:
    campaign = await Campaign.create(pool, contacts=20, channels=4)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    async with Rehearsal(pool, hold=asyncio.Event()) as rehearsal:
        await rehearsal.until_rung(4)
        await rehearsal.dialer.drain(0)
    assert rehearsal.far_end.live == 0
    assert await campaign.counters(execution_id) == Counters(total=20, pending=20)
    rested = await pool.fetch("SELECT due_at FROM target WHERE attempts = 1")
    assert {row["due_at"] for row in rested} == {NOW + HOUR}
    causes = await pool.fetch("SELECT DISTINCT cause FROM attempt")
    assert [row["cause"] for row in causes] == ["engine_stopped"]


async def test_a_drain_does_not_wait_for_a_dialer_that_never_began(pool: asyncpg.Pool) -> None:
    dialer = Dialer(pool, FarEnd(VirtualClock(NOW)).place, VirtualClock(NOW), FAST)
    await pool.execute("ALTER TABLE engine_node RENAME TO lost")
    with pytest.raises(asyncpg.UndefinedTableError):
        await dialer.run()
    await dialer.drain(5)


async def break_connections(database: str) -> None:
    admin = await asyncpg.connect(database)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()


async def test_connections_that_break_cost_no_outcome(pool: asyncpg.Pool, database: str) -> None:
    campaign = await Campaign.create(pool, contacts=60, channels=10)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    hold = asyncio.Event()
    async with Rehearsal(pool, hold=hold) as rehearsal:
        await rehearsal.until_rung(10)
        for _ in range(3):
            await break_connections(database)
            hold.set()
            await asyncio.sleep(0.05)
        await rehearsal.until(NOW + 3 * HOUR)
    assert await campaign.counters(execution_id) == Counters(total=60, completed=60)
    dialed = [(attempt.contact_id, attempt.number) for _, attempt in rehearsal.far_end.rang]
    assert len(dialed) == len(set(dialed)) == 60


async def test_a_trace_that_cannot_be_stored_costs_the_trace_alone(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=3)
    execution_id = await campaign.launch()

    async def place(attempt: Attempt, intend: Intend) -> CallReport:
        assert await intend(attempt)
        poison = attempt.contact_id == campaign.contact_ids[0]
        return replace(report(Result.COMPLETED), variables={"name": "\0" if poison else "Ali"})

    dialer = Dialer(pool, place, VirtualClock(NOW), FAST)
    running = asyncio.create_task(dialer.run())
    while (await campaign.counters(execution_id)).completed < 3:
        await asyncio.sleep(0.01)
    await dialer.drain(0)
    await running
    traces = await pool.fetchval("SELECT count(*) FROM call_trace")
    assert traces == 2


def test_a_grant_stands_for_eighty_milliseconds() -> None:
    grant = Grant(NOW, asked=10.0, confirmed=10.1)
    assert grant.stands(10.179)
    assert not grant.stands(10.181)
    assert not Grant(NOW, asked=10.0, confirmed=10.5).stands(10.51)
    assert not Grant(NOW, asked=10.0, confirmed=-inf).stands(10.01)


class SlowDisk(VirtualClock):
    """Every look at it finds 50 ms gone: no commit is prompt."""

    def monotonic(self) -> float:
        self.advance(timedelta(milliseconds=50))
        return super().monotonic()


@pytest.fixture
async def wish(pool: asyncpg.Pool) -> tuple[UUID, UUID, Intent]:
    """Organization, node, and the intent of a contact it has claimed."""
    campaign = await Campaign.create(pool, contacts=1)
    execution_id = await campaign.launch()
    async with pool.acquire() as connection:
        node_id = await node.register(connection, "slow")
        (claimed,) = await target.claim(
            connection, campaign.org_id, node_id, {execution_id: 1}, now=NOW
        )
    numbers = (campaign.did_ids[0], campaign.trunk_id, "+212500000001", claimed.to_number)
    return campaign.org_id, node_id, Intent(uuid4(), execution_id, claimed.contact_id, 1, *numbers)


async def test_a_slow_commit_is_confirmed_before_the_invite(
    pool: asyncpg.Pool, wish: tuple[UUID, UUID, Intent]
) -> None:
    clock = SlowDisk(NOW)
    desk = IntentDesk(pool, clock)
    working = asyncio.create_task(desk.run())
    grant = await desk.ask(*wish)
    working.cancel()
    assert grant is not None
    assert grant.confirmed - grant.asked > 0.09
    assert grant.stands(clock.monotonic())


async def test_what_a_pause_overtook_is_not_confirmed(
    pool: asyncpg.Pool, wish: tuple[UUID, UUID, Intent]
) -> None:
    org_id, node_id, intent = wish
    async with pool.acquire() as connection:
        asked = (connection, org_id, node_id, [intent])
        granted = await target.intend(*asked, now=NOW)
        assert granted == await target.still_intended(*asked, dialed_at=NOW, now=NOW)
        await execution.pause(connection, org_id, intent.execution_id, now=NOW)
        assert await target.still_intended(*asked, dialed_at=NOW, now=NOW) == set()


class LeapingDesk(IntentDesk):
    """The clock leaps once while a statement is under way, as it does for a stopped process."""

    leaps = 1

    async def ask(self, org_id: UUID, node_id: UUID, intent: Intent) -> Grant | None:
        grant = await super().ask(org_id, node_id, intent)
        if self.leaps:
            self.leaps -= 1
            self.clock.advance(timedelta(seconds=20))
        return grant


async def test_an_intent_told_too_late_is_withdrawn(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=1)
    execution_id = await campaign.launch()
    async with Rehearsal(pool) as rehearsal:
        desk = LeapingDesk(pool, rehearsal.clock)
        rehearsal.dialer._desk = rehearsal.dialer._floor.desk = desk
        await rehearsal.until(NOW + HOUR)
    assert len(rehearsal.far_end.rang) == 1
    assert rehearsal.far_end.times[0] >= NOW + timedelta(seconds=21)
    rows = await pool.fetch("SELECT number, result, cause FROM attempt ORDER BY dialed_at")
    assert [tuple(row) for row in rows] == [
        (1, "cancelled", "not_dialed"),
        (1, "completed", "scripted"),
    ]
    assert (await campaign.counters(execution_id)).completed == 1
