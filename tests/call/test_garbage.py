"""Garbage on the SIP and RTP ports of a caller: counted, and the call beside it unharmed."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from engine.program.outcome import Result
from engine.program.report import CallReport
from engine.sip.sdp import offer
from media.g711 import Codec, Samples, decode, encode
from tests.call.handset import Handset
from tests.call.switchboard import (
    HANGUP,
    Switchboard,
    dial,
    graph,
    menu,
    play,
    speechlike,
    switchboard,
)

FLOW = graph(dial(), menu("asked"), play("bye"), HANGUP, menu={"branches": {"5": "play"}})
TORTURE = Path(__file__).parent.parent / "sip" / "torture"
STRANGER = "127.0.0.2"
A_LAW_SILENCE = b"\xd5" * 160
REPORT = bytes.fromhex("80c90001 00000001")
"""An empty receiver report."""


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    """Nothing may raise, not even where only the loop would be told."""
    problems: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: problems.append(context))
    async with switchboard(tmp_path) as made:
        made.clips.audio["asked"] = speechlike(0.4, 180)
        yield made
    assert problems == []


@pytest.fixture
async def handset() -> AsyncIterator[Handset]:
    async with Handset.waiting() as made:
        yield made


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """A socket of another host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((STRANGER, 0))
        yield sock


def rtp_junk(chance: random.Random) -> Iterator[bytes]:
    """What is no packet that anybody agreed to."""
    yield from (b"", b"\x80", b"\x80\x08" + bytes(9))
    yield b"\x00\x08" + bytes(170)  # RTP version 0
    yield b"\x8f\x08" + bytes(20)  # more contributing sources than bytes
    yield b"\xa0\x08" + bytes(10) + b"\xff"  # all padding
    yield b"\x90\x08" + bytes(10) + b"\xbe\xde\xff\xff"  # an endless header extension
    yield b"\x80\x60" + bytes(170)  # payload type 96
    yield from (REPORT, REPORT[:5], b"\x81\xc8\xff\xff" + bytes(4), b"\x80\xcb\x00\x01none")
    yield b"\x80\xe5" + bytes(10) + b"\xff"  # half a telephone event
    yield from (bytes(60_000), chance.randbytes(9000))
    yield from (b"\x40" + chance.randbytes(chance.randrange(200)) for _ in range(50))


def sip_junk(chance: random.Random, target: tuple[str, int]) -> Iterator[bytes]:
    invite = whole_invite(target)
    yield from (invite[:length] for length in range(0, len(invite), 7))
    yield from (flipped(invite, chance) for _ in range(50))
    yield from (chance.randbytes(chance.randrange(1500)) for _ in range(50))
    yield from (bytes(65_000), b"\r\n\r\n", invite[:200] + b"X: " + b"a" * 60_000)
    yield from (path.read_bytes() for path in sorted(TORTURE.glob("*.dat")))
    yield from (forged(method, target) for method in ("BYE", "CANCEL", "INFO", "NOTIFY"))
    yield b"SIP/2.0 200 OK\r\n" + invite.partition(b"\r\n")[2]


def whole_invite(target: tuple[str, int]) -> bytes:
    sdp = offer(STRANGER, 4000)
    return forged("INVITE", target)[:-2] + b"Content-Length: %d\r\n\r\n" % len(sdp) + sdp


def forged(method: str, target: tuple[str, int]) -> bytes:
    host, port = target
    return (
        f"{method} sip:gomobile@{host}:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {STRANGER}:5060;branch=z9hG4bKforged{method}\r\n"
        f"From: <sip:eve@{STRANGER}>;tag=eve\r\n"
        f"To: <sip:gomobile@{host}>;tag=guessed\r\n"
        "Call-ID: guessed\r\n"
        f"CSeq: 7 {method}\r\n"
        f"Contact: <sip:eve@{STRANGER}>\r\n"
        "Max-Forwards: 70\r\n\r\n"
    ).encode()


def flipped(message: bytes, chance: random.Random) -> bytes:
    changed = bytearray(message)
    for _ in range(5):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


async def shower(sock: socket.socket, target: tuple[str, int], junk: Iterator[bytes]) -> None:
    """All of it, a few at a time, so that no buffer overflows."""
    for position, datagram in enumerate(junk):
        sock.sendto(datagram, target)
        if position % 10 == 9:
            await asyncio.sleep(0.005)


async def press_and_end(handset: Handset, call: asyncio.Task[CallReport]) -> CallReport:
    """The last part of ``FLOW``."""
    await handset.talk(A_LAW_SILENCE)
    await handset.press(5)
    return await call


def unharmed(board: Switchboard, handset: Handset, report: CallReport) -> None:
    assert report.outcome.result is Result.COMPLETED
    assert report.variables == {"choice": "5"}
    assert [event.type for event in report.events if event.type == "key"] == ["key"]
    assert [step.node_id for step in report.path] == ["dial", "menu", "play", "end"]
    assert hears(handset, board.clips.audio["asked"])
    assert hears(handset, board.clips.audio["bye"])
    assert board.plane.streams == 0


def hears(handset: Handset, clip: Samples) -> bool:
    telephoned = decode(encode(clip, Codec.PCMA), Codec.PCMA)
    return telephoned.tobytes() in handset.heard.tobytes()


async def prompt_over(board: Switchboard, handset: Handset) -> None:
    """A key before that would cut the prompt short."""
    while not hears(handset, board.clips.audio["asked"]):
        await asyncio.sleep(0.02)


async def test_garbage_on_the_sip_port(
    board: Switchboard, handset: Handset, stranger: socket.socket
) -> None:
    call = asyncio.create_task(board.call(handset.address, "+212600000001", FLOW))
    await handset.caller()
    target = board.endpoint.address
    await shower(stranger, target, sip_junk(random.Random(5), target))
    await prompt_over(board, handset)
    unharmed(board, handset, await press_and_end(handset, call))
    counters = board.endpoint.counters
    assert counters["malformed"] > 100
    assert counters["unmatched_request"] >= 4
    assert counters["unmatched_response"] >= 1


async def test_a_stranger_on_the_rtp_port(
    board: Switchboard, handset: Handset, stranger: socket.socket
) -> None:
    """Before the callee was heard, when any of its ports may speak, and after."""
    call = asyncio.create_task(board.call(handset.address, "+212600000001", FLOW))
    target = await handset.caller()
    key = b"\x80\x65" + bytes(10) + b"\x05\x8a\x01\xe0"
    junk = [*rtp_junk(random.Random(5)), key, b"\x80\x08" + bytes(170)]
    await shower(stranger, target, iter(junk))
    await prompt_over(board, handset)
    await handset.talk(A_LAW_SILENCE)
    await shower(stranger, target, iter(junk))
    report = await press_and_end(handset, call)
    unharmed(board, handset, report)
    assert report.quality is not None
    assert report.quality["strangers"] >= len(junk)
    assert report.quality["malformed"] == report.quality["unexpected"] == 0
    assert board.plane.counters["strangers"] == report.quality["strangers"]


async def test_a_stranger_is_not_on_the_tape(
    board: Switchboard, handset: Handset, stranger: socket.socket
) -> None:
    tape = {"id": "tape", "type": "record", "config": {"beep": False, "terminator": "#"}}
    call = asyncio.create_task(board.call(handset.address, "+212600000001", graph(dial(), tape)))
    target = await handset.caller()
    shouting = b"\x80\x08" + bytes(10) + b"\x2a" * 160
    junk = [shouting, *rtp_junk(random.Random(5))] * 5
    frames = [bytes([value]) * 160 for value in range(0x80, 0xA8)]
    await asyncio.gather(handset.speak(*frames), shower(stranger, target, iter(junk)))
    await handset.press(11)
    report = await call
    assert report.outcome.result is Result.COMPLETED
    [recording] = report.recordings
    said, _ = soundfile.read(board.folder / recording.path, dtype="int16")
    assert decode(b"\x2a", Codec.PCMA)[0] not in said
    kept = [frame for frame in frames if decode(frame, Codec.PCMA).tobytes() in said.tobytes()]
    assert len(kept) > len(frames) / 2, "the first come before the tape runs"


async def test_garbage_from_the_callee_itself(board: Switchboard, handset: Handset) -> None:
    call = asyncio.create_task(board.call(handset.address, "+212600000001", FLOW))
    await handset.caller()
    await handset.send(*rtp_junk(random.Random(5)))
    await prompt_over(board, handset)
    await handset.talk(A_LAW_SILENCE)
    await handset.send(*rtp_junk(random.Random(6)))
    report = await press_and_end(handset, call)
    unharmed(board, handset, report)
    assert report.quality is not None
    assert report.quality["malformed"] > 50
    assert report.quality["unexpected"] >= 1
    assert report.quality["reports"] >= 1
    assert report.quality["strangers"] == 0
