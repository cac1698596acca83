"""Contacts whose node is gone: handed back at once where never dialed, else closed as interrupted.

An interrupted contact rests much longer than a lease before it is tried again: its node may be
alive and cut off, its call still up, its outcome on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import structlog

from engine.clock import Clock
from engine.dial.outbox import ContactKey
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.program.retry import Done, RetryAt, RetryStrategy, decide
from engine.store import node, outcome, target
from engine.store.outcome import WITHDRAWN, Finished
from engine.store.target import CLAIM_LIMIT, Leased, Release

log = structlog.get_logger()


def interruption(code: str, ended_at: datetime) -> CallReport:
    cause = Cause(code, Fault.US)
    return CallReport(Outcome(Result.INTERRUPTED, cause, Milestones(ended_at=ended_at)))


def decide_with_rest(
    strategy: RetryStrategy,
    results: Sequence[Result],
    ended: Outcome,
    now: datetime,
    rest: timedelta,
) -> Done | RetryAt:
    """``decide``, but after an interruption the contact rests at least so long."""
    decision = decide(strategy, results, ended, now)
    if ended.result is Result.INTERRUPTED and isinstance(decision, RetryAt):
        return RetryAt(max(decision.instant, now + rest))
    return decision


@dataclass(frozen=True, slots=True)
class Reaper:
    pool: asyncpg.Pool
    clock: Clock
    lease: timedelta
    rest: timedelta
    """Of a contact after an interrupted call."""

    async def reap(self, *, grace: timedelta | None = None) -> None:
        """Buries nodes whose lease ran out and hands back what dead nodes hold."""
        async with self.pool.acquire() as connection:
            for dead in await node.bury(connection, self.lease, grace=grace):
                log.warning("node_buried", node_id=str(dead))
            for dead in await node.dead_with_leases(connection):
                while await self._reap_some(connection, dead):
                    pass
            await node.forget(connection)

    async def _reap_some(self, connection: asyncpg.Connection, dead: UUID) -> bool:
        """One reaper a node: two that close the same attempts would wait for each other."""
        async with connection.transaction():
            if not await node.take_on(connection, dead):
                return False
            held = await target.leased_by(connection, dead, limit=CLAIM_LIMIT)
            await self._hand_back(connection, dead, held, self._interrupted)
        if held:
            log.warning("contacts_reaped", node_id=str(dead), count=len(held))
        return bool(held)

    async def reconcile(self, node_id: UUID, is_ours: Callable[[ContactKey], bool]) -> None:
        """After a database error: what it calls this node's but this node does not know of.

        A reply was lost. A claim goes back; an intent was committed and its call refused, so no
        INVITE left: it is withdrawn and uses no budget.
        """
        async with self.pool.acquire() as connection:
            held = await target.leased_by(connection, node_id, limit=100 * CLAIM_LIMIT)
            strays = [one for one in held if not is_ours((one.execution_id, one.contact_id))]
            await self._hand_back(connection, node_id, strays, self._withdrawn)

    async def _hand_back(
        self,
        connection: asyncpg.Connection,
        node_id: UUID,
        held: Sequence[Leased],
        close: Callable[[Leased], Finished],
    ) -> None:
        now = self.clock.now()
        by_organization: dict[UUID, list[Leased]] = defaultdict(list)
        for one in held:
            by_organization[one.org_id].append(one)
        for org_id, rows in by_organization.items():
            waiting = [
                Release(one.execution_id, one.contact_id) for one in rows if one.dialing_at is None
            ]
            dialed = [close(one) for one in rows if one.dialing_at is not None]
            if waiting:
                await target.release(connection, org_id, node_id, waiting, now=now)
            if dialed:
                await outcome.finish(connection, org_id, dialed, now=now)

    def _interrupted(self, held: Leased) -> Finished:
        now = self.clock.now()
        report = interruption("engine_lost", now)
        results = (*held.results, Result.INTERRUPTED)
        decision = decide_with_rest(held.retry_strategy, results, report.outcome, now, self.rest)
        return _closing(held, report, decision)

    def _withdrawn(self, held: Leased) -> Finished:
        decision = RetryAt(self.clock.now())
        return _closing(held, CallReport(WITHDRAWN), decision, withdrawn=True)


def _closing(
    held: Leased, report: CallReport, decision: Done | RetryAt, *, withdrawn: bool = False
) -> Finished:
    if held.dialing_at is None:
        raise ValueError("only a dialed contact can be closed")
    return Finished(
        org_id=held.org_id,
        execution_id=held.execution_id,
        contact_id=held.contact_id,
        node_id=held.node_id,
        attempt_id=held.attempt_id or uuid4(),
        number=held.attempts,
        dialed_at=held.dialing_at,
        report=report,
        decision=decision,
        withdrawn=withdrawn,
    )
