"""Calls we make, against a scripted far end: every answer, every race."""

from __future__ import annotations

import pytest

from engine.program.outcome import Result
from engine.sip import cause, sdp
from engine.sip.digest import Credentials
from engine.sip.events import Answered, Ended, Failed, KeyPressed, Progress, Updated
from engine.sip.headers import address, cseq, top_via
from engine.sip.message import Request
from engine.sip.transaction import TIMEOUT
from tests.sip.far_end import ANSWER, OFFER, OUR, THEIR, FarEnd, line_of

MEDIA = sdp.parse(ANSWER)


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def assert_nothing_left(far: FarEnd) -> None:
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


def test_invite_carries_what_a_proxy_needs(far: FarEnd) -> None:
    _, invite = far.call(from_display='Al "A" Ice', headers=(("X-Campaign", "7"),))
    assert invite.uri == "sip:bob@192.0.2.9"
    assert top_via(invite).params["rport"] is None
    assert (top_via(invite).host, top_via(invite).port) == OUR
    assert address(invite, "From").display == 'Al "A" Ice'
    assert invite.first("X-Campaign") == "7"
    assert invite.first("Content-Type") == "application/sdp"
    assert invite.body == OFFER


def test_ringing_answer_and_our_bye(far: FarEnd) -> None:
    call, invite = far.call()
    far.respond(invite, 100, tag="")
    far.respond(invite, 180)
    far.respond(invite, 200, body=ANSWER)
    [ack] = far.sent()
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri, cseq(ack).number) == ("ACK", "sip:bob@192.0.2.9:5060", 1)
    assert top_via(ack).branch != top_via(invite).branch
    assert far.events() == [Progress(180, "Scripted"), Answered(MEDIA)]
    assert call.session is not None
    call.session.hang_up(cause.NORMAL_CLEARING, far.now)
    [bye] = far.sent()
    assert isinstance(bye, Request)
    assert (bye.method, cseq(bye).number) == ("BYE", 2)
    assert far.events() == [Ended("local", cause.NORMAL_CLEARING)]
    far.respond(bye, 200)
    assert_nothing_left(far)


def test_early_media_counts_where_the_200_has_none(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 183, body=ANSWER)
    far.respond(invite, 200)
    assert far.events() == [Progress(183, "Scripted", MEDIA), Answered(MEDIA)]


def test_answer_without_a_codec_in_common_is_hung_up(far: FarEnd) -> None:
    _, invite = far.call()
    body = OFFER.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 18")
    far.respond(invite, 200, body=body)
    assert far.sent_lines() == ["ACK", "BYE"]
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert failed.cause == cause.MEDIA_INCOMPATIBLE


def test_retransmitted_200_is_acknowledged_again_with_the_same_ack(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 200, body=ANSWER)
    [first] = far.sent()
    far.respond(invite, 200, body=ANSWER)
    [again] = far.sent()
    assert first == again
    assert len(far.events()) == 1


def test_refusal_is_acknowledged_and_named(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 486)
    [ack] = far.sent()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert top_via(ack).branch == top_via(invite).branch
    assert address(ack, "To").tag == "far"
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.result, failed.cause.code) == (486, Result.BUSY, "user_busy")
    far.respond(invite, 486)
    assert far.sent_lines() == ["ACK"]
    assert far.events() == []
    assert_nothing_left(far)


def test_silence_ends_in_a_timeout_after_seven_invites(far: FarEnd) -> None:
    _, invite = far.call()
    far.pass_time(TIMEOUT + 1)
    again = far.sent()
    assert [line_of(message) for message in again] == ["INVITE"] * 6
    assert {top_via(message).branch for message in again} == {top_via(invite).branch}
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.cause) == (None, cause.SIP_TIMEOUT)
    assert_nothing_left(far)


def test_a_phone_may_ring_longer_than_timer_b(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 180)
    far.pass_time(10 * TIMEOUT)
    assert far.sent() == []
    far.respond(invite, 200, body=ANSWER)
    assert far.events() == [Progress(180, "Scripted"), Answered(MEDIA)]


def test_closed_port_fails_at_once(far: FarEnd) -> None:
    _, invite = far.call()
    far.agent.undelivered(invite.serialize()[:200], far.now)
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert failed.cause == cause.UNREACHABLE
    assert far.agent.counters["undelivered"] == 1
    assert_nothing_left(far)


def test_closed_port_means_nothing_once_it_rings(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 180)
    far.agent.undelivered(invite.serialize()[:200], far.now)
    far.agent.undelivered(b"\x80\x00 RTP, perhaps", far.now)
    assert far.events() == [Progress(180, "Scripted")]


# --- CANCEL --------------------------------------------------------------------------------------


def test_cancel_waits_for_a_provisional(far: FarEnd) -> None:
    call, invite = far.call()
    call.cancel(cause.RING_TIMEOUT, far.now)
    assert far.sent() == []
    far.respond(invite, 100, tag="")
    [cancel] = far.sent()
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.uri, cseq(cancel).number) == ("CANCEL", invite.uri, 1)
    assert top_via(cancel).branch == top_via(invite).branch
    far.respond(cancel, 200)
    far.respond(invite, 180)
    far.respond(invite, 487)
    assert far.sent_lines() == ["ACK"]
    assert far.events() == [Failed(487, "Scripted", cause.RING_TIMEOUT, Result.NO_ANSWER)]
    assert_nothing_left(far)


def test_cancel_of_a_silent_invite_ends_with_timer_b(far: FarEnd) -> None:
    call, _ = far.call()
    call.cancel(cause.CANCELLED, far.now)
    far.pass_time(TIMEOUT)
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert failed.cause == cause.CANCELLED


def test_answer_crosses_cancel(far: FarEnd) -> None:
    call, invite = far.call()
    far.respond(invite, 180)
    call.cancel(cause.RING_TIMEOUT, far.now)
    assert far.sent_lines() == ["CANCEL"]
    far.respond(invite, 200, body=ANSWER)
    assert far.sent_lines() == ["ACK", "BYE"]
    assert far.events()[1:] == [Ended("local", cause.RING_TIMEOUT)]
    far.respond(invite, 200, body=ANSWER)
    assert far.sent_lines() == ["ACK"]
    assert_nothing_left(far)


def test_refusal_crosses_cancel_and_keeps_its_own_cause(far: FarEnd) -> None:
    call, invite = far.call()
    far.respond(invite, 180)
    call.cancel(cause.RING_TIMEOUT, far.now)
    far.respond(invite, 486)
    assert isinstance(failed := far.events()[-1], Failed)
    assert failed.result is Result.BUSY


def test_cancel_nobody_answers_is_given_up(far: FarEnd) -> None:
    call, invite = far.call()
    far.respond(invite, 180)
    call.cancel(cause.RING_TIMEOUT, far.now)
    far.pass_time(TIMEOUT)
    assert isinstance(failed := far.events()[-1], Failed)
    assert (failed.status, failed.cause) == (None, cause.RING_TIMEOUT)
    assert_nothing_left(far)


def test_cancel_after_the_answer_is_a_bye(far: FarEnd) -> None:
    call, _ = far.answered()
    call.cancel(cause.RING_TIMEOUT, far.now)
    assert far.sent_lines() == ["BYE"]
    assert far.events() == [Ended("local", cause.RING_TIMEOUT)]


# --- Forks ---------------------------------------------------------------------------------------


def test_second_fork_that_answers_is_acknowledged_and_hung_up(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 180, tag="one")
    far.respond(invite, 183, tag="two", body=ANSWER)
    far.respond(invite, 200, tag="one", body=ANSWER)
    far.respond(invite, 200, tag="two", body=ANSWER)
    sent = far.sent()
    assert [line_of(message) for message in sent] == ["ACK", "ACK", "BYE"]
    assert [address(message, "To").tag for message in sent] == ["one", "two", "two"]
    assert far.events()[-1] == Answered(MEDIA)
    far.respond(invite, 200, tag="two", body=ANSWER)
    assert far.sent_lines() == ["ACK"]
    assert far.agent.calls == 1


# --- Credentials ---------------------------------------------------------------------------------

PASSWORD = Credentials("alice", "secret")
PROXY = ("Proxy-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth", algorithm=MD5')


def test_challenge_is_answered_in_the_same_call(far: FarEnd) -> None:
    _, invite = far.call(credentials=PASSWORD)
    far.respond(invite, 407, headers=(PROXY,))
    ack, second = far.sent()
    assert isinstance(ack, Request)
    assert isinstance(second, Request)
    assert (ack.method, second.method) == ("ACK", "INVITE")
    assert second.first("Call-ID") == invite.first("Call-ID")
    assert second.first("From") == invite.first("From")
    assert second.first("To") == "<sip:bob@192.0.2.9>"
    assert cseq(second).number == 2
    assert 'username="alice"' in (second.first("Proxy-Authorization") or "")
    far.respond(second, 200, body=ANSWER)
    [ack] = far.sent()
    assert cseq(ack).number == 2
    assert far.events() == [Answered(MEDIA)]


def test_wrong_password_fails_after_one_try(far: FarEnd) -> None:
    _, invite = far.call(credentials=PASSWORD)
    far.respond(invite, 407, headers=(PROXY,))
    _, second = far.sent()
    assert isinstance(second, Request)
    far.respond(second, 407, headers=((PROXY[0], PROXY[1].replace("n1", "n2")),))
    assert far.sent_lines() == ["ACK"]
    [failed] = far.events()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.cause.code) == (407, "unauthorized")


def test_stale_nonce_is_replaced(far: FarEnd) -> None:
    _, invite = far.call(credentials=PASSWORD)
    far.respond(invite, 407, headers=(PROXY,))
    _, second = far.sent()
    assert isinstance(second, Request)
    stale = (PROXY[0], PROXY[1].replace("n1", "n2") + ", stale=true")
    far.respond(second, 407, headers=(stale,))
    _, third = far.sent()
    assert 'nonce="n2"' in (third.first("Proxy-Authorization") or "")


def test_proxy_and_server_may_both_ask(far: FarEnd) -> None:
    _, invite = far.call(credentials=PASSWORD)
    server = ("WWW-Authenticate", 'Digest realm="server", nonce="s1"')
    far.respond(invite, 407, headers=(PROXY,))
    _, second = far.sent()
    assert isinstance(second, Request)
    far.respond(second, 401, headers=(server, PROXY))
    _, third = far.sent()
    assert third.first("Authorization") is not None


def test_challenge_without_credentials_fails(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 401, headers=(("WWW-Authenticate", 'Digest realm="x", nonce="y"'),))
    assert far.sent_lines() == ["ACK"]
    assert isinstance(far.events()[0], Failed)


def test_cancelled_call_does_not_try_again(far: FarEnd) -> None:
    call, invite = far.call(credentials=PASSWORD)
    call.cancel(cause.CANCELLED, far.now)
    far.respond(invite, 407, headers=(PROXY,))
    assert far.sent_lines() == ["ACK"]
    assert isinstance(far.events()[0], Failed)


def test_challenged_bye_is_sent_with_credentials(far: FarEnd) -> None:
    call, invite = far.call(credentials=PASSWORD)
    far.respond(invite, 200, body=ANSWER)
    far.sent()
    call.cancel(cause.CANCELLED, far.now)
    [bye] = far.sent()
    assert isinstance(bye, Request)
    far.respond(bye, 407, headers=(PROXY,))
    [again] = far.sent()
    assert isinstance(again, Request)
    assert (again.method, cseq(again).number) == ("BYE", 3)
    assert again.first("Proxy-Authorization") is not None


# --- Routes --------------------------------------------------------------------------------------

ROUTES = (("Record-Route", "<sip:192.0.2.20;lr>, <sip:192.0.2.21;lr>"),)


def test_loose_routes_are_reversed_and_followed(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 200, body=ANSWER, headers=ROUTES)
    [(data, destination)] = far.agent.datagrams()
    assert destination.address == ("192.0.2.21", 5060)
    assert data.startswith(b"ACK sip:bob@192.0.2.9:5060 SIP/2.0\r\n")
    assert data.index(b"Route: <sip:192.0.2.21;lr>") < data.index(b"Route: <sip:192.0.2.20;lr>")


def test_strict_router_gets_itself_as_request_uri(far: FarEnd) -> None:
    _, invite = far.call()
    routes = (("Record-Route", "<sip:192.0.2.20>"),)
    far.respond(invite, 200, body=ANSWER, headers=routes)
    [(data, destination)] = far.agent.datagrams()
    assert destination.address == ("192.0.2.20", 5060)
    assert data.startswith(b"ACK sip:192.0.2.20 SIP/2.0\r\n")
    assert b"Route: <sip:bob@192.0.2.9:5060>\r\n" in data


@pytest.mark.parametrize("contact", ["<sip:bob@carrier.example>", "<sip:bob@0.0.0.0>", "<<>"])
def test_contact_without_a_usable_address_is_reached_by_the_trunk(
    far: FarEnd, contact: str
) -> None:
    _, invite = far.call()
    far.respond(invite, 200, body=ANSWER, contact=contact)
    [(_, destination)] = far.agent.datagrams()
    assert destination == THEIR


def test_unreadable_route_does_not_lose_the_call(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 200, body=ANSWER, headers=(("Record-Route", "<nonsense>"),))
    assert far.sent_lines() == ["ACK"]
    assert far.events() == [Answered(MEDIA)]


# --- Inside the dialog ---------------------------------------------------------------------------


def test_far_side_hangs_up_with_a_reason(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "BYE", headers=(("Reason", 'Q.850;cause=38;text="out"'),))
    assert far.sent_lines() == ["200 BYE"]
    [ended] = far.events()
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.code, ended.cause.q850) == ("remote", "network_out_of_order", 38)
    assert_nothing_left(far)


def test_byes_cross(far: FarEnd) -> None:
    call, invite = far.answered()
    call.cancel(cause.CANCELLED, far.now)
    far.request_in(invite, "BYE")
    assert far.sent_lines() == ["BYE", "481 BYE"]
    assert far.events() == [Ended("local", cause.CANCELLED)]
    assert_nothing_left(far)


def test_hold_and_resume_by_reinvite(far: FarEnd) -> None:
    _, invite = far.answered()
    held = ANSWER.replace(b"sendrecv", b"sendonly")
    reinvite = far.request_in(invite, "INVITE", 1, body=held)
    [ok] = far.sent()
    assert line_of(ok) == "200 INVITE"
    assert sdp.parse(ok.body).direction is sdp.Direction.RECVONLY
    assert sdp.origin(ok.body) == (1, 2)
    far.request_in(invite, "ACK", 1, branch="z9hG4bKack1")
    far.request_in(invite, "INVITE", 2, body=ANSWER.replace(b"6000", b"6002"))
    hold, resume = far.events()
    assert isinstance(hold, Updated)
    assert isinstance(resume, Updated)
    assert hold.sdp.on_hold
    assert (resume.sdp.on_hold, resume.sdp.port) == (False, 6002)
    assert reinvite.method == "INVITE"


def test_reinvite_answer_is_repeated_until_its_ack(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "INVITE", 1, body=ANSWER)
    far.pass_time(2)
    assert far.sent_lines() == ["200 INVITE"] * 3
    far.request_in(invite, "INVITE", 2, body=ANSWER)
    assert far.sent_lines() == ["491 INVITE"]
    far.request_in(invite, "ACK", 1)
    far.pass_time(20)
    assert set(far.sent_lines()) == {"491 INVITE"}


def test_reinvite_without_offer_gets_ours_and_the_ack_answers(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "INVITE", 1)
    [ok] = far.sent()
    assert [codec.name for codec in sdp.parse(ok.body).codecs] == ["PCMU", "PCMA"]
    far.request_in(invite, "ACK", 1, body=ANSWER.replace(b"6000", b"6010"))
    [updated] = far.events()
    assert isinstance(updated, Updated)
    assert updated.sdp.port == 6010


def test_impossible_reinvite_is_refused_and_changes_nothing(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "INVITE", 1, body=ANSWER.replace(b"AVP 8 101", b"AVP 18"))
    assert far.sent_lines() == ["488 INVITE"]
    far.request_in(invite, "UPDATE", 2, body=b"rubbish")
    assert "488 UPDATE" in far.sent_lines()
    assert far.events() == []
    assert far.agent.calls == 1


def test_update_moves_the_media(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "UPDATE", 1)
    far.request_in(invite, "UPDATE", 2, body=ANSWER.replace(b"6000", b"6004"))
    assert far.sent_lines() == ["200 UPDATE"] * 2
    [updated] = far.events()
    assert isinstance(updated, Updated)
    assert updated.sdp.port == 6004


def test_update_in_an_early_dialog_counts_for_the_answer(far: FarEnd) -> None:
    _, invite = far.call()
    far.respond(invite, 180)
    far.request_in(invite, "UPDATE", 1, body=ANSWER)
    far.respond(invite, 183, body=ANSWER)
    far.request_in(invite, "UPDATE", 2, body=ANSWER.replace(b"6000", b"6004"))
    assert far.sent_lines() == ["491 UPDATE", "200 UPDATE"]
    far.respond(invite, 200)
    answered = far.events()[-1]
    assert isinstance(answered, Answered)
    assert answered.sdp.port == 6004
    far.request_in(invite, "BYE", 3)
    assert "200 BYE" in far.sent_lines()


def test_keys_by_info(far: FarEnd) -> None:
    _, invite = far.answered()
    relay = (("Content-Type", "application/dtmf-relay"),)
    plain = (("Content-Type", "application/dtmf"),)
    far.request_in(invite, "INFO", 1, headers=relay, body=b"Signal= 5\r\nDuration= 200\r\n")
    far.request_in(invite, "INFO", 2, headers=relay, body=b"Signal=11\r\n")
    far.request_in(invite, "INFO", 3, headers=plain, body=b"*")
    far.request_in(invite, "INFO", 4)
    far.request_in(invite, "INFO", 5, headers=plain, body=b"much")
    assert far.events() == [KeyPressed("5", 200), KeyPressed("#", 160), KeyPressed("*", 160)]
    assert far.sent_lines() == ["200 INFO"] * 4 + ["415 INFO"]


def test_requests_we_do_not_take_are_refused_politely(far: FarEnd) -> None:
    _, invite = far.answered()
    far.request_in(invite, "OPTIONS", 1)
    far.request_in(invite, "REFER", 2)
    far.request_in(invite, "MESSAGE", 3)
    far.request_in(invite, "INFO", 3)
    far.request_in(invite, "INVITE", 4, headers=(("Require", "100rel, foo, bar"),), body=ANSWER)
    options, refer, message, late, required = far.sent()
    assert line_of(options) == "200 OPTIONS"
    assert line_of(refer) == "603 REFER"
    assert line_of(message) == "405 MESSAGE"
    assert "UPDATE" in (message.first("Allow") or "")
    assert line_of(late) == "500 INFO"
    assert line_of(required) == "420 INVITE"
    assert required.first("Unsupported") == "foo, bar"


def test_key_we_press_goes_by_info(far: FarEnd) -> None:
    call, _ = far.answered()
    assert call.session is not None
    call.session.send_key("7", 200, far.now)
    [info] = far.sent()
    assert info.body == b"Signal=7\r\nDuration=200\r\n"
    far.respond(info, 481) if isinstance(info, Request) else None
    assert far.events() == [Ended("remote", cause.CALL_LOST)]
    assert_nothing_left(far)


def test_bye_nobody_answers_leaves_nothing(far: FarEnd) -> None:
    call, _ = far.answered()
    call.cancel(cause.CANCELLED, far.now)
    far.pass_time(TIMEOUT)
    assert far.sent_lines() == ["BYE"] * 11
    assert_nothing_left(far)


def test_line_break_in_a_header_is_refused_before_anything_is_sent(far: FarEnd) -> None:
    with pytest.raises(ValueError, match="line break"):
        far.call(headers=(("X-Evil", "a\r\nContact: b"),))
    assert far.agent.datagrams() == []
    assert (far.agent.calls, far.agent.transactions) == (0, 0)
