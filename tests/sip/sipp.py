"""SIPp as the far side: started on loopback, stopped at the end, its statistics read.

::

    async with Sipp.called(SCENARIOS / "answers.xml", calls=2) as sipp:
        ...call ``sipp.address``...
        await sipp.finished()
    assert sipp.statistics.successful == 2

SIPp is in Debian's ``sip-tester``; mark such tests ``@pytest.mark.peer``.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"
PROGRAM = shutil.which("sipp")


@dataclass(frozen=True, slots=True)
class SippStatistics:
    """The last line of SIPp's own statistics, counted over the whole run."""

    created: int
    successful: int
    failed: int
    retransmissions: int
    unexpected: int


class Sipp:
    """One run of one scenario."""

    def __init__(
        self, process: asyncio.subprocess.Process, folder: Path, address: tuple[str, int]
    ) -> None:
        self._process, self._folder = process, folder
        self.address = address
        """Where SIPp listens."""

    @classmethod
    @asynccontextmanager
    async def called(cls, scenario: Path, calls: int = 1, *options: str) -> AsyncIterator[Sipp]:
        """SIPp waits to be called, and ends by itself after ``calls`` calls."""
        async with cls._running([*options, "-m", str(calls)], scenario) as sipp:
            yield sipp

    @classmethod
    @asynccontextmanager
    async def calling(
        cls, scenario: Path, target: tuple[str, int], calls: int = 1, *options: str
    ) -> AsyncIterator[Sipp]:
        """SIPp places ``calls`` calls to ``target``, ten a second."""
        where = f"{target[0]}:{target[1]}"
        options = (*options, "-m", str(calls), "-r", "10", where)
        async with cls._running(list(options), scenario) as sipp:
            yield sipp

    @classmethod
    @asynccontextmanager
    async def _running(cls, options: list[str], scenario: Path) -> AsyncIterator[Sipp]:
        assert PROGRAM is not None, "SIPp is not installed (Debian: sip-tester)"
        folder = Path(tempfile.mkdtemp(prefix="sipp"))
        port = _free_port()
        command = [PROGRAM, "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port)]
        command += ["-nostdin", "-trace_stat", "-fd", "1", "-stf", "statistics.csv"]
        command += ["-trace_err", "-error_file", "errors.log", *options]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        sipp = cls(process, folder, ("127.0.0.1", port))
        try:
            await _listening(port)
            yield sipp
        finally:
            await sipp.stop()
            shutil.rmtree(folder)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def finished(self, seconds: float = 20.0) -> None:
        """Wait until SIPp has had its calls."""
        await asyncio.wait_for(self._process.wait(), seconds)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def statistics(self) -> SippStatistics:
        with (self._folder / "statistics.csv").open() as lines:
            *_, last = csv.DictReader(lines, delimiter=";")
        return SippStatistics(
            created=int(last["IncomingCall(C)"]) + int(last["OutgoingCall(C)"]),
            successful=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            retransmissions=int(last["Retransmissions(C)"]),
            unexpected=int(last["FailedUnexpectedMessage(C)"]),
        )

    @property
    def errors(self) -> str:
        """What SIPp complained about."""
        log = self._folder / "errors.log"
        return log.read_text() if log.exists() else ""


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    """Until the kernel knows a UDP socket on ``port``."""
    wanted = f":{port:04X}"
    for _ in range(500):
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
        if any(line.split()[1].endswith(wanted) for line in lines):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"SIPp does not listen on {port}")
