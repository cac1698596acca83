"""What stands in for lost audio: the last pitch period again, fading (after G.711 Appendix I)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from media.g711 import SAMPLE_RATE, Samples

_HISTORY: Final = SAMPLE_RATE * 30 // 1000
"""Samples of what was heard last that are looked at."""

_SHORTEST_PERIOD: Final = SAMPLE_RATE // 200
_LONGEST_PERIOD: Final = SAMPLE_RATE // 66
_COMPARED: Final = SAMPLE_RATE * 10 // 1000
_LONGEST: Final = SAMPLE_RATE * 60 // 1000


def conceal(history: Samples, count: int) -> Samples:
    """``count`` samples that go on from ``history``: silent after 60 ms, or where there is none."""
    audible = min(count, _LONGEST)
    concealed = np.zeros(count, np.int16)
    if history.size >= _HISTORY and history[-_COMPARED:].any():
        period = history[-_pitch_period(history[-_HISTORY:].astype(np.float64)) :]
        again = np.resize(period, audible)
        concealed[:audible] = again * np.linspace(1, 1 - audible / _LONGEST, audible)
    return concealed


def _pitch_period(history: npt.NDArray[np.float64]) -> int:
    """The lag at which the last 10 ms resemble what came before them most."""
    last = history[-_COMPARED:]
    lags = np.arange(_SHORTEST_PERIOD, _LONGEST_PERIOD + 1)
    windows = np.lib.stride_tricks.sliding_window_view(history, _COMPARED)
    earlier = windows[history.size - _COMPARED - lags]
    likeness = earlier @ last / np.sqrt(np.square(earlier).sum(axis=1) + 1)
    return int(lags[np.argmax(likeness)])
