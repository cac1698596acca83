"""A call as it stands on the wire: spacing, numbering, and the audio to the last sample."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from engine.program.report import CallReport
from media import rtp
from media.dictionaries import grammar
from media.dictionaries.pack import SystemPack
from media.g711 import Codec, Samples, decode, encode
from tests.call.capture import Capture, Datagram, read_pcap
from tests.call.peers import demand_program, demand_raw_sockets
from tests.call.switchboard import (
    HANGUP,
    Switchboard,
    audio,
    dial,
    graph,
    play,
    say,
    speechlike,
    switchboard,
)
from tests.sip.sipp import Sipp

SCENARIO = Path(__file__).parent / "scenarios" / "answers.xml"
FRAME = 160
PAYLOAD_TYPES = {Codec.PCMU: 0, Codec.PCMA: 8}
NUMBER = {"type": "number", "value": 42, "language": "en"}


def telephoned(samples: Samples, codec: Codec) -> Samples:
    """What is left of the samples after G.711."""
    return decode(encode(samples, codec), codec)


def spoken(codec: Codec) -> Samples:
    """The clips of ``NUMBER``, one after another."""
    keys = grammar("en").number(Decimal(NUMBER["value"]), "masculine")
    clips = [SystemPack.load("en").samples(key) for key in keys]
    assert len(clips) > 1
    return telephoned(np.concatenate(clips), codec)


def free_port() -> int:
    """An even one, as RTP wants it."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port % 2 == 0:
            return port


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    demand_program("sipp", "sip-tester")
    demand_program("tcpdump", "tcpdump")
    demand_raw_sockets("tcpdump")
    async with switchboard(tmp_path) as made:
        yield made


async def captured(
    board: Switchboard, codec: Codec, flow: dict[str, Any]
) -> tuple[CallReport, list[Datagram]]:
    """A call to SIPp in that codec, and the RTP that it was sent."""
    port = free_port()
    keys = ["-key", "payload", str(PAYLOAD_TYPES[codec]), "-key", "encoding", codec.value]
    options = ["-mp", str(port), *keys]
    async with Capture.of(port) as capture, Sipp.called(SCENARIO, 1, *options) as sipp:
        report = await board.call(sipp.address, "+212600000001", flow)
        packets = await capture.packets()
    return report, [packet for packet in packets if packet.target[1] == port]


def parsed(packets: list[Datagram]) -> list[rtp.Packet]:
    found = [rtp.parse(packet.payload) for packet in packets]
    assert None not in found
    return [packet for packet in found if packet is not None]


@pytest.mark.peer
@pytest.mark.parametrize("codec", list(Codec))
async def test_a_call_on_the_wire(board: Switchboard, codec: Codec) -> None:
    board.clips.audio |= {"odd": speechlike(0.3)[:-77], "whole": speechlike(0.4, 170)}
    items = [*audio("odd"), NUMBER, *audio("bye", "odd")]
    flow = graph(dial(), play("whole"), say(*items, id="sequence"), HANGUP)
    report, datagrams = await captured(board, codec, flow)
    packets = parsed(datagrams)
    assert report.quality is not None

    assert len(packets) == report.quality["sent"]
    assert len({packet.ssrc for packet in packets}) == 1
    assert {packet.payload_type for packet in packets} == {PAYLOAD_TYPES[codec]}
    assert {len(packet.payload) for packet in packets} == {FRAME}
    numbering(packets, skipped=report.quality["skipped"])
    gaps_ms = [(later.at_ns - earlier.at_ns) / 1e6 for earlier, later in pairwise(datagrams)]
    assert median(gaps_ms) == pytest.approx(20, abs=1)

    heard = decode(b"".join(packet.payload for packet in packets), codec)
    clip = {name: telephoned(made, codec) for name, made in board.clips.audio.items()}
    assert begins_a_packet(clip["whole"], heard)
    sequence = [clip["odd"], spoken(codec), clip["bye"], clip["odd"]]
    assert begins_a_packet(np.concatenate(sequence), heard)


def numbering(packets: list[rtp.Packet], *, skipped: object) -> None:
    """Sequence + 1 and timestamp + 160 throughout, the marker on the first packet alone. Only an
    instant that the engine counts as skipped, on a machine too busy, may move the timestamp on,
    and the marker says so (RFC 3551 section 4.1)."""
    jumps = 0
    assert packets[0].marker
    for earlier, later in pairwise(packets):
        assert later.sequence == (earlier.sequence + 1) & 0xFFFF
        step = (later.timestamp - earlier.timestamp) & 0xFFFFFFFF
        assert (step % FRAME, later.marker) == (0, step != FRAME)
        jumps += step // FRAME - 1
    assert jumps == skipped


def begins_a_packet(clip: Samples, heard: Samples) -> bool:
    """The clip is heard, sample for sample, from the start of a packet on."""
    at = heard.tobytes().find(clip.tobytes())
    return at >= 0 and at % (FRAME * clip.itemsize) == 0


# --- The reader --------------------------------------------------------------------------------

IP = bytes.fromhex("4500 0020 0000 0000 4011 0000 7f000001 7f000002")
UDP = struct.pack("!HHHH", 5060, 6000, 12, 0) + b"ping"
LINKS = {
    0: b"\x02\0\0\0",
    1: bytes(12) + b"\x08\x00",
    101: b"",
    113: bytes(14) + b"\x08\x00",
    276: b"\x08\x00" + bytes(18),
}


def pcap(*frames: bytes, link: int = 101, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    file = struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65535, link)
    for frame in frames:
        file += struct.pack(f"{order}IIII", 7, 500, len(frame), len(frame)) + frame
    return file


@pytest.mark.parametrize("link", LINKS)
def test_a_datagram_is_read_under_every_link_header(link: int) -> None:
    [packet] = read_pcap(pcap(LINKS[link] + IP + UDP, link=link))
    assert packet == Datagram(7_000_500_000, ("127.0.0.1", 5060), ("127.0.0.2", 6000), b"ping")


def test_both_byte_orders_and_both_units_are_read() -> None:
    [microseconds] = read_pcap(pcap(IP + UDP, order=">"))
    [nanoseconds] = read_pcap(pcap(IP + UDP, magic=0xA1B23C4D))
    assert (microseconds.at_ns, nanoseconds.at_ns) == (7_000_500_000, 7_000_000_500)


def test_what_is_no_whole_udp_datagram_is_left_out() -> None:
    tcp = IP[:9] + b"\x06" + IP[10:]
    fragment = IP[:6] + b"\x20\x00" + IP[8:]
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    assert list(read_pcap(pcap(tcp + UDP, fragment + UDP, b"\x60" + bytes(39), b"\x45"))) == []
    assert list(read_pcap(pcap(arp, link=1))) == []
    cut_off = pcap(IP + UDP, IP + UDP)[:-3]
    assert len(list(read_pcap(cut_off))) == 1
