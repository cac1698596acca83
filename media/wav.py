"""Audio files: any that libsndfile reads, in as 8 kHz mono; 8 kHz 16-bit mono WAV out.

What a client uploads is hostile until it is read: the format is sniffed from the content, never
from a name, the limits are checked before and while it is decoded, and the file is resampled block
by block, so that memory is bounded by what comes out.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from media.g711 import SAMPLE_RATE, Samples

FloatSamples: TypeAlias = npt.NDArray[np.float32]
"""Mono, 8,000 a second, full scale ±1 (a hot recording may exceed it)."""

_BLOCK_FRAMES: Final = 1 << 16
_RATES: Final = range(1000, 768_001)
_MOST_CHANNELS: Final = 32
_HOTTEST: Final = 64.0
"""A float file may exceed full scale; beyond this it is no audio but would overflow sums."""


class AudioRejected(Exception):
    """A file that cannot be used. ``code`` is stable, ``str(error)`` is a sentence for people.

    Codes: ``audio_unreadable``, ``audio_empty``, ``audio_too_long``, ``audio_too_large``,
    ``audio_missing``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class AudioLimits:
    max_bytes: int = 64 * 1024 * 1024
    max_duration_ms: int = 600_000


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The file as it was uploaded."""

    duration_ms: int
    sample_rate: int
    channels: int
    format: str
    """libsndfile's name of container and encoding: ``WAV/PCM_24``, ``FLAC/PCM_16``…"""


_DEFAULT_LIMITS: Final = AudioLimits()


def inspect(source: bytes | Path, limits: AudioLimits = _DEFAULT_LIMITS) -> AudioInfo:
    """What the file says of itself, within the limits; decodes nothing. Raises AudioRejected."""
    with _open(source, limits) as file:
        return _info(file, file.frames)


def read(
    source: bytes | Path, limits: AudioLimits = _DEFAULT_LIMITS
) -> tuple[FloatSamples, AudioInfo]:
    """The whole file, its channels mixed to one, at 8 kHz. Raises AudioRejected."""
    with _open(source, limits) as file:
        try:
            blocks = list(_resampled(file, limits))
        except soundfile.SoundFileError as error:
            raise _unreadable(error) from error
        samples: FloatSamples = np.concatenate([np.zeros(0, np.float32), *blocks])
        if not samples.size:
            raise AudioRejected("audio_empty", "The file holds no audio.")
        return samples, _info(file, round(samples.size * file.samplerate / SAMPLE_RATE))


def to_int16(samples: FloatSamples) -> Samples:
    """±1 is 32768, as libsndfile has it, so that 16-bit audio comes through unchanged; clipped."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def header(frames: int) -> bytes:
    """The 44 bytes before ``frames`` samples of 8 kHz 16-bit mono (RIFF WAVE, PCM)."""
    size = frames * 2
    form = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    riff = struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", len(form))
    return riff + form + struct.pack("<4sI", b"data", size)


def to_wav(samples: Samples) -> bytes:
    return header(samples.size) + samples.astype("<i2").tobytes()


def _open(source: bytes | Path, limits: AudioLimits) -> Any:
    size = len(source) if isinstance(source, bytes) else _size(source)
    if not size:
        raise AudioRejected("audio_empty", "The file is empty.")
    if size > limits.max_bytes:
        raise AudioRejected("audio_too_large", f"The file exceeds {limits.max_bytes} bytes.")
    try:
        file = soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except soundfile.SoundFileError as error:
        raise _unreadable(error) from error
    try:
        _check(file, limits)
    except AudioRejected:
        file.close()
        raise
    return file


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise AudioRejected("audio_missing", "The audio file is not there.") from error


def _check(file: Any, limits: AudioLimits) -> None:
    if file.samplerate not in _RATES or not 0 < file.channels <= _MOST_CHANNELS:
        raise AudioRejected(
            "audio_unreadable", f"{file.channels} channels at {file.samplerate} Hz cannot be used."
        )
    if not file.frames:
        raise AudioRejected("audio_empty", "The file holds no audio.")
    if file.frames * 1000 > limits.max_duration_ms * file.samplerate:
        raise _too_long(limits)


def _resampled(file: Any, limits: AudioLimits) -> Iterator[FloatSamples]:
    """A header may promise less than follows, so the length is checked again as it comes."""
    resampler = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32")
    most = limits.max_duration_ms * file.samplerate // 1000
    taken = 0
    while True:
        block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        taken += len(block)
        if taken > most:
            raise _too_long(limits)
        sound = np.nan_to_num(block, posinf=1, neginf=-1).clip(-_HOTTEST, _HOTTEST)
        mono = sound.mean(axis=1, dtype=np.float32)
        last = len(block) < _BLOCK_FRAMES
        yield mono if file.samplerate == SAMPLE_RATE else resampler.resample_chunk(mono, last=last)
        if last:
            return


def _info(file: Any, frames: int) -> AudioInfo:
    return AudioInfo(
        duration_ms=frames * 1000 // file.samplerate,
        sample_rate=file.samplerate,
        channels=file.channels,
        format=f"{file.format}/{file.subtype}",
    )


def _unreadable(error: Exception) -> AudioRejected:
    return AudioRejected("audio_unreadable", f"The file is no audio that can be read: {error}")


def _too_long(limits: AudioLimits) -> AudioRejected:
    seconds = limits.max_duration_ms / 1000
    return AudioRejected("audio_too_long", f"The audio is longer than {seconds:g} s.")
