"""What people asked for, kept by whole campaigns on a virtual clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import asyncpg

from engine.clock import VirtualClock
from engine.dial import Intend
from engine.dial.intents import IntentDesk
from engine.program.attempt import Attempt
from engine.program.execution import Counters
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.store import node, target
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign
from tests.dial.rehearsal import FarEnd, Rehearsal, always, report

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TWICE = {"type": "fixed_delay", "delayMinutes": 60, "maxRetries": 2}


async def bar(campaign: Campaign, contact_id: UUID, program_id: UUID | None = None) -> None:
    await campaign.pool.execute(
        "INSERT INTO do_not_call (org_id, number, program_id) "
        "SELECT org_id, primary_phone, $2 FROM contact WHERE id = $1",
        contact_id,
        program_id,
    )


async def test_the_do_not_call_list_is_kept_by_all_programs_or_by_one(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=10)
    program_id, other = await campaign.program(), await campaign.program()
    await bar(campaign, campaign.contact_ids[0])
    await bar(campaign, campaign.contact_ids[1], program_id)
    await bar(campaign, campaign.contact_ids[2], other)
    execution_id = await campaign.launch(program_id)
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + HOUR)
    assert set(rehearsal.far_end.per_contact()) == set(campaign.contact_ids[2:])
    assert await campaign.counters(execution_id) == Counters(total=10, completed=8, skipped=2)


class TalkingFarEnd(FarEnd):
    """Everybody's flow leaves ``callConsent``, by the last digit of the number."""

    said = ("given", "refused", "withdrawn", "withdrawn_from_program", "nonsense", 7)

    async def place(self, attempt: Attempt, intend: Intend) -> CallReport:
        await super().place(attempt, intend)
        ended = Outcome(Result.BUSY, Cause("scripted", Fault.CALLEE), Milestones())
        digit = int(attempt.to_number[-1])
        said = self.said[digit] if digit < len(self.said) else None
        return CallReport(ended, variables={"callConsent": said})


async def test_what_is_said_in_a_call_holds_from_the_next_on(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=9)
    rules = {"refusalSilenceDays": 1}
    first = await campaign.launch(
        retry_strategy={"type": "fixed_delay", "delayMinutes": 60, "maxRetries": 1},
        contact_rules=rules,
    )
    async with Rehearsal(pool) as rehearsal:
        rehearsal.dialer._floor.place = TalkingFarEnd(
            rehearsal.clock, rang=rehearsal.far_end.rang
        ).place
        await rehearsal.until(NOW + 3 * DAY)
        again = await campaign.launch()
        await rehearsal.until(NOW + 4 * DAY)
    digits: dict[int, list[timedelta]] = {}
    for at, attempt in rehearsal.far_end.rang:
        digits.setdefault(int(attempt.to_number[-1]), []).append(at - NOW)
    last = digits[5][-1]
    assert digits[5] == [0 * HOUR, HOUR, last]
    assert digits[1][1] == DAY
    assert digits[2] == [0 * HOUR]
    assert digits[3] == [0 * HOUR, last]
    assert (await campaign.counters(first)).skipped == 2
    assert (await campaign.counters(again)).skipped == 1
    kinds = await pool.fetch(
        "SELECT right(number, 1) AS digit, kind FROM consent WHERE source = 'call' "
        "GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row) for row in kinds] == [
        ("1", "refused"),
        ("2", "withdrawn"),
        ("3", "refused"),
    ]


async def test_a_program_may_call_those_alone_who_consented(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=4)
    said = (("given",), ("given", "withdrawn"), ("withdrawn", "given"), ())
    for contact_id, kinds in zip(campaign.contact_ids, said, strict=True):
        for age, kind in enumerate(reversed(kinds)):
            await pool.execute(
                "INSERT INTO consent (org_id, number, kind, source, said_at) "
                "SELECT org_id, primary_phone, $2, 'form', $3 FROM contact WHERE id = $1",
                contact_id,
                kind,
                NOW - (age + 1) * DAY,
            )
    execution_id = await campaign.launch(contact_rules={"consentRequired": True})
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + HOUR)
    called = {campaign.contact_ids[0], campaign.contact_ids[2]}
    assert set(rehearsal.far_end.per_contact()) == called
    assert (await campaign.counters(execution_id)).skipped == 2


async def test_caps_hold_across_programs(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=5)
    rules = {"frequency": {"maxCalls": 4, "withinDays": 30}, "hoursBetween": 24}
    for _ in range(3):
        await campaign.launch(retry_strategy=TWICE, contact_rules=rules)
    async with Rehearsal(pool, always(Result.BUSY)) as rehearsal:
        await rehearsal.until(NOW + 100 * DAY)
    by_contact: dict[UUID, list[timedelta]] = {}
    for at, attempt in rehearsal.far_end.rang:
        by_contact.setdefault(attempt.contact_id, []).append(at - NOW)
    assert {len(times) for times in by_contact.values()} == {9}
    for times in by_contact.values():
        assert min(later - one for one, later in pairwise(times)) >= DAY
        assert all(later - one >= 30 * DAY for one, later in zip(times, times[4:], strict=False))
        assert times[4] == 30 * DAY


async def test_a_contact_is_never_in_two_calls_at_once(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=20)
    executions = [await campaign.launch() for _ in range(3)]
    hold = asyncio.Event()
    async with Rehearsal(pool, hold=hold) as rehearsal:
        await rehearsal.until_rung(20)
        for _ in range(5):
            rehearsal.clock.advance(timedelta(seconds=30))
            rehearsal.dialer.wake()
            await asyncio.sleep(0.05)
        assert len(rehearsal.far_end.rang) == 20
        assert set(rehearsal.far_end.per_contact().values()) == {1}
        hold.set()
        await rehearsal.until(NOW + HOUR)
    assert Counter(rehearsal.far_end.per_contact().values()) == {3: 20}
    for execution_id in executions:
        assert (await campaign.counters(execution_id)).completed == 20


async def test_what_was_said_outlives_a_trace_that_cannot_be_kept(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=1)
    await campaign.launch()

    async def place(attempt: Attempt, intend: Intend) -> CallReport:
        await intend(attempt)
        told = report(Result.COMPLETED)
        variables = {"callConsent": "withdrawn", "name": "nul \0"}
        return CallReport(told.outcome, variables=variables)

    async with Rehearsal(pool) as rehearsal:
        rehearsal.dialer._floor.place = place
        await rehearsal.until(NOW + HOUR)
    assert await pool.fetchval("SELECT count(*) FROM do_not_call WHERE program_id IS NULL") == 1
    assert await pool.fetchval("SELECT count(*) FROM call_trace") == 0


async def test_two_executions_that_ask_together_are_granted_one_call(pool: asyncpg.Pool) -> None:
    """Both saw the contact free: the database alone tells them apart."""
    campaign = await Campaign.create(pool, contacts=3)
    executions = [await campaign.launch() for _ in range(2)]
    async with pool.acquire() as connection:
        node_id = await node.register(connection, "one")
        claimed = await target.claim(
            connection, campaign.org_id, node_id, dict.fromkeys(executions, 3), now=NOW
        )
    assert len(claimed) == 6
    intents = [
        target.Intent(
            uuid4(),
            one.execution_id,
            one.contact_id,
            1,
            campaign.did_ids[0],
            campaign.trunk_id,
            "+212500000001",
            one.to_number,
        )
        for one in claimed
    ]
    desk = IntentDesk(pool, VirtualClock(NOW))
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(desk.run())
        grants = await asyncio.gather(
            *(desk.ask(campaign.org_id, node_id, intent) for intent in intents)
        )
        worker.cancel()
    granted = [one.contact_id for one, grant in zip(claimed, grants, strict=True) if grant]
    assert sorted(granted) == sorted(campaign.contact_ids)
    assert await pool.fetchval("SELECT count(*) FROM attempt") == 3
