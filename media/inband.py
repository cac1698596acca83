"""Keys in the audio: one Goertzel bank over all listening calls at once, to ITU-T Q.24's limits.

Every 10 ms each call's last 20 ms are correlated, under a Hann window, with the eight tones: the
sums that Goertzel's recursion yields, for all calls in one matrix product. The turn of a sum's
phase since 10 ms before tells the tone's frequency to a fraction of a per cent, far finer than
the window's resolution, and the two tones' share of the energy tells a key from speech.

Limits held (Q.24, annex A, AT&T column and the stricter of its neighbours): frequencies within
1.5 % are taken and beyond 3.5 % refused; the high tone may be 4 dB louder to 8 dB quieter;
-29 to 0 dBm0 a tone; 40 ms is a key and 23 ms none; a break of 10 ms does not split a key and a
pause of 40 ms does.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from media.dtmf import HIGH_HZ, KEYPAD, LOW_HZ, KeyPress, KeySource, amplitude
from media.g711 import SAMPLE_RATE, Samples

HOP: Final = 80
"""Samples between two looks; what is fed comes in whole hops (10 ms)."""

_WINDOW: Final = 2 * HOP
_KEYS: Final = "".join(KEYPAD)
_NO_KEY: Final = -1

_FREQUENCY_TOLERANCE: Final = 0.025
"""Half way between what must be taken (1.5 %) and what must be refused (3.5 %)."""
_LOUDER_HIGH_DB: Final = 6.0
_QUIETER_HIGH_DB: Final = -10.0
_QUIETEST_DBM0: Final = -33.0
_FAINTLY_PURE: Final = 0.5
_PURE: Final = 0.82
"""Least share of the energy in the two tones for a press to begin; the first, for it to go on."""
_STEADY_DB: Final = 2.2
"""Most that either tone may swell or fade within a hop: what a window filled by a key that is
shorter than it must be shows at both ends."""
_GLIDE_HERTZ: Final = 6.0
"""Most that either tone may move within a hop: a voice glides, a key does not."""
_RELEASE_HOPS: Final = 3
_FAINT: Final = 1e-6
_SEEN_MS: Final = (_WINDOW + 2 * HOP) * 1000 // SAMPLE_RATE

_Rows: TypeAlias = npt.NDArray[np.intp]
_Float: TypeAlias = npt.NDArray[np.float32]
_Complex: TypeAlias = npt.NDArray[np.complex64]
_Keys: TypeAlias = npt.NDArray[np.int8]
_Flags: TypeAlias = npt.NDArray[np.bool_]


def _ratio(db: float) -> float:
    return float(10 ** (db / 20))


_TONES: Final = np.array([*LOW_HZ, *HIGH_HZ], np.float64)
_HANN: Final = np.hanning(_WINDOW + 1)[:_WINDOW]
_TURN: Final = np.exp(-2j * np.pi * np.outer(np.arange(_WINDOW), _TONES) / SAMPLE_RATE)
_BANK: Final = (_TURN * _HANN[:, None] * 2 / _HANN.sum()).astype(np.complex64)
_REAL_BANK: Final = np.concatenate([_BANK.real, _BANK.imag], axis=1)
_ENERGY: Final = (_HANN * 2 / _HANN.sum()).astype(np.float32)
"""Weights that give ``a²`` for a sine of amplitude ``a``."""
_UNTURN: Final = np.exp(-2j * np.pi * _TONES * HOP / SAMPLE_RATE).astype(np.complex64)
_HERTZ_PER_RADIAN: Final = SAMPLE_RATE / HOP / (2 * np.pi)


class InbandDetector:
    """State for ``capacity`` calls, one row each; rows are the caller's to give out."""

    def __init__(self, capacity: int) -> None:
        self._tail: _Float = np.zeros((capacity, HOP), np.float32)
        self._sums: _Complex = np.zeros((capacity, len(_TONES)), np.complex64)
        self._hertz: _Float = np.zeros((capacity, 2), np.float32)
        self._steady: _Keys = np.full(capacity, _NO_KEY, np.int8)
        self._held: _Keys = np.full(capacity, _NO_KEY, np.int8)
        self._absent = np.zeros(capacity, np.int8)

    def reset(self, row: int) -> None:
        """A new call takes the row."""
        self._tail[row], self._sums[row], self._hertz[row] = 0, 0, 0
        self._steady[row], self._held[row], self._absent[row] = _NO_KEY, _NO_KEY, 0

    def feed(self, rows: npt.ArrayLike, samples: Samples) -> list[tuple[int, KeyPress]]:
        """Audio of ``k`` different rows, ``(k, n)`` int16 with ``n`` a multiple of ``HOP``.

        Returns the presses that began in it, with their rows, in order of time. A press is
        reported once, 40 to 50 ms after its start.
        """
        which = np.asarray(rows, np.intp)
        if samples.shape[0] != which.size or samples.shape[1] % HOP:
            raise ValueError(f"{samples.shape} samples for {which.size} rows, in hops of {HOP}")
        found: list[tuple[int, KeyPress]] = []
        for at in range(0, samples.shape[1], HOP):
            found += self._hop(which, samples[:, at : at + HOP].astype(np.float32))
        return found

    def _hop(self, rows: _Rows, latest: _Float) -> list[tuple[int, KeyPress]]:
        sums, energy = _correlate(np.concatenate([self._tail[rows], latest], axis=1))
        present = _keys_in(sums, energy)
        pair = np.stack([present >> 2 & 3, 4 + (present & 3)], axis=1)
        now, before = (np.take_along_axis(s, pair, axis=1) for s in (sums, self._sums[rows]))
        hertz = _detuning(now, before, pair)
        clear = _steady(now, before, hertz, pair) & _pure(now, hertz, energy)
        unmoved = (np.abs(hertz - self._hertz[rows]) <= _GLIDE_HERTZ).all(axis=1)
        self._tail[rows], self._sums[rows], self._hertz[rows] = latest, sums, hertz
        return self._press(rows, present, np.where(clear, present, _NO_KEY), unmoved)

    def _press(
        self, rows: _Rows, present: _Keys, steady: _Keys, unmoved: _Flags
    ) -> list[tuple[int, KeyPress]]:
        """A key steady for two hops, if not held, is a press; a held one survives short breaks."""
        held = self._held[rows]
        began = (steady != _NO_KEY) & (steady == self._steady[rows]) & unmoved
        began &= steady != held
        still = began | (present == held) & (held != _NO_KEY)
        absent = np.where(still, 0, np.minimum(self._absent[rows] + 1, _RELEASE_HOPS))
        self._held[rows] = np.where(began, steady, np.where(absent < _RELEASE_HOPS, held, _NO_KEY))
        self._absent[rows], self._steady[rows] = absent, steady
        return [
            (int(rows[i]), KeyPress(_KEYS[steady[i]], _SEEN_MS, KeySource.INBAND))
            for i in np.flatnonzero(began)
        ]


def _correlate(frames: _Float) -> tuple[_Complex, _Float]:
    """Each window's eight sums and its energy, both on the scale of a sine's amplitude."""
    parts = frames @ _REAL_BANK
    return parts[:, : len(_TONES)] + 1j * parts[:, len(_TONES) :], np.square(frames) @ _ENERGY


def _keys_in(sums: _Complex, energy: _Float) -> _Keys:
    """The key in each row's window by its levels; -1 for none."""
    size = np.abs(sums)
    low = np.argmax(size[:, :4], axis=1)
    high = np.argmax(size[:, 4:], axis=1)
    at = np.arange(len(sums))
    valid = _levels(size[at, low], size[at, high + 4], energy)
    return np.where(valid, low * 4 + high, _NO_KEY).astype(np.int8)


def _levels(low: _Float, high: _Float, energy: _Float) -> _Flags:
    """Both tones loud enough, neither too loud for the other, nothing else of weight."""
    quiet = np.minimum(low, high) < amplitude(_QUIETEST_DBM0)
    twisted = (high > low * _ratio(_LOUDER_HIGH_DB)) | (high < low * _ratio(_QUIETER_HIGH_DB))
    pure = np.square(low) + np.square(high) >= _FAINTLY_PURE * energy
    return ~quiet & ~twisted & pure


def _detuning(now: _Complex, before: _Complex, pair: _Keys) -> _Float:
    """Hertz above each tone's frequency, by how far its phase turned beyond it within a hop."""
    hertz: _Float = np.angle(now * np.conj(before) * _UNTURN[pair]) * _HERTZ_PER_RADIAN
    return hertz


def _steady(now: _Complex, before: _Complex, hertz: _Float, pair: _Keys) -> _Flags:
    """Both tones on their frequencies and as loud as a hop ago."""
    swell = np.abs(now) / np.maximum(np.abs(before), _FAINT)
    on_tune = np.abs(hertz) <= _FREQUENCY_TOLERANCE * _TONES[pair]
    both = on_tune & (swell < _ratio(_STEADY_DB)) & (swell > _ratio(-_STEADY_DB))
    flags: _Flags = both[:, 0] & both[:, 1]
    return flags


def _pure(now: _Complex, hertz: _Float, energy: _Float) -> _Flags:
    """Little sounds but the two tones, allowing for what the Hann window takes off beside them."""
    bins = np.clip(hertz * _WINDOW / SAMPLE_RATE, -0.9, 0.9)
    size = np.abs(now) * (1 - np.square(bins)) / np.sinc(bins)
    flags: _Flags = np.square(size).sum(axis=1) >= _PURE * energy
    return flags
