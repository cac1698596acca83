"""RTP packets off the wire, and what their arrival says about the path (RFC 3550; pure).

Outgoing packets have no type of their own: they are rows of the ticker's matrix.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEADER_BYTES: Final = 12
VERSION: Final = 2
MARKER: Final = 0x80
COMFORT_NOISE: Final = 13
"""Static payload type of RFC 3389."""

_HEADER: Final = struct.Struct("!BBHII")
_HAS_PADDING: Final = 0x20
_HAS_EXTENSION: Final = 0x10
_HALF_CIRCLE: Final = 1 << 31
_MAX_DROPOUT: Final = 3000
_MAX_MISORDER: Final = 100


class Packet(NamedTuple):
    """One received packet; a tuple, since a frozen dataclass takes four times as long to make."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """The packet in a datagram; ``None`` where it is not RTP version 2 or its lengths do not add up
    (RFC 3550 section 5.1, A.1)."""
    if len(datagram) < HEADER_BYTES:
        return None
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if flags >> 6 != VERSION:
        return None
    payload = _payload(datagram, flags) if flags & 0x3F else datagram[HEADER_BYTES:]
    if payload is None:
        return None
    return Packet(kind & 0x7F, kind >= MARKER, sequence, timestamp, ssrc, payload)


def is_rtcp(datagram: bytes) -> bool:
    """Whether a datagram that shares the RTP port is RTCP (RFC 5761 section 4)."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


def _payload(datagram: bytes, flags: int) -> bytes | None:
    """What is left after contributing sources, header extension and padding."""
    start = HEADER_BYTES + 4 * (flags & 0x0F)
    if flags & _HAS_EXTENSION:
        if len(datagram) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4])
    end = len(datagram)
    if flags & _HAS_PADDING:
        if not 0 < datagram[-1] <= end - start:
            return None
        end -= datagram[-1]
    return datagram[start:end] if start <= end else None


class Reception:
    """Loss and jitter of one received source, as a receiver report wants them.

    ``heard`` takes packets whose timestamp says nothing of when they left, since those of one
    telephone event share theirs (RFC 4733 section 2.5.1.2); ``sampled`` takes the others.
    """

    __slots__ = ("_base", "_clock_rate", "_highest", "_transit", "jitter", "received", "ssrc")

    def __init__(self, ssrc: int, sequence: int, clock_rate: int = 8000) -> None:
        self.ssrc = ssrc
        self.received = 0
        self.jitter = 0.0
        """Interarrival jitter in seconds (RFC 3550 A.8)."""
        self._clock_rate = clock_rate
        self._base = self._highest = sequence
        self._transit: float | None = None

    @property
    def extended_highest(self) -> int:
        """Highest sequence number, with the count of its cycles above bit 16."""
        return self._highest

    @property
    def expected(self) -> int:
        """Packets that the sender has sent since the first one heard (RFC 3550 A.3)."""
        return self._highest - self._base + 1

    def heard(self, sequence: int) -> None:
        """Count a packet. A jump beyond what loss and reordering explain starts a new count (A.1),
        in which what was expected so far counts as received."""
        ahead = (sequence - self._highest) & 0xFFFF
        self.received += 1
        if ahead < _MAX_DROPOUT:
            self._highest += ahead
        elif ahead < 0x10000 - _MAX_MISORDER:
            self._base = sequence - self.received + 1
            self._highest = sequence

    def sampled(self, sequence: int, timestamp: int, arrival: float) -> None:
        """Count a packet, and take its sampling instant and its arrival, in monotonic seconds, into
        the jitter."""
        if sequence == (self._highest + 1) & 0xFFFF:
            self._highest += 1
            self.received += 1
        else:
            self.heard(sequence)
        transit = arrival * self._clock_rate - timestamp
        drift = abs(transit - self._transit) if self._transit is not None else 0.0
        self._transit = transit
        if drift > _HALF_CIRCLE:
            drift = abs(2 * _HALF_CIRCLE - drift)
        self.jitter += (drift / self._clock_rate - self.jitter) / 16
