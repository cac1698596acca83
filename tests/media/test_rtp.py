from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp, rtp, socket_filter
from media.playlist import frames, samples

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@given(st.integers(0, 127), st.booleans(), U16, U32, U32, st.binary(max_size=300))
def test_a_bare_packet(kind, marker, sequence, timestamp, ssrc, payload):
    header = struct.pack("!BBHII", 0x80, kind | marker << 7, sequence, timestamp, ssrc)
    expected = rtp.Packet(kind, marker, sequence, timestamp, ssrc, payload)
    assert rtp.parse(header + payload) == expected


@given(st.lists(U32, max_size=15), st.none() | st.integers(0, 5), st.integers(0, 9), st.binary())
def test_sources_extension_and_padding_are_left_out(sources, words, padding, payload):
    flags = 0x80 | len(sources) | (0x10 if words is not None else 0) | (0x20 if padding else 0)
    packet = struct.pack(f"!BBHII{len(sources)}I", flags, 0, 1, 2, 3, *sources)
    if words is not None:
        packet += struct.pack("!HH", 0xBEDE, words) + bytes(4 * words)
    packet += payload + bytes(padding - 1) + bytes([padding]) if padding else payload
    parsed = rtp.parse(packet)
    assert parsed is not None
    assert parsed.payload == payload


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_nothing(datagram):
    packet = rtp.parse(datagram)
    assert packet is None or len(packet.payload) <= len(datagram) - 12
    rtcp.parse(datagram)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80" * 11,
        b"\x40" + bytes(20),
        b"\x8f" + bytes(20),
        b"\x90" + bytes(13),
        b"\x90" + bytes(13) + b"\x00\xff" + bytes(8),
        b"\xa0" + bytes(20),
        b"\xa0" + bytes(11) + b"\x02",
    ],
)
def test_lengths_that_do_not_add_up(datagram):
    assert rtp.parse(datagram) is None


def test_reception_counts_through_the_wrap_of_the_sequence_number():
    reception = rtp.Reception(7, 65000)
    for sequence in range(65000, 65000 + 1200):
        if sequence % 100:
            reception.heard(sequence & 0xFFFF)
    assert reception.expected == 1200
    assert reception.expected - reception.received == 12
    assert reception.extended_highest == 66199


def test_reordering_is_no_loss_and_a_restart_begins_anew():
    reception = rtp.Reception(7, 10)
    for sequence in (10, 12, 11, 13, 40_000, 40_001):
        reception.heard(sequence)
    assert reception.expected == reception.received == 6


def test_jitter_is_that_of_rfc_3550():
    reception = rtp.Reception(7, 0)
    for n in range(200):
        reception.sampled(n, (n * 160 - 1000) & 0xFFFFFFFF, n * 0.02 + (n % 2) * 0.004)
    assert reception.jitter == pytest.approx(0.004, rel=0.01)
    steady = rtp.Reception(7, 0)
    for n in range(200):
        steady.sampled(n, (n * 160 - 1000) & 0xFFFFFFFF, n * 0.02)
    assert steady.jitter == pytest.approx(0, abs=1e-9)


def test_a_compound_of_reports():
    block = struct.pack("!IIIIII", 9, 64 << 24 | 0xFFFFFF, 70000, 80, 5, 6)
    sender = struct.pack("!BBHIQIII", 0x81, 200, 12, 1, 2 << 32, 3, 4, 5) + block
    description = struct.pack("!BBHIBB", 0x81, 202, 2, 1, 1, 2) + b"ab"
    goodbye = struct.pack("!BBHI", 0x81, 203, 1, 1)
    assert rtcp.parse(sender + description + goodbye) == (
        rtcp.SenderReport(1, 2 << 32, 3, 4, 5, (rtcp.Block(9, 0.25, -1, 70000, 80, 5, 6),)),
        rtcp.Goodbye((1,)),
    )
    assert rtp.is_rtcp(sender)


@pytest.mark.parametrize("datagram", [b"\x81\xc8\x00\x01" + bytes(4), b"\x80\xc9\x00\x02", b"\x80"])
def test_reports_that_are_cut_short(datagram):
    assert rtcp.parse(datagram) is None


@given(st.lists(st.binary(max_size=400), max_size=8), st.sampled_from([80, 160, 480]))
def test_frames_join_clips_without_a_gap(parts, size):
    clips = [np.frombuffer(part, np.uint8) for part in parts]
    cut = [bytes(frame) for frame in frames(clips, size, 0xD5)]
    whole = b"".join(parts)
    assert samples(clips) == len(whole)
    assert all(len(frame) == size for frame in cut)
    assert b"".join(cut) == whole + b"\xd5" * (-len(whole) % size)


def test_a_filter_that_the_kernel_refuses_is_done_without(far_end):
    assert socket_filter.attach(far_end.socket, socket_filter.program((101, 96)))
    assert not socket_filter.attach(far_end.socket, b"\xff" * 8)
