"""What taking in a table costs: ``python -m benchmarks.ingestion [--quick]``.

On the embedded PostgreSQL, as shipped (fsync on), or on ``GOMOBILE_DATABASE_URL``'s. The same rows
go into ``contact`` twice, for two organizations, with all its indexes: by one bare ``COPY`` of
lines made beforehand, and as a CSV through the API's validated session: read, checked, normalised,
staged and upserted part by part. Then an audience is previewed over them.

Columns: seconds, rows a second, the ratio to the bare COPY, and by how many MB this process and
its worker grew while it ran.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import structlog
import uvloop
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from api import create_app
from benchmarks.dialing import database
from engine.org import Plan
from tests.api.tenant import Tenant, found

CITIES = ("Fes", "Rabat", "Tangier", "Agadir", "Oujda", "Settat", "Safi", "Nador")
COLUMNS = (
    *("org_id", "id", "primary_phone", "primary_phone_raw"),
    *("first_name", "last_name", "city", "custom_attributes"),
)
MAPPINGS = [
    {"column": column, "field": field}
    for column, field in (
        ("phone", "primaryPhone"),
        ("first", "firstName"),
        ("last", "lastName"),
        ("city", "city"),
        ("balance", "customAttributes.balance"),
    )
]
RULES = {
    "by attribute": {"field": "customAttributes.balance", "operator": "equals", "value": 777},
    "by city": {"field": "city", "operator": "equals", "value": "Fes"},
    "by last outcome": {"field": "calls.lastOutcome", "operator": "equals", "value": "busy"},
    "by attempts": {"field": "calls.attempts", "operator": "gt", "value": 3},
}
HISTORY = """
INSERT INTO call_history
SELECT org_id, id, 1 + n % 4, CASE WHEN n % 20 = 0 THEN 'busy' ELSE 'completed' END,
    '2026-03-02T09:00:00Z', '{}'
FROM (SELECT *, row_number() OVER () AS n FROM contact WHERE org_id = $1) c
"""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    seconds: float
    a_second: float | None = None
    to_bare: float | None = None
    grown_mb: float | None = None


def people(count: int) -> Iterator[tuple[str, str, str, str, str, int]]:
    """Phone in E.164 and as written, first and last name, city, balance."""
    for n in range(count):
        city = CITIES[n * 7919 % len(CITIES)]
        balance = n * 104729 % 100_000
        yield f"+2126{n:08}", f"06{n:08}", f"First {n % 1000}", f"Last {n % 7000}", city, balance


def write_lines(path: Path, tenant: Tenant, count: int) -> None:
    """As ``COPY`` takes them."""
    with path.open("w") as out:
        for phone, raw, first, last, city, balance in people(count):
            values = (tenant.org_id, uuid4(), phone, raw, first, last, city)
            out.write("\t".join(map(str, values)) + f'\t{{"balance": {balance}}}\n')


def write_csv(path: Path, count: int) -> None:
    with path.open("w") as out:
        out.write("phone,first,last,city,balance\n")
        for _, raw, first, last, city, balance in people(count):
            out.write(f"{raw},{first},{last},{city},{balance}\n")


class Memory:
    """The greatest resident size of this process and its children, above what it was before."""

    def __init__(self) -> None:
        self._first = self._most = self._now()

    def grown_mb(self) -> float:
        return (self._most - self._first) / 1024

    async def watch(self) -> None:
        while True:
            self._most = max(self._most, self._now())
            await asyncio.sleep(0.2)

    def _now(self) -> int:
        return sum(map(_resident_kb, [Path("/proc/self"), *_workers()]))


def _workers() -> list[Path]:
    """Processes started by this one that run Python: the API's worker."""
    tasks = Path("/proc/self/task").glob("*/children")
    children = [pid for task in tasks for pid in task.read_text().split()]
    return [Path("/proc") / pid for pid in children if b"spawn_main" in _command(pid)]


def _command(pid: str) -> bytes:
    try:
        return (Path("/proc") / pid / "cmdline").read_bytes()
    except OSError:
        return b""


def _resident_kb(process: Path) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


@asynccontextmanager
async def api(pool: asyncpg.Pool, folder: Path) -> AsyncIterator[TestClient[Any, Any]]:
    app = create_app(pool, data_dir=folder, registry=CollectorRegistry())
    async with TestClient(TestServer(app)) as client:
        yield client


async def bare_copy(pool: asyncpg.Pool, lines: Path) -> None:
    async with pool.acquire() as connection:
        await connection.copy_to_table("contact", source=lines, columns=COLUMNS)


async def ingest(tenant: Tenant, session: dict[str, str], count: int) -> None:
    path = "/contact/ingestion"
    begun = await tenant.post(f"{path}/execute", {**session, "wait": False})
    assert begun.status == 200, begun
    while (told := await tenant.get(f"{path}/{session['sessionId']}")).body["status"] != "executed":
        await asyncio.sleep(0.1)
    assert told.body["created"] == count, told


async def session_of(tenant: Tenant, table: Path) -> dict[str, str]:
    await tenant.made("/custom-attributes", {"displayName": "Balance", "type": "number"})
    uploaded = await tenant.upload("/contact/ingestion/upload", table.read_bytes(), "people.csv")
    session = {"sessionId": uploaded.body["sessionId"]}
    mapped = {**session, "columnMappings": MAPPINGS}
    assert (await tenant.post("/contact/ingestion/validate", mapped)).status == 200
    return session


async def measure_ingestion(
    pool: asyncpg.Pool, tenant: Tenant, other: Tenant, folder: Path, count: int
) -> list[Figure]:
    write_csv(folder / "people.csv", count)
    await asyncio.to_thread(write_lines, folder / "lines", other, count)
    session = await session_of(tenant, folder / "people.csv")
    bare = await timed(bare_copy(pool, folder / "lines"))
    await pool.execute("CHECKPOINT")
    memory = Memory()
    watch = asyncio.create_task(memory.watch())
    ours = await timed(ingest(tenant, session, count))
    watch.cancel()
    return [
        Figure("bare COPY", bare, count / bare, 1.0),
        Figure("ingestion", ours, count / ours, ours / bare, memory.grown_mb()),
    ]


async def measure_preview(tenant: Tenant, rule: dict[str, Any]) -> float:
    rules = {"rules": {"operator": "AND", "rules": [rule]}}

    async def preview() -> None:
        assert (await tenant.post("/audience/preview", rules)).status == 200

    return min([await timed(preview()) for _ in range(5)])


async def run(count: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="gomobile-benchmark-") as name:
        folder = Path(name)
        async with database() as pool, api(pool, folder) as http:
            tenant = await found(http, pool, "ours", Plan.ENTERPRISE)
            other = await found(http, pool, "bare", Plan.ENTERPRISE)
            figures = await measure_ingestion(pool, tenant, other, folder, count)
            await pool.execute(HISTORY, tenant.org_id, timeout=600)
            await pool.execute("VACUUM ANALYZE contact, call_history", timeout=600)
            for title, rule in RULES.items():
                seconds = await measure_preview(tenant, rule)
                figures.append(Figure(f"audience preview {title}", seconds))
            return figures


def show(figures: list[Figure]) -> None:
    print(f"{'':32}{'seconds':>10}{'rows a second':>15}{'to bare':>9}{'grown MB':>10}")
    for one in figures:
        rest = [
            "" if one.a_second is None else f"{one.a_second:,.0f}",
            "" if one.to_bare is None else f"{one.to_bare:.2f}",
            "" if one.grown_mb is None else f"{one.grown_mb:.0f}",
        ]
        print(f"{one.name:32}{one.seconds:10.3f}{rest[0]:>15}{rest[1]:>9}{rest[2]:>10}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    figures = uvloop.run(run(20_000 if arguments.quick else arguments.rows))
    show(figures)
    out = Path("var/benchmarks/ingestion.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([asdict(one) for one in figures], indent=2) + "\n")
    print(f"written to {out}")


if __name__ == "__main__":
    main()
