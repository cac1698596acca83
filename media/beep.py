"""The beep of an answering machine: found as it ends, so that a message can be left after it.

A beep is one pure tone that holds its frequency and goes on for longer than any vowel stays so
pure. Frames of 20 ms are the only clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log10
from typing import Final

import numpy as np
import numpy.typing as npt

from media.g711 import SAMPLE_RATE, Samples

_FRAME: Final = SAMPLE_RATE // 50
_FRAME_MS: Final = 20
_POINTS: Final = 256
_HERTZ: Final = SAMPLE_RATE / _POINTS
_LOBE: Final = 4
"""Bins to each side that the Hann window spreads a tone over."""
_PURITY: Final = 0.95
"""Least share of the energy in the tone."""
_DRIFT_HERTZ: Final = 12.0
_LOWEST_HERTZ: Final = 350.0
_HIGHEST_HERTZ: Final = 2600.0
_QUIETEST_DBOV: Final = -40.0
_SHORTEST_MS: Final = 120
_LONGEST_MS: Final = 3000

_HANN: Final = np.hanning(_FRAME + 1)[:_FRAME].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Beep:
    hertz: int
    duration_ms: int
    ended_at_ms: int
    """From the first sample fed."""


@dataclass(slots=True)
class BeepDetector:
    """For one call, fed with 8 kHz int16 of any length."""

    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    _at_ms: int = 0
    _hertz: float = 0.0
    """Of the tone that sounds; 0 for none."""
    _sounded_ms: int = 0

    def feed(self, samples: Samples) -> Beep | None:
        """The beep that ended in these samples; the last one, should there be several."""
        joined = np.concatenate([self._rest, samples])
        whole = joined.size // _FRAME * _FRAME
        self._rest = joined[whole:]
        found = None
        for frame in joined[:whole].reshape(-1, _FRAME):
            found = self._hear(_tone(frame)) or found
        return found

    def _hear(self, hertz: float) -> Beep | None:
        self._at_ms += _FRAME_MS
        if hertz and abs(hertz - self._hertz) <= _DRIFT_HERTZ:
            self._sounded_ms += _FRAME_MS
            return None
        ended = Beep(round(self._hertz), self._sounded_ms, self._at_ms - _FRAME_MS)
        self._hertz, self._sounded_ms = hertz, _FRAME_MS if hertz else 0
        return ended if _SHORTEST_MS <= ended.duration_ms <= _LONGEST_MS else None


def _tone(frame: Samples) -> float:
    """The frequency of the one tone in the frame; 0 where there is none or more than one."""
    power = np.square(np.abs(np.fft.rfft(frame * _HANN, _POINTS)))
    total = float(power.sum())
    peak = int(np.argmax(power))
    around = power[max(peak - _LOBE, 0) : peak + _LOBE + 1]
    if not _is_loud(frame) or float(around.sum()) < _PURITY * total:
        return 0.0
    hertz = float(around @ np.arange(max(peak - _LOBE, 0), peak + _LOBE + 1)) / around.sum()
    return hertz * _HERTZ if _LOWEST_HERTZ <= hertz * _HERTZ <= _HIGHEST_HERTZ else 0.0


def _is_loud(frame: npt.NDArray[np.int16]) -> bool:
    energy = float(np.square(frame.astype(np.float32)).mean())
    return energy > 0 and 10 * log10(energy / 32768**2) > _QUIETEST_DBOV
