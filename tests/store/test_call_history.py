"""What audience rules know of calls: written by their outcomes, right whatever comes twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from engine.org.audience import NO_CALLS, Group, check_rules, holds
from engine.program.outcome import Result
from engine.store import audience
from engine.store.outcome import Finished
from engine.store.page import Query
from tests.campaign import MONDAY_MORNING as NOW
from tests.campaign import Campaign
from tests.store.test_target import COMPLETED, LATER, RETRY, Dialing


@pytest.fixture
async def campaign(pool: asyncpg.Pool) -> Campaign:
    return await Campaign.create(pool, contacts=3)


@pytest.fixture
async def dialing(campaign: Campaign) -> AsyncIterator[Dialing]:
    async with campaign.pool.acquire() as connection:
        yield await Dialing.start(campaign, connection)


def pressing(finished: Finished, **variables: object) -> Finished:
    return replace(finished, report=replace(finished.report, variables=variables))


async def history(campaign: Campaign) -> list[dict[str, Any]]:
    rows = await campaign.pool.fetch("SELECT * FROM call_history ORDER BY attempts, last_outcome")
    return [
        {name: row[name] for name in ("attempts", "last_outcome", "last_called_at", "pressed")}
        for row in rows
    ]


async def matching(campaign: Campaign, field: str, operator: str, value: object = None) -> int:
    rule = {"field": field, "operator": operator} | ({} if value is None else {"value": value})
    rules = check_rules(
        Group.model_validate({"operator": "AND", "rules": [rule]}), types={}, region="MA"
    )
    async with campaign.pool.acquire() as connection, connection.transaction():
        found = await audience.matching(connection, campaign.org_id, rules, Query())
    return found.total


async def test_outcomes_make_history(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    claimed = await dialing.claim(2, execution_id)
    intents = [dialing.intent(one) for one in claimed]
    await dialing.intend(*intents)
    first = dialing.finished(intents[0], Result.BUSY, RETRY)
    second = dialing.finished(intents[1], Result.COMPLETED, COMPLETED)
    told = {"choice": "1", "pin": "12*#", "name": "Amina", "n": 5}
    await dialing.finish(first, pressing(second, **told))
    await dialing.finish(first)
    flow = campaign.flow_id
    at = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    busy = {"attempts": 1, "last_outcome": "busy", "last_called_at": at, "pressed": {}}
    done = {f"{flow}.choice": "1", f"{flow}.pin": "12*#"}
    assert await history(campaign) == [
        busy,
        busy | {"last_outcome": "completed", "pressed": done},
    ]
    assert await matching(campaign, "calls.lastOutcome", "equals", "busy") == 1
    assert await matching(campaign, "calls.lastOutcome", "not_equals", "busy") == 2
    assert await matching(campaign, "calls.attempts", "equals", 0) == 1
    assert await matching(campaign, "calls.attempts", "lt", 2) == 3
    assert await matching(campaign, "calls.lastCalledAt", "gte", NOW.isoformat()) == 2
    assert await matching(campaign, "calls.lastCalledAt", "is_empty") == 1
    assert await matching(campaign, f"calls.pressed.{flow}.choice", "equals", "1") == 1
    assert await matching(campaign, f"calls.pressed.{flow}.choice", "is_empty") == 2


async def test_a_later_call_adds_to_it(campaign: Campaign, dialing: Dialing) -> None:
    execution_id = await campaign.launch()
    (claimed,) = await dialing.claim(1, execution_id)
    intent = dialing.intent(claimed)
    await dialing.intend(intent)
    await dialing.finish(pressing(dialing.finished(intent, Result.BUSY, RETRY), a="1", b="2"))
    (again,) = [
        one
        for one in await dialing.claim(9, execution_id, now=LATER)
        if one.contact_id == claimed.contact_id
    ]
    intent = dialing.intent(again)
    await dialing.intend(intent, now=LATER)
    finished = dialing.finished(intent, Result.ANSWERED, COMPLETED, dialed_at=LATER)
    await dialing.finish(pressing(finished, a="3"))
    (found,) = await history(campaign)
    assert (found["attempts"], found["last_outcome"]) == (2, "answered")
    assert found["last_called_at"] == (NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["pressed"] == {f"{campaign.flow_id}.a": "3", f"{campaign.flow_id}.b": "2"}


@pytest.mark.parametrize(
    "field", ["calls.result", "calls.pressed.x.choice", "calls.pressed.", "calls."]
)
def test_what_a_rule_cannot_ask(field: str) -> None:
    rule = {"field": field, "operator": "is_empty"}
    rules = Group.model_validate({"operator": "AND", "rules": [rule]})
    assert not holds(rules, {}, {}, {}, NO_CALLS)
