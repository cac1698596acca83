"""How loud speech is: the level of its active parts, as prompts and clips are brought to it (pure).

Both take the telephone's level of -20 dBov (ITU-T G.191 has -26 for speech; a prompt competes with
a street). Pauses do not count: a frame is active within ``within_db`` of the loud ones.
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


def active_level(power: FloatSamples, loud: float, within_db: float) -> float:
    """RMS over the frames within ``within_db`` of the power ``loud``."""
    active = power[power > loud * 10 ** (-within_db / 10)]
    return float(np.sqrt(active.mean()))


def decibel(power: FloatSamples | float) -> FloatSamples:
    """Of a power, against full scale; digital silence is -120."""
    levels: FloatSamples = 10 * np.log10(np.asarray(power) + 1e-12)
    return levels
