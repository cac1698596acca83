"""Voice over quiet and noisy lines, in any slices; samples are the clock."""

from __future__ import annotations

import numpy as np
import pytest

from media.voice_activity import FRAME, VoiceActivity


def sound(seconds: float, dbov: float, seed: int = 1) -> np.ndarray:
    """Noise of that level: what a detector of energy takes a voice for."""
    noise = np.random.default_rng(seed).normal(0, 1, round(seconds * 8000))
    return noise * 32768 * 10 ** (dbov / 20)


def decisions(*parts: np.ndarray) -> list[bool]:
    return VoiceActivity().feed(np.concatenate(parts).clip(-32768, 32767).astype(np.int16))


def test_words_in_silence() -> None:
    heard = decisions(np.zeros(8000), sound(0.4, -26), np.zeros(8000))
    assert heard == [False] * 50 + [True] * 20 + [False] * 50


def test_a_faint_line_is_silent() -> None:
    assert not any(decisions(sound(5, -55)))


@pytest.mark.parametrize("noise_dbov", [-55, -48, -42])
def test_the_floor_follows_the_noise(noise_dbov: int) -> None:
    noise = sound(6, noise_dbov)
    noise[32000:35200] += sound(0.4, noise_dbov + 16, seed=2)
    heard = decisions(noise)
    assert not any(heard[80:195])
    assert all(heard[202:218])
    assert not any(heard[225:])


def test_speech_with_pauses_does_not_become_the_floor() -> None:
    parts = [part for i in range(20) for part in (sound(0.8, -24, i), sound(0.2, -60, i))]
    heard = decisions(*parts)
    assert sum(heard) >= 0.95 * 20 * 40


def test_slices_of_any_length_give_the_same_decisions() -> None:
    audio = np.concatenate([sound(0.5, -60), sound(0.5, -20), sound(0.5, -60)]).astype(np.int16)
    activity = VoiceActivity()
    cuts = np.cumsum(np.random.default_rng(3).integers(1, 400, 200))
    sliced = [voiced for part in np.split(audio, cuts) for voiced in activity.feed(part)]
    assert sliced == VoiceActivity().feed(audio)
    assert len(sliced) == audio.size // FRAME
