"""A callee that does what a test says: a real SIP endpoint, and a bare UDP socket for its RTP.

It answers every call at once; what reaches its socket is kept, and it can send any bytes from
there. One call at a time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from engine.sip import Endpoint, IncomingCall
from engine.sip.sdp import answer, parse
from media import rtp
from media.g711 import Codec, Samples, decode

HOST = "127.0.0.1"
EVENT_TYPE = 101


class Handset:
    def __init__(self, endpoint: Endpoint, sock: socket.socket) -> None:
        self._endpoint, self._socket = endpoint, sock
        self.packets: list[rtp.Packet] = []
        """What it heard, in order of arrival."""
        self._caller: tuple[str, int] | None = None
        self._call: IncomingCall | None = None
        self._sequence, self._timestamp = 1000, 160_000
        endpoint.on_incoming = self._take
        asyncio.get_running_loop().add_reader(sock.fileno(), self._hear)

    @classmethod
    @asynccontextmanager
    async def waiting(cls) -> AsyncIterator[Handset]:
        endpoint = await Endpoint.open(HOST)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((HOST, 0))
            sock.setblocking(False)
            try:
                yield cls(endpoint, sock)
            finally:
                asyncio.get_running_loop().remove_reader(sock.fileno())
                await endpoint.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where it takes calls."""
        return self._endpoint.address

    async def caller(self) -> tuple[str, int]:
        """The caller's RTP port, once it is known to listen: it has sent something."""
        while not self.packets or self._caller is None:
            await asyncio.sleep(0.005)
        return self._caller

    @property
    def heard(self) -> Samples:
        """The audio that reached it, packet after packet."""
        payloads = [packet.payload for packet in self.packets if packet.payload_type == 8]
        return decode(np.frombuffer(b"".join(payloads), np.uint8), Codec.PCMA)

    def hang_up(self) -> None:
        if self._call is not None:
            self._call.bye()

    async def send(self, *datagrams: bytes) -> None:
        """From its RTP port to the caller's."""
        for datagram in datagrams:
            self._socket.sendto(datagram, await self.caller())

    async def talk(self, *payloads: bytes) -> None:
        """Proper RTP, PCMA, 20 ms a payload, all at once."""
        for payload in payloads:
            await self.send(self._packet(8, payload))
            self._timestamp += 160

    async def speak(self, *payloads: bytes) -> None:
        """The same at the pace of a call, catching up where the machine was busy."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for position, payload in enumerate(payloads):
            await asyncio.sleep(max(0.0, began + position * 0.02 - loop.time()))
            await self.talk(payload)

    async def press(self, digit: int) -> None:
        """A whole RFC 4733 event, its end sent three times."""
        for end, duration in ((0, 160), (0, 320), (0x80, 480), (0x80, 480), (0x80, 480)):
            payload = bytes((digit, end | 10)) + duration.to_bytes(2)
            await self.send(self._packet(EVENT_TYPE, payload))
        self._timestamp += 640

    def _packet(self, payload_type: int, payload: bytes) -> bytes:
        self._sequence += 1
        numbers = self._sequence.to_bytes(2) + self._timestamp.to_bytes(4) + b"call"
        return bytes((0x80, payload_type)) + numbers + payload

    def _take(self, call: IncomingCall) -> None:
        offered = parse(call.sdp or b"")
        described = answer(offered, *self._socket.getsockname(), ("PCMA",))
        assert described is not None
        self._caller = (offered.address, offered.port)
        self._call = call
        call.answer(described)

    def _hear(self) -> None:
        packet = rtp.parse(self._socket.recv(2048))
        assert packet is not None
        self.packets.append(packet)
