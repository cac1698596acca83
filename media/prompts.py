"""Prompts: a clip prepared once for the telephone, encoded once per codec, shared by every call.

``prepare`` is work for a worker process: it reads an upload, brings it to the level of telephone
speech and cuts the silence off its ends. ``PreparedFolder`` keeps the result as WAV, replaced
whole or not at all. ``Library`` hands out the encoded clip: one read-only array per clip and codec,
however many calls play it; a call that is playing a clip keeps the array it began with.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from media import g711, wav
from media.g711 import SAMPLE_RATE, Codec, Encoded, Samples
from media.wav import AudioInfo, AudioLimits, AudioRejected, FloatSamples

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


# --- Where prepared clips lie ------------------------------------------------------------------


class PromptSource(Protocol):
    def version(self, key: str) -> Hashable:
        """Changes whenever the clip does; cheap. Raises AudioRejected (``audio_missing``)."""

    def load(self, key: str) -> Samples:
        """The prepared clip, 8 kHz mono. Raises AudioRejected."""


_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True, slots=True)
class PreparedFolder:
    """Prepared clips as ``root/KEY.wav``."""

    root: Path

    def path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise AudioRejected("audio_missing", f"{key!r} names no audio.")
        return self.root / f"{key}.wav"

    def store(self, key: str, samples: Samples) -> Path:
        """A reader finds the old clip or the new one, whole."""
        path = self.path(key)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(wav.to_wav(samples))
        return draft.replace(path)

    def version(self, key: str) -> Hashable:
        try:
            stat = self.path(key).stat()
        except FileNotFoundError as error:
            raise AudioRejected("audio_missing", f"The audio {key} is not there.") from error
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def load(self, key: str) -> Samples:
        return wav.to_int16(wav.read(self.path(key))[0])


# --- What calls share --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clip:
    version: Hashable
    audio: Encoded


@dataclass(slots=True)
class Library:
    """Encoded clips, the least recently used leaving when ``max_bytes`` are exceeded."""

    source: PromptSource
    max_bytes: int = 256 * 1024 * 1024
    held_bytes: int = 0
    _clips: OrderedDict[tuple[str, Codec], _Clip] = field(default_factory=OrderedDict)

    def get(self, key: str, codec: Codec) -> Encoded:
        """One byte a sample, read-only, shared. Raises AudioRejected."""
        version = self.source.version(key)
        clip = self._clips.get((key, codec))
        if clip is None or clip.version != version:
            clip = self._take_in(key, codec, version)
        self._clips.move_to_end((key, codec))
        self._make_room()
        return clip.audio

    def _take_in(self, key: str, codec: Codec, version: Hashable) -> _Clip:
        audio = g711.encode(self.source.load(key), codec)
        audio.setflags(write=False)
        self._drop(key, codec)
        clip = self._clips[key, codec] = _Clip(version, audio)
        self.held_bytes += audio.nbytes
        return clip

    def _make_room(self) -> None:
        """The clip just asked for stays, however large."""
        while self.held_bytes > self.max_bytes and len(self._clips) > 1:
            self._drop(*next(iter(self._clips)))

    def _drop(self, key: str, codec: Codec) -> None:
        clip = self._clips.pop((key, codec), None)
        if clip is not None:
            self.held_bytes -= clip.audio.nbytes
