"""Keys of a telephone: RFC 4733 events in and out, tones, and one key counted once.

A press may arrive as RTP events, as a SIP INFO and as a tone in the audio (``media.inband``), and
a carrier may deliver it in two of these ways at once. Each way yields ``KeyPress``;
``KeyFilter`` lets the first through and knows the others for what they are.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from media.g711 import SAMPLE_RATE, Samples

KEYS: Final = "0123456789*#ABCD"
"""In the order of their event codes (RFC 4733 table 3)."""

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYPAD: Final = ("123A", "456B", "789C", "*0#D")
"""Rows by low tone, columns by high tone (ITU-T Q.23)."""


class KeySource(StrEnum):
    RTP = "rtp"
    INFO = "info"
    INBAND = "inband"


@dataclass(frozen=True, slots=True)
class KeyPress:
    key: str
    duration_ms: int
    """As far as it was known when the press was reported; a press is reported as it starts."""
    source: KeySource


# --- RFC 4733 ----------------------------------------------------------------------------------

_EVENT = struct.Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 0x3F
_LONGEST: Final = 0xFFFF
_END_PACKETS: Final = 3
_REMEMBERED: Final = 16


@dataclass(slots=True)
class EventReceiver:
    """Telephone-event payloads of one RTP stream to presses, each reported once.

    All packets of an event carry the timestamp of its start (RFC 4733 §2.2.1), so a timestamp
    that was seen is the same press, whatever was lost, repeated or overtaken. A press longer than
    the duration field goes on in segments (§2.5.1.3), and some gateways move the timestamp with
    each packet: a timestamp within the same key's known duration is the same press too, since no
    key starts again before it ended.
    """

    clock_rate: int = SAMPLE_RATE
    malformed: int = 0
    """Payloads too short to hold an event."""
    ignored: int = 0
    """Events that are no key: flash, fax and modem tones."""
    _seen: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _code: int = -1
    _start: int = 0
    _duration: int = 0

    def feed(self, payload: bytes, rtp_timestamp: int) -> KeyPress | None:
        """The press, if this payload is the first of it; ``None`` for everything else."""
        if len(payload) < _EVENT.size:
            self.malformed += 1
            return None
        code, _, duration = _EVENT.unpack_from(payload)
        if code >= len(KEYS):
            self.ignored += 1
            return None
        if rtp_timestamp in self._seen:
            self._extend(rtp_timestamp, duration)
            return None
        self._seen.append(rtp_timestamp)
        continues = code == self._code and self._continues(rtp_timestamp)
        self._code, self._start, self._duration = code, rtp_timestamp, duration
        if continues:
            return None
        return KeyPress(KEYS[code], duration * 1000 // self.clock_rate, KeySource.RTP)

    def _extend(self, timestamp: int, duration: int) -> None:
        if timestamp == self._start:
            self._duration = max(self._duration, duration)

    def _continues(self, timestamp: int) -> bool:
        return 0 < (timestamp - self._start) & 0xFFFFFFFF <= self._duration


def event_payloads(
    key: str,
    duration_ms: int,
    *,
    packet_ms: int = 20,
    level_dbm0: int = -10,
    clock_rate: int = SAMPLE_RATE,
) -> list[bytes]:
    """The payloads of one press, to be sent ``packet_ms`` apart, all with one RTP timestamp.

    Updates with a growing duration, then the end three times (RFC 4733 §2.5.1.4). The first packet
    takes the marker bit; the sequence number grows by one with each. Raises ``ValueError`` for
    what is no key and for a press that one event cannot hold.
    """
    total = duration_ms * clock_rate // 1000
    if key not in KEYS or len(key) != 1 or not 0 < total <= _LONGEST:
        raise ValueError(f"no event for key {key!r} of {duration_ms} ms")
    code, volume, step = KEYS.index(key), -level_dbm0 & _VOLUME, packet_ms * clock_rate // 1000
    updates = [_EVENT.pack(code, volume, length) for length in range(step, total, step)]
    return updates + [_EVENT.pack(code, _END | volume, total)] * _END_PACKETS


# --- One key, once -----------------------------------------------------------------------------

_SKEW_S: Final = 1.0


@dataclass(slots=True)
class _Counted:
    key: str
    at: float
    sources: set[KeySource]


@dataclass(slots=True)
class KeyFilter:
    """Lets the first report of each press through, and drops it when it comes by another way.

    A way repeats no press by itself, so a second report of a key by the same way is a second
    press; a report by another way belongs to the oldest press of that key, within a second, that
    this way has not reported. Two quick presses delivered twice are thus two.
    """

    repeated: int = 0
    """Reports dropped because another way had delivered the press."""
    _recent: deque[_Counted] = field(default_factory=deque)

    def accept(self, press: KeyPress, at: float) -> bool:
        """True for the first report of a press; ``at`` is monotonic seconds."""
        self._forget(at)
        began = at - (press.duration_ms / 1000 if press.source is KeySource.INFO else 0.0)
        for counted in self._recent:
            same = counted.key == press.key and press.source not in counted.sources
            if same and abs(began - counted.at) <= _SKEW_S:
                counted.sources.add(press.source)
                self.repeated += 1
                return False
        self._recent.append(_Counted(press.key, began, {press.source}))
        return True

    def _forget(self, at: float) -> None:
        longest = _LONGEST / SAMPLE_RATE
        while self._recent and at - self._recent[0].at > longest + _SKEW_S:
            self._recent.popleft()


# --- Tones -------------------------------------------------------------------------------------

FULL_SCALE_DBM0: Final = 3.17
"""A sine that just fills the µ-law range (G.711 §4)."""


def amplitude(level_dbm0: float) -> float:
    """The peak, in 16-bit samples, of a sine of that level."""
    return float(32767 * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20))


def tones(
    keys: Iterable[str],
    *,
    tone_ms: float = 100,
    gap_ms: float = 100,
    level_dbm0: float = -10,
    twist_db: float = 0,
    offset: float = 0,
) -> Samples:
    """The keys as they sound on the line, 8 kHz, each followed by its gap.

    ``level_dbm0`` is that of the low tone, ``twist_db`` how much louder the high tone is, and
    ``offset`` the error of both frequencies as a fraction (0.015: 1.5 % high).
    """
    time = np.arange(round(tone_ms * SAMPLE_RATE / 1000)) / SAMPLE_RATE
    gap = np.zeros(round(gap_ms * SAMPLE_RATE / 1000))
    parts = [np.zeros(0)]
    for low, high in map(_pair, keys):
        turns = 2 * np.pi * (1 + offset) * time
        first = amplitude(level_dbm0) * np.sin(low * turns)
        parts += [first + amplitude(level_dbm0 + twist_db) * np.sin(high * turns), gap]
    return np.clip(np.concatenate(parts), -32768, 32767).astype(np.int16)


def _pair(key: str) -> tuple[int, int]:
    for low, row in zip(LOW_HZ, KEYPAD, strict=True):
        if len(key) == 1 and key in row:
            return low, HIGH_HZ[row.index(key)]
    raise ValueError(f"{key!r} is no key of a telephone")
