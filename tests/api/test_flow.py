from __future__ import annotations

import copy

import pytest

from engine.org import Plan
from media.dictionaries.pack import SystemPack
from tests.api.tenant import FIELDS, FLOW, Tenant, found, wav


async def test_a_change_of_the_graph_is_a_new_version(acme: Tenant) -> None:
    made = await acme.made("/flows", {"name": "Greeting", "graph": FLOW})
    brief = FIELDS | {"id", "organizationId", "name", "description", "version"}
    assert set(made) == brief | {"graph"}
    assert (made["version"], made["graph"]) == (1, FLOW)
    path = f"/flows/{made['id']}"
    renamed = await acme.put(path, {"name": "Salam", "graph": FLOW})
    assert (renamed.body["name"], renamed.body["version"]) == ("Salam", 1)
    other = copy.deepcopy(FLOW)
    other["nodes"][0]["config"] = {"timeout": 20000}
    changed = await acme.put(path, {"graph": other})
    assert (changed.body["version"], changed.body["graph"]) == (2, other)
    versions = await acme.pool.fetch(
        "SELECT version FROM flow_version WHERE org_id = $1 ORDER BY 1", acme.org_id
    )
    assert [record["version"] for record in versions] == [1, 2]
    (listed,) = (await acme.get("/flows?search=sala")).body["data"]
    assert set(listed) == brief
    assert (await acme.delete(path)).status == 204
    assert (await acme.get(path)).status == 404


BROKEN = {
    "startNodeId": "dial",
    "nodes": [
        {"id": "dial", "type": "dial", "config": {"timeout": 1}, "outputs": {"onAnswer": "gone"}},
        {"id": "odd", "type": "teleport", "config": {}},
    ],
}


async def test_validate_names_every_problem_at_once(acme: Tenant) -> None:
    told = await acme.post("/flows/validate", {"graph": BROKEN})
    assert (told.status, told.body["valid"]) == (200, False)
    assert set(told.body["issues"][0]) == {
        "nodeId",
        "output",
        "severity",
        "code",
        "message",
        "params",
    }
    codes = {issue["code"] for issue in told.body["issues"]}
    assert {"min", "edgeToNowhere", "unknownNodeType"} <= codes
    fine = await acme.post("/flows/validate", {"graph": FLOW})
    assert fine.body["valid"] is True
    for odd in (None, 5, [], {"nodes": "x"}):
        assert (await acme.post("/flows/validate", {"graph": odd})).body["valid"] is False
    assert (await acme.post("/flows/validate", {})).status == 400


async def test_a_broken_flow_is_not_saved(acme: Tenant) -> None:
    refused = await acme.post("/flows", {"name": "Broken", "graph": BROKEN})
    assert (refused.status, refused.body["code"]) == (400, "FLOW_INVALID")
    assert {"graph.nodes.dial", "graph.nodes.odd"} <= set(refused.body["fieldDetails"])
    assert (await acme.get("/flows")).body["data"] == []


async def test_missing_audio_is_a_problem(acme: Tenant) -> None:
    def say(item: dict[str, object]) -> dict[str, object]:
        nodes = [
            {**FLOW["nodes"][0], "outputs": {"onAnswer": "say"}},
            {"id": "say", "type": "play", "config": {"audioItems": [item]}},
        ]
        return {"graph": {"startNodeId": "dial", "nodes": nodes}}

    own = await acme.made("/dictionaries", {"name": "Cities", "language": "fr"})
    spoken = {"type": "number", "value": 5, "language": "fr"}
    assert (await acme.post("/flows/validate", say(spoken))).body["valid"] is True
    for item in (
        {"type": "audioFile", "audioId": own["id"]},
        {"type": "number", "value": 5, "language": "tlh"},
        {"type": "word", "value": "Fès", "language": "fr", "dictionaryId": own["id"]},
        {"type": "word", "value": "a", "language": "fr", "dictionaryId": "nobody's"},
    ):
        told = await acme.post("/flows/validate", say(item))
        assert [issue["code"] for issue in told.body["issues"]] == ["audioMissing"], item


async def test_what_the_contacts_hold_must_be_in_the_dictionary(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language whose pack lacks words: each that the balances can need is listed, no other."""
    pack = SystemPack.load("fr")
    monkeypatch.setattr("api.coverage._pack_keys", lambda _: pack.keys - {"number.3", "number.99"})
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    for phone, balance in (("0612345601", 2), ("0612345602", 40.5)):
        await acme.contact(phone, customAttributes={"balance": balance})
    own = await acme.made("/dictionaries", {"name": "Ours", "language": "fr"})
    item = {
        "type": "number",
        "value": {"source": "variable", "variableName": "contact.customAttributes.balance"},
        "language": "fr",
        "dictionaryId": own["id"],
    }
    nodes = [
        {**FLOW["nodes"][0], "outputs": {"onAnswer": "say"}},
        {"id": "say", "type": "play", "config": {"audioItems": [item]}},
    ]
    graph = {"graph": {"startNodeId": "dial", "nodes": nodes}}
    (issue,) = (await acme.post("/flows/validate", graph)).body["issues"]
    assert (issue["code"], issue["params"]["missing"]) == ("audioMissing", ["number.3"])
    await acme.upload(f"/dictionaries/{own['id']}/entries", wav(), key="number.3")
    assert (await acme.post("/flows/validate", graph)).body["issues"] == []
    await acme.contact("0612345603", customAttributes={"balance": 150})
    (issue,) = (await acme.post("/flows/validate", graph)).body["issues"]
    assert issue["params"]["missing"] == ["number.99"]


async def test_what_nobody_can_speak_is_a_problem(acme: Tenant) -> None:
    balance = {"source": "customAttribute", "attributeName": "balance"}
    for item, code in (
        ({"type": "currency", "value": balance, "currency": "GBP"}, "unspeakable"),
        ({"type": "date", "value": balance, "format": "long"}, "unspeakable"),
        ({"type": "number", "value": 10**13}, "unspeakable"),
        ({"type": "text", "text": "x", "voice": "piper:nobody"}, "audioMissing"),
        ({"type": "ordinal", "value": 3}, None),
    ):
        nodes = [
            {**FLOW["nodes"][0], "outputs": {"onAnswer": "say"}},
            {
                "id": "say",
                "type": "play",
                "config": {"audioItems": [{"language": "fr", **item}]},
            },
        ]
        graph = {"graph": {"startNodeId": "dial", "nodes": nodes}}
        told = (await acme.post("/flows/validate", graph)).body["issues"]
        assert [issue["code"] for issue in told] == ([code] if code else []), item


async def test_flows_in_use_and_plan_limits(acme: Tenant) -> None:
    program = await acme.program()
    refused = await acme.delete(f"/flows/{program['flowId']}")
    assert (refused.status, refused.body["code"]) == (409, "FLOW_IN_USE")
    small = await found(acme.http, acme.pool, "small", Plan.TRIAL)
    for n in range(3):
        await small.flow(f"Flow {n}")
    full = await small.post("/flows", {"name": "One more", "graph": FLOW})
    assert (full.status, full.body["params"]) == (403, {"limit": 3, "used": 3})
