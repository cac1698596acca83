"""We change a session: hold, resume, another port or codec; and both sides at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.sip import cause, sdp
from engine.sip.digest import Credentials
from engine.sip.events import Answered, ChangeRefused, Ended, Updated
from engine.sip.headers import cseq
from engine.sip.message import Message, Request
from engine.sip.sdp import Direction
from engine.sip.session import Session
from engine.sip.transaction import TIMEOUT
from tests.sip.far_end import ANSWER, FarEnd, line_of
from tests.sip.network import Network, Weather

HELD = ANSWER.replace(b"sendrecv", b"recvonly")


@pytest.fixture
def far() -> FarEnd:
    return FarEnd()


def up(far: FarEnd) -> tuple[Session, Request]:
    call, invite = far.answered()
    assert call.session is not None
    return call.session, invite


def only(far: FarEnd) -> Request:
    [message] = far.sent()
    return as_request(message)


def as_request(message: Message) -> Request:
    assert isinstance(message, Request)
    return message


def test_hold_and_resume(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    hold = only(far)
    assert (hold.method, hold.uri, cseq(hold).number) == ("INVITE", "sip:bob@192.0.2.9:5060", 2)
    assert sdp.parse(hold.body).direction is Direction.SENDONLY
    assert sdp.origin(hold.body) == (1, 2)
    assert "<sip:" in (hold.first("Contact") or "")
    far.respond(hold, 200, body=HELD)
    ack = only(far)
    assert (ack.method, cseq(ack).number) == ("ACK", 2)
    far.respond(hold, 200, body=HELD)
    assert only(far) == ack
    session.resume(far.now)
    resume = only(far)
    assert sdp.parse(resume.body).direction is Direction.SENDRECV
    assert sdp.origin(resume.body) == (1, 3)
    far.respond(resume, 200, body=ANSWER)
    held, resumed = far.events()
    assert isinstance(held, Updated)
    assert isinstance(resumed, Updated)
    assert (held.sdp.direction, resumed.sdp.direction) == (Direction.RECVONLY, Direction.SENDRECV)


def test_change_of_port_and_codec(far: FarEnd) -> None:
    session, _ = up(far)
    wanted = replace(session.media.capable, port=4100, codecs=(sdp.Codec("PCMA", 8),))
    session.offer(wanted, far.now)
    reinvite = only(far)
    assert sdp.parse(reinvite.body) == wanted
    far.respond(reinvite, 200, body=ANSWER)
    far.sent()
    session.hold(far.now)
    assert sdp.parse(only(far).body).port == 4100


def test_refused_change_leaves_everything_as_it_was(far: FarEnd) -> None:
    session, _ = up(far)
    session.offer(replace(session.media.capable, port=4100), far.now)
    far.respond(only(far), 488)
    assert far.sent_lines() == ["ACK"]
    assert far.events() == [ChangeRefused(488, "Scripted")]
    assert sdp.parse(session.media.local).port == 4000
    session.hold(far.now)
    assert sdp.parse(only(far).body).port == 4000


def test_wishes_wait_for_each_other_and_the_last_one_counts(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    session.resume(far.now)
    session.hold(far.now)
    far.respond(only(far), 200, body=HELD)
    ack, second = far.sent()
    assert line_of(ack) == "ACK"
    assert sdp.parse(as_request(second).body).direction is Direction.SENDONLY
    far.respond(as_request(second), 200, body=HELD)
    assert far.sent_lines() == ["ACK"]


def test_answer_that_is_none_ends_the_call(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    far.respond(only(far), 200)
    assert far.sent_lines() == ["ACK", "BYE"]
    assert far.events() == [Ended("local", cause.MEDIA_INCOMPATIBLE)]


@pytest.mark.parametrize("status", [408, 481])
def test_far_side_that_lost_the_call_ends_it(far: FarEnd, status: int) -> None:
    session, _ = up(far)
    session.hold(far.now)
    far.respond(only(far), status)
    assert far.events() == [Ended("remote", cause.CALL_LOST)]


def test_silence_ends_it_too(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    far.pass_time(TIMEOUT)
    assert far.events() == [Ended("remote", cause.CALL_LOST)]
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


def test_hanging_up_leaves_no_change_behind(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    far.respond(only(far), 100, tag="")
    session.hang_up(cause.NORMAL_CLEARING, far.now)
    far.respond(only(far), 200)
    far.pass_time(3 * TIMEOUT)
    assert (far.agent.calls, far.agent.transactions, far.agent.next_timer()) == (0, 0, None)


def test_challenge_is_answered(far: FarEnd) -> None:
    call, invite = far.call(credentials=Credentials("alice", "secret"))
    far.respond(invite, 200, body=ANSWER)
    far.sent(), far.events()
    assert call.session is not None
    call.session.hold(far.now)
    challenge = ("WWW-Authenticate", 'Digest realm="x", nonce="y", qop="auth"')
    far.respond(only(far), 401, headers=(challenge,))
    ack, again = far.sent()
    assert (line_of(ack), line_of(again)) == ("ACK", "INVITE")
    assert "nc=00000001" in (again.first("Authorization") or "")
    assert sdp.parse(again.body).direction is Direction.SENDONLY
    far.respond(as_request(again), 200, body=HELD)
    [ack] = far.sent()
    assert ack.first("Authorization") == again.first("Authorization")
    call.session.hang_up(cause.NORMAL_CLEARING, far.now)
    assert "nc=00000002" in (only(far).first("Authorization") or "")


# --- Both at once --------------------------------------------------------------------------------


def test_glare_is_tried_again_by_the_caller_after_two_to_four_seconds(far: FarEnd) -> None:
    session, _ = up(far)
    session.hold(far.now)
    far.respond(only(far), 491)
    assert far.sent_lines() == ["ACK"]
    far.pass_time(2.0)
    assert far.sent() == []
    far.pass_time(2.1)
    again = as_request(far.sent()[0])
    assert (again.method, cseq(again).number) == ("INVITE", 3)
    far.respond(again, 200, body=HELD)
    [updated] = far.events()
    assert isinstance(updated, Updated)


def test_their_change_is_refused_while_ours_is_open_and_taken_in_the_pause(far: FarEnd) -> None:
    session, invite = up(far)
    session.hold(far.now)
    ours = only(far)
    far.request_in(invite, "INVITE", 1, body=ANSWER)
    far.request_in(invite, "UPDATE", 2, body=ANSWER)
    assert far.sent_lines() == ["491 INVITE", "491 UPDATE"]
    far.respond(ours, 491)
    far.sent()
    far.request_in(invite, "UPDATE", 3, body=ANSWER)
    [ok] = far.sent()
    assert line_of(ok) == "200 UPDATE"
    assert sdp.parse(ok.body).direction is Direction.SENDONLY


def test_ours_waits_for_the_ack_of_theirs(far: FarEnd) -> None:
    session, invite = up(far)
    far.request_in(invite, "INVITE", 1, body=ANSWER)
    assert far.sent_lines() == ["200 INVITE"]
    session.hold(far.now)
    assert far.sent() == []
    far.request_in(invite, "ACK", 1)
    assert far.sent_lines() == ["INVITE"]


def test_both_sides_hold_at_once_in_any_weather() -> None:
    answer = sdp.offer("192.0.2.2", 6000)
    for seed in range(60):
        network = Network(seed, Weather(loss=0.15, duplication=0.1, delay=(0.001, 0.5)))
        network.on_incoming = lambda call, network=network: call.answer(answer, network.now)
        call = network.call()
        network.run(40)
        [incoming] = network.incoming
        if call.session is None or incoming.session is None:
            continue
        call.session.hold(network.now)
        incoming.session.hold(network.now)
        network.drain()
        network.run(60)
        assert_agreed(network, call.session, incoming.session)
        call.session.hang_up(cause.NORMAL_CLEARING, network.now)
        network.drain()
        network.run(300)
        for agent in (network.alice, network.bob):
            assert (agent.calls, agent.transactions, agent.next_timer()) == (0, 0, None), seed


def assert_agreed(network: Network, ours: Session, theirs: Session) -> None:
    if ours.closed or theirs.closed:
        return
    assert ours.media.remote == sdp.parse(theirs.media.local)
    assert theirs.media.remote == sdp.parse(ours.media.local)
    assert {ours.media.remote.direction, theirs.media.remote.direction} <= {
        Direction.INACTIVE,
        Direction.SENDONLY,
        Direction.RECVONLY,
    }
    assert any(isinstance(e, Answered) for events in network.events.values() for e in events)
