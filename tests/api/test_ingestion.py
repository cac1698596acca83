from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import VirtualClock
from engine.org.plan import Plan
from tests.api.tenant import Answer, Tenant, found

TABLE = """\
Téléphone;Prénom;Solde;Note
0612345670;Amina;12,5;=cmd()
0612345671;Badr;13;
12;Court;1;

0612345672;Chaïma;20;"two
lines"
"""
MAPPINGS = [
    {"column": "Téléphone", "field": "primaryPhone"},
    {"column": "Prénom", "field": "firstName"},
    {"column": "Solde", "field": "customAttributes.balance"},
]
PATH = "/contact/ingestion"


async def upload(acme: Tenant, data: bytes, **fields: str) -> Answer:
    return await acme.upload(f"{PATH}/upload", data, "people.csv", **fields)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
async def test_a_table_becomes_contacts(acme: Tenant, encoding: str) -> None:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    audience = await acme.audience()
    session = await upload(acme, TABLE.encode(encoding), audienceId=audience["id"], previewRows="1")
    assert session.status == 201
    assert set(session.body) == {
        "sessionId",
        "fileName",
        "status",
        "columns",
        "preview",
        "audienceId",
        "expiresAt",
    }
    assert session.body["columns"] == ["Téléphone", "Prénom", "Solde", "Note"]
    assert session.body["preview"] == [["0612345670", "Amina", "12,5", "=cmd()"]]
    one = {"sessionId": session.body["sessionId"]}
    early = await acme.post(f"{PATH}/execute", one)
    assert (early.status, early.body["code"]) == (409, "INGESTION_NOT_VALIDATED")
    told = await acme.post(f"{PATH}/validate", one | {"columnMappings": MAPPINGS})
    assert (told.body["totalRows"], told.body["validRows"], told.body["invalidRows"]) == (4, 2, 2)
    assert [bad["row"] for bad in told.body["sample"]] == [2, 4]
    assert (await acme.get("/contact")).body["meta"]["total"] == 0
    done = await acme.post(f"{PATH}/execute", one)
    counts = {key: done.body[key] for key in ("total", "created", "updated", "failed")}
    assert counts == {"total": 4, "created": 2, "updated": 0, "failed": 2}
    refused = await acme.call("GET", done.body["refusedRowsUrl"])
    rows = list(csv.reader(io.StringIO(refused.body.decode())))
    assert rows[0] == ["Téléphone", "Prénom", "Solde", "Note", "row", "reason"]
    assert [row[4] for row in rows[1:]] == ["2", "4"]
    assert rows[1][3] == "'=cmd()"
    assert "too short" in rows[2][5]
    assert (await acme.get(f"/audience/{audience['id']}")).body["contactCount"] == 2
    again = await acme.post(f"{PATH}/execute", one)
    assert (again.status, again.body["code"]) == (409, "INGESTION_EXECUTED")


async def test_mappings_that_lead_nowhere(acme: Tenant) -> None:
    session = (await upload(acme, b"phone,name\n0612345678,A\n")).body["sessionId"]
    for mappings, field, code in (
        ([{"column": "name", "field": "firstName"}], "primaryPhone", "required"),
        ([{"column": "tel", "field": "primaryPhone"}], "tel", "unknown"),
        ([{"column": "phone", "field": "shoeSize"}], "phone", "unknown"),
        (
            [
                {"column": "phone", "field": "primaryPhone"},
                {"column": "name", "field": "primaryPhone"},
            ],
            "name",
            "duplicate",
        ),
    ):
        refused = await acme.post(
            f"{PATH}/validate", {"sessionId": session, "columnMappings": mappings}
        )
        assert refused.status == 400
        assert refused.body["fieldDetails"][field][0]["code"] == code


@pytest.mark.parametrize("data", [b"", b"  \n", b"a,a\n1,2\n", b"\x00\x01\x02"])
async def test_files_that_are_no_tables(acme: Tenant, data: bytes) -> None:
    refused = await upload(acme, data)
    assert (refused.status, refused.body["code"]) == (400, "FILE_INVALID")


async def test_a_session_ends(acme: Tenant, clock: VirtualClock, tmp_path: Path) -> None:
    session = (await upload(acme, b"0612345678\n", hasHeaderRow="false")).body
    assert session["columns"] == ["column1"]
    clock.advance(timedelta(minutes=30))
    mappings = [{"column": "column1", "field": "primaryPhone"}]
    late = await acme.post(
        f"{PATH}/validate", {"sessionId": session["sessionId"], "columnMappings": mappings}
    )
    assert late.status == 404
    await upload(acme, b"0612345678\n")
    assert len(list((tmp_path / "ingestion").iterdir())) == 1
    assert list((tmp_path / "spool").iterdir()) == []


async def test_many_rows_the_same_phone_and_the_plan(acme: Tenant) -> None:
    small = await found(acme.http, acme.pool, "small", Plan.TRIAL)
    lines = ["phone", *(f"+2126{n % 1500:08}" for n in range(2500))]
    session = (await upload(small, "\n".join(lines).encode())).body["sessionId"]
    mappings = [{"column": "phone", "field": "primaryPhone"}]
    await small.post(f"{PATH}/validate", {"sessionId": session, "columnMappings": mappings})
    done = (await small.post(f"{PATH}/execute", {"sessionId": session})).body
    assert done["created"] == 100
    assert done["created"] + done["updated"] + done["failed"] == done["total"] == 2500
