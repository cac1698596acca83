"""Every one of the 65,536 samples and 256 bytes against G.711's tables, computed the slow way."""

from __future__ import annotations

import io
from bisect import bisect_right
from functools import cache

import numpy as np
import pytest
import soundfile

from media import g711
from media.g711 import Codec

EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
EVERY_BYTE = np.arange(256, dtype=np.uint8)


@cache
def mu_law_decisions() -> list[int]:
    """Table 2a of G.711, column 3: the 128 decision values below the virtual end, of 8159."""
    decisions = [0, 1]
    for chord in range(8):
        for _ in range(16 if chord else 15):
            decisions.append(decisions[-1] + (2 << chord))
    return decisions[:128]


@cache
def a_law_decisions() -> list[int]:
    """Table 1a of G.711, column 3: the 128 decision values of 4096, on a scale of 2048 · 2."""
    decisions = [0]
    for chord in range(8):
        for _ in range(16):
            decisions.append(decisions[-1] + (1 << max(chord - 1, 0)))
    return decisions[:128]


def code_of(sample: int, codec: Codec) -> int:
    shift = 2 if codec is Codec.PCMU else 4
    decisions = mu_law_decisions() if codec is Codec.PCMU else a_law_decisions()
    magnitude = (sample if sample >= 0 else -sample - 1) >> shift
    interval = bisect_right(decisions, magnitude) - 1
    if codec is Codec.PCMU:
        return (0xFF if sample >= 0 else 0x7F) - interval
    return (interval | (0x80 if sample >= 0 else 0)) ^ 0x55


@pytest.mark.parametrize("codec", Codec)
def test_every_sample_is_encoded_as_the_table_says(codec: Codec) -> None:
    expected = np.array([code_of(int(sample), codec) for sample in EVERY_SAMPLE], np.uint8)
    assert np.array_equal(g711.encode(EVERY_SAMPLE, codec), expected)


@pytest.mark.parametrize("codec", Codec)
def test_every_byte_is_decoded_to_the_middle_of_its_interval(codec: Codec) -> None:
    shift = 2 if codec is Codec.PCMU else 4
    ends = [*mu_law_decisions(), 8159] if codec is Codec.PCMU else [*a_law_decisions(), 2048]
    for byte in range(256):
        code = byte ^ (0xFF if codec is Codec.PCMU else 0xD5)
        low, high = ends[code & 0x7F], ends[(code & 0x7F) + 1]
        if codec is Codec.PCMU and code & 0x7F == 0:
            high = -low  # the first interval is centred on zero
        middle = (low + high << shift) // 2
        expected = -middle if code & 0x80 else middle
        assert g711.decode(bytes([byte]), codec)[0] == expected, byte


@pytest.mark.parametrize(("codec", "subtype"), [(Codec.PCMU, "ULAW"), (Codec.PCMA, "ALAW")])
def test_libsndfile_decodes_the_same(codec: Codec, subtype: str) -> None:
    raw = io.BytesIO(EVERY_BYTE.tobytes())
    peer, _ = soundfile.read(
        raw, dtype="int16", format="RAW", subtype=subtype, samplerate=8000, channels=1
    )
    assert np.array_equal(g711.decode(EVERY_BYTE, codec), peer)


@pytest.mark.parametrize("codec", Codec)
def test_a_decoded_byte_encodes_to_itself(codec: Codec) -> None:
    again = g711.encode(g711.decode(EVERY_BYTE, codec), codec)
    expected = EVERY_BYTE.copy()
    if codec is Codec.PCMU:
        expected[0x7F] = 0xFF  # minus zero
    assert np.array_equal(again, expected)


def test_silence_and_payload_types() -> None:
    assert [g711.silence(codec) for codec in Codec] == [0xFF, 0xD5]
    assert [codec.payload_type for codec in Codec] == [0, 8]


def test_shapes_are_kept() -> None:
    block = EVERY_SAMPLE[:320].reshape(2, 160)
    encoded = g711.encode(block, Codec.PCMA)
    assert encoded.shape == (2, 160)
    assert g711.decode(encoded, Codec.PCMA).shape == (2, 160)
    assert encoded.dtype == np.uint8
