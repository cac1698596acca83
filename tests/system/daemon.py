"""The daemon and the simulated carrier as processes, on a database of the test's own."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from engine.demo.processes import environment, free_port, ready, running
from tests.campaign import Campaign

HELD: dict[str, Any] = {
    "startNodeId": "dial",
    "nodes": [
        {
            "id": "dial",
            "type": "dial",
            "config": {"timeout": 5000, "enableAMD": False},
            "outputs": {"onAnswer": "listen"},
        },
        {
            "id": "listen",
            "type": "dtmf",
            "config": {"mode": "single_digit", "variable": "key", "timeout": 1500},
        },
    ],
}
"""An answered call lasts a second and a half, a call nobody answers five."""

ATTEMPTS = "SELECT id, contact_id, number, result, cause FROM attempt WHERE execution_id = $1"
LIVE = "SELECT count(*) FROM attempt WHERE execution_id = $1 AND result IS NULL"
DONE = "SELECT count(*) FROM target WHERE execution_id = $1 AND state = 'done'"


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    while not await ask():
        await asyncio.sleep(0.1)


@dataclass
class Town:
    """A campaign whose contacts the simulated carrier answers for, and daemons to dial it."""

    campaign: Campaign
    database: str
    folder: Path
    log: Path

    @asynccontextmanager
    async def daemon(self, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
        settings, log = _environment(self.database, self.folder), self.folder / f"{name}.log"
        async with running(settings, log, "serve") as process:
            await ready(f"http://{settings['GOMOBILE_HTTP']}", process, log)
            yield process

    async def amid(self, execution_id: Any) -> None:
        """Until some contacts are done and some calls are live."""

        async def is_amid() -> bool:
            done = await self.campaign.pool.fetchval(DONE, execution_id)
            return done >= 5 and await self.live(execution_id) >= 5

        await until(is_amid)

    async def live(self, execution_id: Any) -> int:
        count: int = await self.campaign.pool.fetchval(LIVE, execution_id)
        return count

    async def attempts(self, execution_id: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.campaign.pool.fetch(ATTEMPTS, execution_id)
        return rows

    def invites(self) -> list[str]:
        """Attempt ids in the order in which the carrier was called for them."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line["attempt"] for line in lines if line["event"] == "invite"]


@asynccontextmanager
async def town(
    database: str, pool: asyncpg.Pool, folder: Path, contacts: int
) -> AsyncIterator[Town]:
    port, log = free_port(socket.SOCK_DGRAM), folder / "carrier.jsonl"
    campaign = await Campaign.create(pool, contacts=contacts, graph=HELD, calls_per_second=20)
    await pool.execute("UPDATE trunk SET port = $1", port)
    simulate = ("simulate-carrier", "--listen", f"127.0.0.1:{port}", "--log", str(log))
    async with running(_environment(database, folder), folder / "carrier.log", *simulate):
        yield Town(replace(campaign, now=datetime.now(UTC)), database, folder, log)


def _environment(database: str, folder: Path) -> dict[str, str]:
    ports = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    return environment(folder, *ports) | {
        "GOMOBILE_DATABASE_URL": database,
        "GOMOBILE_LEASE_SECONDS": "2",
        "GOMOBILE_INTERRUPTED_RETRY_SECONDS": "4",
        "GOMOBILE_MAX_CALLS": "20",
    }
