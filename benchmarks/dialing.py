"""What dialing costs without SIP and media: ``python -m benchmarks.dialing [--quick]``.

On the embedded PostgreSQL, as shipped (fsync on), or on ``GOMOBILE_DATABASE_URL``'s. A campaign's
contacts are launched, then dialed by a bare asyncpg loop that sends the engine's statements with
arguments made beforehand, in batches, and nothing else; then an equal campaign is dialed by the
engine, whose calls end at once. Both run in this process, one after the other, several times.

Columns: what a second does; CPU µs of this process for each; the ratio to the bare loop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import structlog
import uvloop

from engine.clock import SystemClock
from engine.dial import Dialer, DialerSettings, Intend
from engine.program.attempt import Attempt
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.store import node
from engine.store.embedded import EmbeddedPostgres
from engine.store.migrate import migrate
from engine.store.outcome import FINISH, TRACE
from engine.store.pool import open_pool
from engine.store.target import CLAIM, INTEND
from tests.campaign import Campaign

BATCH = 200
ENDED = CallReport(Outcome(Result.COMPLETED, Cause("normal_clearing", Fault.NONE), Milestones()))
FASTEST = DialerSettings(max_calls=BATCH, calls_per_second=1e6)

BARE_SNAPSHOT = """
INSERT INTO target (org_id, execution_id, contact_id, due_at)
SELECT ac.org_id, $2, ac.contact_id, $3 FROM audience_contact ac
WHERE ac.org_id = $1 AND ac.audience_id = $4
"""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    a_second: float
    cpu_us: float
    """Of this process, each."""
    to_bare: float | None = None
    """Time, relative to the bare loop; below 1 is faster."""
    cpu_to_bare: float | None = None


@dataclass(slots=True)
class Spent:
    seconds: float = 0.0
    cpu: float = 0.0

    async def on(self, work: Awaitable[object]) -> object:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return await work
        finally:
            self.seconds += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu

    def figure(self, name: str, count: int, bare: Spent | None = None) -> Figure:
        return Figure(
            name,
            count / self.seconds,
            self.cpu / count * 1e6,
            None if bare is None else self.seconds / bare.seconds,
            None if bare is None else self.cpu / bare.cpu,
        )


@asynccontextmanager
async def database() -> AsyncIterator[asyncpg.Pool]:
    given = os.environ.get("GOMOBILE_DATABASE_URL")
    with tempfile.TemporaryDirectory(prefix="gomobile-benchmark-") as folder:
        Path(folder).chmod(0o755)
        embedded = None if given else EmbeddedPostgres(Path(folder))
        pool = await open_pool(given or await embedded.start(), max_size=8)
        try:
            await migrate(pool)
            yield pool
        finally:
            await pool.close()
            if embedded is not None:
                await embedded.stop()


class BareLoop:
    """Claims, intents and outcomes with as little Python as asyncpg allows."""

    def __init__(self, campaign: Campaign, node_id: UUID) -> None:
        self.campaign, self.node_id = campaign, node_id
        self.claims, self.intents, self.outcomes = Spent(), Spent(), Spent()

    async def run(self, connection: asyncpg.Connection, execution_id: UUID) -> int:
        done = 0
        while batch := await self.claims.on(self._claim(connection, execution_id)):
            contacts = [row["contact_id"] for row in batch]
            attempts = [uuid4() for _ in contacts]
            now = datetime.now(UTC)
            size = len(contacts)
            wish = [
                *(attempts, [execution_id] * size, contacts, [1] * size),
                *([self.campaign.did_ids[0]] * size, [self.campaign.trunk_id] * size),
                *(["+212500000001"] * size, ["+212600000001"] * size),
            ]
            await self.intents.on(
                connection.fetch(INTEND, self.campaign.org_id, self.node_id, now, *wish)
            )
            nothing: list[None] = [None] * size
            outcome = [
                *([execution_id] * size, contacts, [self.node_id] * size, attempts, [1] * size),
                *([now] * size, ["completed"] * size, nothing, [False] * size),
                *(["completed"] * size, ["normal_clearing"] * size, ["none"] * size),
                *([nothing] * 8),
            ]
            traces = [self._trace(attempt_id) for attempt_id in attempts]
            await self.outcomes.on(self._finish(connection, now, outcome, traces))
            done += size
        return done

    async def _finish(
        self,
        connection: asyncpg.Connection,
        now: datetime,
        outcome: list[object],
        traces: list[dict[str, object]],
    ) -> None:
        async with connection.transaction():
            await connection.fetch(FINISH, self.campaign.org_id, now, *outcome)
            await connection.execute(TRACE, self.campaign.org_id, traces)

    def _trace(self, attempt_id: UUID) -> dict[str, object]:
        empty = {"path": [], "variables": {}, "node_counts": {}, "events": [], "quality": {}}
        flow = {"flow_id": str(self.campaign.flow_id), "flow_version": 1}
        return {"call_id": str(attempt_id)} | flow | empty

    def _claim(self, connection: asyncpg.Connection, execution_id: UUID) -> Awaitable[object]:
        now = datetime.now(UTC)
        return connection.fetch(
            CLAIM, self.campaign.org_id, now, [execution_id], [BATCH], self.node_id
        )


async def place(attempt: Attempt, intend: Intend) -> CallReport:
    """A call that ends as soon as it has begun."""
    await intend(attempt)
    return ENDED


async def dial(pool: asyncpg.Pool, campaign: Campaign, execution_id: UUID) -> None:
    dialer = Dialer(pool, place, SystemClock(), FASTEST)
    running = asyncio.create_task(dialer.run())
    while not (await campaign.execution(execution_id)).actual_end_at:
        await asyncio.sleep(0.05)
    await dialer.drain(5)
    await running


async def measure_launch(pool: asyncpg.Pool, campaign: Campaign, count: int) -> list[Figure]:
    launch, bare = Spent(), Spent()
    execution_id = await launch.on(campaign.launch())
    await pool.execute("DELETE FROM target")
    await bare.on(
        pool.execute(
            BARE_SNAPSHOT, campaign.org_id, execution_id, campaign.now, campaign.audience_id
        )
    )
    await pool.execute("DELETE FROM target")
    await pool.execute("UPDATE execution SET status = 'cancelled', total = 0, pending = 0")
    return [
        bare.figure("bare INSERT … SELECT, contacts", count),
        launch.figure("launch, contacts", count, bare),
    ]


async def measure_dialing(
    pool: asyncpg.Pool, campaign: Campaign, count: int, rounds: int
) -> list[Figure]:
    bare, engine = Spent(), Spent()
    async with pool.acquire() as connection:
        loop = BareLoop(campaign, await node.register(connection, "bare"))
    for _ in range(rounds):
        execution_id = await campaign.launch()
        await pool.execute("VACUUM ANALYZE target")
        async with pool.acquire() as connection:
            await bare.on(loop.run(connection, execution_id))
        execution_id = await campaign.launch()
        await pool.execute("VACUUM ANALYZE target")
        await engine.on(dial(pool, campaign, execution_id))
    total = count * rounds
    return [
        loop.claims.figure("bare loop, claims", total),
        loop.intents.figure("bare loop, intents", total),
        loop.outcomes.figure("bare loop, outcomes", total),
        bare.figure("bare loop, attempts", total),
        engine.figure("engine, attempts", total, bare),
    ]


def show(figures: list[Figure]) -> None:
    print(f"{'':32}{'a second':>12}{'CPU µs':>10}{'time ratio':>12}{'CPU ratio':>11}")
    for one in figures:
        ratios = [
            "" if ratio is None else f"{ratio:.2f}" for ratio in (one.to_bare, one.cpu_to_bare)
        ]
        print(f"{one.name:32}{one.a_second:12,.0f}{one.cpu_us:10.1f}{ratios[0]:>12}{ratios[1]:>11}")


async def run(quick: bool) -> list[Figure]:
    count, rounds = (2_000, 2) if quick else (20_000, 5)
    async with database() as pool:
        campaign = await Campaign.create(pool, contacts=count)
        campaign.now = datetime.now(UTC) - timedelta(minutes=1)
        await pool.execute("VACUUM ANALYZE")
        figures = await measure_launch(pool, campaign, count)
        return figures + await measure_dialing(pool, campaign, count, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    figures = uvloop.run(run(arguments.quick))
    show(figures)
    out = Path("var/benchmarks/dialing.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([asdict(one) for one in figures], indent=2) + "\n")
    print(f"written to {out}")


if __name__ == "__main__":
    main()
