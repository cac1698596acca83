from __future__ import annotations

from typing import Any

import pytest

from tests.api.tenant import FIELDS, Tenant

RULES: dict[str, Any] = {
    "operator": "AND",
    "rules": [
        {"field": "city", "operator": "equals", "value": "Fes"},
        {
            "operator": "OR",
            "rules": [
                {"field": "customAttributes.balance", "operator": "gt", "value": 100},
                {"field": "firstName", "operator": "is_empty"},
            ],
        },
    ],
}


async def people(acme: Tenant) -> list[dict[str, Any]]:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    return [
        await acme.contact(
            "0612345670", firstName="A", city="Fes", customAttributes={"balance": 200}
        ),
        await acme.contact(
            "0612345671", firstName="B", city="Fes", customAttributes={"balance": 5}
        ),
        await acme.contact("0612345672", city="Fes"),
        await acme.contact("0612345673", city="Rabat", customAttributes={"balance": 900}),
    ]


async def test_a_static_audience(acme: Tenant) -> None:
    first, second, *_ = await people(acme)
    made = await acme.made("/audience", {"name": "Chosen", "type": "static"})
    assert set(made) == FIELDS | {
        "id",
        "organizationId",
        "name",
        "description",
        "type",
        "rules",
        "contactCount",
    }
    assert (made["type"], made["rules"], made["contactCount"]) == ("static", None, 0)
    path = f"/audience/{made['id']}"
    both = {"contacts": [first["id"], second["id"]]}
    assert (await acme.post(f"{path}/add-contacts", both)).body == {"added": 2, "contactCount": 2}
    assert (await acme.post(f"{path}/add-contacts", both)).body == {"added": 0, "contactCount": 2}
    listed = await acme.get(f"{path}/contacts?sortBy=firstName&sortOrder=asc")
    assert [row["firstName"] for row in listed.body["data"]] == ["A", "B"]
    one = {"contacts": [first["id"]]}
    removed = await acme.post(f"{path}/remove-contacts", one)
    assert removed.body == {"removed": 1, "contactCount": 1}
    await acme.delete(f"/contact/{second['id']}")
    assert (await acme.get("/audience")).body["data"][0]["contactCount"] == 0
    rules = await acme.put(path, {"rules": RULES})
    assert (rules.status, rules.body["code"]) == (409, "AUDIENCE_IS_STATIC")


async def test_a_live_audience_follows_its_rules(acme: Tenant) -> None:
    first, second, third, _ = await people(acme)
    made = await acme.made("/audience", {"name": "Debtors", "type": "live", "rules": RULES})
    assert made["contactCount"] == 2
    assert made["rules"]["rules"][1]["operator"] == "OR"
    path = f"/audience/{made['id']}"
    ids = {row["id"] for row in (await acme.get(f"{path}/contacts")).body["data"]}
    assert ids == {first["id"], third["id"]}
    await acme.put(f"/contact/{second['id']}", {"customAttributes": {"balance": 101}})
    assert (await acme.get(path)).body["contactCount"] == 3
    added = await acme.post(f"{path}/add-contacts", {"contacts": [second["id"]]})
    assert (added.status, added.body["code"]) == (409, "AUDIENCE_IS_LIVE")
    changed = await acme.put(
        path, {"name": "Fassis", "rules": {**RULES, "rules": [RULES["rules"][0]]}}
    )
    assert (changed.body["name"], changed.body["contactCount"]) == ("Fassis", 3)
    assert (await acme.delete(path)).status == 204
    assert (await acme.get(path)).status == 404


async def test_preview(acme: Tenant) -> None:
    await people(acme)
    told = await acme.post("/audience/preview", {"rules": RULES})
    assert (told.status, told.body["count"], len(told.body["sample"])) == (200, 2, 2)


def nested(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"field": "city", "operator": "is_empty"}
    for _ in range(depth):
        rule = {"operator": "AND", "rules": [rule]}
    return rule


@pytest.mark.parametrize(
    ("rules", "field", "code"),
    [
        (nested(4), "rules", "maxDepth"),
        ({"operator": "AND", "rules": []}, "rules.rules", "minItems"),
        (
            one := {"operator": "AND", "rules": [{"field": "x", "operator": "is_empty"}]},
            "rules.rules.0",
            "unknown",
        ),
        ({"operator": "XOR", "rules": one["rules"]}, "rules.operator", "enum"),
        (
            {"operator": "AND", "rules": [{"field": "city", "operator": "gt", "value": "a"}]},
            "rules.rules.0",
            "operator",
        ),
        (
            {
                "operator": "AND",
                "rules": [
                    {"field": "customAttributes.balance", "operator": "equals", "value": "a"}
                ],
            },
            "rules.rules.0",
            "type",
        ),
    ],
)
async def test_rules_that_cannot_be(
    acme: Tenant, rules: dict[str, Any], field: str, code: str
) -> None:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    refused = await acme.post("/audience", {"name": "Odd", "type": "live", "rules": rules})
    assert refused.status == 400
    assert refused.body["fieldDetails"][field][0]["code"] == code


async def test_rules_belong_to_live_audiences(acme: Tenant) -> None:
    for body in ({"type": "live"}, {"type": "static", "rules": RULES}):
        refused = await acme.post("/audience", {"name": "Odd", **body})
        assert (refused.status, refused.body["code"]) == (400, "VALIDATION_FAILED")


async def test_custom_attributes(acme: Tenant) -> None:
    made = await acme.made("/custom-attributes", {"displayName": "Échéance (date)", "type": "date"})
    assert set(made) == FIELDS | {
        "id",
        "organizationId",
        "name",
        "displayName",
        "description",
        "type",
    }
    assert made["name"] == "echeance_date"
    listed = await acme.get("/custom-attributes")
    assert listed.body == [made]
    again = await acme.post("/custom-attributes", {"displayName": "echeance date", "type": "text"})
    assert again.status == 409
    path = f"/custom-attributes/{made['id']}"
    changed = await acme.put(path, {"displayName": "Due"})
    assert (changed.body["displayName"], changed.body["name"]) == ("Due", "echeance_date")
    assert (await acme.put(path, {"type": "text"})).status == 400
    contact = await acme.contact(customAttributes={"echeance_date": "2026-05-01"})
    assert (await acme.delete(path)).status == 204
    assert (await acme.get(f"/contact/{contact['id']}")).body["customAttributes"] == {}
