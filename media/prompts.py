"""Prompts: a clip prepared once for the telephone, encoded once per codec, shared by every call.

``prepare`` is work for a worker process: it reads an upload, brings it to the level of telephone
speech and cuts the silence off its ends. ``Library`` holds prepared clips by a name that never
means another clip (the digest of its content): one read-only array per codec, however many calls
play it. Who replaces an audio gives it another digest, so a call that plays the old clip keeps it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from media import g711, wav
from media.dictionaries.clip import Silent, clip
from media.g711 import SAMPLE_RATE, Codec, Encoded, Samples
from media.loudness import FRAME, LEVEL, active_level, decibel, frame_power
from media.wav import AudioInfo, AudioLimits, AudioRejected, FloatSamples

_PEAK: Final = 10 ** (-1 / 20)
_GAIN: Final = (10 ** (-30 / 20), 10.0)
"""-30 to 20 dB. A quiet file is hardly more than its noise; louder would make that the prompt."""
_ACTIVE: Final = 100
"""A frame this much weaker than the loud ones (20 dB) is a pause."""
_SILENT_DBOV: Final = -55.0
_MARGIN: Final = 3
"""Frames of silence left at each end, so that no onset is cut."""


@dataclass(frozen=True, slots=True)
class Prepared:
    samples: Samples
    """8 kHz mono."""
    source: AudioInfo

    @property
    def duration_ms(self) -> int:
        return self.samples.size * 1000 // SAMPLE_RATE


def prepare(data: bytes | Path, limits: AudioLimits | None = None) -> Prepared:
    """An upload as calls will play it. Raises AudioRejected."""
    audio, info = wav.read(data, limits or AudioLimits())
    centred = audio - audio.mean(dtype=np.float64).astype(np.float32)
    louder = centred * np.float32(_gain(centred))
    return Prepared(wav.to_int16(_trimmed(louder)), info)


def prepare_word(data: bytes | Path, limits: AudioLimits | None = None) -> Prepared:
    """A word of a dictionary: cut to the word itself, so that it joins its neighbours without a
    hole, and silent at both ends. Raises AudioRejected."""
    audio, info = wav.read(data, limits or AudioLimits())
    try:
        samples = clip(audio, SAMPLE_RATE)
    except Silent:
        raise AudioRejected("audio_empty", "Nothing is said in the recording.") from None
    return Prepared(samples, info)


def waveform_peaks(samples: Samples, points: int) -> list[float]:
    """The loudest sample of each of ``points`` equal parts, 0 to 1 of full scale."""
    if not samples.size:
        return [0.0] * points
    edges = np.linspace(0, samples.size, points, endpoint=False).astype(np.int64)
    peaks = np.maximum.reduceat(np.abs(samples.astype(np.int32)), edges) / 32768
    return [round(float(peak), 4) for peak in peaks]


def _gain(audio: FloatSamples) -> float:
    power = frame_power(audio)
    loud = float(np.percentile(power, 95))
    if decibel(loud) < _SILENT_DBOV:
        return 1.0
    wanted = LEVEL / active_level(power, loud / _ACTIVE)
    return float(np.clip(min(wanted, _PEAK / float(np.abs(audio).max())), *_GAIN))


def _trimmed(audio: FloatSamples) -> FloatSamples:
    """Silence alone is kept: a recorded pause is meant."""
    heard = np.flatnonzero(decibel(frame_power(audio)) > _SILENT_DBOV)
    if not heard.size:
        return audio
    first, last = max(heard[0] - _MARGIN, 0), heard[-1] + 1 + _MARGIN
    return audio[first * FRAME : last * FRAME]


# --- What calls share --------------------------------------------------------------------------

Clip: TypeAlias = Mapping[Codec, Encoded]
"""One clip as each codec sends it: one byte a sample, read-only."""


def encoded(samples: Samples) -> Clip:
    clip = {codec: g711.encode(samples, codec) for codec in Codec}
    for audio in clip.values():
        audio.setflags(write=False)
    return clip


@dataclass(slots=True)
class Library:
    """Clips in memory, the least recently used leaving when ``max_bytes`` are exceeded."""

    max_bytes: int = 256 * 1024 * 1024
    held_bytes: int = 0
    _clips: OrderedDict[bytes, Clip] = field(default_factory=OrderedDict)

    def get(self, digest: bytes) -> Clip | None:
        clip = self._clips.get(digest)
        if clip is not None:
            self._clips.move_to_end(digest)
        return clip

    def put(self, digest: bytes, samples: Samples) -> Clip:
        """Encode a clip and hold it; one that is held already is answered as it is."""
        held = self.get(digest)
        if held is not None:
            return held
        clip = self._clips[digest] = encoded(samples)
        self.held_bytes += _bytes(clip)
        self._make_room()
        return clip

    def _make_room(self) -> None:
        """The clip just put stays, however large."""
        while self.held_bytes > self.max_bytes and len(self._clips) > 1:
            self.held_bytes -= _bytes(self._clips.popitem(last=False)[1])


def _bytes(clip: Clip) -> int:
    return sum(audio.nbytes for audio in clip.values())
