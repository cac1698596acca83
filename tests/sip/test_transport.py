"""Two endpoints over real UDP on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import uvloop

from engine.errors import SettingError
from engine.sip import (
    RING_TIMEOUT,
    SHUTDOWN,
    UNREACHABLE,
    Answered,
    Call,
    Ended,
    Endpoint,
    Failed,
    Hop,
    IncomingCall,
    InviteRequest,
    KeyPressed,
    Progress,
    Reason,
    Updated,
    sdp,
)

OFFER = sdp.offer("127.0.0.1", 40000)


class Pair:
    """A caller, a called side, and the calls that came in."""

    def __init__(self, caller: Endpoint, called: Endpoint) -> None:
        self.caller, self.called = caller, called
        self.incoming: asyncio.Queue[IncomingCall] = asyncio.Queue()
        called.on_incoming = self.incoming.put_nowait

    @classmethod
    async def open(cls, host: str = "127.0.0.1") -> Pair:
        return cls(await Endpoint.open(host), await Endpoint.open(host))

    def call(self, target: tuple[str, int] | None = None) -> Call:
        target = target or self.called.address
        uri = f"sip:212600@{'[::1]' if ':' in target[0] else target[0]}:{target[1]}"
        return self.caller.invite(
            InviteRequest(Hop(*target), uri, uri, "33100", "example.org", OFFER)
        )

    async def close(self) -> None:
        await self.caller.close()
        await self.called.close()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = await Pair.open()
    yield pair
    await pair.close()


async def talk(pair: Pair) -> None:
    call = pair.call()
    incoming = await pair.incoming.get()
    assert (incoming.from_user, incoming.to_user, incoming.sdp) == ("33100", "212600", OFFER)
    assert incoming.call_id == call.call_id
    incoming.ring(183, OFFER)
    progress = await call.next_event()
    assert isinstance(progress, Progress)
    assert progress.sdp is not None
    incoming.answer(sdp.answer(OFFER, "127.0.0.1", 40002) or b"")
    answered = await call.next_event()
    assert isinstance(answered, Answered)
    assert answered.sdp.port == 40002
    assert isinstance(await incoming.next_event(), Answered)
    incoming.send_info("#", 120)
    assert await call.next_event() == KeyPressed("#", 120)
    call.bye(Reason("Q.850", 16, "done"))
    ours, theirs = await call.next_event(), await incoming.next_event()
    assert isinstance(ours, Ended)
    assert isinstance(theirs, Ended)
    assert (ours.by, theirs.by, theirs.cause.q850) == ("local", "remote", 16)
    assert await call.next_event() is ours


async def test_call(pair: Pair) -> None:
    await talk(pair)
    assert not pair.caller.counters
    assert not pair.called.counters


async def test_call_over_ipv6() -> None:
    pair = await Pair.open("::1")
    await talk(pair)
    await pair.close()


async def test_rejected(pair: Pair) -> None:
    call = pair.call()
    (await pair.incoming.get()).reject(486, "Busy", (("Reason", "Q.850;cause=17"),))
    failed = await call.next_event()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.reason, failed.cause.q850) == (486, "Busy", 17)


async def test_ring_timeout(pair: Pair) -> None:
    call = pair.call()
    incoming = await pair.incoming.get()
    incoming.ring()
    assert isinstance(await call.next_event(), Progress)
    call.cancel(RING_TIMEOUT)
    failed = await call.next_event()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.cause) == (487, RING_TIMEOUT)
    assert isinstance(await incoming.next_event(), Ended)


async def test_nobody_wants_calls(pair: Pair) -> None:
    failed = await pair.call(pair.caller.address).next_event()
    assert isinstance(failed, Failed)
    assert failed.status == 480


async def test_closed_port_fails_without_waiting(pair: Pair) -> None:
    await refused(pair)


async def refused(pair: Pair) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()
    failed = await pair.call(nobody).next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE
    assert pair.caller.counters["undelivered"] == 1
    await talk(pair)


async def test_garbage_is_counted_and_the_call_goes_on(pair: Pair) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for data in (b"garbage", b"\xff" * 1400, b"", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"):
            stranger.sendto(data, pair.called.address)
    await talk(pair)
    assert pair.called.counters["malformed"] == 3
    assert pair.called.counters["keepalive"] == 2


async def test_destination_that_cannot_be_sent_to_fails_at_once(pair: Pair) -> None:
    failed = await pair.call(("::1", 5060)).next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE
    assert pair.caller.counters["send_failed"] == 1


async def test_handler_that_breaks_does_not_stop_the_endpoint(pair: Pair) -> None:
    loop = asyncio.get_running_loop()
    broken: list[dict[str, object]] = []
    loop.set_exception_handler(lambda loop, context: broken.append(context))

    def handler(call: IncomingCall) -> None:
        raise RuntimeError("handler")

    pair.called.on_incoming = handler
    first = pair.call()
    while not broken:
        await asyncio.sleep(0)
    pair.called.on_incoming = pair.incoming.put_nowait
    await talk(pair)
    assert first.call_id


async def test_close_says_goodbye(pair: Pair) -> None:
    up, ringing = pair.call(), pair.call()
    answered, waiting = await pair.incoming.get(), await pair.incoming.get()
    answered.answer(sdp.answer(OFFER, "127.0.0.1", 40002) or b"")
    assert isinstance(await answered.next_event(), Answered)
    waiting.ring()
    await up.next_event()
    await ringing.next_event()
    await pair.caller.close()
    assert await up.next_event() == Ended("local", SHUTDOWN)
    assert isinstance(failed := await ringing.next_event(), Failed)
    assert failed.cause == SHUTDOWN
    assert isinstance(await answered.next_event(), Ended)
    assert isinstance(await waiting.next_event(), Ended)
    await pair.caller.close()


async def test_close_does_not_wait_for_ever(pair: Pair) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        call = pair.call(mute.getsockname())
        await pair.caller.close(patience=0.05)
    failed = await call.next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == SHUTDOWN
    late = await pair.call().next_event()
    assert isinstance(late, Failed)
    assert late.cause == UNREACHABLE


async def test_wildcard_needs_an_advertised_address() -> None:
    with pytest.raises(SettingError, match="advertise"):
        await Endpoint.open("0.0.0.0")
    endpoint = await Endpoint.open("0.0.0.0", advertised="127.0.0.1")
    await endpoint.close()


async def test_occupied_port_is_a_setting_error(pair: Pair) -> None:
    with pytest.raises(SettingError, match="cannot bind"):
        await Endpoint.open(*pair.caller.address)


def test_the_same_on_uvloop() -> None:
    async def everything() -> None:
        pair = await Pair.open()
        await talk(pair)
        await refused(pair)
        await pair.close()

    uvloop.run(everything())


async def test_hold_resume_and_move(pair: Pair) -> None:
    call = pair.call()
    incoming = await pair.incoming.get()
    incoming.answer(sdp.answer(OFFER, "127.0.0.1", 40002) or b"")
    assert isinstance(await call.next_event(), Answered)
    assert isinstance(await incoming.next_event(), Answered)
    call.hold()
    held, heard = await call.next_event(), await incoming.next_event()
    assert isinstance(held, Updated)
    assert isinstance(heard, Updated)
    assert (held.sdp.direction, heard.sdp.direction) == ("recvonly", "sendonly")
    call.resume()
    resumed = await call.next_event()
    assert isinstance(resumed, Updated)
    assert resumed.sdp.direction == "sendrecv"
    call.offer(replace(sdp.parse(OFFER), port=40010))
    assert isinstance(await call.next_event(), Updated)
    await incoming.next_event()
    moved = await incoming.next_event()
    assert isinstance(moved, Updated)
    assert moved.sdp.port == 40010
    call.bye()
