"""Members log in, refresh, are invited, change roles and go."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.clock import VirtualClock
from engine.org import Plan, Role
from engine.org.password import hashed
from engine.store import member, session
from engine.store.pool import transaction
from tests.api.tenant import NOW, Answer, Tenant, answer, found

PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD)


@pytest.fixture
async def email(acme: Tenant) -> str:
    """Of acme's admin, who has a password."""
    return await give_password(acme)


async def give_password(tenant: Tenant, hash_: str = HASH) -> str:
    """The address is made the tenant's alone: all tests share one database."""
    email = f"{tenant.member_id.hex}@acme.example"
    async with transaction(tenant.pool) as connection:
        await connection.execute(
            "UPDATE member SET email = $1 WHERE id = $2", email, tenant.member_id
        )
        await session.set_password(connection, tenant.org_id, tenant.member_id, hash_, NOW)
    return email


async def post(tenant: Tenant, path: str, json: Any) -> Answer:
    """As a guest."""
    return await answer(await tenant.http.post(f"/api{path}", json=json))


async def login(tenant: Tenant, email: str, **more: str) -> dict[str, str]:
    got = await post(tenant, "/auth/login", {"email": email, "password": PASSWORD, **more})
    assert got.status == 200, got
    assert set(got.body) == {"access_token", "refresh_token"}
    return got.body


def bearing(tenant: Tenant, tokens: dict[str, str]) -> Tenant:
    """The tenant, by an access token in place of its key."""
    return Tenant(tenant.http, tenant.pool, tenant.org_id, tenant.member_id, tokens["access_token"])


async def test_an_access_token_serves_as_a_key_until_it_expires(
    acme: Tenant, email: str, clock: VirtualClock
) -> None:
    tokens = await login(acme, email.upper())
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = await answer(await acme.http.get("/api/users/me", headers=headers))
    assert (me.status, me.body["email"]) == (200, email)
    assert me.body["lastLoginAt"] == "2026-03-02T09:00:00.000Z"
    clock.advance(timedelta(minutes=15))
    late = await bearing(acme, tokens).get("/users/me")
    assert (late.status, late.body["code"]) == (401, "ACCESS_TOKEN_EXPIRED")
    head, body, seal = tokens["access_token"].split(".")
    for forged in (f"{head}.{body}.{seal[::-1]}", "a.b.c", "e30.e30."):
        got = await acme.get("/users/me", headers={"x-api-key": forged})
        assert (got.status, got.body["code"]) == (401, "ACCESS_TOKEN_INVALID")


async def test_wrong_passwords_and_unknown_addresses_look_the_same(
    acme: Tenant, email: str
) -> None:
    wrong = await post(acme, "/auth/login", {"email": email, "password": "wrong"})
    nobody = await post(acme, "/auth/login", {"email": "nobody@x.example", "password": PASSWORD})
    assert wrong.status == nobody.status == 401
    assert wrong.body == nobody.body
    assert wrong.body["code"] == "CREDENTIALS_INVALID"


async def test_a_person_of_two_organizations_says_which(
    acme: Tenant, rival: Tenant, email: str, pool: asyncpg.Pool
) -> None:
    await give_password(rival)
    await pool.execute("UPDATE member SET email = $1 WHERE id = $2", email, rival.member_id)
    unclear = await post(acme, "/auth/login", {"email": email, "password": PASSWORD})
    assert (unclear.status, unclear.body["code"]) == (409, "ORGANIZATION_AMBIGUOUS")
    slug = (await rival.get("/organization")).body["slug"]
    assert slug in unclear.body["params"]["organizations"]
    tokens = await login(acme, email, organization=slug)
    assert (await bearing(rival, tokens).get("/organization")).body["slug"] == slug


async def test_refresh_tokens_rotate_and_a_reused_one_ends_the_session(
    acme: Tenant, email: str, clock: VirtualClock
) -> None:
    first, other = await login(acme, email), await login(acme, email)
    clock.advance(timedelta(minutes=20))
    second = (await post(acme, "/auth/refresh", {"refresh_token": first["refresh_token"]})).body
    assert second["refresh_token"] != first["refresh_token"]
    assert (await bearing(acme, second).get("/users/me")).status == 200
    stolen = await post(acme, "/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert (stolen.status, stolen.body["code"]) == (401, "REFRESH_TOKEN_REUSED")
    assert (await bearing(acme, second).get("/users/me")).body["code"] == "SESSION_ENDED"
    dead = await post(acme, "/auth/refresh", {"refresh_token": second["refresh_token"]})
    assert (dead.status, dead.body["code"]) == (401, "REFRESH_TOKEN_INVALID")
    alive = await post(acme, "/auth/refresh", {"refresh_token": other["refresh_token"]})
    assert alive.status == 200
    unknown = await post(acme, "/auth/refresh", {"refresh_token": "rt_guess"})
    assert unknown.body["code"] == "REFRESH_TOKEN_INVALID"


async def test_of_equal_refreshes_at_once_one_wins(acme: Tenant, email: str) -> None:
    body = {"refresh_token": (await login(acme, email))["refresh_token"]}
    got = await asyncio.gather(*(post(acme, "/auth/refresh", body) for _ in range(4)))
    assert sorted(one.status for one in got) == [200, 401, 401, 401]


async def test_a_session_that_rests_a_month_is_over(
    acme: Tenant, email: str, clock: VirtualClock
) -> None:
    body = {"refresh_token": (await login(acme, email))["refresh_token"]}
    clock.advance(session.LIFE)
    late = await post(acme, "/auth/refresh", body)
    assert (late.status, late.body["code"]) == (401, "REFRESH_TOKEN_EXPIRED")


async def test_sessions_are_listed_and_ended(acme: Tenant, email: str, rival: Tenant) -> None:
    one, two, three = [bearing(acme, await login(acme, email)) for _ in range(3)]
    listed = (await one.get("/auth/sessions")).body["sessions"]
    assert len(listed) == 3
    assert set(listed[0]) == {
        "id", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt", "isCurrent",
    }  # fmt: skip
    (current,) = [found["id"] for found in listed if found["isCurrent"]]
    assert (await rival.post("/auth/revoke-session", {"sessionId": current})).status == 404
    assert (await two.post("/auth/revoke-session", {"sessionId": current})).status == 204
    assert (await one.get("/users/me")).status == 401
    assert (await two.post("/auth/logout")).status == 204
    assert (await two.get("/users/me")).status == 401
    assert (await acme.post("/auth/logout")).body["code"] == "NO_SESSION"
    assert (await three.post("/auth/logout-all")).status == 204
    assert (await three.get("/users/me")).status == 401
    assert (await acme.get("/auth/sessions")).body == {"sessions": []}


async def test_a_new_password_ends_every_session(acme: Tenant, email: str) -> None:
    inside = bearing(acme, await login(acme, email))
    change = {"currentPassword": "wrong", "newPassword": "another long one"}
    wrong = await inside.put("/users/me/password", change)
    assert list(wrong.body["fieldDetails"]) == ["currentPassword"]
    change["currentPassword"] = PASSWORD
    assert (await inside.put("/users/me/password", change)).status == 204
    assert (await inside.get("/users/me")).status == 401
    old = await post(acme, "/auth/login", {"email": email, "password": PASSWORD})
    assert old.status == 401


async def test_a_suspended_organization_lets_nobody_in(acme: Tenant, email: str) -> None:
    tokens = await login(acme, email)
    await acme.pool.execute(
        "UPDATE organization SET status = 'suspended' WHERE id = $1", acme.org_id
    )
    for refused in (
        await bearing(acme, tokens).get("/users/me"),
        await post(acme, "/auth/refresh", {"refresh_token": tokens["refresh_token"]}),
        await post(acme, "/auth/login", {"email": email, "password": PASSWORD}),
    ):
        assert (refused.status, refused.body["code"]) == (403, "ORGANIZATION_SUSPENDED")


async def test_the_invited_become_members(acme: Tenant, clock: VirtualClock) -> None:
    email = f"{acme.org_id.hex}@nadia.example"
    invited = await acme.made("/users/invitations", {"email": email, "role": "manager"})
    assert set(invited) == {"id", "email", "role", "createdAt", "expiresAt", "token"}
    again = await acme.made("/users/invitations", {"email": email, "role": "agent"})
    listed = (await acme.get("/users/invitations")).body["invitations"]
    assert [one["id"] for one in listed] == [again["id"]]
    gone = {"token": invited["token"], "password": PASSWORD}
    assert (await post(acme, "/auth/accept-invitation", gone)).status == 404
    weak = await post(
        acme, "/auth/accept-invitation", {"token": again["token"], "password": "short"}
    )
    assert weak.body["fieldDetails"]["password"][0]["code"] == "minLength"
    body = {"token": again["token"], "password": PASSWORD, "firstName": "Nadia"}
    tokens = (await post(acme, "/auth/accept-invitation", body)).body
    assert (await post(acme, "/auth/accept-invitation", body)).status == 404
    nadia = bearing(acme, tokens)
    me = (await nadia.get("/users/me")).body
    assert (me["firstName"], me["role"]) == ("Nadia", "agent")
    assert (await nadia.post("/contact", {"primaryPhone": "0612345678"})).status == 403
    taken = await acme.post("/users/invitations", {"email": email.upper(), "role": "agent"})
    assert (taken.status, taken.body["code"]) == (409, "EMAIL_TAKEN")
    late = await acme.made("/users/invitations", {"email": "late@x.example", "role": "agent"})
    clock.advance(timedelta(days=7))
    over = {"token": late["token"], "password": PASSWORD}
    assert (await post(acme, "/auth/accept-invitation", over)).status == 404
    withdrawn = await acme.made("/users/invitations", {"email": "no@x.example", "role": "agent"})
    assert (await acme.delete(f"/users/invitations/{withdrawn['id']}")).status == 204
    assert (await acme.delete(f"/users/invitations/{withdrawn['id']}")).status == 404


async def test_a_role_counts_at_once_and_the_removed_are_out(acme: Tenant, email: str) -> None:
    async with transaction(acme.pool) as connection:
        other = await member.create(connection, acme.org_id, "omar@acme.example", Role.ADMIN)
    inside = bearing(acme, await login(acme, email))
    agent = {"role": "agent"}
    changed = await inside.put(f"/users/{acme.member_id}", agent)
    assert (changed.status, changed.body["role"]) == (200, "agent")
    assert (await inside.put(f"/users/{acme.member_id}", {"role": "admin"})).status == 403
    last = await acme.put(f"/users/{other.id}", agent)
    assert (last.status, last.body["code"]) == (409, "LAST_ADMIN")
    assert (await acme.delete(f"/users/{other.id}")).body["code"] == "LAST_ADMIN"
    assert (await acme.put(f"/users/{acme.member_id}", {"role": "admin"})).status == 200
    assert (await acme.delete(f"/users/{other.id}")).status == 204
    assert (await acme.get(f"/users/{other.id}")).status == 404
    assert (await acme.get("/users?search=omar")).body["meta"]["total"] == 0
    await acme.pool.execute("UPDATE member SET deleted_at = now() WHERE id = $1", acme.member_id)
    assert (await inside.get("/users/me")).body["code"] == "SESSION_ENDED"
    assert (await acme.get("/users/me")).body["code"] == "API_KEY_INVALID"


async def test_the_plan_bounds_the_members(acme: Tenant, pool: asyncpg.Pool) -> None:
    trial = await found(acme.http, pool, "small", Plan.TRIAL)
    full = await trial.post("/users/invitations", {"email": "b@x.example", "role": "agent"})
    assert (full.status, full.body["code"]) == (403, "PLAN_LIMIT_REACHED")
    assert full.body["params"] == {"limit": 1, "used": 1}


async def test_what_proves_an_identity_is_beyond_the_tenants_role(acme: Tenant) -> None:
    from engine.store.pool import tenant

    for table in ("password", "refresh_token"):
        async with tenant(acme.pool, acme.org_id) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM {table}")
    assert isinstance(acme.org_id, UUID)
