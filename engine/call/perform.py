"""Effects into SIP and media work, and the end of each wait into the session's next input.

A wait that the far side cuts short raises ``LineDropped``, which becomes ``HungUp``. A clip that
cannot be had or a disk that is full becomes ``EffectFailed``: the flow decides what follows.
"""

from __future__ import annotations

from asyncio import Future
from typing import Final, assert_never

from engine.call.line import Line, LineDropped
from engine.call.ringing import Ringing
from engine.call.speech import Voice
from engine.call.tape import Tape, TapeFailed
from engine.org.spelling import Unspeakable
from flows.effects import (
    Answer,
    AnswerEnded,
    Audible,
    CollectDigits,
    Dial,
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
)
from media import PlayedTo

MS: Final = 1000


class Performer:
    """What one call's effects are performed on."""

    def __init__(self, line: Line, voice: Voice, ringing: Ringing, tape: Tape) -> None:
        self._line, self._voice, self._ringing, self._tape = line, voice, ringing, tape

    async def perform(self, effect: Effect, node_id: str | None) -> Input:
        try:
            return await self._perform(effect, node_id)
        except LineDropped:
            return HungUp()
        except (Unspeakable, TapeFailed) as problem:
            return EffectFailed(problem.code, str(problem))

    async def _perform(self, effect: Effect, node_id: str | None) -> Input:
        match effect:
            case Dial():
                return await self._ringing.dial(self._line, effect)
            case Play():
                return await self._play(effect)
            case CollectDigits():
                return await self._collect(effect)
            case Record():
                return await self._tape.record(self._line, effect, node_id)
            case Answer():
                return AnswerEnded(self._line.up)
            case Hangup():
                await self._line.hang_up()
                return HungUp()
            case _:
                assert_never(effect)

    async def _play(self, effect: Play) -> PlayEnded:
        line = self._line
        line.keypad.clear()
        playing = self._say(effect.items)
        if not effect.interruptible:
            await line.wait(playing)
            line.keypad.clear()
            return PlayEnded()
        await line.wait(playing, line.keypad.pressed())
        return PlayEnded(line.keypad.peek())

    async def _collect(self, effect: CollectDigits) -> DigitsEnded:
        """The prompt, until a key comes; then keys, until they are enough."""
        line, digits = self._line, ""
        await line.wait(self._say(effect.prompt), line.keypad.pressed())
        patience = effect.timeout_ms
        while True:
            try:
                await line.wait(line.keypad.pressed(), within=patience / MS)
            except TimeoutError:
                return DigitsEnded(digits, DigitsReason.TIMEOUT)
            patience = effect.inter_digit_timeout_ms
            key = line.keypad.take()
            if key == effect.terminator:
                return DigitsEnded(digits, DigitsReason.TERMINATOR)
            digits += key
            if len(digits) >= effect.max_digits:
                return DigitsEnded(digits, DigitsReason.COMPLETE)

    def _say(self, items: tuple[Audible, ...]) -> Future[PlayedTo]:
        return self._line.stream.play(self._voice.playlist(items, self._line.codec))
