"""What holds for every route: keys, errors, idempotency, the document."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from api import ROUTES
from engine.clock import VirtualClock
from engine.org import Role
from engine.store import api_key, idempotency
from engine.store.pool import tenant
from tests.api.tenant import NOW, Tenant, answer


async def test_both_headers_carry_a_key(acme: Tenant) -> None:
    for headers in ({"x-api-key": acme.secret}, {"Authorization": f"Bearer {acme.secret}"}):
        response = await answer(await acme.http.get("/api/users/me", headers=headers))
        assert response.status == 200
        assert response.body["email"] == "admin@acme.example"
        assert response.body["organization"]["id"] == str(acme.org_id)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "API_KEY_MISSING"),
        ({"x-api-key": "gm_wrong"}, "API_KEY_INVALID"),
        ({"Authorization": "Basic eA=="}, "API_KEY_MISSING"),
        ({"x-api-key": "x" * 300}, "API_KEY_INVALID"),
    ],
)
async def test_no_key_no_answer(
    http: TestClient[Any, Any], headers: dict[str, str], code: str
) -> None:
    refused = await answer(await http.get("/api/users/me", headers=headers))
    assert refused.status == 401
    assert refused.body["code"] == code
    assert refused.body["error"] == "UNAUTHORIZED"
    assert set(refused.body) == {"code", "statusCode", "message", "error", "timestamp", "path"}


async def test_revoked_and_expired_keys_are_refused(acme: Tenant, clock: VirtualClock) -> None:
    async with acme.pool.acquire() as connection:
        brief = await api_key.create(
            connection,
            acme.org_id,
            acme.member_id,
            name="brief",
            prefix="gm",
            role=Role.AGENT,
            expires_at=NOW + timedelta(minutes=1),
        )
    headers = {"x-api-key": brief.secret}
    assert (await acme.get("/users/me", headers=headers)).status == 200
    clock.advance(timedelta(minutes=1))
    assert (await acme.get("/users/me", headers=headers)).body["code"] == "API_KEY_EXPIRED"
    assert (await acme.delete(f"/auth/api-keys/{brief.id}")).status == 204
    assert (await acme.get("/users/me", headers=headers)).body["code"] == "API_KEY_INVALID"


async def test_a_suspended_organization_is_refused(acme: Tenant, pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE organization SET status = 'suspended' WHERE id = $1", acme.org_id)
    refused = await acme.get("/users/me")
    assert (refused.status, refused.body["code"]) == (403, "ORGANIZATION_SUSPENDED")


async def test_each_role_reaches_exactly_its_routes(acme: Tenant) -> None:
    """A refusal by role comes before anything else is read, so wrong ids and bodies do no harm."""
    for role in Role:
        holder = await acme.with_role(role)
        for route in ROUTES:
            if route.role is None:
                continue
            got = await holder.call(route.method, concrete(route.path))
            refused = got.status == 403 and got.body["code"] == "ROLE_FORBIDDEN"
            assert refused is not role.allows(route.role), (role, route)


def concrete(path: str) -> str:
    nobody = "00000000-0000-4000-8000-000000000000"
    return (
        path.replace("{id}", nobody)
        .replace("{jobId}", nobody)
        .replace("{key}", "k")
        .replace("{usageType}", "prompt")
        .replace("{token}", "t")
    )


async def test_routes_methods_and_bodies_that_are_not_there(acme: Tenant) -> None:
    missing = await acme.get("/nothing")
    assert (missing.status, missing.body["code"]) == (404, "ROUTE_NOT_FOUND")
    method = await acme.patch("/contact")
    assert (method.status, method.body["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in method.headers["Allow"]
    broken = await acme.post("/contact", data=b'{"primaryPhone": ')
    assert (broken.status, broken.body["code"]) == (400, "MALFORMED_JSON")
    large = await acme.post("/contact", data=io.BytesIO(b" " * (2 << 20)))
    assert (large.status, large.body["code"]) == (413, "BODY_TOO_LARGE")
    nul = await acme.post("/contact", {"primaryPhone": "0612345678", "firstName": "a\x00"})
    assert (nul.status, nul.body["code"]) == (400, "NUL_CHARACTER")
    assert (await acme.get("/contact?search=%00")).status == 400
    odd = await acme.get("/contact/not-an-id")
    assert odd.body["fieldDetails"] == {"id": [{"code": "format", "params": {"format": "uuid"}}]}
    unknown = await acme.post("/contact", {"primaryPhone": "0612345678", "shoeSize": 43})
    assert unknown.body["fieldDetails"] == {"shoeSize": [{"code": "unknown", "params": {}}]}
    short = await acme.post("/audience", {"name": "ab", "type": "static"})
    assert short.body["fieldDetails"] == {"name": [{"code": "minLength", "params": {"min": 3}}]}


async def test_a_request_id_comes_back(acme: Tenant) -> None:
    assert (await acme.get("/users/me", headers={"X-Request-Id": "abc-1"})).headers[
        "X-Request-Id"
    ] == "abc-1"
    odd = await acme.get("/nothing", headers={"X-Request-Id": "a b"})
    assert len(odd.headers["X-Request-Id"]) == 32


async def test_the_same_post_again_does_nothing_twice(acme: Tenant, clock: VirtualClock) -> None:
    key = {"Idempotency-Key": "one"}
    body = {"primaryPhone": "0612345678"}
    first = await acme.post("/contact", body, headers=key)
    again = await acme.post("/contact", body, headers=key)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await acme.post("/contact", {"primaryPhone": "0612345679"}, headers=key)
    assert (other.status, other.body["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    clock.advance(timedelta(hours=24))
    fresh = await acme.post("/contact", body, headers=key)
    assert fresh.status == 409
    assert fresh.body["code"] == "CONTACT_EXISTS"
    replayed = await acme.post("/contact", body, headers=key)
    assert replayed.body == fresh.body


@pytest.mark.parametrize("key", ["", "k" * 256, "clé"])
async def test_idempotency_keys_that_cannot_be(acme: Tenant, key: str) -> None:
    refused = await acme.post("/contact", {"primaryPhone": "x"}, headers={"Idempotency-Key": key})
    assert refused.body["fieldDetails"]["Idempotency-Key"][0]["code"] == "format"


async def test_equal_posts_at_once_are_one(acme: Tenant) -> None:
    key = {"Idempotency-Key": "race"}
    body = {"primaryPhone": "0612345678"}
    answers = await asyncio.gather(*(acme.post("/contact", body, headers=key) for _ in range(4)))
    assert {a.status for a in answers} == {201}
    assert len({a.body["id"] for a in answers}) == 1


async def test_a_request_that_is_still_at_work_is_not_done_twice(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", "20ms")
    body = {"primaryPhone": "0612345678"}
    async with tenant(acme.pool, acme.org_id) as connection:
        await idempotency.claim(connection, acme.org_id, "slow", "POST /api/contact", b"", now=NOW)
        busy = await acme.post("/contact", body, headers={"Idempotency-Key": "slow"})
    assert (busy.status, busy.body["code"]) == (409, "IDEMPOTENCY_KEY_BUSY")


async def test_every_post_takes_an_idempotency_key(acme: Tenant) -> None:
    """Whatever a POST answers, it answers again, by generation over the table."""
    for n, route in enumerate(r for r in ROUTES if r.method == "POST"):
        key = {"Idempotency-Key": f"key-{n}"}
        path = concrete(route.path)
        first = await acme.call("POST", path, json={}, headers=key)
        again = await acme.call("POST", path, json={}, headers=key)
        assert first.status == again.status, route
        assert strip(first.body) == strip(again.body), route


def strip(body: Any) -> Any:
    return {k: v for k, v in body.items() if k != "timestamp"} if isinstance(body, dict) else body


async def test_the_document_names_every_route_and_no_other(http: TestClient[Any, Any]) -> None:
    document = await (await http.get("/api/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    told = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    served = {
        (route.method, route.resource.canonical)
        for route in http.server.app.router.routes()  # type: ignore[attr-defined]
        if route.method != "HEAD" and route.resource is not None
    }
    assert told == served == {(route.method, route.path) for route in ROUTES}
    names = [op["operationId"] for ops in document["paths"].values() for op in ops.values()]
    assert len(names) == len(set(names))
    assert dangling(document, document) == []


def dangling(part: Any, document: dict[str, Any]) -> list[str]:
    """References that lead nowhere."""
    if isinstance(part, list):
        return [lost for item in part for lost in dangling(item, document)]
    if not isinstance(part, dict):
        return []
    reference = part.get("$ref")
    lost = [lost for value in part.values() for lost in dangling(value, document)]
    if isinstance(reference, str):
        name = reference.removeprefix("#/components/schemas/")
        if name not in document["components"]["schemas"]:
            lost.append(reference)
    return lost


async def test_health_and_metrics_need_no_key(
    http: TestClient[Any, Any], pool: asyncpg.Pool
) -> None:
    assert await (await http.get("/health/live")).json() == {"status": "ok"}
    ready = await http.get("/health/ready")
    assert (ready.status, await ready.json()) == (
        200,
        {"status": "ok", "parts": {"database": "ok"}},
    )
    assert (await http.get("/metrics")).status == 200
    await pool.close()
    failing = await http.get("/health/ready")
    assert (failing.status, (await failing.json())["parts"]) == (503, {"database": "failing"})
    away = await answer(await http.get("/api/users/me", headers={"x-api-key": "gm_any"}))
    assert (away.status, away.body["code"]) == (503, "DATABASE_UNAVAILABLE")


async def test_a_read_is_four_round_trips(acme: Tenant, pool: asyncpg.Pool) -> None:
    """Begin, who asks, the query, commit; the pool adds none of its own."""
    said: list[str] = []
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    for connection in held:
        connection.add_query_logger(lambda query: said.append(query.query))
    for connection in held:
        await pool.release(connection)
    said.clear()
    assert (await acme.get("/users/me")).status == 200
    assert [query.split()[0].strip(";") for query in said] == [
        "BEGIN",
        "SELECT",
        "SELECT",
        "COMMIT",
    ]
