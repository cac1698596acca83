"""Calls that come in, and everything else that arrives from anyone."""

from __future__ import annotations

import pytest

from engine.sip import cause, sdp
from engine.sip.events import Answered, Ended
from engine.sip.headers import address, top_via
from engine.sip.hop import Hop
from engine.sip.message import Request, Response
from engine.sip.transaction import TIMEOUT
from tests.sip.far_end import ANSWER, OFFER, THEIR, FarEnd, line_of


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def acknowledge(far: FarEnd, key: str, **more: object) -> None:
    to = f"<sip:alice@192.0.2.1>;tag={key}"
    far.request("ACK", to=to, **more)  # type: ignore[arg-type]


def assert_nothing_left(far: FarEnd) -> None:
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


def test_call_is_rung_answered_and_hung_up(far: FarEnd) -> None:
    call, _ = far.incoming(headers=(("Record-Route", "<sip:192.0.2.20;lr>"),))
    assert (call.from_user, call.to_user, call.sdp) == ("bob", "alice", OFFER)
    call.ring(180, b"", far.now)
    call.ring(183, ANSWER, far.now)
    call.answer(ANSWER, far.now)
    sent = far.sent()
    assert [line_of(m) for m in sent] == ["100 INVITE", "180 INVITE", "183 INVITE", "200 INVITE"]
    assert {address(m, "To").tag for m in sent[1:]} == {call.key}
    assert sent[3].first("Record-Route") == "<sip:192.0.2.20;lr>"
    assert far.events() == []
    acknowledge(far, call.key)
    assert far.events() == [Answered(sdp.parse(OFFER))]
    call.hang_up(cause.NORMAL_CLEARING, far.now)
    [(data, destination)] = far.agent.datagrams()
    assert data.startswith(b"BYE sip:bob@192.0.2.9:5060 SIP/2.0")
    assert destination.address == ("192.0.2.20", 5060)
    assert far.events() == [Ended("local", cause.NORMAL_CLEARING)]
    assert_nothing_left(far)


def test_answer_is_repeated_until_the_ack_and_then_given_up(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.answer(ANSWER, far.now)
    far.pass_time(TIMEOUT)
    assert far.sent_lines() == ["100 INVITE"] + ["200 INVITE"] * 11 + ["BYE"]
    assert far.events() == [Ended("local", cause.ACK_TIMEOUT)]
    assert_nothing_left(far)


def test_bye_waits_for_the_ack(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.answer(ANSWER, far.now)
    call.hang_up(cause.NORMAL_CLEARING, far.now)
    assert far.sent_lines() == ["100 INVITE", "200 INVITE"]
    assert far.events() == [Ended("local", cause.NORMAL_CLEARING)]
    acknowledge(far, call.key)
    assert far.sent_lines() == ["BYE"]
    assert far.agent.calls == 0


def test_bye_that_overtakes_the_ack_ends_the_call(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.answer(ANSWER, far.now)
    far.request("BYE", to=f"<sip:alice@192.0.2.1>;tag={call.key}", number=2)
    far.pass_time(5)
    assert far.sent_lines() == ["100 INVITE", "200 INVITE", "200 BYE"]
    assert far.events() == [Ended("remote", cause.NORMAL_CLEARING)]


def test_byes_cross_before_the_ack(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.answer(ANSWER, far.now)
    call.hang_up(cause.NORMAL_CLEARING, far.now)
    far.request("BYE", to=f"<sip:alice@192.0.2.1>;tag={call.key}", number=2)
    far.pass_time(5)
    assert far.sent_lines() == ["100 INVITE", "200 INVITE", "200 BYE"]
    assert_nothing_left(far)


def test_late_offer_is_answered_in_the_ack(far: FarEnd) -> None:
    call, _ = far.incoming(body=b"")
    assert call.sdp is None
    call.answer(OFFER, far.now)
    acknowledge(far, call.key, body=ANSWER)
    assert far.events() == [Answered(sdp.parse(ANSWER))]


def test_late_offer_without_an_answer_is_hung_up(far: FarEnd) -> None:
    call, _ = far.incoming(body=b"")
    call.answer(OFFER, far.now)
    acknowledge(far, call.key)
    assert far.sent_lines()[-1] == "BYE"
    assert far.events() == [Ended("local", cause.MEDIA_INCOMPATIBLE)]


def test_rejection_is_repeated_until_the_ack(far: FarEnd) -> None:
    call, invite = far.incoming()
    call.reject(486, None, [("Reason", "Q.850;cause=17")], far.now)
    far.pass_time(2)
    assert far.sent_lines() == ["100 INVITE"] + ["486 INVITE"] * 3
    far.request("ACK", to=f"<sip:a@b>;tag={call.key}", branch=top_via(invite).branch)
    far.pass_time(2)
    assert far.sent_lines() == []
    assert far.agent.counters["unmatched_ack"] == 0
    [ended] = far.events()
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.code) == ("local", "user_busy")
    assert_nothing_left(far)


def test_cancel_before_the_answer(far: FarEnd) -> None:
    call, invite = far.incoming()
    call.ring(180, b"", far.now)
    far.request("CANCEL", branch=top_via(invite).branch)
    assert far.sent_lines() == ["100 INVITE", "180 INVITE", "200 CANCEL", "487 INVITE"]
    [ended] = far.events()
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.code) == ("remote", "originator_cancel")
    call.answer(ANSWER, far.now)
    call.ring(180, b"", far.now)
    call.reject(486, None, [], far.now)
    assert far.sent_lines() == []


def test_cancel_after_the_answer_changes_nothing(far: FarEnd) -> None:
    call, invite = far.incoming()
    call.answer(ANSWER, far.now)
    far.request("CANCEL", branch=top_via(invite).branch)
    assert far.sent_lines() == ["100 INVITE", "200 INVITE", "200 CANCEL"]
    assert far.agent.calls == 1


def test_caller_may_end_an_early_dialog_with_bye(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.ring(180, b"", far.now)
    far.request("BYE", to=f"<sip:a@b>;tag={call.key}", number=2)
    assert far.sent_lines()[-2:] == ["200 BYE", "487 INVITE"]


def test_invite_again_gets_the_last_provisional_again(far: FarEnd) -> None:
    call, invite = far.incoming()
    call.ring(180, b"", far.now)
    far.receive(invite)
    assert far.sent_lines() == ["100 INVITE", "180 INVITE", "180 INVITE"]
    assert far.agent.incoming() == []


def test_rejoinder_goes_back_where_the_request_came_from(far: FarEnd) -> None:
    data = far.request("OPTIONS").serialize().replace(b"z9hG4bKfar1", b"z9hG4bKnat")
    far.agent.datagrams()
    far.agent.receive(data, Hop("203.0.113.5", 40123), far.now)
    [(response, destination)] = far.agent.datagrams()
    assert destination.address == ("203.0.113.5", 40123)
    assert b"rport=40123;received=203.0.113.5" in response
    far.agent.receive(data.replace(b";rport", b"").replace(b"Knat", b"Kold"), THEIR, far.now)
    assert far.agent.datagrams()[0].destination == THEIR


def test_client_without_a_magic_cookie_is_matched_by_the_whole_request(far: FarEnd) -> None:
    call, invite = far.incoming(branch="1")
    far.receive(invite)
    assert far.agent.counters["request_again"] == 1
    call.reject(486, None, [], far.now)
    far.request("ACK", to=f"<sip:a@b>;tag={call.key}", branch="1")
    far.agent.datagrams()
    far.pass_time(5)
    assert far.sent() == []


def test_requests_outside_any_call(far: FarEnd) -> None:
    far.request("OPTIONS")
    far.request("REFER")
    far.request("SUBSCRIBE")
    far.request("BYE", to="<sip:a@b>;tag=nobody")
    far.request("CANCEL")
    far.request("ACK", to="<sip:a@b>;tag=nobody")
    far.request("INVITE", headers=(("Require", "replaces"),))
    expected = ["200 OPTIONS", "603 REFER", "405 SUBSCRIBE", "481 BYE", "481 CANCEL", "420 INVITE"]
    assert far.sent_lines() == expected
    assert far.agent.counters["unmatched_request"] == 2
    assert far.agent.counters["unmatched_ack"] == 1
    assert_nothing_left(far)


def test_request_with_the_wrong_tags_does_not_reach_the_call(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.answer(ANSWER, far.now)
    acknowledge(far, call.key)
    far.sent()
    to = f"<sip:alice@192.0.2.1>;tag={call.key}"
    far.request("BYE", to=to, sender="<sip:mallory@x>;tag=other", number=2)
    far.request("BYE", to=to, call_id="other", number=2)
    assert far.sent_lines() == ["481 BYE", "481 BYE"]
    assert far.agent.calls == 1


# --- What an INVITE may not be -------------------------------------------------------------------


def test_same_request_by_two_paths_rings_once(far: FarEnd) -> None:
    call, invite = far.incoming()
    far.request("INVITE", body=OFFER, branch="z9hG4bKother")
    assert far.sent_lines() == ["100 INVITE", "482 INVITE"]
    assert far.agent.incoming() == []
    call.reject(486, None, [], far.now)
    far.request("ACK", to=f"<sip:a@b>;tag={call.key}", branch=top_via(invite).branch)
    far.request("ACK", branch="z9hG4bKother")
    far.pass_time(TIMEOUT)
    far.incoming()


def test_body_nobody_understands_is_refused(far: FarEnd) -> None:
    plain = (("Content-Type", "text/plain"),)
    far.request("INVITE", body=b"hello", headers=plain)
    [refusal] = far.sent()
    assert (line_of(refusal), refusal.first("Accept")) == ("415 INVITE", "application/sdp")


def test_scheme_nobody_understands_is_refused(far: FarEnd) -> None:
    data = far.request("INVITE").serialize().replace(b"INVITE sip:", b"INVITE news:")
    far.sent(), far.agent.incoming()
    far.receive(data.replace(b"z9hG4bKfar1", b"z9hG4bKnews").replace(b"far-call", b"other"))
    assert far.sent_lines() == ["416 INVITE"]


def test_description_is_found_among_other_parts(far: FarEnd) -> None:
    """Gateways send the ISUP message beside the description (RFC 3204)."""
    isup = b"--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n"
    body = isup + b"--x\r\nContent-Type: application/sdp\r\n\r\n" + OFFER + b"\r\n--x--\r\n"
    mixed = (("Content-Type", 'multipart/mixed; boundary="x"'),)
    call, _ = far.incoming(body=body, headers=mixed)
    assert sdp.parse(call.sdp or b"") == sdp.parse(OFFER)
    call.answer(ANSWER, far.now)
    acknowledge(far, call.key)
    assert far.events() == [Answered(sdp.parse(OFFER))]


def test_ringing_call_serves_requests_of_its_early_dialog(far: FarEnd) -> None:
    call, _ = far.incoming()
    call.ring(180, b"", far.now)
    to = f"<sip:a@b>;tag={call.key}"
    far.request("UPDATE", to=to, number=2, body=OFFER)
    far.request("OPTIONS", to=to, number=3)
    far.request("INVITE", to=to, number=4, body=OFFER)
    call.ring(183, ANSWER, far.now)
    far.request("UPDATE", to=to, number=5, body=OFFER.replace(b"4000", b"4002"))
    lines = ["500 UPDATE", "200 OPTIONS", "491 INVITE", "183 INVITE", "200 UPDATE"]
    assert far.sent_lines()[2:] == lines
    call.answer(ANSWER, far.now)
    acknowledge(far, call.key)
    [answered] = far.events()
    assert isinstance(answered, Answered)
    assert answered.sdp.port == 4002


GARBAGE = [
    b"hello",
    b"\xff" * 200,
    b"INVITE sip:a@b SIP/2.0\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: ,\r\nFrom: <sip:a>\r\nTo: ,\r\nCSeq: 1 A\r\nCall-ID: 1\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP \r\nContent-Length: 9\r\n\r\n",
    b"A" * 70_000,
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_counted(far: FarEnd, data: bytes) -> None:
    far.agent.receive(data, THEIR, 0.0)
    assert far.agent.counters == {"malformed": 1}
    assert far.sent() == []


def test_malformed_request_that_can_be_answered_gets_400(far: FarEnd) -> None:
    good = far.request("OPTIONS").serialize()
    far.sent()
    far.receive(good.replace(b"CSeq: 1 OPTIONS", b"CSeq: 1 INVITE").replace(b"Kfar", b"Kbad"))
    [answer] = far.sent()
    assert isinstance(answer, Response)
    assert answer.status == 400
    assert top_via(answer).params["rport"] == "5060"


def test_keepalive_and_strange_responses_are_counted(far: FarEnd) -> None:
    far.agent.receive(b"\r\n\r\n", THEIR, 0.0)
    far.agent.receive(b"\0", THEIR, 0.0)
    far.respond(Request("OPTIONS", "sip:x", far.request("OPTIONS").headers), 200)
    assert far.agent.counters == {"keepalive": 2, "unmatched_response": 1}


def test_finish_ends_every_call(far: FarEnd) -> None:
    up, invite = far.answered()
    ringing, second = far.call()
    far.respond(second, 180)
    waiting, _ = far.incoming()
    far.agent.finish(far.now)
    assert far.sent_lines() == ["100 INVITE", "BYE", "CANCEL", "503 INVITE"]
    assert far.agent.busy
    assert {up.key, ringing.key, waiting.key}
    assert invite.method == "INVITE"
