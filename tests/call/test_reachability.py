"""Servers that fail rest; calls go by the others."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engine.call import Caller, Speech
from engine.call.naming import Naming
from engine.call.reachability import LONGEST_REST_S, REST_S, Reachability
from engine.clock import SystemClock
from engine.program.attempt import Attempt
from engine.program.outcome import Cause, Fault, Result
from engine.sip import (
    NORMAL_CLEARING,
    RING_TIMEOUT,
    SIP_TIMEOUT,
    UNREACHABLE,
    Ended,
    Endpoint,
    Failed,
    Hop,
)
from media.prompts import Library
from tests.call.name_server import NameServer
from tests.call.switchboard import HELLO, attempt, switchboard

FIRST, SECOND = Hop("192.0.2.1", 5060), Hop("192.0.2.2", 5060)
BOTH = [FIRST, SECOND]
OVERLOADED = Failed(503, "", Cause("congestion", Fault.CARRIER), Result.FAILED)
SILENT = Failed(None, "", SIP_TIMEOUT, Result.FAILED)
REFUSED = Failed(None, "", UNREACHABLE, Result.FAILED)
BUSY = Failed(486, "", Cause("user_busy", Fault.CALLEE), Result.BUSY)
GIVEN_UP = Failed(None, "", RING_TIMEOUT, Result.NO_ANSWER)
TALKED = Ended("remote", NORMAL_CLEARING)


@pytest.mark.parametrize("failure", [OVERLOADED, SILENT, REFUSED])
def test_failing_server_rests_for_a_while(failure: Failed) -> None:
    servers = Reachability()
    assert servers.best(BOTH, 0.0) == FIRST
    servers.learn(FIRST, failure, 0.0)
    assert servers.best(BOTH, REST_S - 1) == SECOND
    assert servers.best(BOTH, REST_S) == FIRST


@pytest.mark.parametrize("ended", [BUSY, TALKED, GIVEN_UP, None])
def test_callee_and_we_ourselves_are_not_the_servers_fault(ended: Failed | Ended | None) -> None:
    servers = Reachability()
    servers.learn(FIRST, ended, 0.0)
    assert servers.best(BOTH, 0.0) == FIRST


def test_rest_grows_until_a_success() -> None:
    servers, now, lengths = Reachability(), 0.0, []
    for _ in range(7):
        servers.learn(FIRST, SILENT, now)
        servers.learn(FIRST, SILENT, now + 1)
        began = now
        while servers.best(BOTH, now) == SECOND:
            now += 1
        lengths.append(now - began)
    assert lengths == [30, 60, 120, 240, LONGEST_REST_S, LONGEST_REST_S, LONGEST_REST_S]
    servers.learn(FIRST, BUSY, now)
    servers.learn(FIRST, SILENT, now)
    assert servers.best(BOTH, now + REST_S) == FIRST


def test_where_all_rest_the_first_to_be_back_is_tried() -> None:
    servers = Reachability()
    servers.learn(SECOND, SILENT, 0.0)
    servers.learn(FIRST, SILENT, 5.0)
    assert servers.best(BOTH, 6.0) == SECOND


async def test_next_call_takes_the_other_server(tmp_path: Path) -> None:
    callee = await Endpoint.open("127.0.0.2")
    callee.on_incoming = lambda call: call.reject(486)
    zone = f"""
        _sip._udp.carrier.example. 60 IN SRV 10 0 {callee.address[1]} a.carrier.example.
        _sip._udp.carrier.example. 60 IN SRV 20 0 {callee.address[1]} b.carrier.example.
        a.carrier.example. 60 IN A 127.0.0.1
        b.carrier.example. 60 IN A 127.0.0.2
    """
    made = to("carrier.example")
    async with switchboard(tmp_path) as board, NameServer.serving(zone) as names:
        naming = Naming(socket.AF_INET, SystemClock().monotonic, names.resolver)
        speech = Speech(board.clips, Library())
        parts = (board.endpoint, board.plane, speech, board.recordings)
        caller = Caller(*parts, SystemClock(), 60.0, naming=naming)
        reports = [await caller.place(made, allowed) for _ in range(3)]
    assert reports[0].outcome.cause.code == UNREACHABLE.code
    assert [report.outcome.result for report in reports[1:]] == [Result.BUSY, Result.BUSY]
    await callee.close()


def to(host: str) -> Attempt:
    plain = attempt(("", 5060), "+212600000001", HELLO)
    trunk = replace(plain.did.trunk, host=host, port=None, domain=host)
    return replace(plain, did=replace(plain.did, trunk=trunk))


async def allowed(attempt: Attempt) -> bool:
    return True
