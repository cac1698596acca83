"""Sessions that end unless they are refreshed (RFC 4028), both ways."""

from __future__ import annotations

import pytest

from engine.sip import cause, sdp
from engine.sip.events import Ended
from engine.sip.headers import address, cseq
from engine.sip.message import Request, Response
from engine.sip.outgoing import OutgoingCall
from engine.sip.session_timer import SessionTimer
from engine.sip.transaction import TIMEOUT
from tests.sip.far_end import ANSWER, FarEnd, line_of
from tests.sip.network import Network

TIMER = (("Supported", "timer"),)


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def answered(far: FarEnd, expires: str, allow: str = "UPDATE") -> tuple[OutgoingCall, Request]:
    call, invite = far.call()
    headers = (("Session-Expires", expires), ("Allow", allow))
    far.respond(invite, 200, body=ANSWER, headers=headers if expires else ())
    far.sent(), far.events()
    return call, invite


def assert_nothing_left(far: FarEnd) -> None:
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


# --- As the caller -------------------------------------------------------------------------------


def test_interval_is_proposed(far: FarEnd) -> None:
    _, invite = far.call()
    assert invite.first("Session-Expires") == "1800"
    _, other = far.call(session_interval=0)
    assert other.first("Session-Expires") is None


def test_caller_refreshes_at_half_time_by_update(far: FarEnd) -> None:
    _, invite = answered(far, "90;refresher=uac")
    far.pass_time(44)
    assert far.sent() == []
    far.pass_time(1.2)
    [update] = far.sent()
    assert isinstance(update, Request)
    assert (update.method, update.body) == ("UPDATE", b"")
    assert update.first("Session-Expires") == "90;refresher=uac"
    far.respond(update, 200, headers=(("Session-Expires", "90;refresher=uac"),))
    far.pass_time(44)
    assert far.sent() == []
    assert far.events() == []
    assert invite.method == "INVITE"


def test_caller_refreshes_by_reinvite_where_update_is_not_taken(far: FarEnd) -> None:
    answered(far, "90;refresher=uac", allow="INVITE, BYE")
    far.pass_time(45.2)
    reinvite = far.sent()[0]
    assert isinstance(reinvite, Request)
    assert line_of(reinvite) == "INVITE"
    assert sdp.origin(reinvite.body) == (1, 1)
    far.respond(reinvite, 200, body=ANSWER, headers=(("Session-Expires", "90;refresher=uac"),))
    [ack] = far.sent()
    assert (line_of(ack), cseq(ack).number) == ("ACK", 2)
    far.pass_time(40)
    assert far.sent() == []


def test_call_ends_before_the_session_does_where_nobody_refreshes(far: FarEnd) -> None:
    answered(far, "90;refresher=uas")
    far.pass_time(59)
    assert far.sent() == []
    far.pass_time(2)
    assert "BYE" in far.sent_lines()
    assert far.events() == [Ended("local", cause.SESSION_EXPIRED)]
    assert_nothing_left(far)


def test_refresh_of_the_far_side_keeps_the_call(far: FarEnd) -> None:
    _, invite = answered(far, "90;refresher=uas")
    for number in range(1, 5):
        far.pass_time(45)
        headers = (*TIMER, ("Session-Expires", "90;refresher=uac"))
        far.request_in(invite, "UPDATE", number, headers=headers)
        [ok] = far.sent()
        assert (line_of(ok), ok.first("Session-Expires")) == ("200 UPDATE", "90;refresher=uac")
        assert ok.first("Require") == "timer"
    assert far.events() == []


def test_dead_far_side_is_found_by_the_refresh(far: FarEnd) -> None:
    answered(far, "90;refresher=uac")
    far.pass_time(46 + TIMEOUT)
    assert far.events() in (
        [Ended("remote", cause.CALL_LOST)],
        [Ended("local", cause.SESSION_EXPIRED)],
    )
    assert_nothing_left(far)


def test_answer_without_the_field_means_no_timer(far: FarEnd) -> None:
    answered(far, "")
    far.pass_time(10_000)
    assert far.sent() == []
    assert far.agent.calls == 1


def test_422_is_asked_again_with_a_longer_session(far: FarEnd) -> None:
    _, invite = far.call(session_interval=120)
    far.respond(invite, 422, headers=(("Min-SE", "600"),))
    ack, again = far.sent()
    assert line_of(ack) == "ACK"
    assert (again.first("Session-Expires"), again.first("Min-SE")) == ("600", "600")
    assert (again.first("Call-ID"), cseq(again).number) == (invite.first("Call-ID"), 2)
    assert isinstance(again, Request)
    far.respond(again, 422, headers=(("Min-SE", "600"),))
    assert far.events()[0].cause.code == "interval_too_small"  # type: ignore[union-attr]


def test_refresh_refused_with_422_is_sent_again(far: FarEnd) -> None:
    answered(far, "90;refresher=uac")
    far.pass_time(45.2)
    [update] = far.sent()
    assert isinstance(update, Request)
    far.respond(update, 422, headers=(("Min-SE", "200"),))
    [again] = far.sent()
    assert again.first("Session-Expires") == "200;refresher=uac"


# --- As the called side --------------------------------------------------------------------------


def taken(far: FarEnd, *headers: tuple[str, str]) -> Response:
    call, _ = far.incoming(headers=headers)
    call.answer(ANSWER, far.now)
    ok = far.sent()[-1]
    far.request("ACK", to=f"<sip:alice@192.0.2.1>;tag={call.key}")
    far.events()
    assert isinstance(ok, Response)
    return ok


@pytest.mark.parametrize(
    ("headers", "expected", "required"),
    [
        ((), "1800;refresher=uas", None),
        (TIMER, "1800;refresher=uas", None),
        ((*TIMER, ("Session-Expires", "300")), "300;refresher=uac", "timer"),
        ((*TIMER, ("Session-Expires", "300;refresher=uas")), "300;refresher=uas", None),
        ((("Session-Expires", "300"),), "300;refresher=uas", None),
    ],
)
def test_called_side_decides(
    far: FarEnd, headers: tuple[tuple[str, str], ...], expected: str, required: str | None
) -> None:
    ok = taken(far, *headers)
    assert (ok.first("Session-Expires"), ok.first("Require")) == (expected, required)


def test_called_side_finds_out_that_the_caller_is_gone(far: FarEnd) -> None:
    """The caller's BYE was lost: without a timer the call would stay up for ever."""
    ok = taken(far)
    far.pass_time(900)
    refresh = far.sent()[0]
    assert isinstance(refresh, Request)
    assert (line_of(refresh), address(refresh, "From").tag) == ("INVITE", address(ok, "To").tag)
    far.respond(refresh, 481)
    assert far.events() == [Ended("remote", cause.CALL_LOST)]
    assert_nothing_left(far)


def test_caller_that_never_refreshes_is_hung_up_on(far: FarEnd) -> None:
    taken(far, *TIMER, ("Session-Expires", "90;refresher=uac"))
    far.pass_time(61)
    assert far.events() == [Ended("local", cause.SESSION_EXPIRED)]


def test_session_that_is_too_short_is_refused(far: FarEnd) -> None:
    far.request("INVITE", body=ANSWER, headers=(*TIMER, ("Session-Expires", "30")))
    [refusal] = far.sent()
    assert (line_of(refusal), refusal.first("Min-SE")) == ("422 INVITE", "90")
    _, invite = far.answered()
    far.request_in(invite, "UPDATE", headers=(*TIMER, ("Session-Expires", "30")))
    assert far.sent_lines() == ["422 UPDATE"]


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "9" * 12, ";refresher=uac"])
def test_field_that_makes_no_sense_counts_as_none(value: str) -> None:
    timer = SessionTimer()
    timer.decided_by(Response(200, "OK", [("Session-Expires", value)]))
    assert (timer.refresh_after, timer.over_after) == (None, None)


def test_two_of_ours_refresh_for_hours_and_notice_a_death() -> None:
    network = Network()
    network.on_incoming = lambda call: call.answer(ANSWER, network.now)
    call = network.call()
    network.run(4 * 3600)
    assert network.alice.calls == network.bob.calls == 1
    refreshes = [d for d in network.carried if d.startswith((b"UPDATE", b"INVITE"))]
    assert 15 <= len(refreshes) <= 18
    network.passes = lambda data, destination: False
    network.run(4000)
    for agent in (network.alice, network.bob):
        assert (agent.calls, agent.transactions, agent.next_timer()) == (0, 0, None)
    assert isinstance(network.events[call.key][-1], Ended)
