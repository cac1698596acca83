"""Kamailio as the proxy in between: record-routing, demanding a password, over UDP, TCP and TLS.

::

    async with Kamailio.before(callee, authority) as proxy:
        ...call ``proxy.hop(Transport.TLS)`` as ``proxy.credentials``...

Kamailio is in Debian's ``kamailio`` and ``kamailio-tls-modules``; mark such tests
``@pytest.mark.peer``. It runs on loopback, out of a folder of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.sip import Credentials, Hop, Transport
from tests.sip.authority import Authority
from tests.sip.sipp import SCENARIOS

PROGRAM = shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin:/usr/bin")
HOST = "127.0.0.1"
PATIENCE = 2.0
"""Seconds it has to end by itself."""
NAME = "proxy.example.org"
"""In its certificate, and its realm."""


class Kamailio:
    credentials = Credentials("alice", "secret")

    def __init__(self, ports: dict[Transport, int], log: Path) -> None:
        self._ports, self._log = ports, log

    @classmethod
    @asynccontextmanager
    async def before(cls, callee: tuple[str, int], authority: Authority) -> AsyncIterator[Kamailio]:
        """A proxy that sends every call on to ``callee``, over UDP."""
        assert PROGRAM is not None, "Kamailio is not installed (Debian: kamailio)"
        folder = Path(tempfile.mkdtemp(prefix="kamailio"))
        ports = {transport: _free_port() for transport in Transport}
        certificate, key = authority.issue(NAME)
        command = [PROGRAM, "-DD", "-E", "-f", str(SCENARIOS / "kamailio.cfg"), "-m", "32"]
        command += ["-M", "8", "-Y", str(folder), "-P", str(folder / "pid"), "-w", str(folder)]
        files = {"CERTIFICATE": certificate, "KEY": key, "AUTHORITY": authority.certificate}
        texts = {**files, "CALLEE": f"{callee[0]}:{callee[1]}"}
        for name, text in texts.items():
            command += ["-A", f'{name}="{text}"']
        for transport, port in ports.items():
            command += ["-l", f"{transport.lower()}:{HOST}:{port}"]
        proxy = cls(ports, folder / "log")
        with proxy._log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, start_new_session=True
            )
        try:
            await proxy._listening(process)
            yield proxy
        finally:
            await _stop(process)
            shutil.rmtree(folder)

    def hop(self, transport: Transport) -> Hop:
        name = NAME if transport is Transport.TLS else ""
        return Hop(HOST, self._ports[transport], transport, name)

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        for _ in range(500):
            assert process.returncode is None, self.log
            try:
                _, writer = await asyncio.open_connection(HOST, self._ports[Transport.TLS])
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
        raise TimeoutError(f"Kamailio does not listen: {self.log}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """The whole group: told to end while its children are still starting, it may wait for ever."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), PATIENCE)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _free_port() -> int:
    """Free for streams and for datagrams."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            contextlib.suppress(OSError),
        ):
            stream.bind((HOST, 0))
            port: int = stream.getsockname()[1]
            datagrams.bind((HOST, port))
            return port
