"""Preconditions and the audit log, for every route that changes something."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import FormData

from api import ROUTES
from api.change import LARGEST, told, twin_of
from api.route import Door, Route
from engine.org import Role
from engine.store import audit, operator_key
from engine.store.flow import Flow
from engine.store.pool import tenant, transaction
from tests.api.estate import estate
from tests.api.tenant import FLOW, Tenant, wav
from tests.api.test_isolation import BODIES, noun

BY_PATH = {(route.method, route.path): route for route in ROUTES}


def twin_path(method: str, path: str) -> str | None:
    twin = twin_of(BY_PATH[method, path], ROUTES)
    found = [route.path for route in ROUTES if route.method == "GET" and route.handler is twin]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("method", "path", "twin"),
    [
        ("PUT", "/api/contact/{id}", "/api/contact/{id}"),
        ("PUT", "/api/organization", "/api/organization"),
        ("PUT", "/api/users/me/password", None),
        ("POST", "/api/contact", None),
        ("POST", "/api/audience/{id}/add-contacts", "/api/audience/{id}"),
        ("PATCH", "/api/program-executions/{id}/pause", "/api/program-executions/{id}"),
        ("PUT", "/api/operator/organizations/{id}/plan", "/api/operator/organizations/{id}"),
        ("DELETE", "/api/auth/api-keys/{id}", None),
    ],
)
def test_the_twin_is_the_resource_of_the_path(method: str, path: str, twin: str | None) -> None:
    assert twin_path(method, path) == twin


def test_every_change_of_one_resource_has_a_twin() -> None:
    without = {
        (route.method, route.path)
        for route in ROUTES
        if route.method in ("PUT", "DELETE", "PATCH") and twin_of(route, ROUTES) is None
    }
    assert without == {
        ("PUT", "/api/users/me/password"),
        ("DELETE", "/api/users/invitations/{id}"),
        ("DELETE", "/api/auth/api-keys/{id}"),
    }


async def test_an_answer_is_tagged_and_not_sent_twice(acme: Tenant) -> None:
    contact = await acme.contact()
    path = f"/contact/{contact['id']}"
    got = await acme.get(path)
    again = await acme.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == got.headers["ETag"]
    assert (await acme.get("/contact")).headers["ETag"].startswith('"')


async def test_what_changed_meanwhile_is_not_overwritten(
    acme: Tenant, rival: Tenant, tmp_path: Path
) -> None:
    """Every PUT and DELETE with a twin, by generation."""
    ids = await estate(acme, tmp_path)
    stale = {"If-Match": '"stale"'}
    walked = 0
    for route in ROUTES:
        if route.door is not Door.HOLDER or route.method not in ("PUT", "DELETE"):
            continue
        if twin_of(route, ROUTES) is None:
            continue
        path = route.path.replace("{id}", ids[noun(route.path)] if "{id}" in route.path else "")
        path = path.replace("{key}", "k")
        refused = await acme.call(route.method, path, headers=stale, **_content(route))
        assert (refused.status, refused.body["code"]) == (412, "PRECONDITION_FAILED"), route
        walked += 1
    assert walked >= 13


def _content(route: Route) -> dict[str, Any]:
    if route.upload is not None:
        form = FormData()
        form.add_field("file", wav(), filename="a.wav", content_type="audio/wav")
        return {"data": form}
    return {"json": BODIES.get((route.method, route.path), {} if route.method == "PUT" else None)}


async def test_a_tag_lets_one_change_through(acme: Tenant) -> None:
    path = f"/api/contact/{(await acme.contact())['id']}"
    tag = {"If-Match": (await acme.call("GET", path)).headers["ETag"]}
    put = [acme.call("PUT", path, json={"city": city}, headers=tag) for city in ("Fes", "Rabat")]
    got = sorted(await asyncio.gather(*put), key=lambda one: one.status)
    assert [one.status for one in got] == [200, 412]
    fresh = await acme.call("GET", path)
    assert got[0].headers["ETag"] == fresh.headers["ETag"]
    wide = {"If-Match": f'"other", {fresh.headers["ETag"]}'}
    assert (await acme.call("DELETE", path, headers=wide)).status == 204
    assert (await acme.call("DELETE", path, headers={"If-Match": "*"})).status == 404


async def log(holder: Tenant, query: str = "") -> list[dict[str, Any]]:
    got = await holder.get(f"/audit-log?limit=100{query}")
    assert got.status == 200, got
    rows: list[dict[str, Any]] = got.body["data"]
    return rows


async def test_a_change_tells_who_what_before_and_after(acme: Tenant) -> None:
    contact = await acme.contact(city="Fes")
    path = f"/contact/{contact['id']}"
    request_id = {"X-Request-Id": "r-1"}
    await acme.call("PUT", f"/api{path}", json={"city": "Rabat"}, headers=request_id)
    await acme.delete(path)
    entries = await log(acme, f"&resourceId={contact['id']}")
    assert {entry["action"] for entry in entries} == {
        "POST /api/contact",
        "PUT /api/contact/{id}",
        "DELETE /api/contact/{id}",
    }
    by_method = {entry["action"].split()[0]: entry for entry in entries}
    assert by_method["POST"]["before"] is None
    assert by_method["POST"]["after"]["city"] == "Fes"
    changed = by_method["PUT"]
    assert (changed["before"]["city"], changed["after"]["city"]) == ("Fes", "Rabat")
    assert (changed["requestId"], changed["path"]) == ("r-1", f"/api{path}")
    assert (changed["memberId"], changed["address"]) == (str(acme.member_id), "127.0.0.1")
    assert changed["keyId"] is not None
    assert (by_method["DELETE"]["before"]["city"], by_method["DELETE"]["after"]) == ("Rabat", None)


async def test_what_did_not_happen_is_not_told(acme: Tenant) -> None:
    await acme.contact()
    assert (await acme.post("/contact", {"primaryPhone": "0612345678"})).status == 409
    key = {"Idempotency-Key": "k"}
    for _ in range(2):
        await acme.post("/contact", {"primaryPhone": "0612345679"}, headers=key)
    assert len(await log(acme)) == 2


async def test_secrets_are_not_told(acme: Tenant) -> None:
    made = await acme.made("/auth/api-keys", {"name": "n", "prefix": "p"})
    invited = {"email": "n@x.example", "role": "agent"}
    token = (await acme.made("/users/invitations", invited))["token"]
    told_all = json.dumps(await log(acme))
    assert made["secret"] not in told_all
    assert token not in told_all
    assert told_all.count("***") == 2


async def test_every_change_that_succeeds_is_told(acme: Tenant, tmp_path: Path) -> None:
    """The estate is made by one of nearly every POST; nothing in it names the log."""
    await estate(acme, tmp_path)
    posted = {entry["action"] for entry in await log(acme)}
    assert len(posted) >= 12
    assert posted <= {f"{method} {path}" for method, path in BY_PATH}


async def test_only_admins_read_the_log_and_nobody_rewrites_it(acme: Tenant) -> None:
    manager = await acme.with_role(Role.MANAGER)
    assert (await manager.get("/audit-log")).status == 403
    for statement in ("DELETE FROM audit_entry", "UPDATE audit_entry SET action = ''"):
        async with tenant(acme.pool, acme.org_id) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_a_person_is_forgotten_and_the_change_is_not(acme: Tenant) -> None:
    contact = await acme.contact(city="Fes")
    async with tenant(acme.pool, acme.org_id) as connection:
        await audit.forget(connection, acme.org_id, contact["id"])
    (entry,) = await log(acme, f"&resourceId={contact['id']}")
    assert (entry["action"], entry["after"]) == ("POST /api/contact", None)


async def test_the_operator_s_changes_are_told_to_whom_they_concern(acme: Tenant) -> None:
    async with transaction(acme.pool) as connection:
        key = await operator_key.create(connection, "room")
    operator = replace(acme, secret=key.secret)
    path = f"/operator/organizations/{acme.org_id}/plan"
    stale = {"If-Match": '"stale"'}
    refused = await operator.call("PUT", f"/api{path}", json={"plan": "free"}, headers=stale)
    assert refused.status == 412
    await operator.put(path, {"plan": "free"})
    (entry,) = await log(acme)
    assert (entry["operatorId"], entry["memberId"]) == (str(key.id), None)
    assert (entry["before"]["plan"], entry["after"]["plan"]) == ("basic", "free")
    name = f"line of {key.id}"
    await operator.made("/operator/trunks", {"name": name, "host": "192.0.2.1", "password": "x"})
    own = await acme.pool.fetchrow(
        "SELECT * FROM operator_audit_entry WHERE operator_id = $1", key.id
    )
    assert (own["action"], own["after"]["name"]) == ("POST /api/operator/trunks", name)


async def test_a_state_too_large_is_told_by_its_size(acme: Tenant) -> None:
    made = await acme.flow()
    huge = Flow.model_validate(made | {"description": "x" * LARGEST, "graph": FLOW})
    assert list(told(huge) or {}) == ["omittedCharacters"]
