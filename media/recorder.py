"""One recording: packets in, chunks of 8 kHz 16-bit audio out, and why it ended.

The recorder is pure. It puts packets in order (``media.jitter``), listens for voice, and gives
audio on in bounded chunks to a ``Sink``: ``media.recording_file`` has one that blocks, and one that
hands the work to a thread. It ends by itself on silence, on its length, or when its sink fails; a
key or a hangup it is told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import numpy as np

from media.dtmf import amplitude
from media.g711 import SAMPLE_RATE, Codec, Samples
from media.jitter import JitterBuffer
from media.recording_file import RecordingFailure
from media.voice_activity import FRAME_MS, VoiceActivity

_CHUNK: Final = SAMPLE_RATE
"""Samples that are given on at once: a crash loses at most a second."""
_LISTENED: Final = SAMPLE_RATE // 10
_GRACE_MS: Final = 500
"""How late audio may be before silence takes its place."""


class RecordingEnd(StrEnum):
    TERMINATOR = "terminator"
    SILENCE = "silence"
    MAX_DURATION = "max_duration"
    HANGUP = "hangup"
    FAILED = "failed"


class Sink(Protocol):
    @property
    def failure(self) -> RecordingFailure | None:
        """What stopped it from taking more."""

    def append(self, chunk: bytes) -> None:
        """Little-endian samples, in order. May return before they are written; never raises."""


@dataclass(frozen=True, slots=True)
class RecordingLimits:
    max_duration_ms: int
    silence_timeout_ms: int | None = None
    """Silence that ends it, at its start as well as after voice."""


@dataclass(frozen=True, slots=True)
class Recording:
    duration_ms: int
    reason: RecordingEnd
    heard_voice: bool
    """False: nothing but silence came."""
    lost_ms: int
    """Audio that never came and was concealed."""
    peaks: Sequence[int]
    """The loudest sample of each 100 ms, of 32,768, for a waveform."""


@dataclass(slots=True)
class Recorder:
    codec: Codec
    limits: RecordingLimits
    sink: Sink
    ended: RecordingEnd | None = None
    heard_voice: bool = False
    _buffer: JitterBuffer = field(init=False)
    _activity: VoiceActivity = field(default_factory=VoiceActivity)
    _pending: list[Samples] = field(default_factory=list)
    _pending_samples: int = 0
    _recorded: int = 0
    _silence_ms: int = 0
    _peaks: list[int] = field(default_factory=list)
    _unheard: list[Samples] = field(default_factory=list)
    _unheard_samples: int = 0

    def __post_init__(self) -> None:
        self._buffer = JitterBuffer(self.codec)

    @property
    def duration_ms(self) -> int:
        return self._recorded * 1000 // SAMPLE_RATE

    def push(self, sequence: int, timestamp: int, payload: bytes) -> RecordingEnd | None:
        """A packet, in the order of arrival. The reason, once the recording has ended."""
        if self.ended is None:
            self._buffer.push(sequence, timestamp, payload)
            self._take(self._buffer.pop())
        return self.ended

    def pass_time(self, elapsed_ms: int) -> RecordingEnd | None:
        """So much time went by since the start: silence stands in for a sender that is still."""
        missing_ms = elapsed_ms - self.duration_ms - _GRACE_MS
        if self.ended is None and missing_ms > 0:
            self._buffer.pass_over(missing_ms * SAMPLE_RATE // 1000)
            self._take(self._buffer.pop())
        return self.ended

    def finish(self, reason: RecordingEnd) -> Recording:
        """Give on what is left. ``reason`` counts where it has not ended by itself before."""
        if self.ended is None:
            self._take(self._buffer.flush())
        if self._unheard:
            self._listen(to_the_end=True)
        self.ended = self.ended or reason
        self._give_on()
        return Recording(
            duration_ms=self.duration_ms,
            reason=self.ended,
            heard_voice=self.heard_voice,
            lost_ms=self._buffer.lost_samples * 1000 // SAMPLE_RATE,
            peaks=tuple(self._peaks),
        )

    def _take(self, samples: Samples) -> None:
        longest = self.limits.max_duration_ms * SAMPLE_RATE // 1000
        kept = samples[: longest - self._recorded]
        self._recorded += kept.size
        self._unheard.append(kept)
        self._unheard_samples += kept.size
        if self._unheard_samples >= _LISTENED:
            self._listen()
        if self.ended is None and self._recorded >= longest:
            self.ended = RecordingEnd.MAX_DURATION

    def _listen(self, *, to_the_end: bool = False) -> None:
        """In whole tenths of a second: a single packet is not worth the calls."""
        joined = np.concatenate(self._unheard)
        heard = joined.size if to_the_end else joined.size // _LISTENED * _LISTENED
        audio, rest = joined[:heard], joined[heard:]
        self._unheard, self._unheard_samples = [rest], rest.size
        self._peaks += _peaks(audio)
        for voiced in self._activity.feed(audio):
            self.heard_voice |= voiced
            self._silence_ms = 0 if voiced else self._silence_ms + FRAME_MS
        timeout = self.limits.silence_timeout_ms
        if timeout is not None and self._silence_ms >= timeout:
            self.ended = self.ended or RecordingEnd.SILENCE
        self._pending.append(audio)
        self._pending_samples += audio.size
        if self._pending_samples >= _CHUNK:
            self._give_on()

    def _give_on(self) -> None:
        if self._pending_samples:
            self.sink.append(np.concatenate(self._pending).astype("<i2").tobytes())
            self._pending.clear()
            self._pending_samples = 0
        if self.sink.failure is not None:
            self.ended = RecordingEnd.FAILED


def beep(duration_ms: int = 300, hertz: float = 1000, level_dbm0: float = -12) -> Samples:
    """The tone before a recording, with soft edges so that it does not click."""
    time = np.arange(duration_ms * SAMPLE_RATE // 1000) / SAMPLE_RATE
    edge = np.minimum(1, np.minimum(time, time[::-1]) * 100)
    tone: Samples = (amplitude(level_dbm0) * edge * np.sin(2 * np.pi * hertz * time)).astype(
        np.int16
    )
    return tone


def _peaks(samples: Samples) -> list[int]:
    starts = np.arange(0, samples.size, _LISTENED)
    if not starts.size:
        return []
    return [int(peak) for peak in np.maximum.reduceat(np.abs(samples.astype(np.int32)), starts)]
