"""The listening socket: how long it waits, how much of a header it reads, and its certificate."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from engine.errors import SettingError

IDLE = 75.0
"""Seconds a connection may take to send a request's headers, its first as well as the next."""
MOST_HEADERS = 64
LONGEST_HEADER = 8190
"""Bytes of one header, and of the request line."""
BACKLOG = 1024
STOPPING = 5.0
"""Seconds that requests under way have when the server stops."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A chain and its key, as PEM files; TLS 1.2 or newer."""

    chain: Path
    key: Path
    context: ssl.SSLContext = field(
        default_factory=lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    )

    def load(self) -> None:
        """Reads the files, now or again: connections from now on are shown the new certificate.

        Raises ``SettingError``, and goes on with the one there is.
        """
        try:
            # Tried apart first: a chain without its key would be left half loaded.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key)
            self.context.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as problem:
            told = f"the certificate {self.chain} cannot be used: {problem}"
            raise SettingError("tls_certificate", told) from None


@asynccontextmanager
async def listening(
    app: web.Application, address: tuple[str, int], certificate: Certificate | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serves inside the block, and yields where. Raises ``SettingError``."""
    if certificate is not None:
        certificate.load()
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=STOPPING,
        keepalive_timeout=IDLE,
        max_headers=MOST_HEADERS,
        max_field_size=LONGEST_HEADER,
        max_line_size=LONGEST_HEADER,
    )
    await runner.setup()
    try:
        host, port = address
        context = None if certificate is None else certificate.context
        try:
            await web.TCPSite(runner, host, port, ssl_context=context, backlog=BACKLOG).start()
        except OSError as problem:
            raise SettingError("http_address", f"cannot bind {host}:{port}: {problem}") from None
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()
