"""Engines as processes, and what befalls them: kill -9, SIGSTOP, a database that is killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import asyncpg

from engine.dial.failure import AWAY
from engine.store.embedded import EmbeddedPostgres
from tests.dial import engine, phones
from tests.dial.phones import Ring, read_log

NURSERY = multiprocessing.get_context("forkserver")
"""Forks processes that have their modules already: a start costs milliseconds, not seconds."""
NURSERY.set_forkserver_preload(["tests.dial.engine", "tests.dial.phones"])

# A stopped process may have sent half of what it meant to: its session is active and waits for it.
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = $1 AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientRead'
"""
OPEN = """
SELECT a.id FROM attempt a JOIN engine_node n ON n.id = a.node_id
WHERE n.name = $1 AND a.result IS NULL
"""
BACKEND = """
SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'engine %' ORDER BY random() LIMIT 1
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port


@dataclass
class Havoc:
    """``async with Havoc(…).engines(4) as havoc: await havoc.rage(…)``."""

    postgres: EmbeddedPostgres
    pool: asyncpg.Pool
    folder: Path
    calls_per_second: float
    """Of each engine."""
    dice: random.Random = field(default_factory=lambda: random.Random(20250602))
    port: int = field(default_factory=free_port)
    processes: dict[str, ForkServerProcess] = field(default_factory=dict)
    in_flight: set[UUID] = field(default_factory=set)
    """Attempts that were open in the database when their engine was killed or stopped."""
    blows: Counter[str] = field(default_factory=Counter)

    @property
    def rings(self) -> list[Ring]:
        return read_log(self.folder / "phones.jsonl")

    @asynccontextmanager
    async def engines(self, count: int) -> AsyncIterator[Havoc]:
        log = self.folder / "phones.jsonl"
        log.touch()
        exchange = self._spawn(phones.run, self.port, log)
        try:
            for _ in range(count):
                self._start()
            yield self
        finally:
            for process in (*self.processes.values(), exchange):
                process.kill()
                process.join()

    def _spawn(self, target: Callable[..., None], *words: object) -> ForkServerProcess:
        process = NURSERY.Process(target=target, args=words, daemon=True)
        process.start()
        return process

    def _start(self) -> None:
        name = f"engine {self.blows['kill -9'] + len(self.processes) + 1}"
        log = self.folder / f"{name}.log"
        words = (self.postgres.url, self.port, name, self.calls_per_second, log)
        self.processes[name] = self._spawn(engine.run, *words)

    async def until_rung(self, count: int) -> None:
        while len(self.rings) < count:
            await asyncio.sleep(0.02)

    async def rage(self, done: Callable[[], Awaitable[bool]], *, every: float) -> None:
        """One blow ``every`` so many seconds, on average, until the campaign is done."""
        blows = [self.kill, self.kill, self.stop, self.kill, self.kill_a_backend, self.stop]
        blows += [self.kill, self.kill_the_server]
        turn = 0
        while not await self._ask(done):
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * every)
            await blows[turn % len(blows)]()
            turn += 1

    async def _ask(self, done: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await done()
        except AWAY:
            return False

    async def kill(self) -> None:
        name = self.dice.choice([*self.processes])
        process = self.processes.pop(name)
        process.kill()
        process.join()
        self.blows["kill -9"] += 1
        await self._note_in_flight(name)
        self._start()

    async def stop(self) -> None:
        """Shorter than a lease, or longer: then the others take it for dead, and it comes back."""
        name = self.dice.choice([*self.processes])
        pid = self.processes[name].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            self.blows["SIGSTOP"] += 1
            await self._note_in_flight(name)
            await asyncio.sleep(self.dice.choice([0.2, 0.7, 2.5, 3.5]))
        finally:
            os.kill(pid, signal.SIGCONT)

    async def kill_a_backend(self) -> None:
        """The server ends every session and recovers."""
        pid = await self.pool.fetchval(BACKEND)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.blows["kill -9 of a backend"] += 1
            await self._until_served()

    async def kill_the_server(self) -> None:
        pid = await asyncio.to_thread(self.postgres.cluster.find_postmaster)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.blows["kill -9 of the server"] += 1
        await asyncio.sleep(self.dice.uniform(0, 1))
        await self.postgres.start()
        await self._until_served()

    async def _until_served(self) -> None:
        served_by = time.monotonic() + 30
        while True:
            try:
                await self.pool.fetchval("SELECT 1")
            except AWAY:
                assert time.monotonic() < served_by
                await asyncio.sleep(0.05)
            else:
                return

    async def _note_in_flight(self, name: str) -> None:
        """After the server has dealt with what it was sent: that may still be committed."""
        while await self.pool.fetchval(BUSY, name):
            await asyncio.sleep(0.02)
        self.in_flight |= {row["id"] for row in await self.pool.fetch(OPEN, name)}
