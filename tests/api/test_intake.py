"""Tables of every size: workbooks, dry runs, duplicates, and intakes that are cut off."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api import intake, table, workbook
from api.table import PART, harmless, read_part, rows_of, settle_table
from engine.errors import Invalid
from engine.org.attribute import AttributeType
from engine.org.ingestion import check_mappings
from engine.org.plan import Plan
from engine.store.ingestion import Place
from tests.api.tenant import Answer, Tenant, found
from tests.api.workbook import archive
from tests.api.workbook import workbook as xlsx

PATH = "/contact/ingestion"
PHONE = [{"column": "phone", "field": "primaryPhone"}]
NAMED = [*PHONE, {"column": "name", "field": "firstName"}]


async def ready(
    acme: Tenant, data: bytes, mappings: list[dict[str, str]] = NAMED, **fields: str
) -> dict[str, Any]:
    """A session that can be executed."""
    session = await acme.upload(f"{PATH}/upload", data, "people", **fields)
    assert session.status == 201, session
    one = {"sessionId": session.body["sessionId"]}
    told = await acme.post(f"{PATH}/validate", one | {"columnMappings": mappings})
    assert told.status == 200, told
    return one


def counts(answer: Answer) -> dict[str, int]:
    return {name: answer.body[name] for name in intake.COUNTS}


async def test_a_workbook_becomes_contacts(acme: Tenant) -> None:
    await acme.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    await acme.made("/custom-attributes", {"displayName": "Vip", "type": "boolean"})
    rows = [
        ["phone", "name", "balance", "vip"],
        [612345678, "Amina; & co", 12.5, True],
        ["+212612345679", "two\nlines", 7, False],
        ["12", "short", 0, False],
    ]
    attributes = [
        {"column": name, "field": f"customAttributes.{name}"} for name in ("balance", "vip")
    ]
    one = await ready(acme, xlsx(rows), [*NAMED, *attributes])
    done = await acme.post(f"{PATH}/execute", one)
    assert counts(done) == {"total": 3, "created": 2, "updated": 0, "skipped": 0, "failed": 1}
    listed = (await acme.get("/contact?sortBy=primaryPhone&sortOrder=asc")).body["data"]
    assert [(row["primaryPhone"], row["firstName"]) for row in listed] == [
        ("+212612345678", "Amina; & co"),
        ("+212612345679", "two\nlines"),
    ]
    assert [row["customAttributes"] for row in listed] == [
        {"balance": 12.5, "vip": True},
        {"balance": 7, "vip": False},
    ]


def lying(size: int) -> bytes:
    """A workbook whose sheet says it unpacks to less than it does."""
    bomb = bytearray(archive({"xl/worksheets/sheet1.xml": b"0" * size}))
    for marker, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = bomb.index(marker) + offset
        bomb[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(bomb)


@pytest.mark.parametrize("data", [archive({"a": "b"}), b"PK\x03\x04", xlsx([["a"]])[:-30]])
async def test_archives_that_are_no_workbooks(acme: Tenant, data: bytes, tmp_path: Path) -> None:
    refused = await acme.upload(f"{PATH}/upload", data, "a.xlsx")
    assert (refused.status, refused.body["code"]) == (400, "FILE_INVALID")
    assert list((tmp_path / "ingestion").iterdir()) == []


@pytest.mark.parametrize("data", [archive({"a": b"0" * 2_000_000}), lying(2_000_000)])
def test_a_workbook_that_unpacks_to_too_much(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(data)
    with pytest.raises(Invalid, match="unpacks to more"):
        workbook.unpack(tmp_path / "bomb", tmp_path / "out", largest=1_000_000)


def test_a_workbook_of_too_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many", "w") as file:
        for name in range(workbook.MOST_MEMBERS + 1):
            file.writestr(str(name), "")
    with pytest.raises(Invalid, match="unpacks to more"):
        workbook.unpack(tmp_path / "many", tmp_path / "out")


def lines(count: int, start: int = 0) -> bytes:
    rows = (f"06{n:08},Person {n}" for n in range(start, start + count))
    return "\n".join(["phone,name", *rows]).encode()


async def test_a_dry_run_counts_and_writes_nothing(acme: Tenant, tmp_path: Path) -> None:
    await acme.contact("0600000001")
    data = lines(3) + b"\n0600000002,again\n12,bad\n"
    one = await ready(acme, data)
    foreseen = await acme.post(f"{PATH}/execute", one | {"dryRun": True})
    assert (foreseen.status, foreseen.body["status"]) == (200, "validated")
    assert (await acme.get("/contact")).body["meta"]["total"] == 1
    done = await acme.post(f"{PATH}/execute", one)
    assert counts(foreseen) == counts(done)
    assert counts(done) == {"total": 5, "created": 2, "updated": 2, "skipped": 0, "failed": 1}


async def test_a_dry_run_knows_the_plan(acme: Tenant) -> None:
    small = await found(acme.http, acme.pool, "small", Plan.TRIAL)
    one = await ready(small, lines(PART + 50))
    foreseen = await small.post(f"{PATH}/execute", one | {"dryRun": True})
    done = await small.post(f"{PATH}/execute", one)
    assert counts(foreseen) == counts(done)
    assert (done.body["created"], done.body["failed"]) == (100, PART - 50)
    refused = await small.call("GET", done.body["refusedRowsUrl"])
    shown = refused.body.decode().splitlines()
    assert (len(shown), shown[1].split(",")[:3]) == (PART - 49, ["0600000100", "Person 100", "102"])


async def test_known_phones_can_be_skipped(acme: Tenant) -> None:
    await acme.contact("0600000001", firstName="First")
    audience = await acme.audience()
    data = lines(3) + b"\n0600000002,again\n"
    one = await ready(acme, data, audienceId=audience["id"])
    done = await acme.post(f"{PATH}/execute", one | {"duplicates": "skip"})
    assert counts(done) == {"total": 4, "created": 2, "updated": 0, "skipped": 2, "failed": 0}
    listed = (await acme.get("/contact?sortBy=primaryPhone&sortOrder=asc")).body["data"]
    assert [row["firstName"] for row in listed] == ["Person 0", "First", "Person 2"]
    assert (await acme.get(f"/audience/{audience['id']}")).body["contactCount"] == 3


async def test_what_a_row_does_not_hold_stays(acme: Tenant) -> None:
    for name in ("One", "Two"):
        await acme.made("/custom-attributes", {"displayName": name, "type": "text"})
    await acme.contact("0600000000", city="Fes", customAttributes={"one": "1", "two": "2"})
    mappings = [*PHONE, {"column": "two", "field": "customAttributes.two"}]
    one = await ready(acme, b"phone,two\n0600000000,3\n0600000000,\n", mappings)
    done = await acme.post(f"{PATH}/execute", one)
    assert counts(done)["updated"] == 2
    (contact,) = (await acme.get("/contact")).body["data"]
    assert (contact["city"], contact["customAttributes"]) == ("Fes", {"one": "1", "two": "3"})


async def test_an_intake_that_was_cut_off_goes_on(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = await found(acme.http, acme.pool, "big", Plan.ENTERPRISE)
    one = await ready(big, b"phone,name\n12,bad\n" + lines(2 * PART)[11:])
    take, taken = intake.take, 0

    async def once(*args: Any, **kwargs: Any) -> Any:
        nonlocal taken
        taken += 1
        if taken == 2:
            raise asyncpg.ConnectionDoesNotExistError("cut off")
        return await take(*args, **kwargs)

    monkeypatch.setattr(intake, "take", once)
    assert (await big.post(f"{PATH}/execute", one)).status == 503
    told = await big.get(f"{PATH}/{one['sessionId']}")
    assert (told.body["status"], told.body["total"]) == ("executing", PART - 1)
    assert 0.4 < told.body["progress"] < 0.6
    mapped = await big.post(f"{PATH}/validate", one | {"columnMappings": NAMED})
    assert (mapped.status, mapped.body["code"]) == (409, "INGESTION_EXECUTING")
    done = await big.post(f"{PATH}/execute", one)
    assert (done.body["status"], done.body["progress"]) == ("executed", 1)
    assert counts(done) == {
        "total": 2 * PART + 1,
        "created": 2 * PART,
        "updated": 0,
        "skipped": 0,
        "failed": 1,
    }
    refused = await big.call("GET", done.body["refusedRowsUrl"])
    assert len(refused.body.decode().splitlines()) == 2


async def test_progress_is_polled(acme: Tenant) -> None:
    one = await ready(acme, lines(50))
    begun = await acme.post(f"{PATH}/execute", one | {"wait": False})
    assert (begun.status, begun.body["status"]) == (200, "validated")
    while (told := await acme.get(f"{PATH}/{one['sessionId']}")).body["status"] != "executed":
        await asyncio.sleep(0.01)
    assert counts(told)["created"] == 50


async def test_one_session_is_executed_once(acme: Tenant, pool: asyncpg.Pool) -> None:
    one = await ready(acme, lines(10))
    both = await asyncio.gather(*(acme.post(f"{PATH}/execute", one) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [200, 409]
    assert await pool.fetchval("SELECT count(*) FROM contact WHERE org_id = $1", acme.org_id) == 10


def test_a_part_ends_between_two_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PART", 2)
    text = 'phone;note\r\n0612345670;"a\r\n""b"""\r\n\r\n0612345671;é\n0612345672;"c;d"\n12;e'
    (tmp_path / "in").write_bytes(text.encode("utf-16"))
    settled, preview = settle_table(tmp_path / "in", tmp_path / "out", True, 9)
    assert [row[1] for row in preview] == ['a\r\n"b"', "é", "c;d", "e"]
    types: dict[str, AttributeType] = {}
    mapped = check_mappings({"phone": "primaryPhone", "note": "city"}, settled.columns, types)
    place, seen, refused = Place(), list[str](), list[table.RefusedRow]()
    while True:
        part = read_part(tmp_path / "out", settled, place, mapped, types, "MA")
        seen += part.staged.copy.decode().splitlines()
        refused += part.refused
        if part.is_last:
            break
        place = part.end
    assert [line.split("\t")[0] for line in seen] == ["2", "4", "5"]
    assert seen[0].endswith('a\\r\\n"b"')
    assert [(row.number, row.cells) for row in refused] == [(6, ["12", "e"])]
    second = read_part(tmp_path / "out", settled, Place(), mapped, types, "MA").end
    assert rows_of(tmp_path / "out", settled, second, {4, 6}) == {4: ["0612345671", "é"]}


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+1+cmd|'/C calc'!A0", "-2+3", "\t=1", "\r=1"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "+212612345678", "-12.5", "a=b", "06 12"])
def test_other_cells_stay(cell: str) -> None:
    assert harmless(cell) == cell
