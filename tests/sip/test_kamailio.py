"""Calls through Kamailio to SIPp: challenged, record-routed, over every transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.sip import (
    Answered,
    Call,
    Ended,
    Endpoint,
    Failed,
    InviteRequest,
    Progress,
    TlsSettings,
    Transport,
    sdp,
)
from tests.sip.authority import Authority
from tests.sip.kamailio import Kamailio
from tests.sip.sipp import SCENARIOS, Sipp

pytestmark = pytest.mark.peer
TRANSPORTS = pytest.mark.parametrize("transport", list(Transport))
CALLS = 3


class Exchange:
    """Our endpoint, and an authority that both sides of TLS trust."""

    def __init__(self, endpoint: Endpoint, authority: Authority) -> None:
        self.endpoint, self.authority = endpoint, authority

    def call(self, proxy: Kamailio, transport: Transport, password: bool = True) -> Call:
        uri = "sip:212600@proxy.example.org"
        return self.endpoint.invite(
            InviteRequest(
                target=proxy.hop(transport),
                request_uri=uri,
                to_uri=uri,
                from_user="33100",
                from_domain="proxy.example.org",
                sdp=sdp.offer("127.0.0.1", 40000),
                credentials=proxy.credentials if password else None,
            )
        )


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    authority = Authority(tmp_path)
    tls = TlsSettings(authority.certificate, *authority.issue("127.0.0.1"))
    endpoint = await Endpoint.open("127.0.0.1", tls_port=0, tls=tls)
    yield Exchange(endpoint, authority)
    await endpoint.close()


@TRANSPORTS
async def test_we_hang_up(exchange: Exchange, transport: Transport) -> None:
    async with (
        Sipp.called(SCENARIOS / "answers_behind_proxy.xml", CALLS) as callee,
        Kamailio.before(callee.address, exchange.authority) as proxy,
    ):
        for call in [exchange.call(proxy, transport) for _ in range(CALLS)]:
            assert isinstance(await call.next_event(), Progress)
            assert isinstance(await call.next_event(), Answered)
            call.bye()
            assert isinstance(await call.next_event(), Ended)
        await callee.finished()
        assert callee.statistics.successful == CALLS, callee.errors + proxy.log
        assert callee.statistics.unexpected == 0, callee.errors
    assert not exchange.endpoint.counters


@TRANSPORTS
async def test_the_callee_hangs_up(exchange: Exchange, transport: Transport) -> None:
    async with (
        Sipp.called(SCENARIOS / "hangs_up_behind_proxy.xml", CALLS) as callee,
        Kamailio.before(callee.address, exchange.authority) as proxy,
    ):
        for call in [exchange.call(proxy, transport) for _ in range(CALLS)]:
            assert isinstance(await call.next_event(), Progress)
            assert isinstance(await call.next_event(), Answered)
            ended = await call.next_event()
            assert isinstance(ended, Ended)
            assert (ended.by, ended.cause.q850) == ("remote", 16)
        await callee.finished()
        assert callee.statistics.successful == CALLS, callee.errors + proxy.log


@TRANSPORTS
async def test_without_the_password(exchange: Exchange, transport: Transport) -> None:
    async with Kamailio.before(("127.0.0.1", 9), exchange.authority) as proxy:
        failed = await exchange.call(proxy, transport, password=False).next_event()
        assert isinstance(failed, Failed)
        assert failed.status == 407
