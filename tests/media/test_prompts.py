"""Uploads prepared for the telephone, and one encoded copy for all calls."""

from __future__ import annotations

import io
import pickle
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media import g711
from media.g711 import Codec, Samples
from media.prompts import Library, PreparedFolder, prepare
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
    assert (prepared.duration_ms, prepared.gain_db) == (1000, 0.0)
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


@dataclass
class Shelf:
    """Clips in memory, with a count of how often each was loaded."""

    clips: dict[str, Samples] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)

    def put(self, key: str, samples: Samples) -> None:
        self.clips[key] = samples
        self.versions[key] = self.versions.get(key, 0) + 1

    def version(self, key: str) -> Hashable:
        if key not in self.versions:
            raise AudioRejected("audio_missing", key)
        return self.versions[key]

    def load(self, key: str) -> Samples:
        self.loads.append(key)
        return self.clips[key]


def ramp(samples: int, start: int = 0) -> Samples:
    return (np.arange(samples) * 37 + start).astype(np.int16)


def test_a_clip_is_encoded_once_per_codec_and_shared_read_only() -> None:
    shelf = Shelf()
    shelf.put("welcome", ramp(8000))
    library = Library(shelf)
    mu_law, a_law = (library.get("welcome", codec) for codec in Codec)
    assert library.get("welcome", Codec.PCMU) is mu_law
    assert shelf.loads == ["welcome", "welcome"]
    assert np.array_equal(a_law, g711.encode(ramp(8000), Codec.PCMA))
    assert library.held_bytes == 16000
    with pytest.raises(ValueError, match="read-only"):
        mu_law[0] = 1


def test_a_new_upload_is_heard_by_the_next_call_and_whole_by_the_present_one() -> None:
    shelf = Shelf()
    shelf.put("offer", ramp(8000))
    library = Library(shelf)
    playing = library.get("offer", Codec.PCMU)
    shelf.put("offer", ramp(4000, 500))
    assert np.array_equal(library.get("offer", Codec.PCMU), g711.encode(ramp(4000, 500), "PCMU"))
    assert np.array_equal(playing, g711.encode(ramp(8000), Codec.PCMU))
    assert library.held_bytes == 4000


def test_the_least_recently_used_leaves() -> None:
    shelf = Shelf()
    for key in "abc":
        shelf.put(key, ramp(1000))
    library = Library(shelf, max_bytes=2000)
    for key in "abacab":
        library.get(key, Codec.PCMA)
    assert shelf.loads == ["a", "b", "c", "b"]
    assert library.held_bytes == 2000


def test_a_clip_larger_than_the_bound_still_plays() -> None:
    shelf = Shelf()
    shelf.put("long", ramp(5000))
    assert Library(shelf, max_bytes=100).get("long", Codec.PCMU).size == 5000


def test_a_missing_clip_says_so() -> None:
    with pytest.raises(AudioRejected) as refused:
        Library(Shelf()).get("none", Codec.PCMU)
    assert refused.value.code == "audio_missing"


def test_a_folder_of_prepared_clips(tmp_path: Path) -> None:
    folder = PreparedFolder(tmp_path)
    library = Library(folder)
    folder.store("fr.mille", ramp(800))
    first = library.get("fr.mille", Codec.PCMU)
    folder.store("fr.mille", ramp(800, 3000))
    assert not np.array_equal(library.get("fr.mille", Codec.PCMU), first)
    assert [path.name for path in tmp_path.iterdir()] == ["fr.mille.wav"]


@pytest.mark.parametrize("key", ["", "../secret", "a/b", ".hidden", "a\0b", "x" * 300, "none"])
def test_a_folder_gives_nothing_from_elsewhere(tmp_path: Path, key: str) -> None:
    with pytest.raises(AudioRejected) as refused:
        Library(PreparedFolder(tmp_path)).get(key, Codec.PCMU)
    assert refused.value.code == "audio_missing"
