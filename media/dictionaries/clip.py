"""A take made into a clip: 8 kHz, trimmed, levelled, and silent at both ends.

Clips are played one after another without a gap, so each begins and ends at zero: that is what
makes the join free of clicks. What remains of silence around a word is its share of the rhythm.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

from media.g711 import SAMPLE_RATE, Samples
from media.loudness import LEVEL, active_level, frame_power

Take: TypeAlias = npt.NDArray[np.float32]
"""Mono, full scale ±1, any rate."""

PEAK: Final = 0.8
_QUIET: Final = 0.012
"""Of the loudest sample: below it, nothing is heard on a telephone (-38 dB)."""
_LEAD: Final = SAMPLE_RATE * 8 // 1000
_TAIL: Final = SAMPLE_RATE * 24 // 1000
_FADE: Final = SAMPLE_RATE * 4 // 1000
_ACTIVE: Final = 40
"""A frame this much weaker than the loudest (16 dB) is a pause within the word."""


class Silent(ValueError):
    """Nothing was said in the take."""


def clip(take: Take, rate: int) -> Samples:
    """``rate`` is the take's, in Hz."""
    speech = _trimmed(np.asarray(soxr.resample(take, rate, SAMPLE_RATE, quality="VHQ")))
    return np.round(_faded(_levelled(speech)) * 32767).astype(np.int16)


def _trimmed(take: Take) -> Take:
    loud = np.flatnonzero(np.abs(take) > max(_QUIET * np.abs(take).max(initial=0.0), 1e-4))
    if not len(loud):
        raise Silent("The take is silent.")
    return take[max(0, loud[0] - _LEAD) : loud[-1] + _TAIL]


def _levelled(speech: Take) -> Take:
    power = frame_power(speech)
    level = active_level(power, float(power.max()) / _ACTIVE)
    gain = min(LEVEL / level, PEAK / float(np.abs(speech).max()))
    return speech * np.float32(gain)


def _faded(speech: Take) -> Take:
    ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, _FADE))).astype(np.float32)
    faded = speech.copy()
    faded[:_FADE] *= ramp[: len(faded)]
    faded[-_FADE:] *= ramp[::-1][-len(faded) :]
    return faded
