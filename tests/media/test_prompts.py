"""Uploads prepared for the telephone, and one encoded copy for all calls."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import soundfile

from media import g711
from media.g711 import Codec, Samples
from media.prompts import Library, prepare
from media.wav import AudioInfo, AudioLimits, AudioRejected


def upload(audio: np.ndarray, rate: int, container: str, subtype: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, audio, rate, format=container, subtype=subtype)
    return out.getvalue()


def speech(rate: int, level: float, lead_s: float = 0.0, seconds: float = 2.0) -> np.ndarray:
    """A tone in bursts, like words, between ``lead_s`` of silence at both ends."""
    time = np.arange(round(rate * seconds)) / rate
    bursts = np.sin(2 * np.pi * 500 * time) * (np.sin(2 * np.pi * 2 * time) > -0.3)
    lead = np.zeros(round(rate * lead_s))
    return level * np.concatenate([lead, bursts, lead])


def active_dbov(samples: Samples) -> float:
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160) / 32768
    power = np.square(frames).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() / 100].mean()))


@pytest.mark.parametrize(
    ("rate", "channels", "container", "subtype"),
    [(44100, 2, "FLAC", "PCM_16"), (48000, 1, "WAV", "PCM_24"), (8000, 1, "WAV", "PCM_16")],
)
@pytest.mark.parametrize("level", [0.03, 0.2, 0.95])
def test_any_upload_comes_to_the_telephone_level(
    rate: int, channels: int, container: str, subtype: str, level: float
) -> None:
    audio = np.repeat(speech(rate, level)[:, None], channels, axis=1)
    prepared = prepare(upload(audio, rate, container, subtype))
    assert prepared.samples.dtype == np.int16
    assert active_dbov(prepared.samples) == pytest.approx(-20, abs=0.7)
    assert prepared.source == AudioInfo(2000, rate, channels, f"{container}/{subtype}")


def test_silent_ends_are_trimmed_and_pauses_kept() -> None:
    prepared = prepare(upload(speech(16000, 0.3, lead_s=1.5), 16000, "WAV", "PCM_16"))
    assert 2000 <= prepared.duration_ms <= 2160
    assert np.abs(prepared.samples[:240]).max() < 100


def test_a_recorded_pause_is_kept_as_it_is() -> None:
    prepared = prepare(upload(np.zeros(8000), 8000, "WAV", "PCM_16"))
    assert prepared.duration_ms == 1000
    assert not prepared.samples.any()


def test_a_click_is_not_pushed_into_clipping() -> None:
    audio = speech(8000, 0.01)
    audio[4000] = 0.9
    prepared = prepare(upload(audio, 8000, "WAV", "FLOAT"))
    assert np.abs(prepared.samples).max() <= 32767 * 0.9


def test_a_constant_offset_is_removed() -> None:
    audio = speech(8000, 0.2) + 0.3
    assert abs(prepare(upload(audio, 8000, "WAV", "PCM_16")).samples.mean()) < 30


def test_what_is_prepared_comes_back_from_a_worker_process() -> None:
    prepared = prepare(upload(speech(8000, 0.2), 8000, "WAV", "PCM_16"))
    again = pickle.loads(pickle.dumps(prepared))
    assert np.array_equal(again.samples, prepared.samples)
    assert again.source == prepared.source


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "audio_empty"),
        (b"this is a text file named prompt.wav, nothing more" * 9, "audio_unreadable"),
        (upload(speech(8000, 0.2), 8000, "WAV", "PCM_16"), "audio_too_long"),
    ],
)
def test_refused_uploads(data: bytes, code: str) -> None:
    with pytest.raises(AudioRejected) as refused:
        prepare(data, AudioLimits(max_duration_ms=1500))
    assert refused.value.code == code


def ramp(samples: int, start: int = 0) -> Samples:
    return (np.arange(samples) * 37 + start).astype(np.int16)


def test_a_clip_is_encoded_once_and_shared_read_only() -> None:
    library = Library()
    clip = library.put(b"welcome", ramp(8000))
    assert library.get(b"welcome") is clip
    assert library.put(b"welcome", ramp(8000)) is clip
    assert np.array_equal(clip[Codec.PCMA], g711.encode(ramp(8000), Codec.PCMA))
    assert library.held_bytes == 16000
    with pytest.raises(ValueError, match="read-only"):
        clip[Codec.PCMU][0] = 1


def test_the_least_recently_used_clip_leaves_first() -> None:
    library = Library(max_bytes=6000)
    for name in (b"a", b"b", b"c"):
        library.put(name, ramp(1000))
    library.get(b"a")
    library.put(b"d", ramp(1000))
    assert library.get(b"b") is None
    assert library.get(b"a") is not None
    assert library.held_bytes == 6000


def test_a_clip_larger_than_the_bound_is_held_alone() -> None:
    library = Library(max_bytes=100)
    library.put(b"short", ramp(10))
    library.put(b"long", ramp(5000))
    assert library.get(b"short") is None
    assert library.get(b"long") is not None


def test_a_clip_that_is_not_held_is_none() -> None:
    assert Library().get(b"nothing") is None
