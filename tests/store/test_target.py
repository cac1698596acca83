from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.errors import Conflict
from engine.program.execution import Counters, Status, Verdict
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.program.retry import Done, RetryAt
from engine.store import attempt, execution, node, outcome, snapshot, target
from engine.store.outcome import Finished
from engine.store.pool import tenant
from engine.store.target import Claimed, Intent, Release
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign

LATER = NOW + timedelta(hours=1)


class Dialing:
    """One engine node at work on one campaign, a statement at a time."""

    def __init__(self, campaign: Campaign, connection: asyncpg.Connection, node_id: UUID) -> None:
        self.campaign, self.connection, self.node_id = campaign, connection, node_id

    @classmethod
    async def start(cls, campaign: Campaign, connection: asyncpg.Connection) -> Dialing:
        return cls(campaign, connection, await node.register(connection, "test"))

    async def claim(self, count: int, *executions: UUID, now: datetime = NOW) -> list[Claimed]:
        return await target.claim(
            self.connection,
            self.campaign.org_id,
            self.node_id,
            dict.fromkeys(executions, count),
            now=now,
        )

    def intent(self, claimed: Claimed) -> Intent:
        return Intent(
            attempt_id=uuid4(),
            execution_id=claimed.execution_id,
            contact_id=claimed.contact_id,
            number=claimed.attempts + 1,
            did_id=self.campaign.did_ids[0],
            trunk_id=self.campaign.trunk_id,
            from_number="+212500000001",
            to_number=claimed.to_number,
        )

    async def intend(self, *intents: Intent, now: datetime = NOW) -> set[UUID]:
        return await target.intend(
            self.connection, self.campaign.org_id, self.node_id, intents, now=now
        )

    def finished(
        self,
        intent: Intent,
        result: Result,
        decision: Done | RetryAt,
        *,
        dialed_at: datetime = NOW,
        nodes: dict[str, int] | None = None,
    ) -> Finished:
        ended = Outcome(result, Cause("any", Fault.CALLEE), Milestones(ended_at=NOW))
        return Finished(
            org_id=self.campaign.org_id,
            execution_id=intent.execution_id,
            contact_id=intent.contact_id,
            node_id=self.node_id,
            attempt_id=intent.attempt_id,
            number=intent.number,
            dialed_at=dialed_at,
            report=CallReport(ended, node_counts=nodes),
            decision=decision,
            flow_id=self.campaign.flow_id,
            flow_version=1,
        )

    async def finish(self, *batch: Finished) -> None:
        await outcome.finish(self.connection, self.campaign.org_id, batch, now=NOW)

    async def release(self, *claimed: Claimed, cause: str | None = None) -> None:
        releases = [Release(one.execution_id, one.contact_id, cause) for one in claimed]
        await target.release(self.connection, self.campaign.org_id, self.node_id, releases, now=NOW)


@pytest.fixture
async def campaign(pool: asyncpg.Pool) -> Campaign:
    return await Campaign.create(pool, contacts=6)


@pytest.fixture
async def dialing(campaign: Campaign) -> Dialing:
    async with campaign.pool.acquire() as connection:
        yield await Dialing.start(campaign, connection)


COMPLETED = Done(Verdict.COMPLETED)
FAILED = Done(Verdict.FAILED)
RETRY = RetryAt(LATER)


async def test_a_contact_walks_from_due_to_done(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    claimed = await dialing.claim(4, execution_id)
    assert await campaign.counters(execution_id) == Counters(total=6, pending=2, in_progress=4)
    assert claimed[0].contact["firstName"].startswith("Contact")
    intents = [dialing.intent(one) for one in claimed]
    assert await dialing.intend(*intents) == {one.attempt_id for one in intents}
    await dialing.finish(
        dialing.finished(intents[0], Result.COMPLETED, COMPLETED, nodes={"dial": 1, "goodbye": 1}),
        dialing.finished(intents[1], Result.BUSY, FAILED),
        dialing.finished(intents[2], Result.BUSY, RETRY),
        dialing.finished(intents[3], Result.CANCELLED, Done(Verdict.SKIPPED)),
    )
    assert await campaign.counters(execution_id) == Counters(
        total=6, pending=3, completed=1, failed=1, skipped=1
    )
    assert len(await dialing.claim(9, execution_id)) == 2
    assert await target.next_due(dialing.connection, campaign.org_id, [execution_id]) == {
        execution_id: LATER
    }
    (again,) = await dialing.claim(9, execution_id, now=LATER)
    assert (again.contact_id, again.attempts) == (claimed[2].contact_id, 1)
    assert again.results == (Result.BUSY,)
    trace = await campaign.pool.fetchrow(
        "SELECT * FROM call_trace WHERE call_id = $1", intents[0].attempt_id
    )
    assert trace["node_counts"] == {"dial": 1, "goodbye": 1}


async def test_the_last_outcome_completes_the_execution(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch()
    claimed = await dialing.claim(6, execution_id)
    await dialing.release(claimed.pop(), cause="contact_deleted")
    intents = [dialing.intent(one) for one in claimed]
    await dialing.intend(*intents)
    batch = [dialing.finished(one, Result.COMPLETED, COMPLETED) for one in intents]
    await dialing.finish(*batch[:4])
    assert (await campaign.execution(execution_id)).status is Status.RUNNING
    await dialing.finish(batch[4])
    ended = await campaign.execution(execution_id)
    assert (ended.status, ended.actual_end_at) == (Status.COMPLETED, NOW)
    assert await campaign.counters(execution_id) == Counters(total=6, completed=5, skipped=1)


async def test_an_outcome_sent_twice_counts_once(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    intent = dialing.intent((await dialing.claim(1, execution_id))[0])
    await dialing.intend(intent)
    finished = dialing.finished(intent, Result.COMPLETED, COMPLETED, nodes={"dial": 1})
    await dialing.finish(finished)
    await dialing.finish(finished)
    assert (await campaign.counters(execution_id)).completed == 1
    assert await campaign.pool.fetchval("SELECT entered FROM execution_node") == 1


async def test_no_intent_is_granted_twice_or_to_a_stranger(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch()
    (claimed,) = await dialing.claim(1, execution_id)
    stranger = await Dialing.start(campaign, dialing.connection)
    assert await stranger.intend(stranger.intent(claimed)) == set()
    assert await dialing.intend(replace(dialing.intent(claimed), number=2)) == set()
    assert len(await dialing.intend(dialing.intent(claimed))) == 1
    assert await dialing.intend(dialing.intent(claimed)) == set()
    assert await campaign.pool.fetchval("SELECT count(*) FROM attempt") == 1


async def test_a_node_taken_for_dead_claims_and_dials_no_more(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch()
    (claimed,) = await dialing.claim(1, execution_id)
    await node.stop(dialing.connection, dialing.node_id)
    assert await dialing.intend(dialing.intent(claimed)) == set()
    assert await dialing.claim(1, execution_id) == []


async def test_no_intent_is_granted_after_a_pause_or_past_the_stop(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch(stop_after=timedelta(hours=1))
    claimed = await dialing.claim(3, execution_id)
    assert await dialing.intend(dialing.intent(claimed[0]), now=LATER) == set()
    await execution.pause(dialing.connection, campaign.org_id, execution_id, now=NOW)
    assert await dialing.intend(dialing.intent(claimed[0])) == set()
    assert await dialing.claim(3, execution_id) == []
    await execution.resume(dialing.connection, campaign.org_id, execution_id, now=NOW)
    assert len(await dialing.intend(dialing.intent(claimed[0]))) == 1


async def test_a_pause_waits_for_intents_under_way_and_stops_those_behind_it(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch()
    first, second = await dialing.claim(2, execution_id)
    async with campaign.pool.acquire() as other:
        async with dialing.connection.transaction():
            assert len(await dialing.intend(dialing.intent(first))) == 1
            pausing = asyncio.create_task(
                execution.pause(other, campaign.org_id, execution_id, now=NOW)
            )
            while not await dialing.connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            ):
                await asyncio.sleep(0.001)
            assert not pausing.done()
        await pausing
        await execution.resume(other, campaign.org_id, execution_id, now=NOW)
        async with other.transaction():
            await execution.pause(other, campaign.org_id, execution_id, now=NOW)
            late = asyncio.create_task(dialing.intend(dialing.intent(second)))
            while not await other.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            ):
                await asyncio.sleep(0.001)
        assert await late == set()


async def test_counters_do_not_hold_an_intent_up(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    (claimed,) = await dialing.claim(1, execution_id)
    async with campaign.pool.acquire() as other, other.transaction():
        busy = Dialing(campaign, other, dialing.node_id)
        await busy.claim(2, execution_id)
        assert len(await dialing.intend(dialing.intent(claimed))) == 1


async def test_what_returns_to_a_cancelled_execution_is_skipped(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch()
    claimed = await dialing.claim(3, execution_id)
    live, retried = dialing.intent(claimed[0]), dialing.intent(claimed[1])
    await dialing.intend(live, retried)
    await execution.cancel(dialing.connection, campaign.org_id, execution_id, now=NOW)
    assert await campaign.counters(execution_id) == Counters(total=6, in_progress=3, skipped=3)
    await dialing.release(claimed[2])
    await dialing.finish(
        dialing.finished(live, Result.COMPLETED, COMPLETED),
        dialing.finished(retried, Result.BUSY, RETRY),
    )
    assert await campaign.counters(execution_id) == Counters(total=6, completed=1, skipped=5)
    assert (await campaign.execution(execution_id)).status is Status.CANCELLED


async def test_a_withdrawn_intent_uses_no_budget(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    intent = dialing.intent((await dialing.claim(1, execution_id))[0])
    await dialing.intend(intent)
    unmade = dialing.finished(intent, Result.CANCELLED, RetryAt(NOW))
    await dialing.finish(replace(unmade, withdrawn=True))
    row = await campaign.pool.fetchrow(
        "SELECT state, attempts, results FROM target WHERE contact_id = $1", intent.contact_id
    )
    assert tuple(row) == ("pending", 0, [])
    assert await campaign.pool.fetchval("SELECT result FROM attempt") == "cancelled"
    assert await campaign.counters(execution_id) == Counters(total=6, pending=6)


class TestInterrupted:
    """A node is taken for dead while its call lives."""

    @pytest.fixture
    async def intent(self, campaign: Campaign, dialing: Dialing) -> Intent:
        execution_id = await campaign.launch()
        intent = dialing.intent((await dialing.claim(1, execution_id))[0])
        await dialing.intend(intent)
        return intent

    @pytest.mark.parametrize("decision", [RETRY, FAILED])
    async def test_a_late_outcome_replaces_it_and_withdraws_the_retry(
        self, campaign: Campaign, dialing: Dialing, intent: Intent, decision: Done | RetryAt
    ) -> None:
        await dialing.finish(dialing.finished(intent, Result.INTERRUPTED, decision))
        await dialing.finish(dialing.finished(intent, Result.COMPLETED, COMPLETED))
        assert await campaign.counters(intent.execution_id) == Counters(
            total=6, pending=5, completed=1
        )
        assert await dialing.claim(1, intent.execution_id, now=LATER)
        assert await campaign.pool.fetchval("SELECT result FROM attempt") == "completed"
        results = await campaign.pool.fetchval(
            "SELECT results FROM target WHERE contact_id = $1", intent.contact_id
        )
        assert results == ["completed"]

    async def test_it_takes_even_a_leased_retry_back(
        self, campaign: Campaign, dialing: Dialing, intent: Intent
    ) -> None:
        await dialing.finish(dialing.finished(intent, Result.INTERRUPTED, RetryAt(NOW)))
        other = await Dialing.start(campaign, dialing.connection)
        claimed = await other.claim(6, intent.execution_id)
        (again,) = [one for one in claimed if one.contact_id == intent.contact_id]
        await dialing.finish(dialing.finished(intent, Result.COMPLETED, COMPLETED))
        assert await other.intend(other.intent(again)) == set()
        await other.release(*claimed)
        assert await campaign.counters(intent.execution_id) == Counters(
            total=6, pending=5, completed=1
        )

    async def test_but_not_one_whose_intent_is_committed(
        self, campaign: Campaign, dialing: Dialing, intent: Intent
    ) -> None:
        await dialing.finish(dialing.finished(intent, Result.INTERRUPTED, RetryAt(NOW)))
        other = await Dialing.start(campaign, dialing.connection)
        claimed = await other.claim(6, intent.execution_id)
        (again,) = [one for one in claimed if one.contact_id == intent.contact_id]
        second = other.intent(again)
        await other.intend(second)
        await dialing.finish(dialing.finished(intent, Result.COMPLETED, COMPLETED))
        assert (await campaign.counters(intent.execution_id)).in_progress == 6
        await other.finish(other.finished(second, Result.BUSY, FAILED))
        assert (await campaign.counters(intent.execution_id)).failed == 1
        results = await campaign.pool.fetch("SELECT result FROM attempt ORDER BY number")
        assert [row["result"] for row in results] == ["completed", "busy"]


async def test_a_rule_pauses_in_the_transaction_that_reaches_it(
    campaign: Campaign, dialing: Dialing
) -> None:
    execution_id = await campaign.launch(auto_pause_rules=[{"nodeId": "dial", "threshold": 2}])
    intents = [dialing.intent(one) for one in await dialing.claim(3, execution_id)]
    await dialing.intend(*intents)
    batch = [dialing.finished(one, Result.BUSY, FAILED, nodes={"dial": 1}) for one in intents]
    await dialing.finish(batch[0])
    assert (await campaign.execution(execution_id)).status is Status.RUNNING
    await dialing.finish(*batch[1:])
    paused = await campaign.execution(execution_id)
    assert (paused.status, paused.pause_reason) == (Status.PAUSED, "auto:dial")


async def test_executions_start_and_stop_with_time(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch(
        start_after=timedelta(hours=1), stop_after=timedelta(hours=2)
    )
    (waiting,) = await snapshot.runnable(dialing.connection)
    assert waiting.status is Status.SCHEDULED
    await snapshot.move_with_time(dialing.connection, LATER)
    (running,) = await snapshot.runnable(dialing.connection)
    assert (running.status, running.timezone) == (Status.RUNNING, "Africa/Casablanca")
    await snapshot.move_with_time(dialing.connection, LATER + timedelta(hours=1))
    assert await snapshot.runnable(dialing.connection) == []
    assert await snapshot.unswept(dialing.connection) == [(campaign.org_id, execution_id)]
    assert await execution.sweep(dialing.connection, campaign.org_id, execution_id, now=LATER)
    assert await campaign.counters(execution_id) == Counters(total=6, skipped=6)


async def test_small_executions_are_not_starved(campaign: Campaign, dialing: Dialing) -> None:
    first = await campaign.launch()
    second = await campaign.launch()
    claimed = await dialing.claim(2, first, second)
    assert sorted(one.execution_id for one in claimed) == sorted([first, second] * 2)


async def test_a_node_lives_by_its_renewals(campaign: Campaign, dialing: Dialing) -> None:
    connection, lease = dialing.connection, timedelta(seconds=15)
    alive = await node.register(connection, "alive")
    await campaign.pool.execute(
        "UPDATE engine_node SET renewed_at = now() - interval '16 s' WHERE id = $1",
        dialing.node_id,
    )
    assert await node.bury(connection, lease, grace=timedelta(days=1)) == []
    assert await node.bury(connection, lease, grace=timedelta(0)) == [dialing.node_id]
    assert await node.renew(connection, dialing.node_id) is False
    assert await node.renew(connection, alive) is True
    await campaign.launch()
    await campaign.pool.execute("UPDATE target SET state = 'leased', node_id = $1", dialing.node_id)
    assert await node.dead_with_leases(connection) == [dialing.node_id]
    await campaign.pool.execute("UPDATE engine_node SET stopped_at = now() - interval '2 days'")
    await node.forget(connection)
    assert await campaign.pool.fetchval("SELECT id FROM engine_node") == dialing.node_id


async def test_attempts_go_to_the_partition_of_their_month(
    campaign: Campaign, dialing: Dialing
) -> None:
    for _ in range(2):
        await attempt.make_partitions(dialing.connection, NOW.replace(month=12))
    intent = dialing.intent((await dialing.claim(1, await campaign.launch()))[0])
    await dialing.intend(intent, now=NOW.replace(month=12))
    assert await campaign.pool.fetchval("SELECT count(*) FROM attempt_2025_12") == 1
    assert await campaign.pool.fetchval("SELECT count(*) FROM attempt_2026_01") == 0
    assert await attempt.dialed_since(
        dialing.connection, campaign.org_id, campaign.did_ids, NOW
    ) == {campaign.did_ids[0]: 1}
    async with tenant(campaign.pool, campaign.org_id) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM attempt_2025_12")


class History:
    """Random statements of several nodes, in random order."""

    RESULTS = (Result.COMPLETED, Result.BUSY, Result.INTERRUPTED)
    DECISIONS = (COMPLETED, FAILED, RetryAt(NOW), Done(Verdict.SKIPPED))

    def __init__(self, chance: Random, nodes: list[Dialing], execution_id: UUID) -> None:
        self.chance, self.nodes, self.execution_id = chance, nodes, execution_id
        self.leased: list[tuple[Dialing, Claimed]] = []
        self.dialed: list[tuple[Dialing, Intent]] = []

    async def step(self) -> None:
        steps = [self.claim, self.intend, self.finish] * 2 + [self.release, self.transit]
        await self.chance.choice(steps)()

    async def claim(self) -> None:
        who = self.chance.choice(self.nodes)
        self.leased += [(who, one) for one in await who.claim(2, self.execution_id)]

    async def intend(self) -> None:
        if self.leased:
            who, claimed = self.chance.choice(self.leased)
            intent = who.intent(claimed)
            if await who.intend(intent):
                self.dialed.append((who, intent))

    async def finish(self) -> None:
        if self.dialed:
            who, intent = self.chance.choice(self.dialed)
            result = self.chance.choice(self.RESULTS)
            done = who.finished(intent, result, self.chance.choice(self.DECISIONS))
            await who.finish(replace(done, withdrawn=self.chance.random() < 0.2))

    async def release(self) -> None:
        if self.leased:
            who, claimed = self.chance.choice(self.leased)
            await who.release(claimed)

    async def transit(self) -> None:
        who = self.nodes[0]
        move = self.chance.choice([execution.pause, execution.resume, execution.resume])
        with suppress(Conflict):
            await move(who.connection, who.campaign.org_id, self.execution_id, now=NOW)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_sum_holds_at_every_step_of_random_histories(
    campaign: Campaign, dialing: Dialing, seed: int
) -> None:
    execution_id = await campaign.launch()
    nodes = [dialing, await Dialing.start(campaign, dialing.connection)]
    history = History(Random(seed), nodes, execution_id)
    for number in range(120):
        await history.step()
        assert (await campaign.counters(execution_id)).total == 6
        if number == 100:
            with suppress(Conflict):
                await execution.cancel(dialing.connection, campaign.org_id, execution_id, now=NOW)
