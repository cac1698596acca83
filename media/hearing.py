"""What a stream hears: datagrams, whatever they hold, to audio, keys and figures (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from media import dtmf, rtcp, rtp

OnAudio: TypeAlias = Callable[[int, int, bytes], None]
"""Sequence number, RTP timestamp, payload; in the order of arrival."""
OnKey: TypeAlias = Callable[[dtmf.KeyPress], None]


class Hearing:
    """Fed with the datagrams of one allowed source.

    ``counters`` are the room's and shared; ``counted`` is this stream's own: ``received``,
    ``keys``, ``malformed``, ``unexpected``, ``comfort_noise``, ``reports``.
    """

    def __init__(self, ssrc: int, counters: Counter[str]) -> None:
        self.on_audio: OnAudio | None = None
        self.on_key: OnKey | None = None
        self.heard_at: float | None = None
        self.remote_loss: float | None = None
        self.counted: Counter[str] = Counter()
        self._ssrc = ssrc
        self._counters = counters
        self._audio_type = -1
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
        self._event_types = event_types

    def feed(self, datagram: bytes, now: float) -> bool:
        """Take in a datagram; True where it was RTP of a payload type that was agreed, which is
        what a far side can latch with."""
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
            self._arrived(packet, now).timed(packet.timestamp, now)
            if self.on_audio is not None:
                self.on_audio(packet.sequence, packet.timestamp, packet.payload)
        elif kind in self._event_types:
            self._arrived(packet, now)
            self._event(packet)
        elif kind == rtp.COMFORT_NOISE:
            self._arrived(packet, now)
            self._count("comfort_noise")
        else:
            self._count("unexpected")
            return False
        return True

    def _arrived(self, packet: rtp.Packet, now: float) -> rtp.Reception:
        self._count("received")
        self.heard_at = now
        if self._reception is None or self._reception.ssrc != packet.ssrc:
            self._lost_before = self.lost
            self._reception = rtp.Reception(packet.ssrc, packet.sequence)
            self._events = dtmf.EventReceiver()
        self._reception.heard(packet.sequence)
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
