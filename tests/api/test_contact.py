from __future__ import annotations

import asyncpg

from engine.org import Plan
from tests.api.tenant import FIELDS, Tenant, found


async def test_create_answers_the_contact(acme: Tenant) -> None:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    made = await acme.post(
        "/contact",
        {
            "primaryPhone": "06 12 34 56 78",
            "firstName": "Amina",
            "gender": "female",
            "channels": ["sms"],
            "customAttributes": {"balance": 12.5},
        },
    )
    assert made.status == 201
    assert set(made.body) == FIELDS | {
        "id",
        "organizationId",
        "primaryPhone",
        "primaryPhoneRaw",
        "firstName",
        "lastName",
        "fullName",
        "primaryEmail",
        "address",
        "city",
        "state",
        "zip",
        "occupation",
        "preferredChannel",
        "gender",
        "channels",
        "otherPhones",
        "customAttributes",
    }
    assert made.body["primaryPhone"] == "+212612345678"
    assert made.body["primaryPhoneRaw"] == "06 12 34 56 78"
    assert made.body["customAttributes"] == {"balance": 12.5}
    assert made.body["lastName"] is None
    assert made.body["organizationId"] == str(acme.org_id)
    assert made.body["createdAt"].endswith("Z")
    assert len(made.body["createdAt"]) == len("2026-03-02T09:00:00.000Z")
    assert (await acme.get(f"/contact/{made.body['id']}")).body == made.body


async def test_a_duplicate_phone_is_a_conflict(acme: Tenant) -> None:
    await acme.contact("0612345678")
    again = await acme.post("/contact", {"primaryPhone": "+212 612 345 678"})
    assert (again.status, again.body["code"]) == (409, "CONTACT_EXISTS")
    assert again.body["error"] == "CONFLICT"


async def test_what_is_wrong_is_named_by_field(acme: Tenant) -> None:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    refused = await acme.post(
        "/contact", {"primaryPhone": "12", "customAttributes": {"balance": "x", "nope": 1}}
    )
    assert refused.status == 400
    assert refused.body["code"] == "VALIDATION_FAILED"
    assert refused.body["error"] == "BAD_REQUEST"
    assert refused.body["path"] == "/api/contact"
    assert refused.body["fieldDetails"] == {
        "primaryPhone": [{"code": "phone", "params": {"reason": "too_short"}}],
        "customAttributes.balance": [{"code": "type", "params": {"expected": "number"}}],
        "customAttributes.nope": [{"code": "unknown", "params": {}}],
    }
    assert set(refused.body["fieldErrors"]) == set(refused.body["fieldDetails"])


async def test_update_changes_only_what_is_given(acme: Tenant) -> None:
    for name in ("City code", "Balance"):
        await acme.made("/custom-attributes", {"displayName": name, "type": "number"})
    made = await acme.contact(
        firstName="Amina", city="Fes", customAttributes={"city_code": 1, "balance": 2}
    )
    changed = await acme.put(
        f"/contact/{made['id']}",
        {"city": None, "lastName": "Idrissi", "customAttributes": {"balance": None}},
    )
    assert changed.status == 200
    assert changed.body["firstName"] == "Amina"
    assert changed.body["city"] is None
    assert changed.body["lastName"] == "Idrissi"
    assert changed.body["customAttributes"] == {"city_code": 1}
    null = await acme.put(f"/contact/{made['id']}", {"primaryPhone": None})
    assert null.status == 400


async def test_delete_is_soft_and_frees_the_phone(acme: Tenant, pool: asyncpg.Pool) -> None:
    made = await acme.contact()
    assert (await acme.delete(f"/contact/{made['id']}")).status == 204
    assert (await acme.get(f"/contact/{made['id']}")).status == 404
    assert (await acme.delete(f"/contact/{made['id']}")).status == 404
    deleted_by = "SELECT deleted_by FROM contact WHERE org_id = $1"
    assert await pool.fetchval(deleted_by, acme.org_id) == acme.member_id
    await acme.contact()


async def test_list_pages_searches_and_sorts(acme: Tenant) -> None:
    for n, name in enumerate(["Amina", "Badr", "Chaima", "100%"]):
        await acme.contact(f"061234567{n}", firstName=name)
    first = await acme.get("/contact?limit=3&sortBy=firstName&sortOrder=asc")
    assert [row["firstName"] for row in first.body["data"]] == ["100%", "Amina", "Badr"]
    assert first.body["meta"] == {
        "page": 1,
        "limit": 3,
        "total": 4,
        "totalPages": 2,
        "hasNextPage": True,
        "hasPreviousPage": False,
    }
    second = await acme.get("/contact?limit=3&page=2&sortBy=firstName&sortOrder=asc")
    assert [row["firstName"] for row in second.body["data"]] == ["Chaima"]
    assert second.body["meta"]["hasPreviousPage"] is True
    assert [r["firstName"] for r in (await acme.get("/contact?search=%25")).body["data"]] == [
        "100%"
    ]
    assert (await acme.get("/contact?search=badr")).body["meta"]["total"] == 1
    for bad in ("limit=101", "page=0", "sortBy=secret", "sortOrder=up", "colour=red"):
        assert (await acme.get(f"/contact?{bad}")).status == 400, bad


async def test_upsert_is_keyed_by_phone_and_spares_the_good_rows(acme: Tenant) -> None:
    await acme.contact("0612345678", firstName="Amina", city="Fes")
    done = await acme.post(
        "/contact/upsert",
        {
            "data": [
                {"primaryPhone": "0612345678", "firstName": "Aïcha"},
                {"primaryPhone": "0612345679"},
                {"primaryPhone": "nobody"},
                {"primaryPhone": "+212612345679", "lastName": "Late"},
                {"firstName": "Phoneless"},
                {"primaryPhone": "0612345680", "shoeSize": 43},
            ]
        },
    )
    assert done.status == 200
    assert (done.body["created"], done.body["updated"]) == (1, 2)
    assert [failure["index"] for failure in done.body["failed"]] == [2, 4, 5]
    assert {failure["code"] for failure in done.body["failed"]} == {"VALIDATION_FAILED"}
    rows = (await acme.get("/contact?sortBy=primaryPhone&sortOrder=asc")).body["data"]
    assert [(r["firstName"], r["city"], r["lastName"]) for r in rows] == [
        ("Aïcha", "Fes", None),
        (None, None, "Late"),
    ]


async def test_upsert_of_a_thousand_and_no_more(acme: Tenant) -> None:
    data = [{"primaryPhone": f"+2126{n:08}"} for n in range(1000)]
    done = await acme.post("/contact/upsert", {"data": data})
    assert done.body == {"created": 1000, "updated": 0, "failed": []}
    over = await acme.post("/contact/upsert", {"data": [*data, data[0]]})
    assert over.status == 400
    assert over.body["fieldDetails"]["data"][0] == {"code": "maxItems", "params": {"max": 1000}}


async def test_the_plan_limits_contacts(acme: Tenant) -> None:
    small = await found(acme.http, acme.pool, "small", Plan.TRIAL)
    data = [{"primaryPhone": f"+2126{n:08}"} for n in range(110)]
    done = await small.post("/contact/upsert", {"data": data})
    assert done.body["created"] == 100
    assert [failure["index"] for failure in done.body["failed"]] == list(range(100, 110))
    assert done.body["failed"][0]["code"] == "PLAN_LIMIT_REACHED"
    full = await small.post("/contact", {"primaryPhone": "+212712345678"})
    assert full.status == 403
    assert full.body["code"] == "PLAN_LIMIT_REACHED"
    assert full.body["params"] == {"limit": 100, "used": 100}
    known = await small.post("/contact/upsert", {"data": data[:1]})
    assert known.body == {"created": 0, "updated": 1, "failed": []}
