"""The calls under way: one task each, from leave to dial to the outcome in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import structlog

from engine.clock import Clock
from engine.dial import gates
from engine.dial.call import Call, Stage
from engine.dial.failure import AWAY
from engine.dial.gates import Verdict
from engine.dial.intents import IntentDesk
from engine.dial.lines import Lines
from engine.dial.outbox import ContactKey, Outbox, Returned
from engine.dial.reaper import decide_with_rest, interruption
from engine.dial.snapshot import Run
from engine.program.attempt import Attempt, Did
from engine.program.contact_rules import Standing
from engine.program.outcome import Cause, Fault, Milestones, Outcome, Result
from engine.program.report import CallReport
from engine.program.retry import Done, RetryAt
from engine.store.outcome import WITHDRAWN, Finished
from engine.store.target import Claimed, Release

log = structlog.get_logger()

Intend: TypeAlias = Callable[[Attempt], Awaitable[bool]]
"""Awaited right before the INVITE. False: it must not leave. True: it leaves before anything else
is awaited."""

Place: TypeAlias = Callable[[Attempt, Intend], Awaitable[CallReport]]
"""One call from its flow's start to its outcome."""

Candidate: TypeAlias = tuple[Claimed, Standing]

Ended: TypeAlias = Callable[[Attempt, CallReport], None]

LATE_REST = timedelta(seconds=1)
"""Of a contact whose intent was told too late, so that a slow database is not asked faster."""


@dataclass(slots=True)
class Floor:
    place: Place
    clock: Clock
    lines: Lines
    desk: IntentDesk
    outbox: Outbox
    interrupted_rest: timedelta
    ended: Ended
    """Told of every report."""
    doubt: Callable[[Exception | None], None]
    """Told when nobody knows whether an intent was committed."""
    changed: Callable[[], None]
    """Told when a call has ended and its places are free."""
    closing: bool = False
    """No INVITE leaves any more."""
    calls: dict[ContactKey, Call] = field(default_factory=dict)
    _tasks: dict[ContactKey, asyncio.Task[None]] = field(default_factory=dict)

    def kill(self) -> None:
        """Ends every call at once; their outcomes still go to the outbox."""
        self.closing = True
        for task in self._tasks.values():
            task.cancel()

    def hang_up(self, execution_ids: Collection[UUID]) -> None:
        """Ends the calls of these executions."""
        for key, call in self.calls.items():
            if call.run.id in execution_ids and not call.hung_up:
                call.hung_up = True
                self._tasks[key].cancel()

    def begin(
        self, group: asyncio.TaskGroup, run: Run, node_id: UUID, candidate: Candidate, did: Did
    ) -> None:
        """Starts the call of a contact that ``node_id`` claimed, on places already taken."""
        claimed, standing = candidate
        now = self.clock.now()
        closed = next(
            (one for one in gates.personal(run, claimed, standing, now) if not one.open), None
        )
        if closed is not None:
            self.lines.undo(claimed.org_id, did)
            self.outbox.put(Returned(claimed.org_id, node_id, _put_off(claimed, closed)))
            return
        call = Call(run, _attempt(run, claimed, did), claimed.results, node_id)
        self.calls[call.key] = call
        task = group.create_task(self._hold(call))
        self._tasks[call.key] = task
        # A callback runs even for a task that is cancelled before its first step.
        task.add_done_callback(lambda _done: self._end(call))

    def _end(self, call: Call) -> None:
        """Whatever happened to a call, its places are given back here and only here."""
        dialed = call.stage is Stage.DIALING
        give_back = self.lines.give_back if dialed else self.lines.undo
        give_back(call.run.org_id, call.attempt.did)
        del self._tasks[call.key], self.calls[call.key]
        self.changed()

    async def _hold(self, call: Call) -> None:
        try:
            report = await self._report(call)
            await self._settle(call, report)
        except asyncio.CancelledError:
            # Killed: an orderly end of this task, whose outcome still has to be written.
            now = self.clock.now()
            self._account(
                call, _hung_up(now) if call.hung_up else interruption("engine_stopped", now)
            )

    async def _report(self, call: Call) -> CallReport:
        try:
            return await self.place(call.attempt, lambda _attempt: self._intend(call))
        except Exception as problem:
            log.exception("call_failed", call_id=str(call.attempt.id))
            cause = Cause("engine_error", Fault.US, detail=repr(problem))
            ended = Milestones(ended_at=self.clock.now())
            return CallReport(Outcome(Result.FAILED, cause, ended))

    async def _intend(self, call: Call) -> bool:
        """Leave to dial, committed: the last thing before the INVITE."""
        if self.closing or call.stage is not Stage.CLAIMED:
            call.stage = Stage.REFUSED if call.stage is Stage.CLAIMED else call.stage
            return False
        call.stage = Stage.ASKING
        try:
            grant = await self.desk.ask(call.run.org_id, call.node_id, call.intent)
        except AWAY as problem:
            self.doubt(problem)
            return False
        if grant is None:
            call.stage = Stage.REFUSED
            return False
        call.grant = grant
        in_time = grant.stands(self.clock.monotonic())
        call.stage = Stage.DIALING if in_time else Stage.LATE
        return in_time

    async def _settle(self, call: Call, report: CallReport) -> None:
        if call.stage is Stage.CLAIMED:
            # The flow ended without dialing. Its attempt counts, or the contact would come back
            # for ever.
            await self._intend(call)
        self._account(call, report)

    def _account(self, call: Call, report: CallReport) -> None:
        match call.stage:
            case Stage.DIALING:
                self._finish(call, report)
            case Stage.LATE:
                self._withdraw(call)
            case Stage.CLAIMED | Stage.REFUSED:
                release = Release(*call.key)
                self.outbox.put(Returned(call.run.org_id, call.node_id, release))
            case Stage.ASKING:
                self.doubt(None)

    def _finish(self, call: Call, report: CallReport) -> None:
        ended = report.outcome
        results = (*call.results, ended.result)
        rest = self.interrupted_rest
        decision = decide_with_rest(call.run.strategy, results, ended, self.clock.now(), rest)
        self.outbox.put(_finished(call, report, decision))
        self.ended(call.attempt, report)

    def _withdraw(self, call: Call) -> None:
        log.warning("intent_too_late", call_id=str(call.attempt.id))
        decision = RetryAt(self.clock.now() + LATE_REST)
        self.outbox.put(_finished(call, CallReport(WITHDRAWN), decision, withdrawn=True))


def _put_off(claimed: Claimed, closed: Verdict) -> Release:
    skip_cause = closed.reason if closed.final else None
    return Release(claimed.execution_id, claimed.contact_id, skip_cause, closed.until)


def _hung_up(now: datetime) -> CallReport:
    cause = Cause("hung_up", Fault.OPERATOR)
    return CallReport(Outcome(Result.CANCELLED, cause, Milestones(ended_at=now)))


def _attempt(run: Run, claimed: Claimed, did: Did) -> Attempt:
    return Attempt(
        id=uuid4(),
        org_id=run.org_id,
        execution_id=run.id,
        program_id=run.program_id,
        contact_id=claimed.contact_id,
        number=claimed.attempts + 1,
        to_number=claimed.to_number,
        did=did,
        flow=run.flow,
        flow_id=run.flow_id,
        flow_version=run.flow_version,
        contact=claimed.contact,
        attributes=claimed.attributes,
    )


def _finished(
    call: Call, report: CallReport, decision: Done | RetryAt, *, withdrawn: bool = False
) -> Finished:
    assert call.grant is not None
    return Finished(
        org_id=call.run.org_id,
        execution_id=call.run.id,
        contact_id=call.attempt.contact_id,
        node_id=call.node_id,
        attempt_id=call.attempt.id,
        number=call.attempt.number,
        dialed_at=call.grant.dialed_at,
        report=report,
        decision=decision,
        flow_id=None if withdrawn else call.run.flow_id,
        flow_version=None if withdrawn else call.run.flow_version,
        withdrawn=withdrawn,
    )
