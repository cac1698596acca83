"""The dial effect: the intent, the INVITE, the ringing, the answer, and who gave it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final, TypeAlias

from engine.call.conclusion import WITHDRAWN, Reached
from engine.call.invitation import invitation
from engine.call.line import Line
from engine.call.passport import Fields
from engine.program.attempt import Attempt
from engine.program.outcome import AnsweredBy, Result
from engine.sip import (
    NORMAL_CLEARING,
    RING_TIMEOUT,
    Failed,
    Hop,
    dial_result,
)
from engine.sip.sdp import offer
from flows.effects import Dial, DialEnded, DialResult
from media.answering_machine import Decision, Detector
from media.jitter import JitterBuffer

Intent: TypeAlias = Callable[[Attempt], Awaitable[bool]]
"""Commits that this attempt is about to dial; False: it must not, nobody may be rung."""

GRACE_S: Final = 1.0
"""Beyond the detector's own limit, for a far side that sends no audio at all."""


class Ringing:
    def __init__(
        self, attempt: Attempt, intent: Intent, target: Hop, vouch: Callable[[], Fields] = tuple
    ) -> None:
        """``vouch``: header fields that must be made as the INVITE leaves."""
        self.attempt = attempt
        self.reached: Reached | None = None
        """What the signalling came to; ``None`` before the dial."""
        self._intent = intent
        self._target, self._vouch = target, vouch

    async def dial(self, line: Line, effect: Dial) -> DialEnded:
        if not await self._intent(self.attempt):
            self.reached = Reached(Result.CANCELLED, WITHDRAWN)
            return DialEnded(DialResult.ERROR, AnsweredBy.NONE.value)
        own = offer(*line.stream.address, self.attempt.did.trunk.codecs)
        line.invite(invitation(self.attempt, self._target, own, self._vouch()))
        if not await line.answered(effect.timeout_ms / 1000, RING_TIMEOUT):
            return self._failed(line)
        return await self._answered(line, effect.detect_machine)

    def concluded(self, line: Line) -> Reached | None:
        """``reached``, with the cause the call ended with once it has."""
        reached, over = self.reached, line.over
        if reached is None or reached.result is not None or over is None:
            return reached
        return Reached(None, over.cause, reached.answered_by)

    def _failed(self, line: Line) -> DialEnded:
        over = line.over
        if isinstance(over, Failed):
            result, cause = over.result, over.cause
        else:
            result, cause = Result.NO_ANSWER, over.cause if over else RING_TIMEOUT
        self.reached = Reached(result, cause)
        return DialEnded(dial_result(result), AnsweredBy.NONE.value)

    async def _answered(self, line: Line, detect_machine: bool) -> DialEnded:
        self.reached = Reached(None, NORMAL_CLEARING, AnsweredBy.UNKNOWN)
        answered_by = AnsweredBy.UNKNOWN
        if detect_machine:
            decision = await who_answered(line)
            answered_by = AnsweredBy(decision.answered_by)
            line.journal.note("answered_by", **asdict(decision))
        self.reached = Reached(None, NORMAL_CLEARING, answered_by)
        machine = answered_by is AnsweredBy.MACHINE
        result = DialResult.VOICEMAIL if machine else DialResult.ANSWERED
        return DialEnded(result, answered_by.value)


async def who_answered(line: Line) -> Decision:
    """Listen to the greeting until it is clear who gave it. Raises ``LineDropped``."""
    detector, buffer = Detector(), JitterBuffer(line.codec)
    decided: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()

    def listen(sequence: int, timestamp: int, payload: bytes) -> None:
        buffer.push(sequence, timestamp, payload)
        decision = detector.feed(buffer.pop())
        if decision is not None and not decided.done():
            decided.set_result(decision)

    line.stream.on_audio = listen
    try:
        limit_s = detector.parameters.total_analysis_time / 1000
        await line.wait(decided, within=limit_s + GRACE_S)
    except TimeoutError:
        return detector.end()
    finally:
        line.stream.on_audio = None
    return decided.result()
