from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from engine.clock import VirtualClock
from tests.api.estate import call
from tests.api.tenant import FIELDS, NOW, Tenant

WINDOW = {"startAt": {"hour": 12, "minute": 0}, "endAt": {"hour": 14, "minute": 0}}
EXECUTION = {
    "id",
    "programId",
    "organizationId",
    "audienceId",
    "flowId",
    "flowVersion",
    "status",
    "pauseReason",
    "totalContacts",
    "contactsCompleted",
    "contactsFailed",
    "contactsPending",
    "contactsInProgress",
    "contactsSkipped",
    "scheduledStartAt",
    "scheduledStopAt",
    "actualStartAt",
    "actualEndAt",
    "createdAt",
    "updatedAt",
    "autoPauseRules",
}


async def test_a_program(acme: Tenant) -> None:
    did = await acme.did("+212520999999")
    made = await acme.program(
        didPool=["0520 99 99 99", did],
        stopAt=(NOW + timedelta(days=1)).isoformat(),
        pauseWindows={"sunday": [WINDOW]},
        callingHours={"monday": [WINDOW], "publicHolidays": "rest"},
        retryStrategy={"type": "fixed_delay", "delayMinutes": 5, "maxRetries": 2},
        autoPauseRules=[{"nodeId": "bye", "threshold": 3, "resetOnResume": True}],
    )
    assert set(made) == FIELDS | {
        "id",
        "organizationId",
        "name",
        "flowId",
        "audienceId",
        "startAt",
        "stopAt",
        "didPool",
        "retryStrategy",
        "pauseWindows",
        "callingHours",
        "contactRules",
        "mode",
        "triggerCondition",
        "autoPauseRules",
        "status",
    }
    assert made["status"] == "draft"
    assert made["startAt"] == "2026-03-02T08:00:00.000Z"
    (pooled,) = made["didPool"]
    assert pooled == {"id": did, "number": "+212520999999", "country": "MA", "status": "active"}
    assert made["retryStrategy"]["maxRetries"] == 2
    assert made["pauseWindows"]["sunday"] == [WINDOW]
    assert made["callingHours"]["monday"] == [WINDOW]
    assert made["callingHours"]["publicHolidays"] == "rest"
    path = f"/programs/{made['id']}"
    assert (await acme.get(path)).body == made
    changed = await acme.put(path, {"name": "Later", "pauseWindows": None})
    assert (changed.body["name"], changed.body["pauseWindows"]) == ("Later", None)
    assert changed.body["retryStrategy"] == made["retryStrategy"]
    assert (await acme.get("/programs")).body["data"] == [changed.body]
    archived = await acme.put(path, {"status": "archived"})
    assert archived.body["status"] == "archived"
    launched = await acme.post(f"{path}/launch")
    assert (launched.status, launched.body["code"]) == (404, "ProgramNotFoundError")
    assert (await acme.delete(path)).status == 204


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"didPool": []}, "didPool", "minItems"),
        ({"startAt": "2026-03-02T08:00:00"}, "startAt", "timezone"),
        ({"startAt": 5}, "startAt", "type"),
        ({"stopAt": "2020-01-01T00:00:00Z"}, "stopAt", "after"),
        ({"mode": "live"}, "triggerCondition", "required"),
        ({"triggerCondition": {"attributeName": "due"}}, "triggerCondition", "notAllowed"),
        (
            {"mode": "live", "triggerCondition": {"attributeName": "due"}},
            "triggerCondition",
            "dateAttribute",
        ),
        ({"autoPauseRules": [{"nodeId": "no", "threshold": 1}]}, "autoPauseRules", "unknown"),
        ({"retryStrategy": {"type": "fixed_delay"}}, "retryStrategy.delayMinutes", "required"),
        ({"retryStrategy": {"type": "always"}}, "retryStrategy", "enum"),
        ({"name": ""}, "name", "minLength"),
    ],
)
async def test_programs_that_cannot_be(
    acme: Tenant, change: dict[str, Any], field: str, code: str
) -> None:
    body = {
        "name": "Reminder",
        "startAt": NOW.isoformat(),
        "retryStrategy": {"type": "none"},
        "mode": "batch",
        "flowId": (await acme.flow())["id"],
        "audienceId": (await acme.audience())["id"],
        "didPool": [await acme.did()],
    }
    refused = await acme.post("/programs", body | change)
    assert refused.status == 400, refused
    assert refused.body["fieldDetails"][field][0]["code"] == code


async def test_launch_pause_resume_cancel(acme: Tenant) -> None:
    program = await acme.program()
    launched = await acme.post(f"/programs/{program['id']}/launch")
    assert (launched.status, set(launched.body)) == (201, {"executionId"})
    path = f"/program-executions/{launched.body['executionId']}"
    got = (await acme.get(path)).body
    assert set(got) == EXECUTION
    assert (got["status"], got["totalContacts"], got["contactsPending"]) == ("running", 1, 1)
    assert (await acme.get(f"/programs/{program['id']}")).body["status"] == "active"
    again = await acme.post(f"/programs/{program['id']}/launch")
    assert (again.status, again.body["code"]) == (409, "ExecutionAlreadyRunningError")
    running = await acme.delete(f"/programs/{program['id']}")
    assert (running.status, running.body["code"]) == (409, "PROGRAM_RUNNING")
    active = (await acme.get("/program-executions")).body
    assert [found["id"] for found in active["data"]] == [got["id"]]
    assert active["meta"]["total"] == 1
    assert (await acme.patch(f"{path}/pause")).body["status"] == "paused"
    twice = await acme.patch(f"{path}/pause")
    assert (twice.status, twice.body["code"]) == (409, "ILLEGAL_TRANSITION")
    rules = [{"nodeId": "bye", "threshold": 9, "resetOnResume": False}]
    resumed = await acme.patch(f"{path}/resume", {"autoPauseRules": rules})
    assert (resumed.body["status"], resumed.body["autoPauseRules"]) == ("running", rules)
    cancelled = (await acme.patch(f"{path}/cancel", {"hangUp": True})).body
    assert (cancelled["status"], cancelled["contactsSkipped"]) == ("cancelled", 1)
    assert (await acme.get("/program-executions")).body["data"] == []
    all_of = (await acme.get(f"/programs/{program['id']}/executions")).body
    assert [found["status"] for found in all_of["data"]] == ["cancelled"]


async def test_launches_that_cannot_be(acme: Tenant, pool: asyncpg.Pool) -> None:
    empty = await acme.program(audienceId=(await acme.audience())["id"])
    refused = await acme.post(f"/programs/{empty['id']}/launch")
    assert (refused.status, refused.body["code"]) == (400, "AudienceEmptyError")
    full = await acme.program()
    await pool.execute("UPDATE did SET status = 'inactive' WHERE org_id = $1", acme.org_id)
    refused = await acme.post(f"/programs/{full['id']}/launch")
    assert (refused.status, refused.body["code"]) == (400, "EmptyDidPoolError")


async def test_before_its_start_an_execution_is_scheduled(acme: Tenant) -> None:
    program = await acme.program(startAt=(NOW + timedelta(hours=1)).isoformat())
    launched = await acme.post(f"/programs/{program['id']}/launch")
    got = (await acme.get(f"/program-executions/{launched.body['executionId']}")).body
    assert (got["status"], got["actualStartAt"]) == ("scheduled", None)
    assert got["scheduledStartAt"] == program["startAt"]


async def test_a_live_audience_is_found_at_launch(acme: Tenant) -> None:
    await acme.contact("0612345678", city="Fes")
    await acme.contact("0612345679", city="Rabat")
    rules = {
        "operator": "OR",
        "rules": [{"field": "city", "operator": "equals", "value": "Fes"}],
    }
    live = await acme.made("/audience", {"name": "Fassis", "type": "live", "rules": rules})
    program = await acme.program(audienceId=live["id"])
    execution = (await acme.post(f"/programs/{program['id']}/launch")).body["executionId"]
    got = (await acme.get(f"/program-executions/{execution}")).body
    assert got["totalContacts"] == 1


async def test_a_running_execution_keeps_its_version(acme: Tenant) -> None:
    program = await acme.program()
    execution = (await acme.post(f"/programs/{program['id']}/launch")).body["executionId"]
    flow = (await acme.get(f"/flows/{program['flowId']}")).body
    flow["graph"]["nodes"][0]["config"] = {"timeout": 9000}
    await acme.put(f"/flows/{flow['id']}", {"graph": flow["graph"]})
    got = (await acme.get(f"/program-executions/{execution}")).body
    assert got["flowVersion"] == 1


async def test_the_figures_of_an_execution(acme: Tenant, clock: VirtualClock) -> None:
    people = [await acme.contact(f"061234560{n}") for n in range(3)]
    program = await acme.program(audienceId=(await acme.audience(*people))["id"])
    execution = (await acme.post(f"/programs/{program['id']}/launch")).body["executionId"]
    await call(acme, execution, people[0]["id"], result="busy", answered=False)
    await call(acme, execution, people[0]["id"], number=2)
    await call(acme, execution, people[1]["id"], result="no_answer", answered=False)
    await call(acme, execution, people[2]["id"], result=None, answered=False)
    await acme.pool.execute(
        """UPDATE target SET state = 'done', attempts = 2, verdict = 'completed'
           WHERE org_id = $1 AND contact_id::text = $2""",
        acme.org_id,
        people[0]["id"],
    )
    calls = (await acme.get(f"/program-execution/{execution}/call-metrics")).body
    assert calls == {
        "totalCalls": 4,
        "connected": 1,
        "inProgress": 1,
        "answered": 1,
        "voicemail": 0,
        "noAnswer": 1,
        "busy": 1,
        "rejected": 0,
        "failed": 0,
    }
    contacts = (await acme.get(f"/program-execution/{execution}/contact-metrics")).body
    assert contacts == {
        "totalContacts": 3,
        "pending": 2,
        "queued": 0,
        "calling": 0,
        "pendingRetry": 0,
        "completed": 1,
        "failed": 0,
        "skipped": 0,
        "reachRate": 0.3333,
    }
