"""A light engine as a process: the real dialer and store; calls go to ``tests.dial.phones``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
import uvloop

from engine.clock import SystemClock
from engine.dial import Dialer, DialerSettings, Intend
from engine.dial.failure import AWAY
from engine.errors import StoreUnavailable
from engine.program.attempt import Attempt
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.store.pool import open_pool
from tests.dial.phones import Exchange

LEASE = timedelta(seconds=1.5)
INTERRUPTED_REST = timedelta(seconds=4)
MAX_CALLS = 60


async def place(exchange: Exchange, attempt: Attempt, intend: Intend) -> CallReport:
    if not await intend(attempt):
        return _report(Result.CANCELLED, "not_dialed")
    call = exchange.dial(str(attempt.id), str(attempt.contact_id), attempt.number)
    return _report(await call, "scripted")


def _report(result: Result, code: str) -> CallReport:
    ended = Outcome(result, Cause(code, Fault.CALLEE), Milestones())
    return CallReport(ended, node_counts={"dial": 1})


async def serve(url: str, port: int, name: str, calls_per_second: float) -> None:
    loop = asyncio.get_running_loop()
    _, exchange = await loop.create_datagram_endpoint(
        lambda: Exchange(name), remote_addr=("127.0.0.1", port)
    )
    settings = DialerSettings(
        name=name,
        max_calls=MAX_CALLS,
        calls_per_second=calls_per_second,
        lease=LEASE,
        interrupted_rest=INTERRUPTED_REST,
        reload=timedelta(seconds=1),
    )
    pool = await open_pool(url, application_name=name, idle_in_transaction=LEASE)
    try:
        await Dialer(pool, partial(place, exchange), SystemClock(), settings).run()
    finally:
        await pool.close()


async def persist(url: str, port: int, name: str, calls_per_second: float) -> None:
    """The database may be away at the start; a service manager would try again as well."""
    while True:
        with suppress(*AWAY, StoreUnavailable):
            await serve(url, port, name, calls_per_second)
        await asyncio.sleep(0.2)


def run(url: str, port: int, name: str, calls_per_second: float, log: Path) -> None:
    """The whole process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(log.open("w")))
    uvloop.run(persist(url, port, name, calls_per_second))
