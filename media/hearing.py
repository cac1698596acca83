"""What a stream hears: datagrams, whatever they hold, to audio, keys and figures (pure)."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from media import dtmf, rtcp, rtp

OnAudio: TypeAlias = Callable[[int, int, bytes], None]
"""Sequence number, RTP timestamp, payload; in the order of arrival."""
OnKey: TypeAlias = Callable[[dtmf.KeyPress], None]

_BARE: Final = rtp.HEADER_BYTES
_REST: Final = struct.Struct("!HII")


class Hearing:
    """Fed with the datagrams of one allowed source.

    ``counters`` are the room's and shared; ``counted`` is this stream's own: ``keys``,
    ``malformed``, ``unexpected``, ``comfort_noise``, ``reports``.

    Nearly every packet is the next one of the agreed codec, from the source that spoke before, with
    a bare header: it takes a short way that costs a third of the general one.
    """

    def __init__(self, ssrc: int, counters: Counter[str]) -> None:
        self.on_audio: OnAudio | None = None
        self.on_key: OnKey | None = None
        self.heard_at: float | None = None
        self.remote_loss: float | None = None
        self.received = 0
        """Packets of the payload types agreed."""
        self.counted: Counter[str] = Counter()
        self._ssrc = ssrc
        self._counters = counters
        self._audio_type = -1
        self._bare = b""
        """The first two bytes of an audio packet without marker, sources, extension, padding."""
        self._event_types: frozenset[int] = frozenset()
        self._events = dtmf.EventReceiver()
        self._reception: rtp.Reception | None = None
        self._lost_before = 0

    @property
    def jitter(self) -> float:
        return self._reception.jitter if self._reception else 0.0

    @property
    def lost(self) -> int:
        """Sequence numbers that never came; a negative count means duplicates."""
        now = self._reception.expected - self._reception.received if self._reception else 0
        return self._lost_before + now

    def agree(self, audio_type: int, event_types: frozenset[int]) -> None:
        """The payload types that the far side may send."""
        self._audio_type = audio_type
        self._bare = bytes((rtp.VERSION << 6, audio_type))
        self._event_types = event_types

    def feed(self, datagram: bytes, now: float) -> bool:
        """Take in a datagram; True where it was RTP of a payload type that was agreed, which is
        what a far side can latch with."""
        reception = self._reception
        if reception is not None and datagram[:2] == self._bare and len(datagram) > _BARE:
            sequence, timestamp, ssrc = _REST.unpack_from(datagram, 2)
            if ssrc == reception.ssrc:
                self.received += 1
                self.heard_at = now
                reception.sampled(sequence, timestamp, now)
                if self.on_audio is not None:
                    self.on_audio(sequence, timestamp, datagram[_BARE:])
                return True
        if rtp.is_rtcp(datagram):
            self._control(datagram)
            return False
        packet = rtp.parse(datagram)
        if packet is None:
            self._count("malformed")
            return False
        return self._packet(packet, now)

    def _packet(self, packet: rtp.Packet, now: float) -> bool:
        kind = packet.payload_type
        if kind == self._audio_type:
            self._source(packet, now).sampled(packet.sequence, packet.timestamp, now)
            if self.on_audio is not None:
                self.on_audio(packet.sequence, packet.timestamp, packet.payload)
        elif kind in self._event_types:
            self._source(packet, now).heard(packet.sequence)
            self._event(packet)
        elif kind == rtp.COMFORT_NOISE:
            self._source(packet, now).heard(packet.sequence)
            self._count("comfort_noise")
        else:
            self._count("unexpected")
            return False
        return True

    def _source(self, packet: rtp.Packet, now: float) -> rtp.Reception:
        self.received += 1
        self.heard_at = now
        if self._reception is None or self._reception.ssrc != packet.ssrc:
            self._lost_before = self.lost
            self._reception = rtp.Reception(packet.ssrc, packet.sequence)
            self._events = dtmf.EventReceiver()
        return self._reception

    def _event(self, packet: rtp.Packet) -> None:
        press = self._events.feed(packet.payload, packet.timestamp)
        if press is not None:
            self._count("keys")
            if self.on_key is not None:
                self.on_key(press)

    def _control(self, datagram: bytes) -> None:
        reports = rtcp.parse(datagram)
        if reports is None:
            self._count("malformed")
            return
        self._count("reports")
        for report in reports:
            for block in () if isinstance(report, rtcp.Goodbye) else report.blocks:
                if block.ssrc == self._ssrc:
                    self.remote_loss = block.fraction_lost

    def _count(self, name: str) -> None:
        self.counted[name] += 1
        self._counters[name] += 1
