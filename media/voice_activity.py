"""Voice or silence, frame by frame, over a noise floor that follows the line.

The floor is the quietest frame of the last second and a half: speech pauses that often, noise does
not. Frames of samples are the only clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf, log10
from typing import Final

import numpy as np

from media.g711 import SAMPLE_RATE, Samples

FRAME: Final = SAMPLE_RATE // 50
"""Samples of one decision: 20 ms."""
FRAME_MS: Final = 20

_SPAN: Final = 15
"""Frames of which only the quietest is remembered."""
_SPANS: Final = 5
_ABOVE_FLOOR_DB: Final = 7.0
_FALL_DB: Final = 3.0
"""Voice goes on until it is this much fainter than it had to be to begin."""
_HIGHEST_FLOOR_DBOV: Final = -42.0
"""Somebody shouting without a breath does not become the floor."""
_SILENT: Final = -96.0
_FULL_SCALE_DB: Final = 10 * log10(FRAME * 32768**2)


@dataclass(slots=True)
class VoiceActivity:
    """For one call, fed with 8 kHz int16 of any length."""

    quietest_dbov: float = -45.0
    """No voice is fainter than this, however quiet the line is."""
    voiced: bool = False
    """The last decision."""
    _quietest: deque[float] = field(default_factory=lambda: deque(maxlen=_SPANS))
    _span_quietest: float = inf
    _span_frames: int = 0
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.int16))

    def feed(self, samples: Samples) -> list[bool]:
        """A decision for each frame that these samples complete; the rest waits for more."""
        joined = np.concatenate([self._rest, samples]) if self._rest.size else samples
        whole = joined.size // FRAME * FRAME
        self._rest = joined[whole:]
        frames = joined[:whole].astype(np.float32).reshape(-1, FRAME)
        return [self._decide(energy) for energy in np.einsum("ij,ij->i", frames, frames).tolist()]

    @property
    def floor_dbov(self) -> float:
        """The noise floor; a line is taken for quiet until it was heard for long enough."""
        if len(self._quietest) < _SPANS:
            return _SILENT
        return min(min(self._quietest), _HIGHEST_FLOOR_DBOV)

    def _decide(self, energy: float) -> bool:
        level = 10 * log10(energy) - _FULL_SCALE_DB if energy else _SILENT
        self._remember(level)
        needed = max(self.floor_dbov + _ABOVE_FLOOR_DB, self.quietest_dbov)
        self.voiced = level > (needed - _FALL_DB if self.voiced else needed)
        return self.voiced

    def _remember(self, level: float) -> None:
        self._span_quietest = min(self._span_quietest, level)
        self._span_frames += 1
        if self._span_frames == _SPAN:
            self._quietest.append(self._span_quietest)
            self._span_quietest, self._span_frames = inf, 0
