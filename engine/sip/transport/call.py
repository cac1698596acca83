"""One call as its owner sees it: events out, wishes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from engine.program.outcome import Cause
from engine.sip import cause
from engine.sip.events import CallEvent, Ended, Failed
from engine.sip.headers import Reason
from engine.sip.incoming import IncomingInvite
from engine.sip.info import DEFAULT_DURATION
from engine.sip.outgoing import OutgoingCall
from engine.sip.sdp import RemoteMedia
from engine.sip.session import Session


class Owner(Protocol):
    """The endpoint, as a call needs it."""

    def now(self) -> float: ...

    def drain(self) -> None:
        """Carry out what was wished for."""


class Call:
    """One call in progress, for its owner: events out, wishes in."""

    def __init__(self, endpoint: Owner, pure: OutgoingCall | IncomingInvite) -> None:
        self._endpoint, self._pure = endpoint, pure
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._last: CallEvent | None = None

    @property
    def call_id(self) -> str:
        return self._pure.call_id

    async def next_event(self) -> CallEvent:
        """The next event; after ``Failed`` or ``Ended`` that one again, for ever."""
        if self._events.empty() and self._last is not None:
            return self._last
        return await self._events.get()

    def cancel(self, why: Cause = cause.CANCELLED) -> None:
        """Stop a call that rings; one that was answered in the meantime is hung up."""
        if isinstance(self._pure, OutgoingCall):
            self._pure.cancel(why, self._endpoint.now())
        else:
            self._pure.hang_up(why, self._endpoint.now())
        self._endpoint.drain()

    def bye(self, reason: Reason | None = None, why: Cause = cause.NORMAL_CLEARING) -> None:
        """Hang up; one that still rings is cancelled. ``reason`` goes into the BYE."""
        if session := self._session:
            session.hang_up(why, self._endpoint.now(), reason)
            self._endpoint.drain()
        else:
            self.cancel(why)

    def send_info(self, key: str, duration_ms: int = DEFAULT_DURATION) -> None:
        """Press ``key`` by SIP INFO; nothing happens before the answer."""
        if session := self._session:
            session.send_key(key, duration_ms, self._endpoint.now())
            self._endpoint.drain()

    def hold(self) -> None:
        """Ask the far side not to send; ``Updated`` or ``ChangeRefused`` follows."""
        if session := self._session:
            session.hold(self._endpoint.now())
            self._endpoint.drain()

    def resume(self) -> None:
        """Undo ``hold``."""
        if session := self._session:
            session.resume(self._endpoint.now())
            self._endpoint.drain()

    def offer(self, media: RemoteMedia) -> None:
        """Move to another port, address or codec; ``Updated`` or ``ChangeRefused`` follows."""
        if session := self._session:
            session.offer(media, self._endpoint.now())
            self._endpoint.drain()

    @property
    def _session(self) -> Session | None:
        return self._pure.session

    def deliver(self, event: CallEvent) -> None:
        """For the endpoint: hand ``event`` to whoever waits."""
        self._events.put_nowait(event)
        if isinstance(event, Failed | Ended):
            self._last = event


class IncomingCall(Call):
    """A call that wants to be answered."""

    def __init__(self, endpoint: Owner, pure: IncomingInvite) -> None:
        super().__init__(endpoint, pure)
        self._invite = pure
        self.from_user = pure.from_user
        """Who calls, as the From says: nobody has checked it."""
        self.to_user = pure.to_user
        """Whom the Request-URI names."""
        self.sdp = pure.sdp
        """The offer; ``None``: the caller waits for ours."""
        self.headers = tuple(pure.request.headers)

    def ring(self, status: int = 180, sdp: bytes | None = None) -> None:
        """180, or 183 with a description for early media."""
        self._invite.ring(status, sdp or b"", self._endpoint.now())
        self._endpoint.drain()

    def answer(self, sdp: bytes) -> None:
        """200 with our description, repeated until its ACK; then ``Answered`` comes."""
        self._invite.answer(sdp, self._endpoint.now())
        self._endpoint.drain()

    def reject(
        self, status: int, reason: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._invite.reject(status, reason, list(headers), self._endpoint.now())
        self._endpoint.drain()


IncomingHandler: TypeAlias = Callable[[IncomingCall], None]
