from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.errors import Conflict, Invalid, NotFound
from engine.program.auto_pause import AutoPauseRule
from engine.program.execution import Counters, Status
from engine.program.retry import NoRetry
from engine.store import execution
from engine.store.execution import CallRequest
from engine.store.pool import tenant
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign


@pytest.fixture
async def campaign(pool: asyncpg.Pool) -> Campaign:
    return await Campaign.create(pool, contacts=5)


async def test_a_launch_snapshots_the_audience_and_the_program(campaign: Campaign) -> None:
    program_id = await campaign.program(auto_pause_rules=[{"nodeId": "dial", "threshold": 3}])
    execution_id = await campaign.launch(program_id)
    await campaign.add_contacts(2)
    await campaign.pool.execute("UPDATE program SET auto_pause_rules = NULL")
    launched = await campaign.execution(execution_id)
    assert launched.counters == Counters(total=5, pending=5)
    assert launched.status is Status.RUNNING
    assert launched.program_id == program_id
    assert launched.auto_pause_rules[0].threshold == 3
    assert launched.actual_start_at == NOW
    status = await campaign.pool.fetchval("SELECT status FROM program WHERE id = $1", program_id)
    assert status == "active"


async def test_a_launch_leaves_deleted_contacts_out(campaign: Campaign) -> None:
    await campaign.pool.execute(
        "UPDATE contact SET deleted_at = now() WHERE id = $1", campaign.contact_ids[0]
    )
    assert (await campaign.counters(await campaign.launch())).total == 4


async def test_before_its_start_an_execution_is_scheduled(campaign: Campaign) -> None:
    execution_id = await campaign.launch(start_after=timedelta(hours=1))
    launched = await campaign.execution(execution_id)
    assert launched.status is Status.SCHEDULED
    assert launched.actual_start_at is None
    due = await campaign.pool.fetchval("SELECT max(due_at) FROM target")
    assert due == NOW + timedelta(hours=1)


async def test_launch_errors_bear_the_names_of_the_contract(campaign: Campaign) -> None:
    with pytest.raises(NotFound) as missing:
        await campaign.launch(uuid4())
    assert missing.value.code == "ProgramNotFoundError"
    with pytest.raises(Invalid) as without_numbers:
        await campaign.launch(did_ids=[])
    assert without_numbers.value.code == "EmptyDidPoolError"
    program_id = await campaign.program()
    await campaign.launch(program_id)
    with pytest.raises(Conflict) as running:
        await campaign.launch(program_id)
    assert running.value.code == "ExecutionAlreadyRunningError"
    await campaign.pool.execute("DELETE FROM audience_contact")
    with pytest.raises(Invalid) as empty:
        await campaign.launch()
    assert empty.value.code == "AudienceEmptyError"
    assert await campaign.pool.fetchval("SELECT count(*) FROM execution") == 1


async def test_a_live_program_calls_each_contact_at_its_date(campaign: Campaign) -> None:
    first, second, past, *_ = campaign.contact_ids
    for contact_id, date in ((first, "2025-06-10"), (second, "2025-06-02"), (past, "2025-06-01")):
        await campaign.pool.execute(
            "UPDATE contact SET custom_attributes = $2 WHERE id = $1", contact_id, {"due": date}
        )
    execution_id = await campaign.launch(
        trigger_condition={"attributeName": "due", "offsetMinutes": 600}
    )
    rows = await campaign.pool.fetch("SELECT contact_id, due_at FROM target")
    ten_in_casablanca = NOW.replace(day=10)  # 10:00 at UTC+1
    assert {row["contact_id"]: row["due_at"] for row in rows} == {
        first: ten_in_casablanca,
        second: NOW,
    }
    assert (await campaign.counters(execution_id)).total == 2


async def test_the_members_of_a_live_audience_are_handed_in(campaign: Campaign) -> None:
    program_id = await campaign.program()
    async with tenant(campaign.pool, campaign.org_id) as connection:
        execution_id = await execution.launch(
            connection,
            campaign.org_id,
            program_id,
            now=NOW,
            contact_ids=[*campaign.contact_ids[:2], campaign.contact_ids[0], uuid4()],
        )
    assert (await campaign.counters(execution_id)).total == 2


async def test_pause_resume_and_cancel_walk_the_states(campaign: Campaign) -> None:
    execution_id = await campaign.launch()
    async with tenant(campaign.pool, campaign.org_id) as connection:
        paused = await execution.pause(connection, campaign.org_id, execution_id, now=NOW)
        assert (paused.status, paused.pause_reason) == (Status.PAUSED, "requested")
        rules = [AutoPauseRule(nodeId="dial", threshold=9)]
        resumed = await execution.resume(
            connection, campaign.org_id, execution_id, now=NOW, auto_pause_rules=rules
        )
        assert (resumed.status, resumed.pause_reason) == (Status.RUNNING, None)
        assert resumed.auto_pause_rules == tuple(rules)
        cancelled = await execution.cancel(connection, campaign.org_id, execution_id, now=NOW)
    assert cancelled.status is Status.CANCELLED
    assert cancelled.counters == Counters(total=5, skipped=5)
    assert cancelled.actual_end_at == NOW
    assert await campaign.counters(execution_id) == cancelled.counters


async def test_an_illegal_transition_names_both(campaign: Campaign) -> None:
    execution_id = await campaign.launch(start_after=timedelta(hours=1))
    async with campaign.pool.acquire() as connection:
        with pytest.raises(Conflict, match="scheduled cannot pause"):
            await execution.pause(connection, campaign.org_id, execution_id, now=NOW)
        with pytest.raises(NotFound):
            await execution.pause(connection, uuid4(), execution_id, now=NOW)


async def test_a_large_cancel_is_swept_in_pieces(campaign: Campaign) -> None:
    execution_id = await campaign.launch()
    await campaign.pool.execute("UPDATE execution SET status = 'cancelled', swept = false")
    async with campaign.pool.acquire() as connection:

        async def sweep() -> bool:
            return await execution.sweep(
                connection, campaign.org_id, execution_id, now=NOW, limit=2
            )

        assert [await sweep() for _ in range(4)] == [False, False, True, True]
    assert (await campaign.counters(execution_id)).skipped == 5


async def test_lists_hold_a_page_and_the_number_of_all(campaign: Campaign) -> None:
    program_id = await campaign.program()
    first = await campaign.launch(program_id)
    async with campaign.pool.acquire() as connection:
        await execution.cancel(connection, campaign.org_id, first, now=NOW)
        second = await campaign.launch(program_id)
        third = await campaign.launch()
        page, total = await execution.active(
            connection, campaign.org_id, limit=1, sort_by="created_at", descending=False
        )
        assert (len(page), total) == (1, 2)
        of_program, total = await execution.of_program(connection, campaign.org_id, program_id)
        assert {one.id for one in of_program} == {first, second}
        assert third not in {one.id for one in of_program}
        with pytest.raises(ValueError, match="cannot be sorted"):
            await execution.active(connection, campaign.org_id, sort_by="1; DROP TABLE target")


async def test_a_call_request_is_an_execution_of_one(campaign: Campaign) -> None:
    def request(contact_id: UUID) -> CallRequest:
        return CallRequest(campaign.did_ids[0], contact_id, campaign.flow_id, NoRetry(type="none"))

    async with tenant(campaign.pool, campaign.org_id) as connection:
        job_id = await execution.request_call(
            connection, campaign.org_id, request(campaign.contact_ids[0]), now=NOW
        )
        assert (await execution.active(connection, campaign.org_id)) == ([], 0)
        with pytest.raises(NotFound) as missing:
            await execution.request_call(connection, campaign.org_id, request(uuid4()), now=NOW)
    assert missing.value.code == "ContactNotFoundError"
    requested = await campaign.execution(job_id)
    assert (requested.kind, requested.status) == ("request", Status.RUNNING)
    assert await campaign.counters(job_id) == Counters(total=1, pending=1)
