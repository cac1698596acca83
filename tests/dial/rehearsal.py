"""A whole campaign on a virtual clock: the real dialer, the real database, scripted calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from engine.clock import VirtualClock
from engine.dial import Dialer, DialerSettings, Intend
from engine.program.attempt import Attempt
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from tests.campaign import MONDAY_MORNING

FAST = DialerSettings(
    name="rehearsal",
    max_calls=10_000,
    calls_per_second=100_000.0,
    reload=timedelta(days=1),
)

Script = Callable[[Attempt], Result]


def completes(_attempt: Attempt) -> Result:
    return Result.COMPLETED


def always(result: Result) -> Script:
    return lambda _attempt: result


def report(result: Result, code: str = "scripted", **counts: int) -> CallReport:
    ended = Outcome(result, Cause(code, Fault.CALLEE), Milestones())
    return CallReport(ended, node_counts=counts or {"dial": 1})


@dataclass
class FarEnd:
    """Everybody's telephone; keeps a log of what rang."""

    clock: VirtualClock
    script: Script = completes
    rang: list[tuple[datetime, Attempt]] = field(default_factory=list)
    hold: asyncio.Event | None = None
    """While unset, calls that rang stay up."""
    live: int = 0
    most_live: int = 0

    async def place(self, attempt: Attempt, intend: Intend) -> CallReport:
        if not await intend(attempt):
            return report(Result.CANCELLED, "withdrawn")
        self.rang.append((self.clock.now(), attempt))
        self.live += 1
        self.most_live = max(self.live, self.most_live)
        try:
            if self.hold is not None:
                await self.hold.wait()
        finally:
            self.live -= 1
        return report(self.script(attempt))

    @property
    def times(self) -> list[datetime]:
        return [at for at, _ in self.rang]

    def per_contact(self) -> Mapping[UUID, int]:
        return Counter(attempt.contact_id for _, attempt in self.rang)


@dataclass
class Rehearsal:
    """``async with Rehearsal(pool) as rehearsal: await rehearsal.until(…)``."""

    pool: asyncpg.Pool
    script: Script = completes
    settings: DialerSettings = FAST
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MONDAY_MORNING))
    hold: asyncio.Event | None = None

    async def __aenter__(self) -> Rehearsal:
        self.far_end = FarEnd(self.clock, self.script, hold=self.hold)
        self.dialer = Dialer(self.pool, self.far_end.place, self.clock, self.settings)
        self.task = asyncio.create_task(self.dialer.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():
            await self.dialer.drain(0)
        await asyncio.gather(self.task, return_exceptions=True)

    async def crash(self) -> None:
        """The process is gone: nothing is written, nothing handed back."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def rest(self) -> None:
        """Until nothing happens before the clock moves."""
        while not self.dialer.resting:
            if self.task.done():
                await self.task
            await asyncio.sleep(0.001)

    async def until(self, end: datetime) -> None:
        """Moves the clock from one instant worth asking to the next."""
        while True:
            await self.rest()
            if self.dialer.next_at > end:
                break
            self.clock.current = max(self.clock.current, self.dialer.next_at)
            self.dialer.wake()
            await asyncio.sleep(0)
        self.clock.current = max(self.clock.current, end)

    async def until_rung(self, count: int) -> None:
        while len(self.far_end.rang) < count:
            await asyncio.sleep(0.001)
