from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.api.estate import EVENTS, PATH, call, recording
from tests.api.tenant import NOW, Tenant, wav

CALL = {
    "id",
    "organizationId",
    "status",
    "direction",
    "from",
    "to",
    "createdAt",
    "dialedAt",
    "ringingAt",
    "answeredAt",
    "firstAudioAt",
    "terminatedAt",
    "durationMs",
    "answeredBy",
    "cause",
    "fault",
    "sipStatus",
    "q850",
    "executionId",
    "programId",
    "contactId",
    "attemptNumber",
    "didId",
}
RUN = {
    "flowId",
    "flowName",
    "flowVersion",
    "executionPath",
    "finalVariables",
    "nodeExecutionCount",
    "events",
}


@pytest.fixture
async def execution(acme: Tenant) -> tuple[str, str]:
    """The ids of a running execution and of its contact."""
    contact = await acme.contact()
    program = await acme.program(audienceId=(await acme.audience(contact))["id"])
    launched = await acme.post(f"/programs/{program['id']}/launch")
    return launched.body["executionId"], contact["id"]


async def test_a_call_and_its_flow_run(acme: Tenant, execution: tuple[str, str]) -> None:
    call_id = await call(acme, *execution)
    got = (await acme.get(f"/calls/{call_id}")).body
    assert set(got) == CALL | RUN | {"recordings"}
    assert (got["status"], got["direction"], got["durationMs"]) == ("completed", "outbound", 7500)
    assert got["createdAt"] == got["dialedAt"] == "2026-03-02T09:00:00.000Z"
    assert got["terminatedAt"] == "2026-03-02T09:00:12.500Z"
    assert got["to"] == "+212612345678"
    assert (got["executionPath"], got["events"]) == (PATH, EVENTS)
    assert (got["finalVariables"], got["nodeExecutionCount"]) == (
        {"choice": "1"},
        {"dial": 1, "bye": 1},
    )
    assert (got["flowName"], got["flowVersion"]) == ("Greeting", 1)
    (listed,) = (await acme.get("/calls")).body["data"]
    assert listed == {key: got[key] for key in CALL}


async def test_a_call_that_lives_says_how_far_it_came(
    acme: Tenant, execution: tuple[str, str]
) -> None:
    call_id = await call(acme, *execution, result=None)
    got = (await acme.get(f"/calls/{call_id}")).body
    assert (got["status"], got["terminatedAt"], got["durationMs"]) == ("in_progress", None, None)


async def test_pages_and_cursors(acme: Tenant, execution: tuple[str, str]) -> None:
    made = [
        str(await call(acme, *execution, number=n + 1, at=timedelta(minutes=n))) for n in range(5)
    ]
    first = (await acme.get("/calls?limit=2")).body
    assert [row["id"] for row in first["data"]] == made[:-3:-1]
    assert (first["meta"]["total"], first["meta"]["hasNextPage"]) == (5, True)
    await call(acme, *execution, number=6, at=timedelta(hours=1))
    seen: list[str] = []
    cursor = first["meta"]["nextCursor"]
    while cursor:
        page = (await acme.get(f"/calls?limit=2&cursor={cursor}")).body
        seen += [row["id"] for row in page["data"]]
        cursor = page["meta"]["nextCursor"]
    assert seen == made[2::-1]
    rising = (await acme.get("/calls?limit=1&sortOrder=asc")).body
    assert rising["data"][0]["id"] == made[0]
    assert (await acme.get("/calls?cursor=x")).status == 400
    assert (await acme.get("/calls?status=busy")).body["data"] == []
    assert (await acme.get("/calls?status=odd")).status == 400


async def test_a_call_request_and_its_report(acme: Tenant) -> None:
    contact = await acme.contact()
    flow, did = await acme.flow(), await acme.did()
    body = {
        "didId": did,
        "contactId": contact["id"],
        "flowId": flow["id"],
        "retry": {"type": "fixed-delay", "delay": 60000, "maxRetries": 1},
    }
    asked = await acme.post("/call-requests", body)
    assert asked.status == 202
    assert set(asked.body) == {"jobId", "status"}
    assert asked.body["status"] == "queued"
    job = asked.body["jobId"]
    report = (await acme.get(f"/call-report/{job}")).body
    assert set(report) == RUN | {
        "jobId",
        "status",
        "direction",
        "from",
        "to",
        "createdAt",
        "dialedAt",
        "answeredAt",
        "terminatedAt",
        "durationMs",
        "contactId",
        "callId",
        "attempts",
    }
    assert (report["status"], report["callId"], report["executionPath"]) == ("queued", None, [])
    assert (report["to"], report["dialedAt"]) == ("+212612345678", None)
    call_id = await call(acme, job, contact["id"])
    await acme.pool.execute(
        """UPDATE target SET state = 'done', attempts = 1, verdict = 'completed'
           WHERE org_id = $1 AND execution_id = $2""",
        acme.org_id,
        UUID(job),
    )
    report = (await acme.get(f"/call-report/{job}")).body
    assert (report["status"], report["callId"], report["attempts"]) == (
        "completed",
        str(call_id),
        1,
    )
    assert report["executionPath"] == PATH
    assert (await acme.get("/program-executions")).body["data"] == []


@pytest.mark.parametrize(
    "retry",
    [{"type": "fixed_delay", "delayMinutes": 1, "maxRetries": 1}, {"type": "scheduled"}, None],
)
async def test_retries_of_a_request_have_their_own_words(acme: Tenant, retry: object) -> None:
    ids = dict.fromkeys(("didId", "contactId", "flowId"), "00000000-0000-4000-8000-000000000000")
    assert (await acme.post("/call-requests", {**ids, "retry": retry})).status == 400


async def test_recordings(acme: Tenant, execution: tuple[str, str], tmp_path: Path) -> None:
    call_id = await call(acme, *execution)
    made = await recording(acme, tmp_path, call_id)
    (listed,) = (await acme.get(f"/recordings?callId={call_id}")).body
    assert set(listed) == {
        "id",
        "callId",
        "fileId",
        "recordingType",
        "nodeId",
        "durationMs",
        "createdAt",
    }
    assert (await acme.get("/recordings?offset=1")).body == []
    assert (await acme.get(f"/recordings/{made}/metadata")).body == listed
    stream = await acme.get(f"/recordings/{made}/stream")
    assert (stream.status, stream.body) == (200, wav())
    assert stream.headers["Content-Type"] == "audio/wav"
    part = await acme.get(f"/recordings/{made}/stream", headers={"Range": "bytes=0-43"})
    assert (part.status, part.body) == (206, wav()[:44])
    download = await acme.get(f"/recordings/{made}/download")
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert (await acme.get(f"/calls/{call_id}")).body["recordings"] == [made]


async def test_a_recording_cannot_leave_the_data_folder(
    acme: Tenant, execution: tuple[str, str], tmp_path: Path
) -> None:
    made = await recording(acme, tmp_path, await call(acme, *execution))
    await acme.pool.execute(
        "UPDATE recording SET path = '../../../etc/passwd' WHERE org_id = $1", acme.org_id
    )
    assert (await acme.get(f"/recordings/{made}/stream")).status == 404


async def test_dids(acme: Tenant) -> None:
    made = await acme.did("+212520888888")
    got = (await acme.get(f"/dids/{made}")).body
    assert set(got) >= {"id", "number", "country", "description", "status", "trunk", "dailyCap"}
    assert set(got["trunk"]) == {"id", "name", "status"}
    assert (got["country"], got["status"]) == ("MA", "active")
    idle = await acme.did("+212520777777")
    await acme.pool.execute("UPDATE did SET status = 'reserved' WHERE id::text = $1", idle)
    assert (await acme.get("/dids")).body["meta"]["total"] == 2
    assert [row["id"] for row in (await acme.get("/dids/available")).body["data"]] == [made]
    assert NOW.tzinfo is not None
