"""RTP packets in any order to one stream of samples in the order of their timestamps (RFC 3550).

A packet that is next goes through at once; only behind a gap does the buffer hold packets back,
until the missing one comes or ``depth_ms`` of audio wait behind it. So listening adds no delay
on a clean line, and a recording, which is in no hurry, may take a deep buffer. The packets are the
clock: a sender that drifts or pauses moves nothing but its own timestamps.

Sequence numbers tell what a hole in the timestamps means. Consecutive numbers: the sender paused,
and silence stands there. A jump in the numbers: loss, which is concealed. A newer number with an
older timestamp, or one ten seconds ahead: the sender began a new time line, which is joined on.
Numbers far from all others are believed when the next packet follows them (RFC 3550 A.1).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from media import g711
from media.concealment import conceal
from media.g711 import SAMPLE_RATE, Codec, Samples

_FAR: Final = 3000
"""Sequence numbers: a minute of packets (MAX_DROPOUT of RFC 3550 A.1)."""
_LONGEST_GAP: Final = 10 * SAMPLE_RATE
"""A bound to the silence that one hostile packet can cause."""
_EVERYTHING: Final = 0
_NOTHING: Final = np.zeros(0, np.int16)


class _Arrival(NamedTuple):
    """A packet as it came: a sequence number of 16 bits, a timestamp of 32."""

    sequence: int
    timestamp: int
    payload: bytes


class _Placed(NamedTuple):
    """A packet on the buffer's own time line, which never wraps."""

    start: int
    sequence: int
    payload: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.payload)


@dataclass(slots=True)
class JitterBuffer:
    """For G.711: a byte is a sample is a timestamp unit."""

    codec: Codec
    depth_ms: int = 200
    lost_samples: int = 0
    """Given up, and concealed."""
    dropped: int = 0
    """Packets that had come before, or came after they were given up."""
    restarts: int = 0
    """Time lines begun after the first."""

    _held: dict[int, _Placed] = field(default_factory=dict)
    _ready: list[Samples] = field(default_factory=list)
    _recent: deque[Samples] = field(default_factory=lambda: deque(maxlen=4))
    _next: int | None = None
    """On the own line: the start of what goes out next."""
    _line: int = 0
    """What brings an RTP timestamp on the own line, modulo 2³²."""
    _last: int = 0
    """The sequence number that went out last."""
    _newest: int = 0
    """The newest sequence number that came."""
    _stray: _Arrival | None = None

    def push(self, sequence: int, timestamp: int, payload: bytes) -> None:
        if self._is_next(sequence, timestamp):
            self._let_out(sequence, payload)
            return
        arrival = _Arrival(sequence, timestamp, payload)
        if self._next is None:
            self._begin(arrival)
        elif abs(_ahead(sequence, self._newest)) >= _FAR and not self._follows_stray(arrival):
            self._stray = arrival
            return
        self._stray = None
        if self._starts_a_line(arrival):
            self._restart(arrival)
        self._hold(arrival)
        self._release(self.depth_ms * SAMPLE_RATE // 1000)

    def pop(self) -> Samples:
        """All samples that are in order, each once."""
        if len(self._ready) == 1:
            return self._ready.pop()
        samples = np.concatenate(self._ready) if self._ready else _NOTHING
        self._ready.clear()
        return samples

    def flush(self) -> Samples:
        """``pop``, with what is held behind gaps: at the end of the stream."""
        self._release(_EVERYTHING)
        return self.pop()

    def pass_over(self, samples: int) -> None:
        """Nothing came for that long: silence goes out in its place.

        Packets of that time that do come yet are newer than any before them, so they begin a new
        line after the silence, and nothing of them is lost.
        """
        self._release(_EVERYTHING)
        self._emit(np.zeros(samples, np.int16))
        if self._next is not None:
            self._next += samples

    def _is_next(self, sequence: int, timestamp: int) -> bool:
        """As it is on a clean line: worth a short way, since every packet of every call asks."""
        return (
            self._next is not None
            and not self._held
            and sequence == self._newest + 1 & 0xFFFF
            and timestamp + self._line - self._next & 0xFFFFFFFF == 0
        )

    def _let_out(self, sequence: int, payload: bytes) -> None:
        self._emit(g711.decode(payload, self.codec))
        self._last = self._newest = sequence
        self._next = (self._next or 0) + len(payload)
        self._stray = None

    def _begin(self, arrival: _Arrival) -> None:
        self._next = self._next or 0
        self._line = self._next - arrival.timestamp
        self._last = self._newest = arrival.sequence - 1 & 0xFFFF

    def _restart(self, arrival: _Arrival) -> None:
        self._release(_EVERYTHING)
        self.restarts += 1
        self._begin(arrival)

    def _place(self, timestamp: int) -> int:
        """The timestamp on the own line, nearest to what goes out next."""
        at = self._next or 0
        return at + (timestamp + self._line - at + 0x80000000 & 0xFFFFFFFF) - 0x80000000

    def _follows_stray(self, arrival: _Arrival) -> bool:
        """Where it does, both are believed and begin a new line."""
        stray = self._stray
        if stray is None or _ahead(arrival.sequence, stray.sequence) != 1:
            return False
        self._restart(stray)
        self._hold(stray)
        return True

    def _starts_a_line(self, arrival: _Arrival) -> bool:
        if _ahead(arrival.sequence, self._newest) <= 0:
            return False
        start = self._place(arrival.timestamp)
        behind = any(start <= held for held in self._held)
        return behind or not 0 <= start - (self._next or 0) <= _LONGEST_GAP

    def _hold(self, arrival: _Arrival) -> None:
        placed = _Placed(self._place(arrival.timestamp), arrival.sequence, arrival.payload)
        if _ahead(arrival.sequence, self._newest) > 0:
            self._newest = arrival.sequence
        elif placed.start > max(self._held, default=-1):
            self.dropped += 1  # an older number belongs before a newer one
            return
        if placed.start in self._held or placed.end <= (self._next or 0):
            self.dropped += 1
        else:
            self._held[placed.start] = placed

    def _release(self, depth: int) -> None:
        """Let out what is next, and what lies behind a gap if ``depth`` samples wait there."""
        newest = max((packet.end for packet in self._held.values()), default=0)
        while self._held and self._next is not None:
            packet = self._held[min(self._held)]
            lost = _ahead(packet.sequence, self._last) != 1
            if packet.start > self._next and lost and newest - packet.start < depth:
                return
            self._fill(packet.start - self._next, lost=lost)
            self._emit(g711.decode(packet.payload, self.codec)[self._next - packet.start :])
            self._last, self._next = packet.sequence, max(self._next, packet.end)
            del self._held[packet.start]

    def _fill(self, gap: int, *, lost: bool) -> None:
        if gap <= 0 or self._next is None:
            return
        if lost:
            self.lost_samples += gap
            self._emit(conceal(np.concatenate([_NOTHING, *self._recent]), gap))
        else:
            self._emit(np.zeros(gap, np.int16))
        self._next += gap

    def _emit(self, samples: Samples) -> None:
        self._ready.append(samples)
        self._recent.append(samples)


def _ahead(sequence: int, other: int) -> int:
    """How far a sequence number is ahead of another, modulo 2¹⁶; negative for behind."""
    return (sequence - other + 0x8000 & 0xFFFF) - 0x8000
