"""Calls over TCP and TLS on loopback: connections used again, lost, refused, verified."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from engine.errors import SettingError
from engine.sip import (
    UNREACHABLE,
    Answered,
    Call,
    Ended,
    Endpoint,
    Failed,
    Hop,
    IncomingCall,
    InviteRequest,
    TlsSettings,
    Transport,
    sdp,
)
from engine.sip.framing import PING, PONG
from tests.sip.authority import Authority

OFFER = sdp.offer("127.0.0.1", 40000)
ANSWER = sdp.answer(OFFER, "127.0.0.1", 40002) or b""
HOST = "127.0.0.1"


def call(caller: Endpoint, hop: Hop, **more: object) -> Call:
    uri = f"sip:212600@{hop.host}:{hop.port};transport={hop.transport.lower()}"
    fields: dict[str, object] = {
        "target": hop,
        "request_uri": uri,
        "to_uri": uri,
        "from_user": "33100",
        "from_domain": "example.org",
        "sdp": OFFER,
    }
    return caller.invite(InviteRequest(**(fields | more)))  # type: ignore[arg-type]


def answer_all(endpoint: Endpoint) -> list[IncomingCall]:
    taken: list[IncomingCall] = []

    def take(incoming: IncomingCall) -> None:
        taken.append(incoming)
        incoming.answer(ANSWER)

    endpoint.on_incoming = take
    return taken


async def talk(caller: Endpoint, hop: Hop, **more: object) -> None:
    placed = call(caller, hop, **more)
    answered = await placed.next_event()
    assert isinstance(answered, Answered), answered
    placed.bye()
    assert isinstance(await placed.next_event(), Ended)


@pytest.fixture
async def caller() -> AsyncIterator[Endpoint]:
    caller = await Endpoint.open(HOST)
    yield caller
    await caller.close()


@pytest.fixture
async def called() -> AsyncIterator[Endpoint]:
    called = await Endpoint.open(HOST)
    yield called
    await called.close()


def tcp(endpoint: Endpoint) -> Hop:
    return Hop(*endpoint.address, Transport.TCP)


class Wire:
    """A far end of TCP that tests speak for, byte by byte."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        self._opened: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )

    @classmethod
    async def listen(cls, context: ssl.SSLContext | None = None) -> Wire:
        wire = cls()
        wire._server = await asyncio.start_server(wire._take, HOST, 0, ssl=context)
        wire.hop = Hop(*wire._server.sockets[0].getsockname()[:2], Transport.TCP)
        return wire

    async def opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next connection."""
        return await self._opened.get()

    @property
    def connections(self) -> int:
        return len(self._writers)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._opened.put_nowait((reader, writer))

    def close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


# --- TCP -----------------------------------------------------------------------------------------


async def test_call_over_tcp(caller: Endpoint, called: Endpoint) -> None:
    taken = answer_all(called)
    await talk(caller, tcp(called))
    assert "SIP/2.0/TCP" in dict(taken[0].headers)["Via"]
    assert "transport=tcp" in dict(taken[0].headers)["Contact"]
    assert not caller.counters
    assert not called.counters


async def test_callee_hangs_up(caller: Endpoint, called: Endpoint) -> None:
    taken = answer_all(called)
    placed = call(caller, tcp(called))
    assert isinstance(await placed.next_event(), Answered)
    assert isinstance(await taken[0].next_event(), Answered)
    taken[0].bye()
    ended = await placed.next_event()
    assert isinstance(ended, Ended)
    assert ended.by == "remote"


async def test_connection_is_used_again(caller: Endpoint) -> None:
    wire = await Wire.listen()
    call(caller, wire.hop)
    call(caller, wire.hop)
    reader, _ = await wire.opened()
    first, body = await head(reader), await reader.readexactly(len(OFFER))
    second = await head(reader)
    assert first.startswith(b"INVITE")
    assert body == OFFER
    assert second.startswith(b"INVITE")
    assert wire.connections == 1
    wire.close()


async def test_refused_connection_fails_at_once(caller: Endpoint) -> None:
    wire = await Wire.listen()
    wire.close()
    failed = await call(caller, wire.hop).next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE


async def test_connection_closed_before_a_word_has_failed(caller: Endpoint) -> None:
    wire = await Wire.listen()
    placed = call(caller, wire.hop)
    reader, writer = await wire.opened()
    await head(reader)
    writer.close()
    failed = await placed.next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE
    wire.close()


async def test_unanswered_request_moves_to_a_new_connection(caller: Endpoint) -> None:
    wire = await Wire.listen()
    call(caller, wire.hop)
    reader, writer = await wire.opened()
    sent = await head(reader)
    writer.write(PING)
    assert await reader.readexactly(len(OFFER) + 2) == OFFER + PONG
    writer.close()
    reader, writer = await wire.opened()
    assert await head(reader) == sent
    wire.close()


async def test_reconnects_for_the_next_call(caller: Endpoint) -> None:
    first = await Endpoint.open(HOST)
    answer_all(first)
    await talk(caller, tcp(first))
    address = first.address
    await first.close()
    second = await Endpoint.open(*address)
    answer_all(second)
    await talk(caller, Hop(*address, Transport.TCP))
    await second.close()


async def test_response_finds_a_caller_whose_connection_is_gone(called: Endpoint) -> None:
    taken: asyncio.Queue[IncomingCall] = asyncio.Queue()
    called.on_incoming = taken.put_nowait
    wire = await Wire.listen()
    reader, writer = await asyncio.open_connection(*called.address)
    writer.write(invite_from(wire.hop))
    incoming = await taken.get()
    writer.close()
    await writer.wait_closed()
    await gone(called)
    incoming.reject(486)
    reader, _ = await wire.opened()
    assert (await head(reader)).startswith(b"SIP/2.0 486")
    await called.close(0.0)
    wire.close()


def invite_from(hop: Hop) -> bytes:
    lines = [
        "INVITE sip:212600@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/TCP {hop.host}:{hop.port};branch=z9hG4bKgone",
        "From: <sip:33100@example.org>;tag=a",
        "To: <sip:212600@127.0.0.1>",
        "Call-ID: gone",
        "CSeq: 1 INVITE",
        f"Contact: <sip:{hop.host}:{hop.port};transport=tcp>",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def gone(endpoint: Endpoint) -> None:
    """Until the endpoint holds no connection any more."""
    while endpoint.connections:
        await asyncio.sleep(0)


async def test_stream_that_is_not_sip_is_cut_off(called: Endpoint) -> None:
    reader, writer = await asyncio.open_connection(*called.address)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await reader.read() == b""
    assert called.counters["malformed"] == 1
    writer.close()


async def test_pings_are_answered(called: Endpoint) -> None:
    reader, writer = await asyncio.open_connection(*called.address)
    writer.write(PING)
    assert await reader.readexactly(2) == PONG
    writer.close()


async def test_silence_after_a_pong_ends_the_connection() -> None:
    caller = await Endpoint.open(HOST, keep_alive=0.02)
    wire = await Wire.listen()
    call(caller, wire.hop)
    reader, writer = await wire.opened()
    await head(reader)
    await reader.readexactly(len(OFFER))
    assert await reader.readexactly(4) == PING
    writer.write(PONG)
    again, _ = await wire.opened()
    assert (await head(again)).startswith(b"INVITE")
    await caller.close(0.0)
    wire.close()


async def test_listening_needs_the_same_port_free(called: Endpoint) -> None:
    with pytest.raises(SettingError):
        await Endpoint.open(*called.address)


def test_the_same_on_uvloop(tmp_path: Path) -> None:
    async def everything() -> None:
        tls = identity(Authority(tmp_path), HOST)
        caller = await Endpoint.open(HOST, tls=tls)
        called = await Endpoint.open(HOST, tls_port=0, tls=tls)
        answer_all(called)
        await talk(caller, tcp(called))
        await talk(caller, secured(called))
        await caller.close()
        await called.close()

    uvloop.run(everything())


# --- Beyond the MTU's margin ---------------------------------------------------------------------

LARGE = {"large_over_tcp": True, "headers": (("X-Story", "a" * 1200),)}


async def test_large_request_goes_over_tcp(caller: Endpoint, called: Endpoint) -> None:
    taken = answer_all(called)
    await talk(caller, Hop(*called.address), **LARGE)
    await talk(caller, Hop(*called.address), large_over_tcp=True)
    await talk(caller, Hop(*called.address), **{**LARGE, "large_over_tcp": False})
    transports = [dict(incoming.headers)["Via"].split()[0][8:] for incoming in taken]
    assert transports == ["TCP", "UDP", "UDP"]


async def test_large_request_finds_its_way_back_to_udp(caller: Endpoint) -> None:
    called = await Endpoint.open(HOST, tcp=False)
    taken = answer_all(called)
    await talk(caller, Hop(*called.address), **LARGE)
    assert "SIP/2.0/UDP" in dict(taken[0].headers)["Via"]
    await called.close()


# --- TLS -----------------------------------------------------------------------------------------


def identity(authority: Authority, *names: str) -> TlsSettings:
    return TlsSettings(authority.certificate, *authority.issue(*names))


def secured(endpoint: Endpoint, name: str = "") -> Hop:
    assert endpoint.tls_address is not None
    return Hop(*endpoint.tls_address, Transport.TLS, name)


class Secured:
    """A called side that shows a certificate, and callers that trust one authority."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self._open: list[Endpoint] = []

    async def called(self, *names: str) -> Endpoint:
        tls = identity(self.authority, *names)
        called = await Endpoint.open(HOST, tls_port=0, tls=tls)
        answer_all(called)
        self._open.append(called)
        return called

    async def caller(self, tls: TlsSettings | None = None) -> Endpoint:
        caller = await Endpoint.open(HOST, tls=tls or TlsSettings(self.authority.certificate))
        self._open.append(caller)
        return caller

    async def close(self) -> None:
        for endpoint in self._open:
            await endpoint.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Secured]:
    world = Secured(tmp_path)
    yield world
    await world.close()


async def test_call_over_tls(world: Secured) -> None:
    called = await world.called("sip.example.org")
    await talk(await world.caller(), secured(called, "sip.example.org"))


@pytest.mark.parametrize("name", ["other.example.org", ""])
async def test_certificate_of_another_is_refused(world: Secured, name: str) -> None:
    called = await world.called("sip.example.org")
    failed = await call(await world.caller(), secured(called, name)).next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE


async def test_unknown_authority_is_refused(world: Secured, tmp_path: Path) -> None:
    called = await world.called(HOST)
    stranger = TlsSettings(Authority(tmp_path, "Another").certificate)
    failed = await call(await world.caller(stranger), secured(called)).next_event()
    assert isinstance(failed, Failed)
    assert failed.cause == UNREACHABLE


async def test_name_and_client_certificate_are_shown(world: Secured) -> None:
    theirs = identity(world.authority, "sip.example.org")
    context = theirs.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    named: list[str | None] = []
    context.sni_callback = lambda connection, name, context: named.append(name)
    wire = await Wire.listen(context)
    caller = await world.caller(identity(world.authority, "caller.example.org"))
    call(caller, wire.hop._replace(transport=Transport.TLS, name="sip.example.org"))
    reader, writer = await wire.opened()
    assert (await head(reader)).startswith(b"INVITE")
    shown = writer.get_extra_info("peercert")
    assert shown["subjectAltName"] == (("DNS", "caller.example.org"),)
    assert named == ["sip.example.org"]
    wire.close()


async def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="TLS"):
        await Endpoint.open(HOST, tls=TlsSettings(tmp_path / "missing.pem"))
    with pytest.raises(SettingError, match="certificate"):
        await Endpoint.open(HOST, tls_port=0)
