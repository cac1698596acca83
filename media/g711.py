"""G.711: 16-bit linear samples to and from one byte each, by table (ITU-T G.711, G.191 rounding).

A table lookup is one vector operation whatever the law, so a prompt or a recording of any length
costs nanoseconds per sample. µ-law takes the upper 14 bits of a sample and A-law the upper 13, as
the software of G.191 does; a decoded value that is encoded again gives the same byte.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]
"""Linear PCM, one dimension, 8,000 a second."""
Encoded: TypeAlias = npt.NDArray[np.uint8]
"""One byte a sample."""

SAMPLE_RATE: Final = 8000


class Codec(StrEnum):
    """Named as in SDP (RFC 3551)."""

    PCMU = "PCMU"
    PCMA = "PCMA"

    @property
    def payload_type(self) -> int:
        """The static RTP payload type (RFC 3551 table 4)."""
        return 0 if self is Codec.PCMU else 8


def encode(samples: Samples, codec: Codec) -> Encoded:
    """Any shape of int16 to the same shape of uint8."""
    return _ENCODE[codec][samples.view(np.uint16)]


def decode(data: bytes | Encoded, codec: Codec) -> Samples:
    """Bytes, or any shape of uint8, to int16."""
    encoded = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    return _DECODE[codec][encoded]


def silence(codec: Codec) -> int:
    """The byte for a sample of zero."""
    return int(_ENCODE[codec][0])


def _bit_length(magnitude: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    exponent: npt.NDArray[np.int32] = np.frexp(magnitude.astype(np.float64))[1]
    return exponent


def _mu_law_encoder() -> Encoded:
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(linear < 0, ~linear, linear) >> 2
    biased = np.minimum(magnitude + 33, 0x1FFF)
    chord = _bit_length(biased) - 6
    code = (chord << 4) | ((biased >> (chord + 1)) & 0x0F)
    signed: Encoded = (~code & 0x7F | np.where(linear < 0, 0, 0x80)).astype(np.uint8)
    return signed


def _mu_law_decoder() -> Samples:
    code = ~np.arange(256, dtype=np.int32)
    chord, step = (code >> 4) & 0x07, code & 0x0F
    magnitude = ((2 * step + 33) << chord) - 33
    return (np.where(code & 0x80, -magnitude, magnitude) * 4).astype(np.int16)


def _a_law_encoder() -> Encoded:
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(linear < 0, ~linear, linear) >> 4
    chord = np.maximum(_bit_length(magnitude) - 4, 0)
    code = (chord << 4) | ((magnitude >> np.maximum(chord - 1, 0)) & 0x0F)
    signed: Encoded = ((code | np.where(linear < 0, 0, 0x80)) ^ 0x55).astype(np.uint8)
    return signed


def _a_law_decoder() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    chord, step = (code >> 4) & 0x07, code & 0x0F
    curved = (2 * step + 33) << np.maximum(chord - 1, 0)
    magnitude = np.where(chord == 0, 2 * step + 1, curved) * 8
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_ENCODE: Final = {Codec.PCMU: _mu_law_encoder(), Codec.PCMA: _a_law_encoder()}
_DECODE: Final = {Codec.PCMU: _mu_law_decoder(), Codec.PCMA: _a_law_decoder()}
