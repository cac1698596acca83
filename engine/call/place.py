"""One call, from an attempt to its report: the only coroutine that holds a call's resources.

``Caller.place`` starts the flow's session and performs its effects until it ends. Whatever
happens, port, SIP call and tasks are given back in its one ``finally``; a bug in a flow or in here
ends this call alone, as ``failed`` / ``internal_error``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

import structlog

from engine.call.conclusion import conclude
from engine.call.journal import Journal
from engine.call.line import Line
from engine.call.naming import Naming, Unresolvable
from engine.call.passport import Fields, Signer
from engine.call.perform import Performer
from engine.call.reachability import Reachability
from engine.call.ringing import Intent, Ringing
from engine.call.speech import Speech
from engine.call.tape import Tape, TapeRoom
from engine.clock import Clock
from engine.program.attempt import Attempt
from engine.program.outcome import Cause, Fault, Outcome, Result
from engine.program.report import CallReport
from engine.sip import Endpoint
from flows import CallContext, CompiledFlow, Scalar, Session, known_texts
from flows.effects import Input, LimitReached, Step
from media import MediaPlane, NoPortLeft, Statistics

NO_PORT: Final = Cause("no_port_left", Fault.US)
INTERNAL: Final = Cause("internal_error", Fault.US)
_FIGURES: Final = tuple(field.name for field in fields(Statistics))

log = structlog.get_logger()


class Caller:
    """What the calls of one process share."""

    def __init__(
        self,
        endpoint: Endpoint,
        plane: MediaPlane,
        speech: Speech,
        recordings: TapeRoom,
        clock: Clock,
        max_call_seconds: float,
        signer: Signer | None = None,
        naming: Naming | None = None,
    ) -> None:
        """``signer``: of caller identities; ``None``: they go unsigned. ``naming``: by the
        system's name servers if not given."""
        self._endpoint, self._plane, self._speech = endpoint, plane, speech
        self._recordings, self._clock = recordings, clock
        family = socket.AF_INET6 if ":" in endpoint.address[0] else socket.AF_INET
        self._naming = naming or Naming(family, clock.monotonic)
        self._servers = Reachability()
        self._max_call_seconds, self._signer = max_call_seconds, signer

    async def place(self, attempt: Attempt, intent: Intent) -> CallReport:
        """Call one contact and run its flow to the end. Cancelling it hangs up at once."""
        journal = Journal(self._clock)
        try:
            stream = self._plane.stream()
        except NoPortLeft:
            return CallReport(Outcome(Result.FAILED, NO_PORT, journal.milestones()))
        line = Line(self._endpoint, stream, self._clock, journal)
        tape = self._recordings.tape(attempt)
        try:
            return await self._hold(attempt, intent, line, tape)
        except Unresolvable as problem:
            cause = Cause("trunk_unresolvable", Fault.CARRIER, detail=str(problem))
            return _report(Outcome(Result.FAILED, cause, journal.milestones()), line, tape)
        except Exception as problem:
            log.exception("call_broken", call=str(attempt.id), to=attempt.to_number)
            cause = Cause(INTERNAL.code, INTERNAL.fault, detail=type(problem).__name__)
            return _report(Outcome(Result.FAILED, cause, journal.milestones()), line, tape)
        finally:
            line.close()

    async def _hold(self, attempt: Attempt, intent: Intent, line: Line, tape: Tape) -> CallReport:
        context = _context(attempt)
        texts = known_texts(attempt.flow.audio, context)
        voice = await self._speech.voice(attempt, self._clock.monotonic(), texts)
        hops = await self._naming.hops(attempt.did.trunk)
        hop = self._servers.best(hops, self._clock.monotonic())
        ringing = Ringing(attempt, intent, hop, lambda: self._vouch(attempt))
        performer = Performer(line, voice, ringing, tape)
        session = await self._run(attempt.flow, context, performer)
        await line.hang_up()
        self._servers.learn(hop, line.over, self._clock.monotonic())
        if line.stream.first_audio_at is not None:
            line.journal.note_at("first_audio", line.stream.first_audio_at)
        assert session.ending is not None
        outcome = conclude(session.ending, ringing.concluded(line), line.journal.milestones())
        return _report(outcome, line, tape, session)

    def _vouch(self, attempt: Attempt) -> Fields:
        return self._signer.fields(attempt, self._clock.now()) if self._signer else ()

    async def _run(self, flow: CompiledFlow, context: CallContext, performer: Performer) -> Session:
        now = self._clock.now
        deadline = asyncio.get_running_loop().time() + self._max_call_seconds
        session, step = Session.start(flow, context, now())
        while step.wait is not None:
            given = await _within(deadline, performer, step, session.node_id)
            step = session.resume(given, now())
        return session


async def _within(deadline: float, performer: Performer, step: Step, node_id: str | None) -> Input:
    try:
        async with asyncio.timeout_at(deadline):
            return await performer.perform(step.effects[-1], node_id)
    except TimeoutError:
        return LimitReached("call_length")


def _report(outcome: Outcome, line: Line, tape: Tape, session: Session | None = None) -> CallReport:
    return CallReport(
        outcome=outcome,
        path=session.trace if session else (),
        variables=dict(session.variables) if session else None,
        node_counts=dict(session.node_counts) if session else None,
        events=line.journal.events,
        quality=_quality(line.stream.statistics),
        recordings=tuple(tape.recordings),
    )


def _quality(statistics: Statistics) -> dict[str, object]:
    """``asdict`` copies deeply, which takes 25 times as long."""
    return {name: getattr(statistics, name) for name in _FIGURES}


def _context(attempt: Attempt) -> CallContext:
    return CallContext(
        call_id=str(attempt.id),
        organization_id=str(attempt.org_id),
        contact_id=str(attempt.contact_id),
        contact_phone=attempt.to_number,
        program_id=None if attempt.program_id is None else str(attempt.program_id),
        contact=_scalars(attempt.contact),
        attributes=_scalars(attempt.attributes),
    )


def _scalars(values: Mapping[str, object]) -> dict[str, Scalar]:
    """A flow reads single values; a list (``channels``) is not one."""
    return {
        name: value
        for name, value in values.items()
        if value is None or isinstance(value, str | int | float)
    }
