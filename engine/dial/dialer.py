"""The loop that turns due rows into calls.

::

    NOTIFY, timers, ended calls ─▶ round: reload ─ gates ─ reserve ─ claim ─▶ call tasks
                                                                                │ intent
    rows ◀─ outbox (batches, kept while the database is away) ◀── report ───────┘

A round reserves places first (organization, process, number, trunk), one by one around the
executions that may dial, the least recently served first; then it claims at most so many contacts
and gives back what was not needed. So a claim never takes what cannot be dialed, and a small
execution gets its share beside a large one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import asyncpg
import structlog

from engine.clock import Clock
from engine.dial import gates
from engine.dial.failure import AWAY
from engine.dial.floor import Ended, Floor, Place
from engine.dial.gates import Verdict
from engine.dial.intents import IntentDesk
from engine.dial.lease import Lease
from engine.dial.lines import Lines
from engine.dial.outbox import ContactKey, Item, Outbox, Returned
from engine.dial.reaper import Reaper
from engine.dial.snapshot import Reader, Run, Snapshot
from engine.program.attempt import Did
from engine.program.pacing import Line
from engine.program.retry import RetryAt
from engine.store import attempt as attempts
from engine.store import execution, snapshot, target
from engine.store import number as numbers
from engine.store.launch import CHANNEL
from engine.store.target import CLAIM_LIMIT

log = structlog.get_logger()

FIRST_APPETITE = 32
"""Places reserved for an execution in a round, until it has shown that it needs more."""


@dataclass(frozen=True, slots=True)
class DialerSettings:
    name: str = "gomobile"
    """Of the node, for people."""
    max_calls: int = 1000
    calls_per_second: float = 50.0
    lease: timedelta = timedelta(seconds=15)
    interrupted_rest: timedelta = timedelta(seconds=120)
    """Much longer than a lease."""
    reload: timedelta = timedelta(seconds=5)
    """What a lost notification, or another process's retry, waits at most."""


class Dialer:
    """``run()`` in a task until ``drain()``; cancelling the task is a crash without clean-up."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        place: Place,
        clock: Clock,
        settings: DialerSettings | None = None,
        *,
        ended: Ended = lambda _attempt, _report: None,
    ) -> None:
        """``ended`` is told of every report, for figures and live views."""
        settings = settings or DialerSettings()
        self._pool, self._clock, self._settings = pool, clock, settings
        self._reader, self._snapshot = Reader(), Snapshot()
        self._lines = Lines(Line())
        self._lines.process.limit(settings.max_calls, settings.calls_per_second)
        self._reaper = Reaper(pool, clock, settings.lease, settings.interrupted_rest)
        self._lease = Lease(pool, self._reaper, settings.name, settings.lease)
        self._desk = IntentDesk(pool, clock)
        self._outbox = Outbox(pool, clock, self._note_written, self._note_failure)
        self._floor = Floor(
            place,
            clock,
            self._lines,
            self._desk,
            self._outbox,
            settings.interrupted_rest,
            ended,
            doubt=self._note_failure,
            changed=self.wake,
        )
        self._due: dict[UUID, datetime | None] = {}
        self._appetite: dict[UUID, int] = defaultdict(lambda: FIRST_APPETITE)
        self._served: dict[UUID, int] = {}
        self._stamps = count(1)
        self._reload_at = datetime.min.replace(tzinfo=UTC)
        self._next_at = self._partitions_at = self._reload_at
        self._wake, self._stopped = asyncio.Event(), asyncio.Event()
        self._waiting = False

    # --- What others see and say ---------------------------------------------------------------

    @property
    def live(self) -> int:
        """Calls held now."""
        return len(self._floor.calls)

    @property
    def resting(self) -> bool:
        """Nothing happens before ``next_at``, unless somebody wakes the dialer."""
        asleep = self._waiting and not self._wake.is_set()
        return asleep and not self._floor.calls and self._outbox.empty

    @property
    def next_at(self) -> datetime:
        """When the next round is due."""
        return self._next_at

    def wake(self) -> None:
        self._wake.set()

    async def drain(self, bound: float) -> None:
        """No new calls from now on; live ones finish, for at most ``bound`` seconds."""
        self._floor.closing = True
        self.wake()
        try:
            async with asyncio.timeout(bound):
                await self._stopped.wait()
        except TimeoutError:
            self.kill()
            await self._stopped.wait()

    def kill(self) -> None:
        """Ends every call at once; their outcomes are still written."""
        self._floor.kill()
        self.wake()

    # --- The life of the process ---------------------------------------------------------------

    async def run(self) -> None:
        """Raises one of ``failure.AWAY`` where the database is away at the start, never later."""
        try:
            await self._lease.begin()
            await self._live()
            await self._leave()
        finally:
            self._stopped.set()

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._desk.run()),
                group.create_task(self._outbox.run()),
                group.create_task(self._lease.run()),
                group.create_task(self._listen()),
            ]
            await self._dial(group)
            await self._outbox.flush()
            for worker in workers:
                worker.cancel()

    async def _dial(self, group: asyncio.TaskGroup) -> None:
        while not (self._floor.closing and not self._floor.calls):
            try:
                self._next_at = await self._round(group)
            except AWAY as problem:
                self._note_failure(problem)
                self._next_at = self._clock.now() + timedelta(seconds=1)
            await self._wait()

    async def _wait(self) -> None:
        self._waiting = True
        timeout = (self._next_at - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(0.0, timeout)):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting = False
            self._wake.clear()

    async def _leave(self) -> None:
        """What is still leased in this node's name goes back, by us or by the next reaper."""
        try:
            await self._reaper.reconcile(self._lease.node_id, lambda _key: False)
            await self._lease.end()
        except AWAY as problem:
            log.warning("database_away_at_stop", error=repr(problem))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._hear(connection)
            except AWAY as problem:
                self._note_failure(problem)
            await asyncio.sleep(1)

    async def _hear(self, connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()

        def note_loss(_connection: object) -> None:
            lost.set()

        connection.add_termination_listener(note_loss)
        await connection.add_listener(CHANNEL, self._note_change)
        self._note_change()
        try:
            await lost.wait()
        finally:
            connection.remove_termination_listener(note_loss)
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, self._note_change)

    def _note_change(self, *_notification: object) -> None:
        self._reload_at = datetime.min.replace(tzinfo=UTC)
        self.wake()

    def _note_failure(self, problem: Exception | None) -> None:
        if problem is not None:
            log.warning("database_away", error=repr(problem))
        self._lease.doubt()

    # --- A round -------------------------------------------------------------------------------

    async def _round(self, group: asyncio.TaskGroup) -> datetime:
        """Starts what may start and returns when to ask again."""
        now = self._clock.now()
        if self._floor.closing:
            return now + timedelta(seconds=1)
        if self._lease.in_doubt:
            await self._reaper.reconcile(self._lease.node_id, self._is_ours)
            self._lease.reconciled()
            self._due.clear()
        if now >= self._reload_at:
            await self._reload(now)
        reserved, until = self._reserve(now)
        for org_id, places in reserved.items():
            await self._claim(group, org_id, places, now)
        return now if reserved else until

    def _is_ours(self, key: ContactKey) -> bool:
        return key in self._floor.calls or self._outbox.holds(key)

    async def _reload(self, now: datetime) -> None:
        # Set first: what is announced while this reads is read again.
        self._reload_at = now + self._settings.reload
        await self._make_partitions(now)
        self._snapshot = await self._reader.read(self._pool, now)
        self._reload_at = min(self._reload_at, self._snapshot.next_change(now) or self._reload_at)
        await self._hang_up()
        await self._recall_caps(now)
        self._lines.learn(self._snapshot)
        self._due.clear()
        await self._sweep(now)

    async def _hang_up(self) -> None:
        live = {execution_id for execution_id, _contact_id in self._floor.calls}
        ended = live - self._snapshot.runs.keys()
        if ended:
            async with self._pool.acquire() as connection:
                self._floor.hang_up(await snapshot.to_hang_up(connection, list(ended)))

    async def _make_partitions(self, now: datetime) -> None:
        if now >= self._partitions_at:
            async with self._pool.acquire() as connection:
                await attempts.make_partitions(connection, now)
            self._partitions_at = now + timedelta(days=1)

    async def _recall_caps(self, now: datetime) -> None:
        unknown = self._lines.unknown(self._snapshot.dids.values())
        if not unknown:
            return
        self._lines.pool.learn(self._snapshot.dids[did_id] for did_id in unknown)
        for run in self._snapshot.runs.values():
            capped = [did_id for did_id in run.did_ids if did_id in unknown]
            midnight = now.astimezone(run.calendar.zone).replace(
                hour=0, minute=0, second=0, microsecond=0
            )
            async with self._pool.acquire() as connection:
                dialed = await attempts.dialed_since(connection, run.org_id, capped, midnight)
            for did_id, number in dialed.items():
                self._lines.pool.recall(did_id, midnight.date(), number)

    async def _sweep(self, now: datetime) -> None:
        async with self._pool.acquire() as connection:
            for org_id, execution_id in await snapshot.unswept(connection):
                if not await execution.sweep(connection, org_id, execution_id, now=now):
                    self._note_change()

    def _reserve(self, now: datetime) -> tuple[dict[UUID, dict[UUID, list[Did]]], datetime]:
        """Places by organization and execution; and when to ask again where there are none."""
        ready, until = self._ready(now)
        seconds = self._clock.monotonic()
        reserved: dict[UUID, dict[UUID, list[Did]]] = defaultdict(lambda: defaultdict(list))
        room = CLAIM_LIMIT
        while ready and room:
            run = ready.popleft()
            taken = self._lines.take(run, seconds, now)
            if isinstance(taken, Verdict):
                until = min(until, taken.until or until)
                continue
            room -= 1
            places = reserved[run.org_id][run.id]
            places.append(taken)
            self._served[run.id] = next(self._stamps)
            if len(places) < self._appetite[run.id]:
                ready.append(run)
        return reserved, until

    def _ready(self, now: datetime) -> tuple[deque[Run], datetime]:
        """The executions with somebody to call, least recently served first."""
        until, ready = self._reload_at, []
        for run in self._snapshot.runs.values():
            closed = self._first_closed(run, now)
            if closed is None:
                ready.append(run)
            else:
                until = min(until, closed.until or until)
        ready.sort(key=lambda run: self._served.get(run.id, 0))
        return deque(ready), until

    def _first_closed(self, run: Run, now: datetime) -> Verdict | None:
        due_at = self._due.get(run.id, now)
        return next((one for one in gates.standing(run, due_at, now) if not one.open), None)

    async def _claim(
        self,
        group: asyncio.TaskGroup,
        org_id: UUID,
        places: dict[UUID, list[Did]],
        now: datetime,
    ) -> None:
        quotas = {execution_id: len(dids) for execution_id, dids in places.items()}
        try:
            async with self._pool.acquire() as connection:
                claimed = await target.claim(
                    connection, org_id, self._lease.node_id, quotas, now=now
                )
                since = self._look_back(places, now)
                known = await numbers.standings(connection, org_id, claimed, since)
                for one in claimed:
                    run, did = self._snapshot.runs[one.execution_id], places[one.execution_id].pop()
                    candidate = one, known[one.execution_id, one.contact_id]
                    self._floor.begin(group, run, self._lease.node_id, candidate, did)
                hungry = self._learn_appetites(places, quotas)
                # Cleared first: what is handed back while this reads adds to it.
                self._due.update(dict.fromkeys(hungry))
                due = await target.next_due(connection, org_id, hungry) if hungry else {}
        finally:
            for dids in places.values():
                for did in dids:
                    self._lines.undo(org_id, did)
        for execution_id, due_at in due.items():
            self._note_due(execution_id, due_at)

    def _look_back(self, execution_ids: Iterable[UUID], now: datetime) -> dict[UUID, datetime]:
        """From when on calls count for each execution that counts them."""
        lengths = {one: self._snapshot.runs[one].contact_rules.look_back for one in execution_ids}
        return {one: now - length for one, length in lengths.items() if length}

    def _learn_appetites(
        self, unused: dict[UUID, list[Did]], quotas: dict[UUID, int]
    ) -> list[UUID]:
        """The executions that had fewer contacts due than places."""
        for execution_id, quota in quotas.items():
            grown = min(CLAIM_LIMIT, 2 * quota) if not unused[execution_id] else 0
            self._appetite[execution_id] = max(FIRST_APPETITE, grown)
        return [execution_id for execution_id, dids in unused.items() if dids]

    def _note_written(self, batch: Sequence[Item]) -> None:
        """Contacts that wait again may be due before anybody else of their execution."""
        now = self._clock.now()
        for item in batch:
            if isinstance(item, Returned):
                self._note_due(item.execution_id, item.release.due_at or now)
            elif isinstance(item.decision, RetryAt):
                self._note_due(item.execution_id, item.decision.instant)
        self.wake()

    def _note_due(self, execution_id: UUID, due_at: datetime) -> None:
        if execution_id in self._due:
            self._due[execution_id] = min(due_at, self._due[execution_id] or due_at)
