"""One call's SIP leg and RTP stream as one thing: ring, talk, wait, hang up.

The line owns what a call takes from the machine, and ``close`` gives all of it back, whatever
happened. Everything that lasts is awaited through ``wait``, which ends early when the far side
leaves: no effect has to think of that.
"""

from __future__ import annotations

import asyncio
from typing import Any

from engine.call.journal import Journal
from engine.call.keypad import Keypad
from engine.clock import Clock
from engine.program.outcome import Cause
from engine.sip import (
    Answered,
    Call,
    CallEvent,
    Ended,
    Endpoint,
    Failed,
    InviteRequest,
    KeyPressed,
    Progress,
    RemoteMedia,
    Updated,
    negotiate,
)
from engine.sip.cause import MEDIA_INCOMPATIBLE
from engine.sip.sdp import parse
from media import Stream
from media.dtmf import KeyFilter, KeyPress, KeySource
from media.g711 import Codec


class LineDropped(Exception):
    """The far side has left, or the call never came up."""


class Line:
    def __init__(self, endpoint: Endpoint, stream: Stream, clock: Clock, journal: Journal) -> None:
        self.stream = stream
        self.keypad = Keypad()
        self.journal = journal
        self.codec = Codec.PCMU
        """What both sides agreed on, once answered."""
        self._endpoint = endpoint
        self._clock = clock
        self._filter = KeyFilter()
        self._call: Call | None = None
        self._listening: asyncio.Task[None] | None = None
        self._offer: RemoteMedia | None = None
        loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[Answered] = loop.create_future()
        self._over: asyncio.Future[Failed | Ended] = loop.create_future()
        stream.on_key = self._key

    @property
    def up(self) -> bool:
        """Answered, and not over yet."""
        return self._answered.done() and not self._over.done()

    @property
    def over(self) -> Failed | Ended | None:
        """How the signalling ended; ``None`` while it goes on."""
        return self._over.result() if self._over.done() else None

    # --- Signalling ----------------------------------------------------------------------------

    def invite(self, request: InviteRequest) -> None:
        """Ring. The INVITE leaves before this returns."""
        self._offer = parse(request.sdp)
        self._call = self._endpoint.invite(request)
        self.journal.note("dialing", to=request.to_uri)
        self._listening = asyncio.create_task(self._listen(self._call))

    async def answered(self, within: float, cause: Cause) -> bool:
        """Wait for the answer; False: ``over`` says why there is none. ``within`` seconds of
        ringing the call is cancelled, with ``cause``."""
        assert self._call is not None
        either: set[asyncio.Future[Any]] = {self._answered, self._over}
        await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if not self._answered.done() and not self._over.done():
            self._call.cancel(cause)
            await self._over
        return self.up

    async def hang_up(self) -> None:
        """End the call, if it is still up, and wait until the far side cannot be heard any more."""
        if self._call is not None and not self._over.done():
            self._call.bye()
            await self._over

    async def _listen(self, call: Call) -> None:
        while not self._over.done():
            self._take(await call.next_event())

    def _take(self, event: CallEvent) -> None:
        match event:
            case Progress(status, reason):
                self.journal.note("ringing", status=status, reason=reason)
            case Answered():
                self.journal.note("answered")
                self._begin(event)
            case Updated(remote):
                self.journal.note("updated", onHold=remote.on_hold)
                self._connect(remote)
            case KeyPressed(key, duration_ms):
                self._key(KeyPress(key, duration_ms, KeySource.INFO))
            case Failed() | Ended():
                self.journal.note("ended", cause=event.cause.code)
                self._over.set_result(event)

    def _begin(self, event: Answered) -> None:
        if self._connect(event.sdp):
            self._answered.set_result(event)
        elif self._call is not None:
            self._call.bye(why=MEDIA_INCOMPATIBLE)

    def _connect(self, remote: RemoteMedia) -> bool:
        agreed = negotiate(self._offer, remote) if self._offer else None
        if agreed is None:
            return False
        self.codec = Codec(agreed.codec)
        try:
            self.stream.connect(
                (remote.address, remote.port),
                payload_type=agreed.send_payload_type,
                codec=self.codec,
                telephone_event=agreed.send_telephone_event,
                offered_event=agreed.receive_telephone_event,
                ptime_ms=agreed.ptime,
            )
        except ValueError:
            return False
        if not agreed.may_send:
            self.stream.hold()
        return True

    def _key(self, press: KeyPress) -> None:
        if self._filter.accept(press, self._clock.monotonic()):
            self.journal.note("key", key=press.key, source=press.source.value)
            self.keypad.press(press.key)

    # --- Waiting -------------------------------------------------------------------------------

    async def wait(self, *futures: asyncio.Future[Any], within: float | None = None) -> None:
        """Until one of the futures is done; those that are not are cancelled.

        Raises ``LineDropped`` when the far side leaves first, ``TimeoutError`` after ``within``
        seconds.
        """
        try:
            await asyncio.wait(
                {*futures, self._over}, timeout=within, return_when=asyncio.FIRST_COMPLETED
            )
            if self._over.done():
                raise LineDropped
            if not any(future.done() for future in futures):
                raise TimeoutError
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Hang up and give back the port, the call and its task. Harmless when repeated."""
        if self._call is not None and not self._over.done():
            self._call.bye()
        self.stream.close()
        if self._listening is not None:
            self._listening.cancel()
