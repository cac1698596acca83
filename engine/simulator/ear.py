"""What a callee makes of the audio it hears (pure; samples are its clock).

A prompt has ended when speech was heard and then nothing for ``PAUSE_FRAMES``; a beep is a steady
tone: nearly all the energy of each frame in one line of its spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import numpy as np

from media.g711 import SAMPLE_RATE, Samples

FRAME: Final = SAMPLE_RATE // 50
LOUD: Final = 200.0
"""Root mean square of a 16-bit frame, about -44 dB of full scale."""
PURE: Final = 0.85
"""Share of the energy in the strongest line and its neighbours."""
PROMPT_FRAMES: Final = 15
PAUSE_FRAMES: Final = 50
BEEP_FRAMES: Final = 6
_WINDOW: Final = np.hanning(FRAME)


class Heard(Enum):
    PROMPT_ENDED = auto()
    BEEP_ENDED = auto()


@dataclass(slots=True)
class Ear:
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    _speech: int = 0
    """Frames of speech since the last prompt ended."""
    _silence: int = 0
    _tone: int = 0

    def feed(self, samples: Samples) -> list[Heard]:
        audio = np.concatenate((self._rest, samples))
        whole = len(audio) // FRAME * FRAME
        self._rest = audio[whole:]
        heard = (self._frame(frame) for frame in audio[:whole].reshape(-1, FRAME))
        return [event for event in heard if event is not None]

    def forget(self) -> None:
        """Whatever was heard so far is no prompt."""
        self._speech = self._silence = self._tone = 0

    def _frame(self, frame: Samples) -> Heard | None:
        spectrum = np.abs(np.fft.rfft(frame * _WINDOW)) ** 2
        if np.sqrt(np.mean(np.square(frame, dtype=np.float64))) < LOUD:
            return self._quiet()
        peak = int(spectrum.argmax())
        pure = spectrum[max(peak - 2, 0) : peak + 3].sum() > PURE * spectrum.sum()
        self._silence = 0
        self._tone = self._tone + 1 if pure else 0
        self._speech += not pure
        return None

    def _quiet(self) -> Heard | None:
        self._silence += 1
        if self._tone >= BEEP_FRAMES:
            self.forget()
            return Heard.BEEP_ENDED
        self._tone = 0
        if self._speech >= PROMPT_FRAMES and self._silence >= PAUSE_FRAMES:
            self.forget()
            return Heard.PROMPT_ENDED
        return None
