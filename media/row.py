"""What a stream sends next, and what it has sent: the state that a phase serves (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from media.playlist import Frame, Playlist, frames, samples

Send: TypeAlias = Callable[[memoryview], int]
"""Sends one datagram; ``OSError`` where it did not leave."""


class Tally(IntEnum):
    """What is counted for each row."""

    SENT = 0
    LATE = 1
    """Left more than a quarter of a packet time after its slot."""
    SKIPPED = 2
    REFUSED = 3
    """The far side's host answered with ICMP: port unreachable."""
    UNSENT = 4
    """Kept back by our own host: buffer full, no route, not permitted."""


@dataclass(frozen=True, slots=True)
class PlayedTo:
    samples: int
    """Of the playlist, sent; the padding of the last packet is not counted."""
    interrupted: bool
    """Stopped, replaced by another playlist, or the stream was closed or changed its codec."""


class Playback:
    """A playlist on its way: one frame a packet, each once."""

    __slots__ = ("_finished", "_frames", "_playlist", "_size", "_total", "samples")

    def __init__(self, playlist: Playlist, finished: Callable[[PlayedTo], None]) -> None:
        self._playlist = playlist
        self._finished = finished
        self._total = samples(playlist)
        self._frames: Iterator[Frame] | None = None
        self._size = 0
        self.samples = 0
        """Sent so far, padding not counted."""

    @property
    def ended(self) -> bool:
        return self.samples >= self._total

    def cut(self, size: int, silence: int) -> None:
        """Cut it into frames of that many bytes, unless it has been."""
        if self._frames is None:
            self._frames = frames(self._playlist, size, silence)
            self._size = size

    def advance(self) -> Frame:
        assert self._frames is not None
        self.samples = min(self.samples + self._size, self._total)
        return next(self._frames)

    def finish(self, *, interrupted: bool) -> None:
        self._finished(PlayedTo(self.samples, interrupted))


class Keying:
    """Telephone events on their way, in the place of audio: one payload a packet, ``None`` for a
    packet of silence between two keys."""

    __slots__ = ("_payloads", "_timestamp", "finished", "payload_type")

    def __init__(
        self,
        payloads: Iterable[bytes | None],
        payload_type: int,
        finished: Callable[[bool], None],
    ) -> None:
        self._payloads = deque(payloads)
        self._timestamp: int | None = None
        self.payload_type = payload_type
        self.finished = finished
        """Told whether the last key was sent to its end."""

    @property
    def ended(self) -> bool:
        return not self._payloads

    def advance(self, clock: int) -> tuple[bytes | None, int, bool]:
        """Payload, timestamp (that of the key's first packet for all of them) and marker."""
        payload = self._payloads.popleft()
        if payload is None:
            self._timestamp = None
            return None, clock, False
        first = self._timestamp is None
        if self._timestamp is None:
            self._timestamp = clock
        return payload, self._timestamp, first


class Row:
    """A stream's place in the matrix: what it sends next, and what it has sent."""

    __slots__ = (
        "body",
        "first_audio_at",
        "held",
        "index",
        "keyings",
        "packet",
        "payload_type",
        "playback",
        "send",
        "sequence",
        "silence",
        "ssrc",
        "tally",
        "timestamp",
    )

    def __init__(self, ssrc: int, sequence: int, timestamp: int, send: Send) -> None:
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        """These two as they were when the row was last taken out of a phase."""
        self.send = send
        self.payload_type = 0
        self.silence = 0xFF
        self.held = False
        self.playback: Playback | None = None
        self.keyings: deque[Keying] = deque()
        self.first_audio_at: float | None = None
        self.tally: npt.NDArray[np.int64] = np.zeros(len(Tally), np.int64)
        self.index = -1
        self.packet = memoryview(b"")
        self.body = memoryview(b"")

    def interrupt(self) -> None:
        """End what plays where it is."""
        playback, self.playback = self.playback, None
        if playback is not None:
            playback.finish(interrupted=True)

    def release_keys(self) -> None:
        """Give up the keys that have not been sent."""
        while self.keyings:
            self.keyings.popleft().finished(False)
