"""Packets lost, repeated, overtaken, paused and renumbered: the order and the length are kept."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import g711
from media.concealment import conceal
from media.g711 import Codec, Samples
from media.jitter import JitterBuffer

PACKET = 160


def ramp(packets: int, size: int = PACKET) -> list[bytes]:
    """Payloads that a listener can tell apart: byte after byte of a long count."""
    counted = np.arange(packets * size, dtype=np.uint32)
    codes = (counted // 251 * 7 + counted) % 251
    data = codes.astype(np.uint8).tobytes()
    return [data[i * size : (i + 1) * size] for i in range(packets)]


class Line:
    """Packets with a sequence number and a timestamp that start anywhere, and wrap."""

    def __init__(self, packets: int, sequence: int = 100, timestamp: int = 1000) -> None:
        self.payloads = ramp(packets)
        self.packets = [
            (sequence + i & 0xFFFF, timestamp + i * PACKET & 0xFFFFFFFF, payload)
            for i, payload in enumerate(self.payloads)
        ]

    @property
    def samples(self) -> Samples:
        return decoded(*self.payloads)


def decoded(*payloads: bytes) -> Samples:
    return g711.decode(b"".join(payloads), Codec.PCMU)


def heard(packets: list[tuple[int, int, bytes]], buffer: JitterBuffer | None = None) -> Samples:
    buffer = buffer or JitterBuffer(Codec.PCMU)
    parts = []
    for packet in packets:
        buffer.push(*packet)
        parts.append(buffer.pop())
    return np.concatenate([*parts, buffer.flush()])


def test_a_clean_line_passes_without_delay() -> None:
    line, buffer = Line(20), JitterBuffer(Codec.PCMU)
    for packet, payload in zip(line.packets, line.payloads, strict=True):
        buffer.push(*packet)
        assert np.array_equal(buffer.pop(), decoded(payload))
    assert (buffer.lost_samples, buffer.dropped, buffer.restarts) == (0, 0, 0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.randoms())
def test_reordering_and_repetition_change_nothing(
    sequence: int, timestamp: int, chance: random.Random
) -> None:
    line = Line(60, sequence, timestamp)
    delayed = sorted(enumerate(line.packets), key=lambda p: p[0] and p[0] + chance.uniform(0, 6))
    sent = [packet for _, packet in delayed]
    for _ in range(10):
        at = chance.randrange(len(sent))
        sent.insert(min(at + chance.randint(1, 5), len(sent)), sent[at])
    assert np.array_equal(heard(sent), line.samples)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.randoms())
def test_loss_keeps_the_order_and_the_length(
    sequence: int, timestamp: int, chance: random.Random
) -> None:
    line = Line(60, sequence, timestamp)
    kept = [0, *sorted(chance.sample(range(1, 59), chance.randint(5, 58))), 59]
    late = sorted(kept, key=lambda i: i and i + chance.uniform(0, 5))
    buffer = JitterBuffer(Codec.PCMU)
    samples = heard([line.packets[i] for i in late], buffer)
    assert samples.size == 60 * PACKET
    assert buffer.lost_samples == (60 - len(kept)) * PACKET
    for i in kept:
        assert np.array_equal(samples[i * PACKET :][:PACKET], decoded(line.payloads[i])), i


def test_what_is_missing_is_waited_for_no_longer_than_the_depth() -> None:
    line, buffer = Line(30), JitterBuffer(Codec.PCMU, depth_ms=100)
    sizes = []
    for packet in [*line.packets[:3], *line.packets[4:12]]:
        buffer.push(*packet)
        sizes.append(buffer.pop().size // PACKET)
    assert sizes == [1, 1, 1, 0, 0, 0, 0, 6, 1, 1, 1]
    buffer.push(*line.packets[3])
    assert (buffer.pop().size, buffer.dropped) == (0, 1)


def test_a_pause_of_the_sender_is_silence_at_once() -> None:
    line, buffer = Line(4), JitterBuffer(Codec.PCMU)
    later = [(s, t + 16000, payload) for s, t, payload in line.packets[2:]]
    samples = heard([*line.packets[:2], *later], buffer)
    expected = [decoded(*line.payloads[:2]), np.zeros(16000), decoded(*line.payloads[2:])]
    assert np.array_equal(samples, np.concatenate(expected))
    assert buffer.lost_samples == 0


@pytest.mark.parametrize("jump", [-5 * 8000, -40, 3_000_000, 2**31 + 5])
def test_a_new_time_line_is_joined_on(jump: int) -> None:
    line, buffer = Line(20), JitterBuffer(Codec.PCMU)
    moved = [(s, t + jump & 0xFFFFFFFF, payload) for s, t, payload in line.packets[10:]]
    assert np.array_equal(heard(line.packets[:10] + moved, buffer), line.samples)
    assert buffer.restarts == 1


def test_a_new_sender_is_believed_with_its_second_packet() -> None:
    first, second, buffer = Line(5), Line(5, 40_000, 9_000_000), JitterBuffer(Codec.PCMU)
    samples = heard(first.packets + second.packets, buffer)
    assert np.array_equal(samples, np.concatenate([first.samples, second.samples]))


def test_one_stray_packet_is_not_heard() -> None:
    line = Line(20)
    sent = [*line.packets[:7], (50_000, 77, b"\x00" * 160), *line.packets[7:]]
    assert np.array_equal(heard(sent), line.samples)


def test_an_old_number_with_a_far_timestamp_causes_no_silence() -> None:
    line, buffer = Line(20), JitterBuffer(Codec.PCMU)
    forged = (line.packets[3][0], 2**30, b"\x00" * 160)
    assert np.array_equal(
        heard([*line.packets[:7], forged, *line.packets[7:]], buffer), line.samples
    )
    assert buffer.dropped == 1


def test_packet_times_may_change_and_overlap() -> None:
    data = b"".join(ramp(4))
    cuts = [(0, 160), (160, 240), (200, 400), (400, 640)]
    sent = [(i, start, data[start:end]) for i, (start, end) in enumerate(cuts)]
    buffer = JitterBuffer(Codec.PCMU)
    samples = heard(sent, buffer)
    assert np.array_equal(samples[:240], decoded(data[:240]))
    assert np.array_equal(samples[-240:], decoded(data[400:]))


def test_nothing_came_for_a_while() -> None:
    line, buffer = Line(10), JitterBuffer(Codec.PCMU)
    before = heard(line.packets[:5], buffer)
    buffer.pass_over(800)
    assert not buffer.pop().any()
    after = heard(line.packets[5:], buffer)
    assert np.array_equal(np.concatenate([before, after]), line.samples)


def test_passing_over_before_the_first_packet() -> None:
    line, buffer = Line(3), JitterBuffer(Codec.PCMA)
    buffer.pass_over(320)
    assert buffer.pop().size == 320
    assert heard(line.packets, buffer).size == 480


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.binary(max_size=200)),
        max_size=30,
    )
)
def test_any_packets_are_survived(packets: list[tuple[int, int, bytes]]) -> None:
    buffer = JitterBuffer(Codec.PCMA)
    heard(packets, buffer)
    assert buffer.flush().size == 0


def test_a_lost_packet_of_a_voice_is_concealed_by_its_pitch() -> None:
    time = np.arange(1600) / 8000
    voice = (9000 * np.sin(2 * np.pi * 160 * time) + 3000 * np.sin(2 * np.pi * 320 * time)).astype(
        np.int16
    )
    concealed = conceal(voice[:800], 80).astype(float)
    assert np.corrcoef(concealed, voice[800:880])[0, 1] > 0.98
    assert np.abs(concealed).max() <= np.abs(voice).max()


def test_a_long_loss_fades_to_silence() -> None:
    voice = (8000 * np.sin(np.arange(800) / 6)).astype(np.int16)
    concealed = conceal(voice, 1600)
    assert concealed.size == 1600
    assert np.abs(concealed[:100]).max() > 6000
    assert not concealed[480:].any()


def test_there_is_nothing_to_conceal_with_at_the_start() -> None:
    assert not conceal(np.zeros(0, np.int16), 160).any()
    assert not conceal(np.zeros(800, np.int16), 160).any()
