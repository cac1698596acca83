"""kill -9 of the daemon in mid campaign: nobody is lost, nobody is dialed twice for one attempt.

Real processes, real SIP; the simulated carrier's own log is what the database is held against.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.demo.processes import environment, free_port, ready, running
from engine.program.execution import Status
from tests.campaign import Campaign

HELD = {
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
"""An answered call lasts a second and a half."""
RETRY = {"type": "fixed_delay", "delayMinutes": 0.05, "maxRetries": 2}
CONTACTS = 45

ATTEMPTS = "SELECT id, contact_id, number, result, cause FROM attempt WHERE execution_id = $1"
LIVE = "SELECT count(*) FROM attempt WHERE execution_id = $1 AND result IS NULL"
DONE = "SELECT count(*) FROM target WHERE execution_id = $1 AND state = 'done'"


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    while not await ask():
        await asyncio.sleep(0.1)


def invites(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["attempt"] for line in lines if line["event"] == "invite"]


@pytest.mark.timeout(180)
async def test_a_killed_engine_loses_and_repeats_nobody(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    carrier_port, log = free_port(socket.SOCK_DGRAM), tmp_path / "carrier.jsonl"
    campaign = await Campaign.create(pool, contacts=CONTACTS, graph=HELD, calls_per_second=20)
    campaign = replace(campaign, now=datetime.now(UTC))
    await pool.execute("UPDATE trunk SET port = $1", carrier_port)
    simulate = ("simulate-carrier", "--listen", f"127.0.0.1:{carrier_port}", "--log", str(log))
    async with running(_environment(database, tmp_path), tmp_path / "carrier.log", *simulate):
        async with AsyncExitStack() as daemon:
            process = await _serve(daemon, database, tmp_path, "first")
            execution_id = await campaign.launch(retry_strategy=RETRY)

            async def amid() -> bool:
                done = await pool.fetchval(DONE, execution_id)
                return done >= 5 and await pool.fetchval(LIVE, execution_id) >= 5

            await until(amid)
            process.kill()
            await process.wait()
        in_flight = await pool.fetchval(LIVE, execution_id)
        async with AsyncExitStack() as daemon:
            await _serve(daemon, database, tmp_path, "second")

            async def completed() -> bool:
                return (await campaign.execution(execution_id)).status is Status.COMPLETED

            await until(completed)
    counters = await campaign.counters(execution_id)
    assert (counters.total, counters.pending, counters.in_progress) == (CONTACTS, 0, 0)
    attempts = await pool.fetch(ATTEMPTS, execution_id)
    _agree(attempts, invites(log), in_flight)


def _agree(attempts: list[Any], rung: list[str], in_flight: int) -> None:
    assert max(Counter(rung).values()) == 1, "an attempt was dialed twice"
    made = {str(row["id"]): row for row in attempts}
    assert set(rung) <= set(made), "somebody was rung whom no attempt accounts for"
    silent = [made[name] for name in set(made) - set(rung)]
    assert {row["result"] for row in silent} <= {"interrupted"}
    interrupted = [row for row in attempts if row["result"] == "interrupted"]
    assert 0 < len(interrupted) <= in_flight
    numbers = Counter(row["contact_id"] for row in attempts)
    for contact_id, count in numbers.items():
        assert sorted(row["number"] for row in attempts if row["contact_id"] == contact_id) == [
            *range(1, count + 1)
        ]


def _environment(database: str, folder: Path) -> dict[str, str]:
    ports = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    return environment(folder, *ports) | {
        "GOMOBILE_DATABASE_URL": database,
        "GOMOBILE_LEASE_SECONDS": "2",
        "GOMOBILE_INTERRUPTED_RETRY_SECONDS": "4",
        "GOMOBILE_MAX_CALLS": "20",
    }


async def _serve(
    stack: AsyncExitStack, database: str, folder: Path, name: str
) -> asyncio.subprocess.Process:
    settings, log = _environment(database, folder), folder / f"{name}.log"
    process = await stack.enter_async_context(running(settings, log, "serve"))
    await ready(f"http://{settings['GOMOBILE_HTTP']}", process, log)
    return process
