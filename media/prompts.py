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
from media.g711 import SAMPLE_RATE, Codec, Encoded, Samples
from media.wav import AudioInfo, AudioLimits, FloatSamples

_FRAME: Final = SAMPLE_RATE // 50
_TARGET_DBOV: Final = -20.0
"""Active level. ITU-T G.191 takes -26 dBov for speech; a prompt competes with a street."""
_PEAK: Final = 10 ** (-1 / 20)
_GAIN_DB: Final = (-30.0, 20.0)
"""A quiet file is hardly more than its noise; louder would make that the prompt."""
_ACTIVE_DB: Final = 20.0
"""A frame this far below the loud ones is a pause."""
_SILENT_DBOV: Final = -55.0
_MARGIN: Final = 3
"""Frames of silence left at each end, so that no onset is cut."""


@dataclass(frozen=True, slots=True)
class Prepared:
    samples: Samples
    """8 kHz mono."""
    source: AudioInfo
    gain_db: float
    """What was added to reach the telephone level."""

    @property
    def duration_ms(self) -> int:
        return self.samples.size * 1000 // SAMPLE_RATE


def prepare(data: bytes | Path, limits: AudioLimits | None = None) -> Prepared:
    """An upload as calls will play it. Raises AudioRejected."""
    audio, info = wav.read(data, limits or AudioLimits())
    centred = audio - audio.mean(dtype=np.float64).astype(np.float32)
    gain_db = _gain_db(centred)
    louder = centred * np.float32(10 ** (gain_db / 20))
    return Prepared(wav.to_int16(_trimmed(louder)), info, round(gain_db, 2))


def _levels_dbov(audio: FloatSamples) -> FloatSamples:
    """The level of each 20 ms, against a square wave of full scale."""
    whole = np.pad(audio, (0, -audio.size % _FRAME)).reshape(-1, _FRAME)
    levels: FloatSamples = 10 * np.log10(np.square(whole).mean(axis=1) + 1e-12)
    return levels


def _gain_db(audio: FloatSamples) -> float:
    levels = _levels_dbov(audio)
    loud = float(np.percentile(levels, 95))
    if loud < _SILENT_DBOV:
        return 0.0
    active = levels[levels > loud - _ACTIVE_DB]
    wanted = _TARGET_DBOV - 10 * np.log10(np.mean(10 ** (active / 10)))
    headroom = 20 * np.log10(_PEAK / np.abs(audio).max())
    return float(np.clip(min(wanted, headroom), *_GAIN_DB))


def _trimmed(audio: FloatSamples) -> FloatSamples:
    """Silence alone is kept: a recorded pause is meant."""
    heard = np.flatnonzero(_levels_dbov(audio) > _SILENT_DBOV)
    if not heard.size:
        return audio
    first, last = max(heard[0] - _MARGIN, 0), heard[-1] + 1 + _MARGIN
    return audio[first * _FRAME : last * _FRAME]


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
