"""What a stream sends next, and what it has sent: the state that a phase serves (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from media.playlist import Frame, Playlist, frames, samples

Send: TypeAlias = Callable[[memoryview], int]
"""Sends one datagram; ``OSError`` where it did not leave."""

BLOCK: Final = 20
"""Frames that are copied from a clip at once: what a copy costs is the call, not its bytes."""


class Tally(IntEnum):
    """What is counted for each row, beside its sequence numbers."""

    LATE = 0
    """Left more than a quarter of a packet time after its slot."""
    SKIPPED = 1
    REFUSED = 2
    """The far side's host answered with ICMP: port unreachable."""
    UNSENT = 3
    """Kept back by our own host: buffer full, no route, not permitted."""


@dataclass(frozen=True, slots=True)
class PlayedTo:
    samples: int
    """Of the playlist, sent; the padding of the last packet is not counted."""
    interrupted: bool
    """Stopped, replaced by another playlist, or the stream was closed or changed its codec."""


class Playback:
    """A playlist on its way: blocks of frames, loaded by the phase one at a time."""

    __slots__ = (
        "_before",
        "_blocks",
        "_finished",
        "_playlist",
        "_size",
        "_total",
        "block_frames",
        "served",
    )

    def __init__(self, playlist: Playlist, finished: Callable[[PlayedTo], None]) -> None:
        if any(clip.dtype != np.uint8 or clip.ndim != 1 for clip in playlist):
            raise TypeError("a clip is a one-dimensional array of uint8")
        self._playlist = playlist
        self._finished = finished
        self._total = samples(playlist)
        self._blocks: Iterator[Frame] = iter(())
        self._size = 0
        self._before = 0
        self.block_frames = 0
        """Frames in the block loaded last; 0: none has been."""
        self.served = 0
        """Frames of that block that have been sent."""

    @property
    def samples(self) -> int:
        """Sent so far, padding not counted."""
        return min((self._before + self.served) * self._size, self._total)

    @property
    def ended(self) -> bool:
        return self.samples >= self._total

    def cut(self, size: int, silence: int) -> None:
        """Make it ready to be loaded in frames of that many bytes."""
        self._blocks = frames(self._playlist, size * BLOCK, silence)
        self._size = size

    def load(self) -> Frame:
        """The next block; only the first ``block_frames`` of its frames are of the playlist."""
        self._before += self.block_frames
        self.served = 0
        left = -(-self._total // self._size) - self._before
        self.block_frames = min(BLOCK, left)
        return next(self._blocks)

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
        "first_sequence",
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
        "turn",
    )

    def __init__(self, ssrc: int, sequence: int, timestamp: int, send: Send) -> None:
        self.ssrc = ssrc
        self.first_sequence = sequence
        self.sequence = sequence
        """Not wrapped; like the timestamp as it was when the row was last taken out of a phase."""
        self.timestamp = timestamp
        self.send = send
        self.payload_type = 0
        self.silence = 0xFF
        self.held = False
        self.playback: Playback | None = None
        self.keyings: deque[Keying] = deque()
        self.first_audio_at: float | None = None
        self.tally: npt.NDArray[np.int64] = np.zeros(len(Tally), np.int64)
        self.index = -1
        self.turn = -1
        """The tick after which its block of frames is used up."""
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
