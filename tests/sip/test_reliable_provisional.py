"""Provisionals that are acknowledged (RFC 3262), both ways."""

from __future__ import annotations

import pytest

from engine.sip import cause, sdp
from engine.sip.events import Answered, Ended, Progress
from engine.sip.headers import cseq
from engine.sip.message import Request
from engine.sip.transaction import TIMEOUT
from tests.sip.far_end import ANSWER, OFFER, FarEnd, line_of
from tests.sip.network import Network, Weather

RELIABLY = (("Require", "100rel"),)
ABLE = (("Supported", "100rel, timer"),)


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def reliable(number: int) -> tuple[tuple[str, str], ...]:
    return (*RELIABLY, ("RSeq", str(number)))


def prack(far: FarEnd, key: str, rack: str, number: int = 2, body: bytes = b"") -> None:
    to = f"<sip:alice@192.0.2.1>;tag={key}"
    far.request("PRACK", to=to, number=number, body=body, headers=(("RAck", rack),))


# --- As the caller -------------------------------------------------------------------------------


def test_reliable_provisional_is_acknowledged_once_and_in_order(far: FarEnd) -> None:
    _, invite = far.call()
    assert invite.first("Supported") == "100rel, timer"
    far.respond(invite, 183, body=ANSWER, headers=reliable(7))
    [first] = far.sent()
    assert isinstance(first, Request)
    assert (first.method, first.first("RAck"), cseq(first).number) == ("PRACK", "7 1 INVITE", 2)
    far.respond(invite, 183, body=ANSWER, headers=reliable(7))
    far.respond(invite, 180, headers=reliable(9))
    assert far.sent() == []
    far.respond(invite, 180, headers=reliable(8))
    assert [line_of(message) for message in far.sent()] == ["PRACK"]
    far.respond(invite, 200)
    assert [event for event in far.events() if isinstance(event, Progress)] == [
        Progress(183, "Scripted", sdp.parse(ANSWER)),
        Progress(180, "Scripted"),
    ]
    assert far.sent_lines() == ["ACK"]


def test_each_fork_counts_and_sings_for_itself(far: FarEnd) -> None:
    _, invite = far.call()
    other = ANSWER.replace(b"6000", b"7000")
    far.respond(invite, 183, tag="one", body=ANSWER, headers=reliable(5))
    far.respond(invite, 183, tag="two", body=other, headers=reliable(50))
    racks = [message.first("RAck") for message in far.sent()]
    assert racks == ["5 1 INVITE", "50 1 INVITE"]
    far.respond(invite, 200, tag="two")
    *progress, answered = far.events()
    assert isinstance(answered, Answered)
    assert answered.sdp.port == 7000
    assert [p.fork for p in progress if isinstance(p, Progress)] == ["one", "two"]


def test_bye_counts_on_from_the_prack(far: FarEnd) -> None:
    call, invite = far.call()
    far.respond(invite, 183, headers=reliable(1))
    far.respond(invite, 200, body=ANSWER)
    call.cancel(cause.CANCELLED, far.now)
    numbers = [(line_of(message), cseq(message).number) for message in far.sent()]
    assert numbers == [("PRACK", 2), ("ACK", 1), ("BYE", 3)]


def test_prack_that_fails_does_not_end_the_ringing(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 180, headers=reliable(1))
    far.pass_time(TIMEOUT)
    assert set(far.sent_lines()) == {"PRACK"}
    assert far.events() == [Progress(180, "Scripted")]
    assert far.agent.calls == 1


def test_extension_need_not_be_offered(far: FarEnd) -> None:
    _, invite = far.call(reliable_provisionals=False)
    assert invite.first("Supported") == "timer"


# --- As the called side --------------------------------------------------------------------------


def rung(far: FarEnd, headers: tuple[tuple[str, str], ...], body: bytes) -> tuple[str, str]:
    """Key of the call and RSeq of its provisional."""
    call, _ = far.incoming(headers=headers)
    call.ring(183 if body else 180, body, far.now)
    ringing = far.sent()[-1]
    assert line_of(ringing) in ("180 INVITE", "183 INVITE")
    return call.key, ringing.first("RSeq") or ""


def test_only_what_matters_goes_reliably(far: FarEnd) -> None:
    assert rung(far, (), ANSWER)[1] == ""
    assert rung(FarEnd(), ABLE, b"")[1] == ""
    assert rung(FarEnd(), ABLE, ANSWER)[1]
    assert rung(FarEnd(), RELIABLY, b"")[1]


def test_provisional_is_repeated_until_its_prack_and_what_follows_waits(far: FarEnd) -> None:
    call, _ = far.incoming(headers=ABLE)
    call.ring(183, ANSWER, far.now)
    call.ring(180, b"", far.now)
    call.answer(ANSWER, far.now)
    first, *again = far.sent()[1:]
    far.pass_time(4)
    again += far.sent()
    assert [message.first("RSeq") for message in again] == [first.first("RSeq")] * 3
    prack(far, call.key, f"{first.first('RSeq')} 1 INVITE")
    assert far.sent_lines() == ["200 PRACK", "180 INVITE", "200 INVITE"]
    far.request("ACK", to=f"<sip:alice@192.0.2.1>;tag={call.key}")
    assert far.events() == [Answered(sdp.parse(OFFER))]


@pytest.mark.parametrize("rack", ["", "1", "x 1 INVITE", "99 1 INVITE", "{} 2 INVITE", "{} 1 BYE"])
def test_prack_of_something_else_is_refused(far: FarEnd, rack: str) -> None:
    key, number = rung(far, ABLE, ANSWER)
    prack(far, key, rack.format(number))
    assert "481 PRACK" in far.sent_lines()
    prack(far, key, f"{number} 1 INVITE", number=3)
    assert "200 PRACK" in far.sent_lines()
    prack(far, key, f"{number} 1 INVITE", number=4)
    assert "481 PRACK" in far.sent_lines()


def test_provisional_nobody_acknowledges_ends_the_call(far: FarEnd) -> None:
    key, _ = rung(far, ABLE, ANSWER)
    far.pass_time(TIMEOUT)
    assert far.sent_lines()[-1] == "504 INVITE"
    assert far.events() == [Ended("local", cause.PRACK_TIMEOUT)]
    assert key
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


def test_offer_in_a_provisional_is_answered_by_the_prack(far: FarEnd) -> None:
    call, _ = far.incoming(body=b"", headers=RELIABLY)
    call.ring(183, OFFER, far.now)
    number = far.sent()[-1].first("RSeq")
    prack(far, call.key, f"{number} 1 INVITE", body=ANSWER)
    call.answer(OFFER, far.now)
    far.request("ACK", to=f"<sip:alice@192.0.2.1>;tag={call.key}")
    assert far.events() == [Answered(sdp.parse(ANSWER))]


def test_prack_may_bring_another_offer(far: FarEnd) -> None:
    call, _ = far.incoming(headers=ABLE)
    call.ring(183, ANSWER, far.now)
    number = far.sent()[-1].first("RSeq")
    moved = OFFER.replace(b"4000", b"4444")
    prack(far, call.key, f"{number} 1 INVITE", body=moved)
    [ok] = far.sent()
    assert line_of(ok) == "200 PRACK"
    assert sdp.parse(ok.body).port == 6000
    call.answer(ANSWER, far.now)
    far.request("ACK", to=f"<sip:alice@192.0.2.1>;tag={call.key}")
    assert far.events() == [Answered(sdp.parse(moved))]


def test_cancel_and_rejection_stop_the_repeating(far: FarEnd) -> None:
    call, _ = far.incoming(headers=ABLE)
    call.ring(183, ANSWER, far.now)
    call.answer(ANSWER, far.now)
    call.reject(486, None, [], far.now)
    far.pass_time(3)
    assert {line for line in far.sent_lines() if "183" not in line} == {"100 INVITE", "486 INVITE"}


def test_early_media_survives_a_storm() -> None:
    storm = Weather(loss=0.25, duplication=0.2, delay=(0.001, 0.9))
    for seed in range(60):
        network = Network(seed, storm)

        def on_incoming(call: object, network: Network = network) -> None:
            incoming = network.incoming[-1]
            incoming.ring(183, ANSWER, network.now)
            network.at(2.0, lambda: incoming.answer(ANSWER, network.now))

        network.on_incoming = on_incoming
        call = network.call()
        network.at(
            30.0, lambda call=call, network=network: call.cancel(cause.CANCELLED, network.now)
        )
        network.run(600)
        for agent in (network.alice, network.bob):
            assert (agent.calls, agent.transactions, agent.next_timer()) == (0, 0, None), seed
