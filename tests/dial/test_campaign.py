"""Whole campaigns on a virtual clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg

from engine.dial import Intend
from engine.program.attempt import Attempt
from engine.program.execution import Counters, Status
from engine.program.outcome import Result
from engine.program.report import CallReport
from engine.program.retry import RetryStrategies
from engine.store import execution
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign
from tests.dial.rehearsal import FAST, Rehearsal, always, report

HOUR = timedelta(hours=1)
TWICE = {"type": "fixed_delay", "delayMinutes": 60, "maxRetries": 2}


def by_number(attempt: Attempt) -> Result:
    """The last digit of the number is the fate of the contact."""
    match int(attempt.to_number[-1]):
        case 0:
            return Result.BUSY if attempt.number < 3 else Result.COMPLETED
        case 1:
            return Result.NO_ANSWER
        case 2:
            return Result.VOICEMAIL
        case 3:
            return Result.ANSWERED
        case _:
            return Result.COMPLETED


async def test_every_contact_is_called_retried_and_accounted_for(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=300, dids=3)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    async with Rehearsal(pool, by_number) as rehearsal:
        await rehearsal.until(NOW + 3 * HOUR)
    ended = await campaign.execution(execution_id)
    assert ended.status is Status.COMPLETED
    assert ended.actual_end_at == NOW + 2 * HOUR
    assert await campaign.counters(execution_id) == Counters(total=300, completed=270, failed=30)
    assert Counter(rehearsal.far_end.per_contact().values()) == {1: 240, 3: 60}
    assert Counter(rehearsal.far_end.times) == {NOW: 300, NOW + HOUR: 60, NOW + 2 * HOUR: 60}
    numbers = Counter(attempt.did.id for _, attempt in rehearsal.far_end.rang)
    assert set(numbers) == set(campaign.did_ids)
    assert max(numbers.values()) - min(numbers.values()) <= 1


async def test_no_call_starts_inside_a_pause_window(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=20)  # 10:00 in Casablanca
    window = {"startAt": {"hour": 10, "minute": 30}, "endAt": {"hour": 14, "minute": 0}}
    execution_id = await campaign.launch(
        retry_strategy=TWICE, pause_windows={"monday": [window]}, start_after=-HOUR
    )
    async with Rehearsal(pool, always(Result.BUSY)) as rehearsal:
        await rehearsal.until(NOW + 9 * HOUR)
    two_in_casablanca = NOW + 4 * HOUR
    assert Counter(rehearsal.far_end.times) == {
        NOW: 20,
        two_in_casablanca: 20,
        two_in_casablanca + HOUR: 20,
    }
    assert (await campaign.counters(execution_id)).failed == 20


async def test_every_contact_is_called_within_hours_of_its_own_wall(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=30)  # 10:00 in Casablanca
    in_new_york, satellites = campaign.contact_ids[:10], campaign.contact_ids[10:15]
    for ids, prefix in ((in_new_york, "+1212555"), (satellites, "+8816123456")):
        await pool.execute(
            "UPDATE contact SET primary_phone = $2 || right(primary_phone, 12 - length($2)) "
            "WHERE id = ANY ($1)",
            ids,
            prefix,
        )
    mornings = [{"startAt": {"hour": 9, "minute": 0}, "endAt": {"hour": 12, "minute": 0}}]
    execution_id = await campaign.launch(
        retry_strategy={"type": "fixed_delay", "delayMinutes": 150, "maxRetries": 1},
        calling_hours={
            "monday": mornings,
            "tuesday": mornings,
            "withoutCommonHour": "skip",
        },
    )
    async with Rehearsal(pool, always(Result.BUSY)) as rehearsal:
        await rehearsal.until(NOW + 48 * HOUR)
    rang = Counter(
        (at - NOW, attempt.to_number.startswith("+1")) for at, attempt in rehearsal.far_end.rang
    )
    assert rang == {
        (0 * HOUR, False): 15,
        (23 * HOUR, False): 15,
        (4 * HOUR, True): 10,
        (6.5 * HOUR, True): 10,
    }
    assert await campaign.counters(execution_id) == Counters(total=30, failed=25, skipped=5)
    causes = await pool.fetch("SELECT DISTINCT cause FROM target WHERE verdict = 'skipped'")
    assert [row["cause"] for row in causes] == ["no_calling_hours"]


async def test_an_execution_starts_and_stops_by_its_schedule(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=10)
    execution_id = await campaign.launch(
        retry_strategy=TWICE, start_after=HOUR, stop_after=2.5 * HOUR
    )
    async with Rehearsal(pool, always(Result.NO_ANSWER)) as rehearsal:
        await rehearsal.until(NOW + 6 * HOUR)
    assert Counter(rehearsal.far_end.times) == {NOW + HOUR: 10, NOW + 2 * HOUR: 10}
    ended = await campaign.execution(execution_id)
    assert (ended.status, ended.actual_end_at) == (Status.STOPPED, NOW + 2.5 * HOUR)
    assert await campaign.counters(execution_id) == Counters(total=10, skipped=10)


async def test_scheduled_retries_serve_only_those_already_attempted(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=10, did={"daily_cap": 3})
    dates = [(NOW + HOUR).isoformat(), (NOW + 30 * HOUR).isoformat()]
    execution_id = await campaign.launch(retry_strategy={"type": "scheduled", "retryDates": dates})
    async with Rehearsal(pool, always(Result.BUSY)) as rehearsal:
        await rehearsal.until(NOW + timedelta(days=9))
    assert Counter(rehearsal.far_end.per_contact().values()).keys() <= {1, 2, 3}
    assert max(Counter(at.date() for at in rehearsal.far_end.times).values()) <= 6
    assert (await campaign.counters(execution_id)).failed == 10


async def test_a_trunks_calls_a_second_pace_the_dialing(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=60, calls_per_second=10.0)
    await campaign.launch()
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + HOUR)
    times = rehearsal.far_end.times
    assert len(times) == 60
    for start in times:
        assert sum(start <= at < start + timedelta(seconds=1) for at in times) <= 11
    assert timedelta(seconds=5) < max(times) - NOW < timedelta(seconds=7)


async def test_channels_and_plans_bound_the_calls_at_once(pool: asyncpg.Pool) -> None:
    free = await Campaign.create(pool, contacts=40, plan="free", slug="free")  # five at once
    narrow = await Campaign.create(pool, contacts=40, channels=7, slug="narrow")
    single = await Campaign.create(
        pool, contacts=40, dids=3, did={"max_concurrent": 1}, slug="single"
    )
    executions = [(one, await one.launch()) for one in (free, narrow, single)]
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + HOUR)
    for campaign, execution_id in executions:
        assert (await campaign.counters(execution_id)).completed == 40
    assert rehearsal.far_end.most_live <= 5 + 7 + 3


async def test_a_small_execution_gets_its_share_beside_a_large_one(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=200, channels=10, calls_per_second=10.0)
    large = await campaign.launch()
    await pool.execute(
        "DELETE FROM audience_contact WHERE contact_id <> ALL ($1)", campaign.contact_ids[:10]
    )
    small = await campaign.launch()
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW + HOUR)
    order = [attempt.execution_id for _, attempt in rehearsal.far_end.rang]
    assert Counter(order) == {large: 200, small: 10}
    assert order[:20].count(small) >= 9


async def test_a_deleted_contact_is_skipped_not_called(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=5)
    execution_id = await campaign.launch()
    await pool.execute(
        "UPDATE contact SET deleted_at = now() WHERE id = $1", campaign.contact_ids[0]
    )
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW)
    assert await campaign.counters(execution_id) == Counters(total=5, completed=4, skipped=1)
    assert campaign.contact_ids[0] not in rehearsal.far_end.per_contact()


async def test_a_rule_pauses_and_a_resume_goes_on(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=100, channels=1)
    execution_id = await campaign.launch(
        auto_pause_rules=[{"nodeId": "dial", "threshold": 10, "resetOnResume": True}]
    )
    async with Rehearsal(pool) as rehearsal:
        for rung in (10, 20):
            await rehearsal.until(NOW + HOUR)
            paused = await campaign.execution(execution_id)
            assert (paused.status, paused.pause_reason) == (Status.PAUSED, "auto:dial")
            # Some calls begin while the outcome that trips the rule is being written.
            assert rung <= len(rehearsal.far_end.rang) < 100
            async with pool.acquire() as connection:
                await execution.resume(connection, campaign.org_id, execution_id, now=NOW)
            await rehearsal.until_rung(len(rehearsal.far_end.rang) + 1)


async def test_a_call_request_takes_the_same_way(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=2)
    request = execution.CallRequest(
        campaign.did_ids[1],
        campaign.contact_ids[0],
        campaign.flow_id,
        RetryStrategies.validate_python(TWICE),
    )
    async with pool.acquire() as connection:
        job_id = await execution.request_call(connection, campaign.org_id, request, now=NOW)
    async with Rehearsal(pool, always(Result.BUSY)) as rehearsal:
        await rehearsal.until(NOW + 5 * HOUR)
    assert rehearsal.far_end.times == [NOW, NOW + HOUR, NOW + 2 * HOUR]
    assert {attempt.did.id for _, attempt in rehearsal.far_end.rang} == {campaign.did_ids[1]}
    assert (await campaign.execution(job_id)).status is Status.COMPLETED


async def test_a_flow_that_never_dials_fails_its_contacts_once(pool: asyncpg.Pool) -> None:
    async def place(_attempt: Attempt, _intend: Intend) -> CallReport:
        return report(Result.FAILED, "flow_error")

    campaign = await Campaign.create(pool, contacts=4)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    async with Rehearsal(pool, settings=FAST) as rehearsal:
        rehearsal.dialer._floor.place = place
        await rehearsal.until(NOW + HOUR)
    assert await campaign.counters(execution_id) == Counters(total=4, failed=4)


async def test_a_bug_in_a_call_costs_that_call_alone(pool: asyncpg.Pool) -> None:
    def script(attempt: Attempt) -> Result:
        if attempt.number == 1:
            raise RuntimeError("a bug")
        return Result.COMPLETED

    campaign = await Campaign.create(pool, contacts=1)
    execution_id = await campaign.launch(retry_strategy=TWICE)
    async with Rehearsal(pool, script) as rehearsal:
        await rehearsal.until(NOW + 2 * HOUR)
    assert (await campaign.counters(execution_id)).completed == 1
    causes = await pool.fetch("SELECT DISTINCT cause FROM attempt WHERE number = 1")
    assert [row["cause"] for row in causes] == ["engine_error"]


async def test_a_broken_flow_pauses_its_execution(pool: asyncpg.Pool) -> None:
    campaign = await Campaign.create(pool, contacts=2, graph={"startNodeId": "x", "nodes": []})
    execution_id = await campaign.launch()
    async with Rehearsal(pool) as rehearsal:
        await rehearsal.until(NOW)
    paused = await campaign.execution(execution_id)
    assert (paused.status, paused.pause_reason) == (Status.PAUSED, "flow_invalid")


async def test_daylight_saving_moves_the_day_with_the_wall(pool: asyncpg.Pool) -> None:
    before_the_change = datetime(2025, 3, 29, 12, tzinfo=UTC)
    campaign = await Campaign.create(pool, contacts=3, timezone="Europe/Paris")
    campaign.now = before_the_change
    night = {"startAt": {"hour": 13, "minute": 0}, "endAt": {"hour": 9, "minute": 0}}
    await campaign.launch(pause_windows={"saturday": [night]})
    async with Rehearsal(pool) as rehearsal:
        rehearsal.clock.current = before_the_change
        await rehearsal.until(before_the_change + 24 * HOUR)
    assert set(rehearsal.far_end.times) == {datetime(2025, 3, 30, 7, tzinfo=UTC)}
