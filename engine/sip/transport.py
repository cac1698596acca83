"""The one thin shell: a UDP socket, a loop and a clock around a pure ``Agent``.

After any input it does the same three things: drain events, send datagrams, re-arm one timer. The
socket is read by a plain reader callback, a batch at a time, so that many datagrams share one
drain. On Linux undeliverable datagrams come back through the socket's error queue (``IP_RECVERR``)
with their content, which tells exactly whose INVITE met a closed port.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.clock import SystemClock
from engine.errors import SettingError
from engine.program.outcome import Cause
from engine.sip import cause
from engine.sip.agent import Agent
from engine.sip.core import CallKey
from engine.sip.events import CallEvent, Ended, Failed
from engine.sip.headers import Reason
from engine.sip.hop import Hop, SocketAddress
from engine.sip.incoming import IncomingInvite
from engine.sip.info import DEFAULT_DURATION
from engine.sip.message import MAX_SIZE
from engine.sip.outgoing import InviteRequest, OutgoingCall
from engine.sip.session import Session

BATCH = 64
"""Datagrams read before the loop gets its turn again."""
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes asked of the kernel; it grants what ``net.core.rmem_max`` allows."""
CLOSE_TIMEOUT = 2.0
"""Seconds ``close`` waits for the far sides' last words."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25
"""linux/in.h, linux/in6.h; the socket module does not name them."""


_UNANSWERED_GOODBYE = Failed(
    None, "the endpoint was closed", cause.SHUTDOWN, cause.result_of(cause.SHUTDOWN)
)


class RandomTokens:
    def token(self) -> str:
        return secrets.token_hex(10)


class Call:
    """One call in progress, for its owner: events out, wishes in."""

    def __init__(self, endpoint: Endpoint, pure: OutgoingCall | IncomingInvite) -> None:
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

    def __init__(self, endpoint: Endpoint, pure: IncomingInvite) -> None:
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


class Endpoint:
    """One UDP socket and the user agent behind it."""

    def __init__(self, sock: socket.socket, agent: Agent, clock: Callable[[], float]) -> None:
        self._socket, self._agent = sock, agent
        self.now = clock
        self.address: SocketAddress = sock.getsockname()[:2]
        self.on_incoming: IncomingHandler | None = None
        """Called with each incoming call; without it they are refused with 480."""
        self._loop = asyncio.get_running_loop()
        self._calls: dict[CallKey, Call] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._idle: asyncio.Event | None = None
        """Somebody waits in ``close`` for the last call and request to end."""
        self._loop.add_reader(sock.fileno(), self._readable)

    @classmethod
    async def open(
        cls,
        host: str,
        port: int = 0,
        *,
        user_agent: str = "Gomobile",
        clock: Callable[[], float] | None = None,
        advertised: str | None = None,
    ) -> Endpoint:
        """Bind ``host:port`` (0: any free port). ``advertised`` is the address others are told
        to answer to; a wildcard ``host`` needs one. ``clock``: seconds, never going back."""
        sock = _bound_socket(host, port)
        where, bound_port = sock.getsockname()[:2]
        if advertised is None and where in ("0.0.0.0", "::"):
            sock.close()
            raise SettingError("sip_address", f"{host} needs an address to advertise")
        agent = Agent((advertised or where, bound_port), RandomTokens(), user_agent)
        return cls(sock, agent, clock or SystemClock().monotonic)

    @property
    def counters(self) -> Mapping[str, int]:
        return self._agent.counters

    def invite(self, request: InviteRequest) -> Call:
        """Send the INVITE now; raise ``ValueError`` where a field holds a line break."""
        pure = self._agent.invite(request, self.now())
        call = self._calls[pure.key] = Call(self, pure)
        self.drain()
        return call

    async def close(self, patience: float = CLOSE_TIMEOUT) -> None:
        """CANCEL, BYE or 503 what is left, wait up to ``patience`` s for the answers, and close.

        Every call gets its last event, whoever answered.
        """
        if self._socket.fileno() < 0:
            return
        self._idle = asyncio.Event()
        self._agent.finish(self.now())
        self.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for call in self._calls.values():
            call.deliver(_UNANSWERED_GOODBYE)
        self._calls.clear()

    # --- The three things after any input ------------------------------------------------------

    def drain(self) -> None:
        """Deliver events, send datagrams, re-arm the timer."""
        self._deliver()
        while datagrams := self._agent.datagrams():
            for data, destination in datagrams:
                self._send(data, destination)
            self._deliver()
        self._arm()
        if self._idle is not None and not self._agent.busy:
            self._idle.set()

    def _deliver(self) -> None:
        for incoming in self._agent.incoming():
            self._offer(incoming)
        for key, event in self._agent.events():
            if call := self._calls.get(key):
                call.deliver(event)
                if isinstance(event, Failed | Ended):
                    del self._calls[key]

    def _offer(self, incoming: IncomingInvite) -> None:
        call = self._calls[incoming.key] = IncomingCall(self, incoming)
        if self.on_incoming is None or self._idle is not None:
            self._loop.call_soon(call.reject, 480)
        else:
            # Not from here: what the handler raises must not stop the drain.
            self._loop.call_soon(self.on_incoming, call)

    def _send(self, data: bytes, destination: Hop) -> None:
        try:
            self._socket.sendto(data, destination.address)
        except ConnectionRefusedError:
            # The error of an earlier datagram; it took this one's place.
            with contextlib.suppress(OSError):
                self._socket.sendto(data, destination.address)
        except BlockingIOError:
            self._agent.counters["send_failed"] += 1  # lost like any other; its timer repeats it
        except (OSError, UnicodeError):
            self._agent.counters["send_failed"] += 1
            self._agent.undelivered(data, self.now())

    def _arm(self) -> None:
        """A timer that comes too early does no harm, so it is only ever moved forward."""
        when = self._agent.next_timer()
        if when is None or (self._timer is not None and self._timer_at <= when):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_later(max(0.0, when - self.now()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._agent.handle_timer(self.now())
        self.drain()

    # --- The socket ----------------------------------------------------------------------------

    def _readable(self) -> None:
        now = self.now()
        try:
            for _ in range(BATCH):
                data, source = self._socket.recvfrom(MAX_SIZE)
                self._agent.receive(data, Hop(*source[:2]), now)
        except BlockingIOError:
            pass
        except OSError:
            self._read_errors(now)
        self.drain()

    def _read_errors(self, now: float) -> None:
        with contextlib.suppress(OSError):
            while sys.platform == "linux":
                data, _, _, _ = self._socket.recvmsg(MAX_SIZE, 512, socket.MSG_ERRQUEUE)
                self._agent.undelivered(data, now)
        # libuv stops polling a descriptor that reported an error; begin again.
        self._loop.remove_reader(self._socket.fileno())
        self._loop.add_reader(self._socket.fileno(), self._readable)


def _bound_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if sys.platform == "linux":
            v6 = family == socket.AF_INET6
            level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
            sock.setsockopt(level, _IPV6_RECVERR if v6 else _IP_RECVERR, 1)
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise SettingError("sip_address", f"cannot bind {host}:{port}: {problem}") from problem
    return sock
