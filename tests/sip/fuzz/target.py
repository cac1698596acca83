"""What anyone may send to an agent that is busy with calls.

The input is one datagram. It meets three agents: one that is called, one that has called and
rings, one whose call is up; the calls' own names stand in the input as ``@TAG@`` and the like, so
that mutations reach into dialogs. It may be counted, refused or served; it must not raise, what
was understood must survive ``serialize``, and no input may take long: 65 kB in less than a second.
"""

from __future__ import annotations

import time

from engine.sip.headers import top_via
from engine.sip.message import MalformedMessage, Request, parse
from engine.sip.sdp import description_in
from engine.sip.sdp import parse as parse_sdp
from tests.sip.far_end import ANSWER, THEIR, FarEnd

SLOW = 1.0
"""Seconds of CPU."""


class Slow(Exception):
    """An input took time out of proportion: something is quadratic."""


def feed(data: bytes) -> None:
    """Give ``data`` to the parsers and to agents in three states."""
    began = time.process_time()
    round_trip(data)
    for far, names in (called(), ringing(), up()):
        for name, value in names.items():
            data = data.replace(name, value)
        far.agent.receive(data, THEIR, far.now)
        far.pass_time(200)
        far.agent.datagrams(), far.agent.events(), far.agent.incoming()
    if (took := time.process_time() - began) > SLOW:
        raise Slow(f"{took:.1f} s for {len(data)} bytes")


def round_trip(data: bytes) -> None:
    try:
        message = parse(data)
        assert parse(message.serialize()) == message
        top_via(message)
        parse_sdp(description_in(message))
    except MalformedMessage:
        return


def names_of(invite: Request, number: int) -> dict[bytes, bytes]:
    return {
        b"@TAG@": (invite.first("From") or "").rpartition("tag=")[2].encode(),
        b"@CALL@": (invite.first("Call-ID") or "").encode(),
        b"@BRANCH@": top_via(invite).branch.encode(),
        b"@SEQ@": str(number).encode(),
    }


def called() -> tuple[FarEnd, dict[bytes, bytes]]:
    far = FarEnd()
    call, invite = far.incoming(headers=(("Supported", "100rel, timer"),))
    call.ring(183, ANSWER, far.now)
    return far, names_of(invite, 2) | {b"@TAG@": call.key.encode()}


def ringing() -> tuple[FarEnd, dict[bytes, bytes]]:
    far = FarEnd()
    _, invite = far.call()
    far.respond(invite, 180)
    return far, names_of(invite, 1)


def up() -> tuple[FarEnd, dict[bytes, bytes]]:
    far = FarEnd()
    _, invite = far.answered()
    return far, names_of(invite, 1)
