"""No organization sees another's: every route by generation, then ids that come in bodies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api import ROUTES
from engine.store.pool import tenant
from tests.api.estate import estate
from tests.api.tenant import FLOW, NOW, Tenant, wav

BODIES: dict[tuple[str, str], Any] = {
    ("PUT", "/api/contact/{id}"): {"city": "Fes"},
    ("PUT", "/api/custom-attributes/{id}"): {"displayName": "Other"},
    ("PUT", "/api/audience/{id}"): {"name": "Other"},
    ("PUT", "/api/audio-management/audio/{id}"): {"title": "Other"},
    ("PUT", "/api/flows/{id}"): {"name": "Other", "graph": FLOW},
    ("PUT", "/api/programs/{id}"): {"name": "Other"},
    ("PUT", "/api/users/{id}"): {"role": "agent"},
}
OWN_OR_SHIPPED = {
    "/api/users/me",
    "/api/users",
    "/api/users/invitations",
    "/api/organization",
    "/api/auth/api-keys",
    "/api/auth/sessions",
    "/api/dictionaries",
}


@pytest.fixture
async def foreign(rival: Tenant, tmp_path: Path) -> dict[str, str]:
    return await estate(rival, tmp_path)


def noun(path: str) -> str:
    parts = path.split("/")
    return "ingestion" if "ingestion" in parts else parts[2]


async def test_every_foreign_id_is_not_found(
    acme: Tenant, rival: Tenant, foreign: dict[str, str]
) -> None:
    own = await acme.contact()
    walked = [route for route in ROUTES if route.role is not None and "{" in route.path]
    for route in walked:
        if "{usageType}" in route.path:
            continue
        path = route.path.replace("{key}", "k")
        for placeholder in ("{id}", "{jobId}"):
            path = path.replace(placeholder, foreign[noun(route.path)])
        body = BODIES.get((route.method, route.path))
        if path.endswith(("-contacts", "/merge")):
            body = {"contacts": [own["id"]]}
        if route.upload is not None:
            fields = {"key": "k"} if path.endswith("/entries") else {}
            got = await acme.upload(path.removeprefix("/api"), wav(), method=route.method, **fields)
        else:
            got = await acme.call(route.method, path, json=body)
        assert got.status == 404, (route.method, route.path, got.body)
        assert got.body["code"] != "ROUTE_NOT_FOUND"
    after = await rival.get(f"/contact/{foreign['contact']}")
    assert after.body["city"] is None


async def test_every_list_is_empty(acme: Tenant, foreign: dict[str, str]) -> None:
    for route in ROUTES:
        if route.method != "GET" or route.role is None or route.path in OWN_OR_SHIPPED:
            continue
        if "{" in route.path.replace("{usageType}", "welcome"):
            continue
        got = await acme.call("GET", route.path.replace("{usageType}", "welcome"))
        assert got.status == 200, route
        if isinstance(got.body, bytes):
            assert len(got.body.splitlines()) == 1, route
            continue
        rows = got.body if isinstance(got.body, list) else got.body["data"]
        assert rows == [], route
        if isinstance(got.body, dict):
            assert got.body["meta"]["total"] == 0, route
    dictionaries = (await acme.get("/dictionaries")).body
    assert all(found["isSystem"] for found in dictionaries)
    users = (await acme.get("/users")).body["data"]
    assert [user["id"] for user in users] == [str(acme.member_id)]
    assert (await acme.get("/users/invitations")).body == {"invitations": []}
    keys = (await acme.get("/auth/api-keys")).body["apiKeys"]
    assert foreign["auth"] not in [key["id"] for key in keys]


async def test_foreign_ids_in_bodies_and_queries(acme: Tenant, foreign: dict[str, str]) -> None:
    contact = await acme.contact()
    audience = await acme.audience(contact)
    flow, did = await acme.flow(), await acme.did()
    added = await acme.post(
        f"/audience/{audience['id']}/add-contacts", {"contacts": [foreign["contact"]]}
    )
    assert (added.status, added.body["code"]) == (404, "ContactNotFoundError")
    program = {
        "name": "Reminder",
        "startAt": NOW.isoformat(),
        "retryStrategy": {"type": "none"},
        "flowId": flow["id"],
        "audienceId": audience["id"],
        "didPool": [did],
    }
    for field, value in (
        ("flowId", foreign["flows"]),
        ("audienceId", foreign["audience"]),
        ("didPool", [foreign["dids"]]),
    ):
        assert (await acme.post("/programs", program | {field: value})).status == 404, field
    request = {
        "didId": did,
        "contactId": contact["id"],
        "flowId": flow["id"],
        "retry": {"type": "none"},
    }
    for field, own in (("didId", "dids"), ("contactId", "contact"), ("flowId", "flows")):
        got = await acme.post("/call-requests", request | {field: foreign[own]})
        assert got.status == 404, field
    session = {"sessionId": foreign["ingestion"]}
    mappings = {"columnMappings": [{"column": "phone", "field": "primaryPhone"}]}
    assert (await acme.post("/contact/ingestion/validate", session | mappings)).status == 404
    assert (await acme.post("/contact/ingestion/execute", session)).status == 404
    table = await acme.upload("/contact/ingestion/upload", b"a,b\n", audienceId=foreign["audience"])
    assert table.status == 404
    for query in (
        f"executionId={foreign['program-executions']}",
        f"programId={foreign['programs']}",
        f"contactId={foreign['contact']}",
    ):
        assert (await acme.get(f"/calls?{query}")).body["data"] == []
    assert (await acme.get(f"/recordings?callId={foreign['calls']}")).body == []
    graph = {
        "startNodeId": "dial",
        "nodes": [
            {"id": "dial", "type": "dial", "config": {}, "outputs": {"onAnswer": "p"}},
            {
                "id": "p",
                "type": "play",
                "config": {
                    "audioItems": [{"type": "audioFile", "audioId": foreign["audio-management"]}]
                },
            },
        ],
    }
    told = await acme.post("/flows/validate", {"graph": graph})
    assert told.body["valid"] is False
    assert [issue["code"] for issue in told.body["issues"]] == ["audioMissing"]


async def test_the_second_wall_stands_without_the_first(
    acme: Tenant, foreign: dict[str, str]
) -> None:
    """Row-level security alone: SQL that forgets the organization sees nothing."""
    tables = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND a.attname = 'org_id' AND NOT a.attisdropped
          AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    """
    names = [record["relname"] for record in await acme.pool.fetch(tables)]
    assert len(names) > 20
    async with tenant(acme.pool, acme.org_id) as connection:
        for name in names:
            seen = await connection.fetchval(
                f'SELECT count(*) FROM "{name}" WHERE org_id <> $1', acme.org_id
            )
            assert seen == 0, name
        assert await connection.fetchval("SELECT count(*) FROM organization") == 1
