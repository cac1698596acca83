"""Two of our agents back to back over a network that loses, doubles, delays and reorders.

Whatever the seed: no call is lost between the two, both end, both agree on whether it was up, and
afterwards no call, transaction or timer is left on either side.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sip import cause, sdp
from engine.sip.events import Answered, CallEvent, Ended, Failed
from engine.sip.hop import Hop
from engine.sip.incoming import IncomingInvite
from engine.sip.outgoing import OutgoingCall
from engine.sip.transaction import TIMEOUT
from tests.sip.network import Network, Weather

STORM = Weather(loss=0.25, duplication=0.2, delay=(0.001, 0.9))
BREEZE = Weather(loss=0.05, duplication=0.05, delay=(0.005, 0.1))
ANSWER = sdp.offer("192.0.2.2", 6000)
SEEDS = range(100)
MANY = 3000

Script = Callable[[Network, OutgoingCall], None]


def answer_after(network: Network, ring: float) -> None:
    def on_incoming(call: IncomingInvite) -> None:
        call.ring(180, b"", network.now)
        network.at(ring, lambda: call.answer(ANSWER, network.now))

    network.on_incoming = on_incoming


def caller_hangs_up(network: Network, call: OutgoingCall) -> None:
    answer_after(network, 1.0)
    network.at(20.0, lambda: call.cancel(cause.CANCELLED, network.now))


def called_hangs_up(network: Network, call: OutgoingCall) -> None:
    def on_incoming(invite: IncomingInvite) -> None:
        invite.answer(ANSWER, network.now)
        network.at(3.0, lambda: invite.hang_up(cause.NORMAL_CLEARING, network.now))

    network.on_incoming = on_incoming
    network.at(200.0, lambda: call.cancel(cause.CANCELLED, network.now))


def both_hang_up(network: Network, call: OutgoingCall) -> None:
    def on_incoming(invite: IncomingInvite) -> None:
        invite.answer(ANSWER, network.now)
        network.at(4.0, lambda: invite.hang_up(cause.NORMAL_CLEARING, network.now))

    network.on_incoming = on_incoming
    network.at(4.2, lambda: call.cancel(cause.CANCELLED, network.now))


def is_busy(network: Network, call: OutgoingCall) -> None:
    network.on_incoming = lambda invite: invite.reject(486, None, [], network.now)


def rings_out(network: Network, call: OutgoingCall) -> None:
    network.on_incoming = lambda invite: invite.ring(180, b"", network.now)
    network.at(40.0, lambda: call.cancel(cause.RING_TIMEOUT, network.now))


def cancelled_as_it_is_answered(network: Network, call: OutgoingCall) -> None:
    answer_after(network, 2.0)
    network.at(2.0, lambda: call.cancel(cause.RING_TIMEOUT, network.now))


def early_media_and_holds(network: Network, call: OutgoingCall) -> None:
    """Reliable early media, then both sides change the session, now and then at once."""

    def on_incoming(invite: IncomingInvite) -> None:
        invite.ring(183, ANSWER, network.now)
        network.at(2.0, lambda: invite.answer(ANSWER, network.now))
        network.at(9.0, lambda: invite.session and invite.session.hold(network.now))
        network.at(15.0, lambda: invite.session and invite.session.resume(network.now))

    network.on_incoming = on_incoming
    network.at(9.0, lambda: call.session and call.session.hold(network.now))
    network.at(12.0, lambda: call.session and call.session.resume(network.now))
    network.at(30.0, lambda: call.cancel(cause.CANCELLED, network.now))


SCRIPTS = [
    early_media_and_holds,
    caller_hangs_up,
    called_hangs_up,
    both_hang_up,
    is_busy,
    rings_out,
    cancelled_as_it_is_answered,
]


def play(script: Script, seed: int, weather: Weather) -> CallEvent:
    """How it ended for the caller."""
    network = Network(seed, weather)
    call = network.call()
    script(network, call)
    network.run(600)
    assert_well_ended(network, call)
    return network.events[call.key][-1]


def assert_well_ended(network: Network, call: OutgoingCall) -> None:
    ours = network.events[call.key]
    assert_grammar(ours)
    assert len(network.incoming) <= 1, "a second call for one INVITE"
    for incoming in network.incoming:
        theirs = network.events[incoming.key]
        assert_grammar(theirs)
        if any(isinstance(event, Answered) for event in theirs):
            assert not isinstance(ours[-1], Failed), (ours, theirs)
        if isinstance(ours[-1], Ended):
            assert isinstance(theirs[-1], Ended)
    for agent in (network.alice, network.bob):
        assert (agent.calls, agent.transactions, agent.next_timer()) == (0, 0, None)
        assert agent.counters["malformed"] == 0


def assert_grammar(events: list[CallEvent]) -> None:
    last = [isinstance(event, Failed | Ended) for event in events]
    assert last == [False] * (len(events) - 1) + [True], events


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_both_sides_agree_in_a_storm(script: Script) -> None:
    for seed in SEEDS:
        play(script, seed, STORM)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_both_sides_agree_in_thousands_of_storms(script: Script) -> None:
    for seed in range(len(SEEDS), MANY):
        play(script, seed, STORM)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_every_call_ends_as_scripted_in_a_breeze(script: Script) -> None:
    ends = {
        caller_hangs_up: {"cancelled"},
        called_hangs_up: {"normal_clearing"},
        both_hang_up: {"cancelled", "normal_clearing"},
        is_busy: {"user_busy"},
        rings_out: {"ring_timeout"},
        cancelled_as_it_is_answered: {"ring_timeout"},
        early_media_and_holds: {"cancelled"},
    }
    for seed in SEEDS:
        last = play(script, seed, BREEZE)
        assert isinstance(last, Failed | Ended)
        assert last.cause.code in ends[script], (seed, last)


@settings(deadline=None)
@given(st.data())
def test_damaged_datagrams_never_raise(data: st.DataObject) -> None:
    """One byte of any datagram of a call is changed on its way; the timers run out."""
    network = Network()
    victim = data.draw(st.integers(0, 6))
    at, to = data.draw(st.integers(0, 600)), data.draw(st.integers(0, 255))

    def damages(datagram: bytes) -> bytes:
        if len(network.carried) != victim + 1 or at >= len(datagram):
            return datagram
        return datagram[:at] + bytes([to]) + datagram[at + 1 :]

    network.damages = damages
    call = network.call()
    caller_hangs_up(network, call)
    network.run(600)
    assert isinstance(network.events[call.key][-1], Failed | Ended)


def test_one_call_takes_seven_datagrams_in_good_weather() -> None:
    network = Network()
    call = network.call()
    caller_hangs_up(network, call)
    network.run(600)
    starts = [data.split(b" ")[0] + data.split(b" ")[1][:3] for data in network.carried]
    expected = [b"INVITEsip", b"SIP/2.0100", b"SIP/2.0180", b"SIP/2.0200", b"ACKsip"]
    assert starts == [*expected, b"BYEsip", b"SIP/2.0200"]
    assert_well_ended(network, call)


def test_dead_network_ends_the_call_with_a_timeout() -> None:
    network = Network(weather=Weather(loss=1.0))
    call = network.call()
    network.run(TIMEOUT)
    [failed] = network.events[call.key]
    assert isinstance(failed, Failed)
    assert failed.cause == cause.SIP_TIMEOUT


def test_lost_acks_are_said_again_for_each_200() -> None:
    network = Network()
    acks: list[bytes] = []

    def passes(data: bytes, destination: Hop) -> bool:
        if data.startswith(b"ACK"):
            acks.append(data)
        return not data.startswith(b"ACK") or len(acks) > 3

    network.passes = passes
    call = network.call()
    answer_after(network, 1.0)
    network.run(30)
    assert len(acks) == 4
    assert len(set(acks)) == 1
    [incoming] = network.incoming
    assert isinstance(network.events[incoming.key][-1], Answered)
    call.finish(network.now)
    network.run(100)
    assert_well_ended(network, call)
