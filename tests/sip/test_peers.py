"""SIPp, an outsider, agrees with us: its scenarios pass and its counts are ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from engine.program.outcome import Result
from engine.sip import RING_TIMEOUT, Credentials, Endpoint, Hop, IncomingCall, InviteRequest, sdp
from engine.sip.events import Answered, CallEvent, Ended, Failed, Progress
from engine.sip.transport import Call
from tests.sip.sipp import SCENARIOS, Sipp

pytestmark = pytest.mark.peer
CALLS = 5
PASSWORD = Credentials("alice", "secret")


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = await Endpoint.open("127.0.0.1")
    yield endpoint
    await endpoint.close()


def invite(
    endpoint: Endpoint, target: tuple[str, int], credentials: Credentials | None = None
) -> Call:
    uri = f"sip:212600@{target[0]}:{target[1]}"
    offer = sdp.offer("127.0.0.1", 40000)
    return endpoint.invite(
        InviteRequest(Hop(*target), uri, uri, "33100", "127.0.0.1", offer, credentials=credentials)
    )


async def events_of(call: Call, on_event: Callable[[CallEvent], None]) -> list[CallEvent]:
    """Every event up to the last; ``on_event`` does what the caller does."""
    events: list[CallEvent] = []
    while not events or not isinstance(events[-1], Failed | Ended):
        events.append(await call.next_event())
        on_event(events[-1])
    return events


async def played(
    endpoint: Endpoint,
    scenario: str,
    act: Callable[[Call, CallEvent], None] = lambda call, event: None,
    credentials: Credentials | None = None,
    options: tuple[str, ...] = (),
) -> list[list[CallEvent]]:
    """Five calls to ``scenario``; SIPp calls each of them successful."""
    async with Sipp.called(SCENARIOS / f"{scenario}.xml", CALLS, *options) as sipp:
        calls = [invite(endpoint, sipp.address, credentials) for _ in range(CALLS)]
        everything = [
            await events_of(call, lambda event, call=call: act(call, event))  # type: ignore[misc]
            for call in calls
        ]
        await sipp.finished()
        assert sipp.statistics.successful == CALLS, sipp.errors
        assert (sipp.statistics.failed, sipp.statistics.unexpected) == (0, 0), sipp.errors
    return everything


def bye_when_answered(call: Call, event: CallEvent) -> None:
    if isinstance(event, Answered):
        call.bye()


def cancel_when_ringing(call: Call, event: CallEvent) -> None:
    if isinstance(event, Progress):
        call.cancel(RING_TIMEOUT)


async def test_answers(endpoint: Endpoint) -> None:
    for progress, answered, ended in await played(endpoint, "answers", bye_when_answered):
        assert isinstance(progress, Progress)
        assert progress.status == 180
        assert isinstance(answered, Answered)
        assert (answered.sdp.codecs[0].name, answered.sdp.telephone_event) == ("PCMA", 96)
        assert isinstance(ended, Ended)
        assert ended.by == "local"


async def test_hangs_up(endpoint: Endpoint) -> None:
    for progress, answered, ended in await played(endpoint, "hangs_up"):
        assert isinstance(progress, Progress)
        assert isinstance(answered, Answered)
        assert progress.sdp == answered.sdp
        assert isinstance(ended, Ended)
        assert (ended.by, ended.cause.q850) == ("remote", 16)


async def test_busy(endpoint: Endpoint) -> None:
    for [failed] in await played(endpoint, "busy"):
        assert isinstance(failed, Failed)
        assert (failed.status, failed.result) == (486, Result.BUSY)
        assert (failed.cause.code, failed.cause.q850) == ("user_busy", 17)


async def test_rings_out(endpoint: Endpoint) -> None:
    for *_, failed in await played(endpoint, "rings_out", cancel_when_ringing):
        assert isinstance(failed, Failed)
        assert (failed.status, failed.cause, failed.result) == (
            487,
            RING_TIMEOUT,
            Result.NO_ANSWER,
        )


@pytest.mark.parametrize("status", [401, 407])
async def test_challenge(endpoint: Endpoint, status: int) -> None:
    scenario = f"challenge_{status}"
    for events in await played(endpoint, scenario, bye_when_answered, PASSWORD):
        assert [type(event) for event in events] == [Answered, Ended]


async def test_wrong_password(endpoint: Endpoint) -> None:
    wrong = Credentials("alice", "guessed")
    for [failed] in await played(endpoint, "challenge_401", credentials=wrong):
        assert isinstance(failed, Failed)
        assert failed.status == 403


async def test_loses_ack(endpoint: Endpoint) -> None:
    # -nr, or SIPp takes the second ACK, rightly the same as the first, for a retransmission.
    for events in await played(endpoint, "loses_ack", options=("-nr",)):
        assert [type(event) for event in events] == [Answered, Ended]


async def test_sipp_calls_us(endpoint: Endpoint) -> None:
    taken: list[IncomingCall] = []

    def take(call: IncomingCall) -> None:
        taken.append(call)
        call.ring()
        answer = sdp.answer(call.sdp or b"", "127.0.0.1", 40000)
        assert answer is not None
        call.answer(answer)

    endpoint.on_incoming = take
    async with Sipp.calling(SCENARIOS / "calls.xml", endpoint.address, CALLS) as sipp:
        await sipp.finished()
        assert sipp.statistics.successful == CALLS, sipp.errors
        assert sipp.statistics.retransmissions == 0
    assert {(call.from_user, call.to_user) for call in taken} == {("33100", "212600")}
    for call in taken:
        assert isinstance(await call.next_event(), Answered)
        ended = await call.next_event()
        assert isinstance(ended, Ended)
        assert ended.by == "remote"
    assert not endpoint.counters
