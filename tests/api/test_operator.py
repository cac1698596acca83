"""The operator: organizations founded and suspended, trunks, numbers; apart from every tenant."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from api import ROUTES
from api.route import Door
from engine.org.secret import MARK, Secret
from engine.org.trunk import PASSWORD
from engine.store import operator_key, snapshot, trunk
from engine.store.pool import transaction
from tests.api.tenant import FIELDS, Tenant, answer
from tests.api.test_edge import concrete

serial = count(1)
NEW = {
    "name": "Atlas Bank",
    "country": "MA",
    "timezone": "Africa/Casablanca",
    "currency": "MAD",
    "adminEmail": "admin@atlas.example",
}
ROWS = [route for route in ROUTES if route.door is Door.OPERATOR]


@pytest.fixture
async def operator(acme: Tenant) -> Tenant:
    """Speaks as a tenant does, by another key."""
    async with transaction(acme.pool) as connection:
        key = await operator_key.create(connection, "control room")
    return replace(acme, secret=key.secret)


def line() -> dict[str, Any]:
    return {"name": f"carrier {next(serial)}", "host": "192.0.2.10"}


async def test_an_organization_is_founded_and_its_admin_comes_in(operator: Tenant) -> None:
    made = await operator.made("/operator/organizations", NEW | {"slug": f"atlas-{next(serial)}"})
    assert set(made) >= FIELDS | {"id", "slug", "plan", "status", "invitation"}
    assert (made["plan"], made["status"]) == ("trial", "active")
    body = {"token": made["invitation"]["token"], "password": "correct horse battery"}
    tokens = await answer(await operator.http.post("/api/auth/accept-invitation", json=body))
    admin = replace(operator, secret=tokens.body["access_token"])
    me = (await admin.get("/users/me")).body
    assert (me["role"], me["organization"]["id"]) == ("admin", made["id"])
    found = (await operator.get(f"/operator/organizations?search={made['slug']}")).body
    assert [one["id"] for one in found["data"]] == [made["id"]]
    planned = await operator.call(
        "PUT", f"/api/operator/organizations/{made['id']}/plan", json={"plan": "basic"}
    )
    assert planned.body["plan"] == "basic"
    taken = await operator.post("/operator/organizations", NEW | {"slug": made["slug"]})
    assert (taken.status, taken.body["code"]) == (409, "SLUG_TAKEN")


async def test_a_suspended_organization_is_refused_and_starts_no_call(
    acme: Tenant, operator: Tenant
) -> None:
    program = await acme.program()
    await acme.post(f"/programs/{program['id']}/launch")
    path = f"/operator/organizations/{acme.org_id}"
    assert await runs(acme)
    assert (await operator.patch(f"{path}/suspend")).body["status"] == "suspended"
    assert (await acme.get("/users/me")).body["code"] == "ORGANIZATION_SUSPENDED"
    assert not await runs(acme)
    assert (await operator.patch(f"{path}/resume")).body["status"] == "active"
    assert (await acme.get("/users/me")).status == 200
    assert await runs(acme)


async def runs(tenant: Tenant) -> bool:
    """Whether the dialer may start calls of the organization."""
    async with tenant.pool.acquire() as connection:
        return tenant.org_id in {run.org_id for run in await snapshot.runnable(connection)}


async def test_trunks_keep_their_passwords_sealed(operator: Tenant, pool: asyncpg.Pool) -> None:
    made = await operator.made("/operator/trunks", line() | {"username": "u", "password": "s3cret"})
    assert "password" not in made
    kept = await pool.fetchval("SELECT password FROM trunk WHERE name = $1", made["name"])
    assert kept.startswith(MARK)
    assert "s3cret" not in kept
    path = f"/operator/trunks/{made['id']}"
    changed = await operator.put(path, {"channels": 5, "codecs": ["PCMU"], "status": "inactive"})
    assert (changed.body["channels"], changed.body["codecs"]) == (5, ["PCMU"])
    assert changed.body["status"] == "inactive"
    assert await pool.fetchval("SELECT password FROM trunk WHERE name = $1", made["name"]) == kept
    await operator.put(path, {"password": "other"})
    assert await pool.fetchval("SELECT password FROM trunk WHERE name = $1", made["name"]) != kept
    assert (await operator.get(path)).body["username"] == "u"
    taken = await operator.post("/operator/trunks", line() | {"name": made["name"]})
    assert (taken.status, taken.body["code"]) == (409, "TRUNK_EXISTS")
    other = await operator.made("/operator/trunks", line())
    clash = await operator.put(f"/operator/trunks/{other['id']}", {"name": made["name"]})
    assert clash.body["code"] == "TRUNK_EXISTS"
    odd = {"host": "a b", "port": 0, "codecs": ["PCMA", "PCMA"], "channels": 0}
    refused = await operator.post("/operator/trunks", line() | odd)
    assert set(refused.body["fieldDetails"]) == set(odd)
    await pool.execute("UPDATE trunk SET password = NULL WHERE password IS NOT NULL")


async def test_plain_passwords_are_sealed_at_the_start(pool: asyncpg.Pool) -> None:
    secret = Secret(b"k" * 32)
    async with transaction(pool) as connection:
        made = await trunk.create(connection, name="old", host="192.0.2.1", password="plain")
        await trunk.keep_sealed(connection, secret)
        await trunk.keep_sealed(connection, secret)
        kept = await connection.fetchval("SELECT password FROM trunk WHERE id = $1", made.id)
        await connection.execute("DELETE FROM trunk WHERE id = $1", made.id)
    assert kept.startswith(MARK)
    assert secret.unseal(kept, PASSWORD) == "plain"


async def test_a_number_is_lent(acme: Tenant, operator: Tenant) -> None:
    trunk_id = (await operator.made("/operator/trunks", line()))["id"]
    body = {"organizationId": str(acme.org_id), "trunkId": trunk_id, "number": "0520 99 00 01"}
    made = await operator.made("/operator/dids", body | {"dailyCap": 10})
    assert (made["number"], made["dailyCap"]) == ("+212520990001", 10)
    assert (await acme.get(f"/dids/{made['id']}")).status == 200
    again = await operator.post("/operator/dids", body)
    assert (again.status, again.body["code"]) == (409, "DID_EXISTS")


async def test_the_doors_are_apart(acme: Tenant, operator: Tenant) -> None:
    assert len(ROWS) > 8
    for route in ROWS:
        refused = await acme.call(route.method, concrete(route.path))
        assert (refused.status, refused.body["code"]) == (401, "OPERATOR_KEY_INVALID"), route
        let_in = await operator.call(route.method, concrete(route.path))
        assert let_in.status in (200, 400, 404), route
    assert (await operator.get("/contact")).body["code"] == "API_KEY_INVALID"
    async with transaction(acme.pool) as connection:
        await operator_key.revoke(connection, "control room")
    assert (await operator.get("/operator/trunks")).status == 401


async def test_no_key_at_all(http: TestClient[Any, Any]) -> None:
    refused = await answer(await http.get("/api/operator/trunks"))
    assert (refused.status, refused.body["code"]) == (401, "API_KEY_MISSING")
