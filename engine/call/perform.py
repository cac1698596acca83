"""Effects into SIP and media work, and the end of each wait into the session's next input.

Every performer may be cut short by ``LineDropped``, which ``perform`` turns into ``HungUp``. A clip
that cannot be had or a disk that is full is ``EffectFailed``: the flow decides what follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from engine.call.line import Line, LineDropped
from engine.call.recording import record
from engine.call.ringing import Ringing
from engine.call.speech import Unspeakable, Voice
from engine.call.tape import Tape, TapeFailed
from flows.effects import (
    Answer,
    AnswerEnded,
    CollectDigits,
    Dial,
    DialEnded,
    DigitsEnded,
    DigitsReason,
    Effect,
    EffectFailed,
    Hangup,
    HungUp,
    Input,
    Play,
    PlayEnded,
    Record,
    RecordEnded,
)


class Performer:
    """What one call's effects are performed on."""

    def __init__(self, line: Line, voice: Voice, ringing: Ringing, tape: Tape) -> None:
        self.line, self.voice, self.ringing, self.tape = line, voice, ringing, tape

    async def perform(self, effect: Effect) -> Input:
        try:
            return await _PERFORMERS[type(effect)](self, effect)
        except LineDropped:
            return HungUp()
        except Unspeakable as problem:
            return EffectFailed(problem.code, str(problem))
        except TapeFailed as problem:
            return EffectFailed(problem.code, str(problem))
