from __future__ import annotations

from tests.api.tenant import FIELDS, NOW, Tenant


async def test_the_profile(acme: Tenant) -> None:
    me = (await acme.get("/users/me")).body
    assert set(me) == {
        "id",
        "email",
        "firstName",
        "lastName",
        "phone",
        "role",
        "isEmailVerified",
        "lastLoginAt",
        "createdAt",
        "updatedAt",
        "organization",
    }
    assert set(me["organization"]) == {
        "id",
        "name",
        "slug",
        "country",
        "timezone",
        "currency",
        "plan",
    }
    assert (me["role"], me["organization"]["plan"]) == ("admin", "basic")


async def test_the_organization_and_its_changes(acme: Tenant, rival: Tenant) -> None:
    got = (await acme.get("/organization")).body
    assert set(got) == FIELDS | {
        "id",
        "name",
        "slug",
        "country",
        "timezone",
        "currency",
        "plan",
        "status",
        "type",
        "industry",
        "size",
        "primaryUse",
    }
    assert got["status"] == "active"
    changed = await acme.put("/organization", {"timezone": "Europe/Paris", "industry": "health"})
    assert changed.status == 200
    assert (changed.body["timezone"], changed.body["industry"]) == ("Europe/Paris", "health")
    assert changed.body["updatedBy"] == str(acme.member_id)
    for field, value in {
        "country": "ZZ",
        "timezone": "Mars/Olympus",
        "currency": "XXX",
        "name": "ab",
        "slug": "Not A Slug",
    }.items():
        refused = await acme.put("/organization", {field: value})
        assert (refused.status, list(refused.body["fieldDetails"])) == (400, [field])
    assert (await acme.put("/organization", {"plan": "enterprise"})).status == 400
    taken = (await rival.get("/organization")).body["slug"]
    conflict = await acme.put("/organization", {"slug": taken})
    assert (conflict.status, conflict.body["code"]) == (409, "SLUG_TAKEN")


async def test_api_keys(acme: Tenant) -> None:
    made = await acme.post("/auth/api-keys", {"name": "Reports", "prefix": "rep", "role": "agent"})
    assert made.status == 201
    public = {
        "id",
        "name",
        "keyPrefix",
        "role",
        "isActive",
        "expiresAt",
        "createdAt",
        "updatedAt",
    }
    assert set(made.body) == public | {"secret"}
    assert made.body["secret"].startswith("rep_")
    listed = (await acme.get("/auth/api-keys")).body
    assert set(listed) == {"apiKeys"}
    assert all(set(key) == public for key in listed["apiKeys"])
    headers = {"x-api-key": made.body["secret"]}
    assert (await acme.get("/contact", headers=headers)).status == 200
    refused = await acme.post("/contact", {"primaryPhone": "0612345678"}, headers=headers)
    assert (refused.status, refused.body["code"]) == (403, "ROLE_FORBIDDEN")
    assert (await acme.delete(f"/auth/api-keys/{made.body['id']}")).status == 204
    assert (await acme.get("/contact", headers=headers)).status == 401
    naive = {"name": "n", "prefix": "p", "expiresAt": "2030-01-01T00:00:00"}
    zone = await acme.post("/auth/api-keys", naive)
    assert zone.body["fieldDetails"]["expiresAt"][0]["code"] == "timezone"
    past = await acme.post("/auth/api-keys", naive | {"expiresAt": NOW.isoformat()})
    assert past.body["fieldDetails"]["expiresAt"][0]["code"] == "future"
    long = await acme.post("/auth/api-keys", {"name": "n" * 256, "prefix": "p" * 21})
    assert set(long.body["fieldDetails"]) == {"name", "prefix"}
