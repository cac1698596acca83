"""RTCP: the reports in a compound packet (RFC 3550 section 6; pure).

It shares the port of its RTP stream (RFC 5761), told apart by ``rtp.is_rtcp``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

_VERSION: Final = 2
_HEADER: Final = struct.Struct("!BBH")
_SENDER: Final = struct.Struct("!IQIII")
_SSRC: Final = struct.Struct("!I")
_BLOCK: Final = struct.Struct("!IIIIII")


class Kind(IntEnum):
    SENDER_REPORT = 200
    RECEIVER_REPORT = 201
    SOURCE_DESCRIPTION = 202
    GOODBYE = 203


@dataclass(frozen=True, slots=True)
class Block:
    """What one receiver says about one source (section 6.4.1)."""

    ssrc: int
    fraction_lost: float
    """Since the report before, 0 to 1."""
    lost: int
    """Since the beginning; negative where duplicates outnumber losses."""
    extended_highest: int
    jitter: int
    """In units of the RTP timestamp."""
    last_report: int
    """Middle 32 bits of the NTP time of the last sender report heard; 0: none."""
    delay: int
    """Since then, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    """64 bits of NTP time."""
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Goodbye:
    sources: tuple[int, ...]


Report: TypeAlias = SenderReport | ReceiverReport | Goodbye


def parse(datagram: bytes) -> tuple[Report, ...] | None:
    """The reports of a compound packet, in order; other kinds are passed over. ``None`` where it is
    malformed: a version other than 2, a length that does not add up, a body that is too short.

    A packet that starts with another kind than a report is taken too (RFC 5506).
    """
    reports: list[Report] = []
    at = 0
    while at < len(datagram):
        if len(datagram) - at < _HEADER.size:
            return None
        flags, kind, words = _HEADER.unpack_from(datagram, at)
        body = datagram[at + _HEADER.size : at + _HEADER.size + 4 * words]
        if flags >> 6 != _VERSION or len(body) != 4 * words:
            return None
        try:
            report = _report(kind, flags & 0x1F, body)
        except struct.error:
            return None
        if report is not None:
            reports.append(report)
        at += _HEADER.size + 4 * words
    return tuple(reports)


def _report(kind: int, count: int, body: bytes) -> Report | None:
    if kind == Kind.SENDER_REPORT:
        ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
        blocks = _blocks(count, body, _SENDER.size)
        return SenderReport(ssrc, ntp, timestamp, packets, octets, blocks)
    if kind == Kind.RECEIVER_REPORT:
        (ssrc,) = _SSRC.unpack_from(body)
        return ReceiverReport(ssrc, _blocks(count, body, _SSRC.size))
    if kind == Kind.GOODBYE:
        return Goodbye(struct.unpack_from(f"!{count}I", body))
    return None


def _blocks(count: int, body: bytes, start: int) -> tuple[Block, ...]:
    return tuple(_block(*_BLOCK.unpack_from(body, start + 24 * n)) for n in range(count))


def _block(
    ssrc: int, losses: int, highest: int, jitter: int, last_report: int, delay: int
) -> Block:
    lost = losses & 0xFFFFFF
    signed = lost - 0x1000000 if lost & 0x800000 else lost
    return Block(ssrc, (losses >> 24) / 256, signed, highest, jitter, last_report, delay)
