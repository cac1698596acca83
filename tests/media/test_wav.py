"""Files of many formats in, 8 kHz out; what is no audio, too long or too large is refused."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media import wav
from media.wav import AudioInfo, AudioLimits, AudioRejected


def sine(rate: int, seconds: float = 1.0, channels: int = 1, hertz: float = 440) -> np.ndarray:
    mono = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    return np.repeat(mono[:, None], channels, axis=1)


def file(audio: np.ndarray, rate: int, container: str, subtype: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, audio, rate, format=container, subtype=subtype)
    return out.getvalue()


FORMATS = [
    ("FLAC", "PCM_16", 44100, 2),
    ("WAV", "PCM_24", 48000, 1),
    ("WAV", "PCM_U8", 11025, 1),
    ("WAV", "FLOAT", 22050, 2),
    ("WAV", "ULAW", 8000, 1),
    ("WAV", "PCM_16", 8000, 1),
    ("AIFF", "PCM_16", 16000, 6),
    ("OGG", "VORBIS", 44100, 2),
    ("MP3", "MPEG_LAYER_III", 44100, 1),
]


@pytest.mark.parametrize(("container", "subtype", "rate", "channels"), FORMATS)
def test_formats(container: str, subtype: str, rate: int, channels: int) -> None:
    data = file(sine(rate, channels=channels), rate, container, subtype)
    samples, info = wav.read(data)
    assert (info.sample_rate, info.channels) == (rate, channels)
    assert info.format == f"{container}/{subtype}"
    assert abs(info.duration_ms - 1000) <= 60  # an MP3 is padded to whole frames
    wanted = sine(8000)[: samples.size, 0]
    heard = samples[: wanted.size]
    assert np.corrcoef(heard[400:7000], wanted[400:7000])[0, 1] > 0.99
    assert wav.inspect(data).duration_ms == pytest.approx(info.duration_ms, abs=1)


def test_a_path_and_its_bytes_are_the_same(tmp_path: Path) -> None:
    data = file(sine(16000), 16000, "WAV", "PCM_16")
    path = tmp_path / "clip.mp3"  # a name says nothing
    path.write_bytes(data)
    assert np.array_equal(wav.read(path)[0], wav.read(data)[0])


def test_8_khz_16_bit_is_kept_bit_by_bit() -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 4000).astype(np.int16)
    data = wav.to_wav(samples)
    again, info = wav.read(data)
    assert info == AudioInfo(500, 8000, 1, "WAV/PCM_16")
    assert np.array_equal(wav.to_int16(again), samples)
    assert np.array_equal(soundfile.read(io.BytesIO(data), dtype="int16")[0], samples)


def test_a_long_file_is_resampled_across_its_blocks_without_a_seam() -> None:
    samples, _ = wav.read(file(sine(44100, 6.0), 44100, "WAV", "FLOAT"))
    assert samples.size == 48000
    assert np.abs(samples - sine(8000, 6.0)[:, 0])[200:-200].max() < 2e-3


def test_hot_and_broken_floats_become_finite_samples() -> None:
    broken = sine(8000)
    broken[:5, 0] = [np.nan, np.inf, -np.inf, 3.0, -3.0]
    samples = wav.to_int16(wav.read(file(broken, 8000, "WAV", "FLOAT"))[0])
    assert samples[0] == 0
    assert samples[1] == samples[3] == 32767
    assert samples[2] == samples[4] == -32768


REFUSED = {
    "nothing": (b"", "audio_empty"),
    "text": (b"Dear customer, this is a text file named .wav\n" * 50, "audio_unreadable"),
    "noise": (np.random.default_rng(2).bytes(5000), "audio_unreadable"),
    "a lone header": (wav.header(0), "audio_empty"),
    "a cut header": (wav.header(100)[:20], "audio_unreadable"),
    "eleven seconds": (file(sine(8000, 11), 8000, "WAV", "PCM_16"), "audio_too_long"),
    "too many bytes": (file(sine(8000, 9), 8000, "WAV", "DOUBLE"), "audio_too_large"),
    "a rate of 1 Hz": (
        wav.header(5)[:24] + struct.pack("<II", 1, 2) + wav.header(5)[32:] + bytes(10),
        "audio_unreadable",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    data, code = REFUSED[name]
    with pytest.raises(AudioRejected) as refused:
        wav.read(data, AudioLimits(max_bytes=300_000, max_duration_ms=10_000))
    assert refused.value.code == code
    assert str(refused.value)


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRejected) as refused:
        wav.read(tmp_path / "none.wav")
    assert refused.value.code == "audio_missing"


def test_a_refusal_comes_back_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(AudioRejected("audio_empty", "The file is empty.")))
    assert (error.code, str(error)) == ("audio_empty", "The file is empty.")


def test_a_header_that_promises_more_than_there_is() -> None:
    data = wav.to_wav(np.ones(800, np.int16))
    lying = wav.header(80_000_000) + data[44:]
    samples, info = wav.read(lying)
    assert (samples.size, info.duration_ms) == (800, 100)
