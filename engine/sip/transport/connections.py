"""The TCP and TLS connections of an endpoint: opened when first needed, used again, listened for.

A request whose connection fails before anything came through it was never delivered. Where a
connection had worked before, it may have been closed while nobody used it: the pure agent then
sends what has no answer once more, over a new one (the branch tells the far side).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import structlog

from engine.errors import SettingError
from engine.sip.headers import top_via
from engine.sip.hop import Hop, SocketAddress, Transport
from engine.sip.message import MalformedMessage, Response, parse
from engine.sip.transport.connection import Connection
from engine.sip.transport.receiver import Receiver
from engine.sip.transport.tls import TlsSettings

log = structlog.get_logger()

CONNECT_TIMEOUT: Final = 5.0
"""Seconds, the TLS handshake included."""
MAX_ACCEPTED: Final = 1000
"""More connections that others opened are closed at once."""


class Connections:
    def __init__(self, host: str, receiver: Receiver, tls: TlsSettings, keep_alive: float) -> None:
        self._host, self._receiver, self._tls = host, receiver, tls
        self._client_tls: ssl.SSLContext | None = None
        """Made when first needed: the system's authorities take their time to load."""
        self.keep_alive = keep_alive
        """Seconds between our pings."""
        self.listening: dict[Transport, SocketAddress] = {}
        self._by_hop: dict[Hop, Connection] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._by_hop)

    async def listen(self, transport: Transport, port: int) -> None:
        """Raises ``SettingError`` where the port cannot be had."""
        context = self._tls.server_context() if transport is Transport.TLS else None
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: Connection(self, transport), self._host, port, ssl=context
            )
        except OSError as problem:
            where = f"{self._host}:{port}"
            message = f"cannot listen on {where} ({transport}): {problem}"
            raise SettingError("sip_address", message) from problem
        self._servers.append(server)
        self.listening[transport] = server.sockets[0].getsockname()[:2]

    def send(self, data: bytes, destination: Hop) -> None:
        connection = self._by_hop.get(destination)
        if connection is None:
            connection = self._open(_reachable(data, destination))
        connection.send(data)

    async def close(self) -> None:
        self._closed = True
        for server in self._servers:
            server.close()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in list(self._by_hop.values()):
            connection.close()

    # --- Connecting ----------------------------------------------------------------------------

    def _open(self, hop: Hop) -> Connection:
        if hop in self._by_hop:
            return self._by_hop[hop]
        connection = self._by_hop[hop] = Connection(self, hop.transport, hop)
        task = asyncio.get_running_loop().create_task(self._connect(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return connection

    async def _connect(self, connection: Connection) -> None:
        hop, loop = connection.hop, asyncio.get_running_loop()
        secured = hop.transport is Transport.TLS
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await loop.create_connection(
                    lambda: connection,
                    *hop.address,
                    ssl=self._client_context() if secured else None,
                    server_hostname=(hop.name or hop.host) if secured else None,
                    local_addr=(self._host, 0),
                )
        except (OSError, TimeoutError, UnicodeError) as problem:
            # ``OSError``: refused, unreachable, and every failure of TLS.
            why = str(problem) or type(problem).__name__
            log.warning("sip_connection_failed", hop=hop, why=why)
            self.lost(connection)

    def _client_context(self) -> ssl.SSLContext:
        if self._client_tls is None:
            self._client_tls = self._tls.client_context()
        return self._client_tls

    # --- What connections tell -----------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        if connection.ours:
            return
        accepted = sum(not known.ours for known in self._by_hop.values())
        if accepted >= MAX_ACCEPTED or self._closed:
            connection.close()
        else:
            self._by_hop[connection.hop] = connection

    def received(self, data: bytes, connection: Connection) -> None:
        self._receiver.received(data, connection.hop)

    def malformed(self) -> None:
        self._receiver.malformed()

    def drain(self) -> None:
        self._receiver.drain()

    def lost(self, connection: Connection) -> None:
        if self._by_hop.get(connection.hop) is not connection:
            return
        del self._by_hop[connection.hop]
        if self._closed:
            return
        for data in connection.unsent:
            self._receiver.unsent()
            self._receiver.undelivered(data)
        self._receiver.disconnected(connection.hop, connection.worked)
        self._receiver.drain()


def _reachable(data: bytes, destination: Hop) -> Hop:
    """Where a response goes whose connection is gone: to the port its Via names (§18.2.2)."""
    if not data.startswith(b"SIP/2.0 "):
        return destination
    try:
        message = parse(data)
        via = top_via(message)
    except MalformedMessage:
        return destination
    port = via.port or destination.transport.default_port
    return destination._replace(port=port) if isinstance(message, Response) else destination
