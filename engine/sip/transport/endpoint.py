"""The endpoint: sockets, a loop and a clock around a pure ``Agent``.

After any input it does the same three things: drain events, send datagrams, re-arm one timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Mapping

from engine.clock import SystemClock
from engine.errors import SettingError
from engine.sip import cause
from engine.sip.agent import Agent
from engine.sip.core import CallKey
from engine.sip.events import Ended, Failed
from engine.sip.hop import Hop, SocketAddress, Transport
from engine.sip.incoming import IncomingInvite
from engine.sip.outgoing import InviteRequest
from engine.sip.transport.call import Call, IncomingCall, IncomingHandler
from engine.sip.transport.connections import Connections
from engine.sip.transport.datagram import DatagramSocket, bound_socket
from engine.sip.transport.tls import TlsSettings

CLOSE_TIMEOUT = 2.0
"""Seconds ``close`` waits for the far sides' last words."""
KEEP_ALIVE = 100.0
"""Seconds between pings on a connection: RFC 5626 §4.4.1 says 95 to 120."""
ATTEMPTS = 20
"""Free UDP ports tried until TCP has the same one free."""

_UNANSWERED_GOODBYE = Failed(
    None, "the endpoint was closed", cause.SHUTDOWN, cause.result_of(cause.SHUTDOWN)
)


class RandomTokens:
    """Words of 80 random bits, cut from a longer one: the kernel is asked once for many."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def token(self) -> str:
        if not self._words:
            random = secrets.token_hex(10 * 128)
            self._words = [random[at : at + 20] for at in range(0, len(random), 20)]
        return self._words.pop()


class Endpoint:
    """The sockets of one user agent: UDP, the connections it opens, and those it listens for."""

    def __init__(
        self,
        sock: socket.socket,
        advertised: str,
        user_agent: str,
        clock: Callable[[], float],
        tls: TlsSettings,
        keep_alive: float,
    ) -> None:
        self.now = clock
        self.address: SocketAddress = sock.getsockname()[:2]
        """Of the UDP socket; TCP has the same one."""
        self.on_incoming: IncomingHandler | None = None
        """Called with each incoming call; without it they are refused with 480."""
        self._advertised = advertised
        self._loop = asyncio.get_running_loop()
        self._calls: dict[CallKey, Call] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._idle: asyncio.Event | None = None
        """Somebody waits in ``close`` for the last call and request to end."""
        here = (advertised, self.address[1])
        self._agent = Agent(here, RandomTokens(), user_agent, sent_by=self._sent_by)
        self._datagrams = DatagramSocket(sock, self)
        self._connections = Connections(self.address[0], self, tls, keep_alive)

    @classmethod
    async def open(
        cls,
        host: str,
        port: int = 0,
        *,
        user_agent: str = "Gomobile",
        clock: Callable[[], float] | None = None,
        advertised: str | None = None,
        tcp: bool = True,
        tls_port: int | None = None,
        tls: TlsSettings | None = None,
        keep_alive: float = KEEP_ALIVE,
    ) -> Endpoint:
        """Bind ``host:port`` (0: any free port). ``advertised`` is the address others are told
        to answer to; a wildcard ``host`` needs one. ``clock``: seconds, never going back.

        It connects by TCP and TLS wherever a hop says so; ``tcp`` (at the same address) and
        ``tls_port`` (0: any) let others connect too, as a far side may that has something to say
        in a call and has lost our connection. Raises ``SettingError``.
        """
        if advertised is None and host in ("0.0.0.0", "::"):
            raise SettingError("sip_address", f"{host} needs an address to advertise")
        tls = _usable(tls, listens=tls_port is not None)
        for attempt in range(ATTEMPTS):
            sock = bound_socket(host, port)
            where = advertised or sock.getsockname()[0]
            now = clock or SystemClock().monotonic
            endpoint = cls(sock, where, user_agent, now, tls, keep_alive)
            try:
                await endpoint._listen(tcp, tls_port)
                return endpoint
            except SettingError:
                await endpoint.close()
                if port or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError

    async def _listen(self, tcp: bool, tls_port: int | None) -> None:
        if tcp:
            await self._connections.listen(Transport.TCP, self.address[1])
        if tls_port is not None:
            await self._connections.listen(Transport.TLS, tls_port)

    @property
    def tls_address(self) -> SocketAddress | None:
        """Where TLS is listened for."""
        return self._connections.listening.get(Transport.TLS)

    @property
    def connections(self) -> int:
        """TCP and TLS connections that are open, or being made."""
        return len(self._connections)

    def _sent_by(self, hop: Hop) -> SocketAddress:
        """Connections come back to where we listen; where we do not, they are used both ways."""
        _, port = self._connections.listening.get(hop.transport, self.address)
        return self._advertised, port

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
        if not self._datagrams.is_open:
            return
        self._idle = asyncio.Event()
        self._agent.finish(self.now())
        self.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)
        if self._timer is not None:
            self._timer.cancel()
        self._datagrams.close()
        await self._connections.close()
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
        if destination.transport.reliable:
            self._connections.send(data, destination)
        else:
            self._datagrams.send(data, destination)

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

    # --- What the sockets tell -----------------------------------------------------------------

    def received(self, data: bytes, source: Hop) -> None:
        self._agent.receive(data, source, self.now())

    def malformed(self) -> None:
        self._agent.counters["malformed"] += 1

    def unsent(self) -> None:
        self._agent.counters["send_failed"] += 1

    def undelivered(self, data: bytes) -> None:
        self._agent.undelivered(data, self.now())

    def disconnected(self, hop: Hop, worked: bool) -> None:
        self._agent.disconnected(hop, worked, self.now())


def _usable(tls: TlsSettings | None, listens: bool) -> TlsSettings:
    """Raises ``SettingError`` before anything is open."""
    if tls is not None:
        tls.client_context()
    if listens:
        (tls or TlsSettings()).server_context()
    return tls or TlsSettings()
