"""Packets off the loopback interface, as the kernel saw them.

::

    async with Capture.of(6000) as capture:
        ...talk to UDP port 6000...
        packets = await capture.packets()

tcpdump writes, a reader of a few lines reads: UDP over IPv4, in pcap files of the link types that
tcpdump makes on Linux. Capturing needs root or CAP_NET_RAW.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
UDP: Final = 17
IPV4: Final = b"\x08\x00"
_MICROSECONDS, _NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
"""The first word of a file, which tells its byte order and the unit of its time stamps."""
_LINKS: Final[dict[int, tuple[int, int | None]]] = {
    0: (4, None),  # NULL
    1: (14, 12),  # EN10MB, which Linux gives the loopback interface
    101: (0, None),  # RAW
    113: (16, 14),  # LINUX_SLL
    276: (20, 0),  # LINUX_SLL2
}
"""By link type: bytes before the IP header, and where in them the EtherType stands."""


@dataclass(frozen=True, slots=True)
class Datagram:
    at_ns: int
    """The kernel's time stamp, nanoseconds since 1970."""
    source: tuple[str, int]
    target: tuple[str, int]
    payload: bytes


def read_pcap(data: bytes) -> Iterator[Datagram]:
    """The whole UDP datagrams in a pcap file, in order; its last packet may be cut off."""
    order = "<" if struct.unpack_from("<I", data)[0] in (_MICROSECONDS, _NANOSECONDS) else ">"
    magic, link = struct.unpack_from(f"{order}I16xI", data)
    unit = {_MICROSECONDS: 1000, _NANOSECONDS: 1}[magic]
    header = struct.Struct(f"{order}IIII")
    at = 24
    while at + header.size <= len(data):
        seconds, fraction, kept, _ = header.unpack_from(data, at)
        frame = data[at + header.size : at + header.size + kept]
        at += header.size + kept
        if len(frame) == kept:
            yield from _datagram(frame, link, seconds * 1_000_000_000 + fraction * unit)


def _datagram(frame: bytes, link: int, at_ns: int) -> Iterator[Datagram]:
    before, kind = _LINKS[link]
    packet = frame[before:]
    if kind is not None and frame[kind : kind + 2] != IPV4:
        return
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != UDP:
        return
    if int.from_bytes(packet[6:8]) & 0x3FFF:
        return  # a fragment
    start = (packet[0] & 0x0F) * 4
    hosts = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    source, target, length = struct.unpack_from("!HHH", packet, start)
    payload = packet[start + 8 : start + length]
    yield Datagram(at_ns, (hosts[0], source), (hosts[1], target), payload)


class Capture:
    """tcpdump at work. It has seen a datagram of our own before it begins, and sees another one
    before it is read: so nothing that was sent in between is missing."""

    def __init__(self, file: Path, marker: socket.socket) -> None:
        self._file, self._marker = file, marker
        self._marks = 0

    @classmethod
    @asynccontextmanager
    async def of(cls, *ports: int) -> AsyncIterator[Capture]:
        """Capture UDP from and to these ports on ``lo``."""
        with (
            tempfile.TemporaryDirectory(prefix="capture") as folder,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as marker,
        ):
            marker.bind((HOST, 0))
            wanted = " or ".join(f"port {port}" for port in (*ports, marker.getsockname()[1]))
            file = Path(folder) / "capture.pcap"
            process = await _tcpdump(file, f"udp and ({wanted})")
            try:
                capture = cls(file, marker)
                await capture._mark()
                yield capture
            finally:
                process.terminate()
                await process.wait()

    async def packets(self) -> list[Datagram]:
        """What was captured so far, our own marks left out."""
        await self._mark()
        mark = self._marker.getsockname()
        return [packet for packet in self._read() if packet.source != mark]

    async def _mark(self) -> None:
        """Send a mark until one of this round is in the file: tcpdump may not listen yet."""
        self._marks += 1
        text = f"mark {self._marks}".encode()
        for _ in range(500):
            self._marker.sendto(text, self._marker.getsockname())
            await asyncio.sleep(0.02)
            if any(packet.payload == text for packet in self._read()):
                return
        raise TimeoutError("tcpdump does not capture")

    def _read(self) -> Iterator[Datagram]:
        data = self._file.read_bytes()
        return read_pcap(data) if len(data) >= 24 else iter(())


async def _tcpdump(file: Path, wanted: str) -> asyncio.subprocess.Process:
    # To standard output, since tcpdump gives up the right to open files when root starts it.
    command = ["tcpdump", "-i", "lo", "-n", "-s", "0", "-U", "--immediate-mode"]
    command += ["--time-stamp-precision=nano", "-w", "-", wanted]
    with file.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *command, stdout=output, stderr=asyncio.subprocess.DEVNULL
        )
