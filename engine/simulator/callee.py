"""One call as its persona takes it, from the INVITE to the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, assert_never

import numpy as np

from engine.simulator.ear import Ear, Heard
from engine.simulator.persona import Deserter, Human, Machine, Persona, Refuses, RingsOut
from engine.sip import Answered, Ended, Failed, IncomingCall, negotiate
from engine.sip.message import MalformedMessage
from engine.sip.sdp import answer, parse
from media import Stream, g711
from media.dictionaries.pack import SystemPack
from media.g711 import SAMPLE_RATE, Codec, Samples

RING_S: Final = 0.4
SILENT_S: Final = 60.0
LONGEST_S: Final = 120.0
CODECS: Final = ("PCMA", "PCMU")
BEEP_HZ: Final = 1000
HELLO: Final = ("hello",)
GREETING: Final = ("hello", "pause-150", "please", "number.8", "number.15", "number.4", "number.16")
MESSAGE: Final = ("yes", "thanks", "pause-150", "number.7", "number.11", "number.3")
"""Keys of the English pack: what is said matters less than that it is speech."""

Log = Callable[..., None]


class Callee:
    """Takes the stream it is given and closes it."""

    def __init__(self, call: IncomingCall, stream: Stream, log: Log) -> None:
        self._call, self._stream, self._log = call, stream, log
        self._codec = Codec.PCMA
        self._ear = Ear()
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()

    async def act(self, who: Persona) -> None:
        """Play the persona until the call is over."""
        playing = asyncio.create_task(self._play(who))
        playing.add_done_callback(self._broken)
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._until_over()
        except TimeoutError:
            self._call.bye()
        finally:
            playing.cancel()
            self._stream.close()
        with contextlib.suppress(asyncio.CancelledError):
            await playing

    def _broken(self, playing: asyncio.Task[None]) -> None:
        """Nobody acts any more: leave, so that the call ends and the error is told."""
        if not playing.cancelled() and playing.exception():
            self._call.bye()

    async def _until_over(self) -> None:
        while True:
            event = await self._call.next_event()
            if isinstance(event, Answered):
                self._log("answered")
            if isinstance(event, Failed | Ended):
                by = event.by if isinstance(event, Ended) else "remote"
                self._log("ended", by=by, cause=event.cause.code)
                return

    async def _play(self, who: Persona) -> None:
        match who:
            case Refuses(status, reason):
                self._call.reject(status, reason)
            case RingsOut():
                self._call.ring()
            case Human():
                await self._be_human(who)
            case Machine():
                await self._be_machine()
            case Deserter(after_seconds):
                await self._pick_up()
                self._say(*HELLO)
                await asyncio.sleep(after_seconds)
                self._call.bye()
            case _:
                assert_never(who)

    async def _be_human(self, who: Human) -> None:
        if who.early_media_seconds:
            self._call.ring(183, self._description())
            self._connect()
            await asyncio.sleep(who.early_media_seconds)
        await self._pick_up()
        if who.key is None:
            await asyncio.sleep(SILENT_S)
            self._call.bye()
            return
        await self._say(*HELLO)
        while True:
            match await self._heard.get():
                case Heard.PROMPT_ENDED:
                    await self._press(who.key)
                case Heard.BEEP_ENDED:
                    await self._say(*MESSAGE)
            self._ear.forget()

    async def _be_machine(self) -> None:
        await self._pick_up()
        await self._say(*GREETING)
        await self._stream.play([g711.encode(beep(), self._codec)])

    # --- What a callee can do ------------------------------------------------------------------

    async def _pick_up(self) -> None:
        self._call.ring()
        await asyncio.sleep(RING_S)
        self._call.answer(self._description())
        self._connect()

    def _description(self) -> bytes:
        described = answer(self._call.sdp or b"", *self._stream.address, CODECS)
        assert described is not None, "the offer is understood"
        return described

    def _connect(self) -> None:
        remote = parse(self._call.sdp or b"")
        agreed = negotiate(parse(self._description()), remote)
        assert agreed is not None, "the answer was made from the offer"
        self._codec = Codec(agreed.codec)
        self._stream.on_audio = self._listen
        self._stream.connect(
            (remote.address, remote.port),
            payload_type=agreed.send_payload_type,
            codec=self._codec,
            telephone_event=agreed.send_telephone_event,
            ptime_ms=agreed.ptime,
        )

    def _listen(self, _sequence: int, _timestamp: int, payload: bytes) -> None:
        for event in self._ear.feed(g711.decode(payload, self._codec)):
            self._heard.put_nowait(event)

    def _say(self, *keys: str) -> asyncio.Future[Any]:
        pack = SystemPack.load("en")
        return self._stream.play([pack.encoded(key, self._codec) for key in keys])

    async def _press(self, key: str) -> None:
        self._log("pressed", key=key)
        await self._stream.send_digits(key)


def understands(offered: bytes | None) -> bool:
    """Whether a callee can answer this offer."""
    try:
        return answer(offered or b"", "127.0.0.1", 9, CODECS) is not None
    except MalformedMessage:
        return False


def beep(milliseconds: int = 400) -> Samples:
    """What an answering machine says last, at half of full scale."""
    time = np.arange(milliseconds * SAMPLE_RATE // 1000) / SAMPLE_RATE
    return (16384 * np.sin(2 * np.pi * BEEP_HZ * time)).astype(np.int16)
