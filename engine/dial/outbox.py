"""Outcomes on their way to the database: kept until they are written, however long that takes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from uuid import UUID

import asyncpg
import structlog

from engine.clock import Clock
from engine.dial.failure import AWAY, REFUSED
from engine.program.contact_rules import CALL_CONSENT
from engine.program.outcome import Outcome
from engine.program.report import CallReport
from engine.store import consent, outcome, target
from engine.store.outcome import Finished
from engine.store.target import CLAIM_LIMIT, Release

log = structlog.get_logger()

ContactKey: TypeAlias = tuple[UUID, UUID]
"""Execution, contact."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between attempts to write while the database is away."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A contact that was claimed and not dialed."""

    org_id: UUID
    node_id: UUID
    release: Release

    @property
    def execution_id(self) -> UUID:
        return self.release.execution_id

    @property
    def contact_id(self) -> UUID:
        return self.release.contact_id


Item: TypeAlias = Finished | Returned


@dataclass(slots=True)
class Outbox:
    pool: asyncpg.Pool
    clock: Clock
    written: Callable[[Sequence[Item]], None]
    """Told what the database has taken."""
    failed: Callable[[Exception], None]
    _items: list[Item] = field(default_factory=list)
    _pending: dict[ContactKey, int] = field(default_factory=lambda: defaultdict(int))
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, item: Item) -> None:
        self._items.append(item)
        self._pending[item.execution_id, item.contact_id] += 1
        self._empty.clear()
        self._arrival.set()

    def holds(self, key: ContactKey) -> bool:
        """Whether something about the contact is still to be written."""
        return key in self._pending

    @property
    def empty(self) -> bool:
        return not self._pending

    async def flush(self) -> None:
        """Until everything is written."""
        while not self.empty:
            await self._empty.wait()

    async def run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._arrival.wait()
            batch = self._items[:CLAIM_LIMIT]
            try:
                await self._write(batch)
            except AWAY as problem:
                self.failed(problem)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            self._settle(batch)

    def _settle(self, batch: Sequence[Item]) -> None:
        del self._items[: len(batch)]
        for item in batch:
            key = (item.execution_id, item.contact_id)
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]
        if not self._items:
            self._arrival.clear()
        self.written(batch)
        if self.empty:
            self._empty.set()

    async def _write(self, batch: Sequence[Item]) -> None:
        """Everything may be written twice: the fences let it count once."""
        finished: dict[UUID, list[Finished]] = defaultdict(list)
        returned: dict[tuple[UUID, UUID], list[Release]] = defaultdict(list)
        for item in batch:
            if isinstance(item, Finished):
                finished[item.org_id].append(item)
            else:
                returned[item.org_id, item.node_id].append(item.release)
        now = self.clock.now()
        async with self.pool.acquire(timeout=5) as connection:
            for org_id, rows in finished.items():
                await self._finish(connection, org_id, rows)
            for (org_id, node_id), releases in returned.items():
                await target.release(connection, org_id, node_id, releases, now=now)

    async def _finish(
        self, connection: asyncpg.Connection, org_id: UUID, rows: Sequence[Finished]
    ) -> None:
        now = self.clock.now()
        try:
            await outcome.finish(connection, org_id, rows, now=now)
        except REFUSED:
            for row in rows:
                await self._finish_one(connection, row)

    async def _finish_one(self, connection: asyncpg.Connection, row: Finished) -> None:
        """A trace that cannot be stored (a NUL in a variable) must not cost an outcome."""
        now = self.clock.now()
        try:
            await outcome.finish(connection, row.org_id, [row], now=now)
        except REFUSED as problem:
            log.error("trace_refused", call_id=str(row.attempt_id), error=str(problem))
            bare = replace(row, report=_bare(row), flow_id=None)
            await outcome.finish(connection, row.org_id, [bare], now=now)


def _bare(row: Finished) -> CallReport:
    """What the callee said outlives the trace."""
    said = consent.said_in(row.report)
    return CallReport(_plain(row), variables={CALL_CONSENT: said} if said else None)


def _plain(row: Finished) -> Outcome:
    ended = row.report.outcome
    return replace(ended, cause=replace(ended.cause, detail=None))
