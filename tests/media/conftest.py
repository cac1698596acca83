"""A far end on loopback, and a plane whose time moves when it is told."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from media import MediaPlane, Stream, rtp
from media.g711 import Codec


class FarEnd:
    """Whoever is at the other side: a bare UDP socket, so that only our half is under test."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        self.sequence = 100
        self.timestamp = 8000

    def packets(self) -> list[rtp.Packet]:
        """Everything received since the last time, in order."""
        received = []
        while True:
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return received
            packet = rtp.parse(datagram)
            assert packet is not None
            received.append(packet)

    def send(self, to: Stream, datagram: bytes) -> None:
        self.socket.sendto(datagram, to.address)

    def say(self, to: Stream, payload: bytes = bytes(160), *, kind: int = 0, ssrc: int = 7) -> None:
        """One audio packet, following the one before."""
        header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, self.timestamp, ssrc)
        self.send(to, header + payload)
        self.sequence += 1
        self.timestamp += 160

    def press(self, to: Stream, payloads: list[bytes], *, kind: int = 101) -> None:
        """The packets of one event, which share their timestamp."""
        for payload in payloads:
            self.say(to, payload, kind=kind)
            self.timestamp -= 160
        self.timestamp += 1600

    def close(self) -> None:
        self.socket.close()


@dataclass
class Studio:
    """A plane on a virtual clock."""

    plane: MediaPlane
    time: list[float]
    ends: list[FarEnd] = field(default_factory=list)

    def far_end(self, host: str = "127.0.0.1") -> FarEnd:
        self.ends.append(FarEnd(host))
        return self.ends[-1]

    def call(self, **agreed: Any) -> tuple[Stream, FarEnd]:
        """A stream, connected to a far end that has not spoken yet."""
        far, stream = self.far_end(), self.plane.stream()
        self.connect(stream, far, **agreed)
        return stream, far

    def connect(self, stream: Stream, far: FarEnd, **agreed: Any) -> None:
        usual = {"payload_type": 0, "codec": Codec.PCMU, "telephone_event": 101}
        stream.connect(far.address, **{**usual, **agreed})

    def run(self, milliseconds: int) -> None:
        """Time passes, the tick never late."""
        for _ in range(milliseconds // 2):
            self.time[0] += 0.002
            self.plane.ticker.run_tick(self.time[0])

    def stall(self, milliseconds: int) -> None:
        """Time passes and nothing ticks."""
        self.time[0] += milliseconds / 1000


@pytest.fixture
async def studios() -> AsyncIterator[Callable[..., Any]]:
    """``await studios(**settings)`` opens a studio; all are closed at the end."""
    opened: list[Studio] = []

    async def open_studio(ports: range | None = None, **settings: Any) -> Studio:
        time = [1000.0]
        plane = await MediaPlane.open(
            "127.0.0.1", ports, monotonic=lambda: time[0], ticking=False, **settings
        )
        opened.append(Studio(plane, time))
        return opened[-1]

    yield open_studio
    for studio in opened:
        await studio.plane.close()
        for far in studio.ends:
            far.close()


@pytest.fixture
async def studio(studios: Callable[..., Any]) -> Studio:
    opened: Studio = await studios()
    return opened


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    far = FarEnd()
    yield far
    far.close()
