"""One TCP or TLS connection: bytes to messages, keep-alives, and what still waits to be sent."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, cast

from engine.sip.framing import PING, PONG, Framer
from engine.sip.hop import Hop, Transport
from engine.sip.message import MalformedMessage

PONG_TIMEOUT: Final = 10.0
"""Seconds (RFC 5626 §4.4.1)."""
IDLE_TIMEOUT: Final = 900.0
"""Seconds of silence after which a connection that others opened is closed."""
MAX_UNSENT: Final = 1024 * 1024
"""Bytes; a far side that reads no more than this behind is gone."""


class Keeper(Protocol):
    """Who holds the connections of an endpoint."""

    keep_alive: float

    def opened(self, connection: Connection) -> None: ...

    def received(self, data: bytes, connection: Connection) -> None: ...

    def drain(self) -> None: ...

    def malformed(self) -> None: ...

    def lost(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """``hop`` is the far end; of a connection that came in, learnt when it is made."""

    def __init__(self, keeper: Keeper, transport: Transport, hop: Hop | None = None) -> None:
        self._keeper, self._kind = keeper, transport
        self.hop = hop or Hop("", 0, transport)
        self.ours = hop is not None
        """We opened it, so we keep it alive."""
        self.worked = False
        """Something came through it."""
        self.unsent: list[bytes] = []
        """Waiting for the connection to be made."""
        self._framer = Framer()
        self._stream: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes) -> None:
        if self._stream is None:
            self.unsent.append(data)
        elif self._stream.get_write_buffer_size() > MAX_UNSENT:
            self._stream.abort()
        else:
            self._stream.write(data)

    def close(self) -> None:
        self._rest()
        if self._stream is not None:
            self._stream.close()

    # --- asyncio's side ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked by isinstance: uvloop's TLS transport is none of asyncio's.
        self._stream = stream = cast(asyncio.Transport, transport)
        if not self.ours:
            host, port = transport.get_extra_info("peername")[:2]
            self.hop = Hop(host, port, self._kind)
        waiting, self.unsent = self.unsent, []
        for data in waiting:
            stream.write(data)
        self._keeper.opened(self)
        self._stay_alive()

    def data_received(self, data: bytes) -> None:
        self.worked = True
        if not self.ours:
            self._stay_alive()
        pings, pongs = self._framer.pings, self._framer.pongs
        try:
            for message in self._framer.feed(data):
                self._keeper.received(message, self)
        except MalformedMessage:
            self._keeper.malformed()
            self._abort()
        if self._framer.pongs > pongs:
            self._stay_alive()
        for _ in range(self._framer.pings - pings):
            self.send(PONG)
        self._keeper.drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._keeper.lost(self)

    # --- Keep-alive ----------------------------------------------------------------------------

    def _stay_alive(self) -> None:
        """Ping what we opened; forget what others opened and left."""
        self._rest()
        loop = asyncio.get_running_loop()
        if self.ours:
            self._timer = loop.call_later(self._keeper.keep_alive, self._ping)
        else:
            self._timer = loop.call_later(IDLE_TIMEOUT, self.close)

    def _ping(self) -> None:
        self.send(PING)
        if self._framer.pongs:
            # It has answered before, so that silence means it is gone.
            patience = min(PONG_TIMEOUT, self._keeper.keep_alive)
            self._timer = asyncio.get_running_loop().call_later(patience, self._abort)
        else:
            self._stay_alive()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort(self) -> None:
        if self._stream is not None:
            self._stream.abort()
