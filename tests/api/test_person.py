"""Contacts as people: several numbers, two that are one, one who is forgotten; and the export."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.org.organization import Role
from tests.api import estate
from tests.api.tenant import Tenant


async def test_several_numbers_in_their_order(acme: Tenant) -> None:
    typed = ["0612345672", "+212 612-345671", "0612345672", "0612345670"]
    made = await acme.contact("0612345670", otherPhones=typed)
    assert made["otherPhones"] == ["+212612345672", "+212612345671"]
    path = f"/contact/{made['id']}"
    changed = await acme.put(path, {"otherPhones": ["0612345671", "0612345673"]})
    assert changed.body["otherPhones"] == ["+212612345671", "+212612345673"]
    assert (await acme.put(path, {"city": "Fes"})).body["otherPhones"] != []
    assert (await acme.get("/contact?search=345673")).body["meta"]["total"] == 1
    refused = await acme.put(path, {"otherPhones": ["0612345671", "12"]})
    assert refused.body["fieldDetails"]["otherPhones.1"][0]["params"] == {"reason": "too_short"}
    await acme.post("/contact/upsert", {"data": [{"primaryPhone": "0612345670", "zip": "1"}]})
    assert (await acme.get(path)).body["otherPhones"] == ["+212612345671", "+212612345673"]


async def test_two_that_are_one(acme: Tenant) -> None:
    for name in ("One", "Two"):
        await acme.made("/custom-attributes", {"displayName": name, "type": "text"})
    kept = await acme.contact("0612345670", city="Fes", customAttributes={"one": "k"})
    second = await acme.contact(
        "0612345671",
        city="Rabat",
        firstName="Badr",
        otherPhones=["0612345679"],
        customAttributes={"one": "s", "two": "s"},
    )
    third = await acme.contact("0612345672", firstName="Third", channels=["sms"])
    audience = await acme.audience(second, third)
    merged = await acme.post(
        f"/contact/{kept['id']}/merge", {"contacts": [second["id"], third["id"]]}
    )
    assert merged.status == 200, merged
    found = merged.body
    assert (found["id"], found["city"], found["firstName"]) == (kept["id"], "Fes", "Badr")
    assert found["primaryPhone"] == "+212612345670"
    assert found["otherPhones"] == ["+212612345671", "+212612345679", "+212612345672"]
    assert (found["channels"], found["customAttributes"]) == (["sms"], {"one": "k", "two": "s"})
    members = (await acme.get(f"/audience/{audience['id']}/contacts")).body["data"]
    assert [member["id"] for member in members] == [kept["id"]]
    assert (await acme.get(f"/contact/{second['id']}")).status == 404


async def test_merges_that_cannot_be(acme: Tenant, rival: Tenant) -> None:
    mine, other = await acme.contact(), await rival.contact()
    path = f"/contact/{mine['id']}/merge"
    assert (await acme.post(path, {"contacts": [other["id"]]})).status == 404
    assert (await acme.post(path, {"contacts": [mine["id"]]})).status == 400


async def called(acme: Tenant, folder: Path) -> tuple[dict[str, Any], str, str]:
    """A contact with a call and its recording."""
    contact = await acme.contact(firstName="Amina", primaryEmail="amina@acme.example")
    audience = await acme.audience(contact)
    program = await acme.program(audienceId=audience["id"])
    execution = (await acme.post(f"/programs/{program['id']}/launch")).body["executionId"]
    call_id = await estate.call(acme, execution, contact["id"])
    return contact, execution, await estate.recording(acme, folder, call_id)


async def test_one_who_is_forgotten(acme: Tenant, pool: asyncpg.Pool, tmp_path: Path) -> None:
    key = {"Idempotency-Key": "amina"}
    other = {"primaryPhone": "0612345679"}
    await acme.call("POST", "/api/contact", json=other, headers=key)
    contact, execution, recording = await called(acme, tmp_path)
    before = (await acme.get(f"/program-execution/{execution}/call-metrics")).body
    assert (await acme.post(f"/contact/{contact['id']}/erase")).status == 204
    assert (await acme.get(f"/contact/{contact['id']}")).status == 404
    assert (await acme.get(f"/recordings/{recording}/metadata")).status == 404
    assert list((tmp_path / "recordings").iterdir()) == []
    assert (await acme.get(f"/program-execution/{execution}/call-metrics")).body == before
    tables = ("contact", "attempt", "call_trace", "recording", "idempotency_key", "audit_entry")
    for table in tables:
        rows = await pool.fetch(
            f"SELECT t::text AS row FROM {table} t WHERE org_id = $1", acme.org_id
        )
        told = " ".join(row["row"] for row in rows)
        for word in ("Amina", "amina@acme", "612345678", '"choice"'):
            assert word not in told, table


async def test_nobody_is_forgotten_in_mid_call(
    acme: Tenant, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    contact, _, _ = await called(acme, tmp_path)
    await pool.execute(
        "UPDATE target SET state = 'leased', node_id = gen_random_uuid() WHERE org_id = $1",
        acme.org_id,
    )
    refused = await acme.post(f"/contact/{contact['id']}/erase")
    assert (refused.status, refused.body["code"]) == (409, "CONTACT_IN_CALL")


async def test_erasing_is_the_admins(acme: Tenant) -> None:
    contact = await acme.contact()
    manager = await acme.with_role(Role.MANAGER)
    assert (await manager.post(f"/contact/{contact['id']}/erase")).status == 403


async def exported(acme: Tenant, query: str = "") -> list[dict[str, str]]:
    answer = await acme.get(f"/contact/export{query}")
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_the_export(acme: Tenant, rival: Tenant, tmp_path: Path) -> None:
    await rival.contact()
    await acme.made("/custom-attributes", {"displayName": "Note", "type": "text"})
    first = await acme.contact(
        "0612345670",
        firstName="=HYPERLINK(1)",
        lastName='"quoted", two\nlines',
        otherPhones=["0612345671"],
        customAttributes={"note": "-2+3"},
    )
    await acme.contact("0612345672", city="Fes", firstName="@x", lastName="+1")
    rows = await exported(acme)
    assert [row["primaryPhone"] for row in rows] == ["+212612345670", "+212612345672"]
    assert rows[0]["firstName"] == "'=HYPERLINK(1)"
    assert rows[0]["lastName"] == '"quoted", two\nlines'
    assert rows[0]["otherPhones"] == "+212612345671"
    assert rows[0]["customAttributes.note"] == "'-2+3"
    assert (rows[1]["firstName"], rows[1]["lastName"]) == ("'@x", "+1")
    audience = await acme.audience(first)
    assert len(await exported(acme, f"?audienceId={audience['id']}")) == 1
    rule = {"field": "city", "operator": "equals", "value": "Fes"}
    live = {"name": "Fassis", "type": "live", "rules": {"operator": "AND", "rules": [rule]}}
    made = await acme.made("/audience", live)
    assert [row["city"] for row in await exported(acme, f"?audienceId={made['id']}")] == ["Fes"]
    while list((tmp_path / "spool").iterdir()):  # removed once it has been sent
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("query", ["?audienceId=00000000-0000-4000-8000-000000000000"])
async def test_exports_of_nothing(acme: Tenant, query: str) -> None:
    assert (await acme.get(f"/contact/export{query}")).status == 404
