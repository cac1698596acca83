"""One of everything an organization can own, calls and recordings included."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from tests.api.tenant import NOW, Tenant, wav

ATTEMPT = """
INSERT INTO attempt (org_id, id, execution_id, contact_id, number, node_id, did_id, trunk_id,
    from_number, to_number, dialed_at, ringing_at, answered_at, ended_at, answered_by, result,
    cause, fault, sip_status, q850)
SELECT d.org_id, $2, $3, $4, $5, gen_random_uuid(), d.id, d.trunk_id, d.number, c.primary_phone,
    $6, $6, $7, $8, 'human', $9, 'normal_clearing', 'none', 200, 16
FROM execution e
JOIN did d ON d.org_id = e.org_id AND d.id = e.did_ids[1]
JOIN contact c ON c.org_id = e.org_id AND c.id = $4
WHERE e.org_id = $1 AND e.id = $3
"""
TRACE = """
INSERT INTO call_trace (org_id, call_id, flow_id, flow_version, path, variables, node_counts,
    events, quality)
SELECT org_id, $2, flow_id, flow_version, $4, $5, $6, $7, '{}' FROM execution
WHERE org_id = $1 AND id = $3
"""
RECORDING = """
INSERT INTO recording (org_id, id, call_id, node_id, recording_type, path, duration_ms, size_bytes)
VALUES ($1, $2, $3, 'rec', 'segment', $4, 200, $5)
"""
PATH = [
    {
        "nodeId": "dial",
        "nodeType": "dial",
        "nodeLabel": None,
        "outputPath": "onAnswer",
        "timestamp": "2026-03-02T09:00:05.000Z",
    }
]
EVENTS = [{"type": "answered", "timestamp": "2026-03-02T09:00:05.000Z", "data": {"by": "human"}}]


async def call(
    tenant: Tenant,
    execution_id: str,
    contact_id: str,
    *,
    number: int = 1,
    result: str | None = "completed",
    answered: bool = True,
    at: timedelta = timedelta(),
) -> UUID:
    """An attempt as the engine would have left it."""
    call_id, dialed = uuid4(), NOW + at
    await tenant.pool.execute(
        ATTEMPT,
        tenant.org_id,
        call_id,
        UUID(execution_id),
        UUID(contact_id),
        number,
        dialed,
        dialed + timedelta(seconds=5) if answered else None,
        dialed + timedelta(seconds=12.5) if result else None,
        result,
    )
    await tenant.pool.execute(
        TRACE,
        tenant.org_id,
        call_id,
        UUID(execution_id),
        PATH,
        {"choice": "1"},
        {"dial": 1, "bye": 1},
        EVENTS,
    )
    return call_id


async def recording(tenant: Tenant, folder: Path, call_id: UUID) -> str:
    """A recorded file with its row."""
    recording_id = uuid4()
    path = f"recordings/{recording_id}.wav"
    (folder / "recordings").mkdir(exist_ok=True)
    (folder / path).write_bytes(wav())
    size = (folder / path).stat().st_size
    await tenant.pool.execute(RECORDING, tenant.org_id, recording_id, call_id, path, size)
    return str(recording_id)


async def estate(tenant: Tenant, folder: Path) -> dict[str, str]:
    """Ids by noun."""
    contact = await tenant.contact()
    audience = await tenant.audience(contact)
    attribute = await tenant.made("/custom-attributes", {"displayName": "Due date", "type": "date"})
    audio = await tenant.audio()
    dictionary = await tenant.made("/dictionaries", {"name": "Ours", "language": "fr"})
    await tenant.upload(f"/dictionaries/{dictionary['id']}/entries", wav(), key="k")
    flow, did = await tenant.flow(), await tenant.did()
    program = await tenant.program(flowId=flow["id"], audienceId=audience["id"], didPool=[did])
    execution = (await tenant.post(f"/programs/{program['id']}/launch")).body["executionId"]
    request: dict[str, Any] = {
        "didId": did,
        "contactId": contact["id"],
        "flowId": flow["id"],
        "retry": {"type": "none"},
    }
    job = (await tenant.post("/call-requests", request)).body["jobId"]
    call_id = await call(tenant, execution, contact["id"])
    invited = {"email": "nadia@estate.example", "role": "agent"}
    await tenant.made("/users/invitations", invited)
    session = await tenant.upload(
        "/contact/ingestion/upload", b"phone,name\n0612345699,Nour\n12,Bad\n", "c.csv"
    )
    await tenant.made("/consents", {"number": "0612345678", "kind": "given", "source": "form"})
    barred = await tenant.made("/do-not-call", {"number": "0612345677"})
    return {
        "do-not-call": barred["id"],
        "contact": contact["id"],
        "audience": audience["id"],
        "custom-attributes": attribute["id"],
        "audio-management": audio["id"],
        "dictionaries": dictionary["id"],
        "flows": flow["id"],
        "dids": did,
        "programs": program["id"],
        "program-executions": execution,
        "program-execution": execution,
        "call-report": job,
        "calls": str(call_id),
        "recordings": await recording(tenant, folder, call_id),
        "users": str(tenant.member_id),
        "ingestion": session.body["sessionId"],
        "auth": (await tenant.get("/auth/api-keys")).body["apiKeys"][0]["id"],
    }
