"""How loud speech is: the level of its active parts, as prompts and clips are brought to it (pure).

That is -20 dBov; ITU-T G.191 takes -26 for speech, but a prompt competes with a street.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from media.g711 import SAMPLE_RATE
from media.wav import FloatSamples

FRAME: Final = SAMPLE_RATE // 50
LEVEL: Final = 0.1
"""RMS of full scale: -20 dBov, a square wave of full scale being 0."""


def frame_power(audio: FloatSamples) -> FloatSamples:
    """Mean square of each 20 ms, the last one filled up with silence."""
    frames = np.pad(audio, (0, -audio.size % FRAME)).reshape(-1, FRAME)
    power: FloatSamples = np.square(frames).mean(axis=1)
    return power


def active_level(power: FloatSamples, threshold: float) -> float:
    """RMS over the frames of more power than ``threshold``: pauses do not count."""
    return float(np.sqrt(power[power > threshold].mean()))


def decibel(power: FloatSamples | float) -> FloatSamples:
    """Of a power, against full scale; digital silence is -120."""
    levels: FloatSamples = 10 * np.log10(np.asarray(power) + 1e-12)
    return levels
