"""How a session runs, ends, is bounded and survives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flows import CallStatus, Limits, Session, SessionMismatch, TraceEntry, UnexpectedInput
from flows.effects import (
    AnswerEnded,
    Dial,
    DialEnded,
    DialResult,
    DigitsEnded,
    DigitsReason,
    EffectFailed,
    Ending,
    EndingKind,
    HungUp,
    Input,
    LimitReached,
    Play,
    PlayEnded,
    RecordEnded,
    RecordReason,
    Wait,
)
from flows.session import AWAITED
from tests.flows.graphs import ANSWERED, answered, clip, compare, graph, node, play, put, variable
from tests.flows.player import START, Player

SYSTEM = (
    "callId callStatus callDirection answeredBy contactId contactPhone contactName "
    "organizationId programId"
)
ENDED: dict[Wait, Input] = {
    Wait.DIAL: ANSWERED,
    Wait.ANSWER: AnswerEnded(True),
    Wait.PLAYBACK: PlayEnded(),
    Wait.DIGITS: DigitsEnded("1", DigitsReason.COMPLETE),
    Wait.RECORDING: RecordEnded("r", 1, RecordReason.SILENCE, True),
}


def waiting_for(wait: Wait) -> Player:
    """A fresh player whose session is in this wait."""
    media = {
        Wait.PLAYBACK: play("x"),
        Wait.DIGITS: node("x", "dtmf", {"mode": "single_digit"}),
        Wait.RECORDING: node("x", "record"),
    }
    if wait is Wait.ANSWER:
        return Player(graph(node("x", "answer")))
    if wait is Wait.DIAL:
        return Player(graph(node("x", "dial")))
    player = Player(answered(media[wait]))
    player.tell(ANSWERED)
    return player


@pytest.mark.parametrize("wait", Wait)
def test_each_wait_takes_its_input_and_no_other(wait: Wait) -> None:
    assert {type(event): wait for wait, event in ENDED.items()} == AWAITED
    assert set(ENDED) == set(Wait)
    for other, event in ENDED.items():
        player = waiting_for(wait)
        assert player.session.wait is wait
        if other is wait:
            player.tell(event)
            assert player.session.wait is None
        else:
            with pytest.raises(UnexpectedInput, match=f"waiting for {wait}"):
                player.tell(event)


@pytest.mark.parametrize("wait", Wait)
@pytest.mark.parametrize(
    ("event", "ending"),
    [
        (HungUp(), Ending(EndingKind.HUNG_UP)),
        (LimitReached("call_length"), Ending(EndingKind.LIMIT, "call_length")),
        (EffectFailed("broken", "it broke"), Ending(EndingKind.FLOW_ERROR, "broken")),
    ],
)
def test_what_ends_any_wait(wait: Wait, event: Input, ending: Ending) -> None:
    player = waiting_for(wait)
    step = player.tell(event)
    assert (step.effects, step.wait) == ((), None)
    assert player.session.ending == ending
    assert player.path[-1] == ("x", None)
    with pytest.raises(UnexpectedInput, match="ended"):
        player.tell(HungUp())


def test_an_output_that_is_not_wired_ends_in_order() -> None:
    player = Player(graph(node("dial", "dial")))
    player.tell(DialEnded(DialResult.ERROR, "none"))
    assert player.session.ending == Ending(EndingKind.COMPLETED)
    assert player.path == [("dial", "onError")]


def test_media_without_a_call_is_a_fault() -> None:
    player = Player(graph(node("dial", "dial", default="x"), play("x")))
    player.tell(DialEnded(DialResult.BUSY, "none"))
    assert player.session.ending == Ending(EndingKind.FLOW_ERROR, "no_call")


def test_default_takes_a_fault() -> None:
    player = Player(answered(play("x", default="bye"), node("bye", "hangup")))
    player.tell(ANSWERED, EffectFailed("clip_missing", "gone"))
    assert player.path[1:] == [("x", "onError"), ("bye", None)]
    assert player.session.trace[1].error == "clip_missing"


def test_system_variables() -> None:
    names = [f"sys.{name}" for name in SYSTEM.split()]
    puts = [
        put(n, n[4:], variable(n), onSuccess=to)
        for n, to in zip(names, [*names[1:], "bye"], strict=True)
    ]
    flow = graph(node("dial", "dial", default=names[0]), *puts, node("bye", "hangup"))
    player = Player(
        flow, {"contact_id": "c-1", "program_id": "p-1", "contact": {"fullName": "Amina Idrissi"}}
    )
    player.tell(DialEnded(DialResult.VOICEMAIL, "machine"))
    assert player.session.variables == {
        "callId": "call-1",
        "callStatus": "voicemail",
        "callDirection": "outbound",
        "answeredBy": "machine",
        "contactId": "c-1",
        "contactPhone": "+212600000001",
        "contactName": "Amina Idrissi",
        "organizationId": "org-1",
        "programId": "p-1",
    }


@pytest.mark.parametrize(
    ("contact", "name"),
    [
        ({"firstName": "Amina"}, "Amina"),
        ({"firstName": "Amina", "lastName": "Idrissi"}, "Amina Idrissi"),
        ({"firstName": "Amina", "fullName": "A. Idrissi"}, "A. Idrissi"),
        ({}, None),
    ],
)
def test_contact_name(contact: dict[str, str], name: str | None) -> None:
    flow = graph(put("a", "name", variable("sys.contactName"), onSuccess="d"), node("d", "dial"))
    assert Player(flow, {"contact": contact}).session.variables == {"name": name}


def test_call_status_follows_the_call() -> None:
    player = Player(answered(play("x")))
    seen = [player.session.scope.status]
    for event in (ANSWERED, HungUp()):
        player.tell(event)
        seen.append(player.session.scope.status)
    assert seen == [CallStatus.DIALING, CallStatus.ANSWERED, CallStatus.HUNG_UP]


@pytest.mark.parametrize(
    "source",
    [
        {"source": "variable", "variableName": "contact.customAttributes.balance"},
        {"source": "customAttribute", "attributeName": "balance"},
    ],
)
def test_two_ways_to_an_attribute(source: dict[str, Any]) -> None:
    flow = graph(compare("c", source, "eq", 5, onTrue="d"), node("d", "dial"))
    assert isinstance(Player(flow, {"attributes": {"balance": "5"}}).effect, Dial)


def test_a_literal_is_never_a_path() -> None:
    flow = graph(put("a", "v", "contact.firstName", onSuccess="d"), node("d", "dial"))
    player = Player(flow, {"contact": {"firstName": "Amina"}})
    assert player.session.variables == {"v": "contact.firstName"}


def test_a_condition_stops_as_soon_as_it_is_sure() -> None:
    guard = {
        "and": [
            {"operator": "neq", "left": variable("contact.city"), "right": None},
            {"operator": "gt", "left": variable("contact.city"), "right": "M"},
        ]
    }
    flow = graph(node("c", "condition", guard, onFalse="d"), node("d", "dial"))
    assert Player(flow).path[0] == ("c", "onFalse")


def test_trace_and_counts() -> None:
    flow = answered(play("x", onComplete="x"))
    flow["nodes"][1]["label"] = "Round and round"
    player = Player(flow)
    player.tell(ANSWERED, PlayEnded(), PlayEnded())
    assert player.session.node_counts == {"dial": 1, "x": 3}
    assert player.session.trace == (
        TraceEntry("dial", "dial", None, "onAnswer", START),
        *(
            TraceEntry("x", "play", "Round and round", output, START + timedelta(seconds=s))
            for s, output in ((1, "onComplete"), (2, "onComplete"), (3, None))
        ),
    )


@pytest.mark.parametrize(
    ("limits", "name", "entered"),
    [(Limits(visits_per_node=3), "visits_per_node", 4), (Limits(steps=6), "steps", 6)],
)
def test_named_limits_end_a_runaway(limits: Limits, name: str, entered: int) -> None:
    player = Player(answered(play("x", onComplete="x")), limits=limits)
    player.tell(ANSWERED)
    while player.step.wait:
        player.tell(PlayEnded())
    assert player.session.ending == Ending(EndingKind.LIMIT, name)
    assert len(player.path) == entered


def test_a_loop_of_faults_is_bounded() -> None:
    item = {"type": "word", "value": {"source": "contactField", "field": "city"}, "language": "fr"}
    player = Player(answered(play("x", item, onError="x")))
    player.tell(ANSWERED)
    assert player.session.ending == Ending(EndingKind.LIMIT, "visits_per_node")


def test_retries_start_anew_at_every_entry() -> None:
    retry = {"maxRetries": 1, "timeoutAudioItems": [clip("again")]}
    flow = answered(
        node("ask", "dtmf", {"mode": "single_digit", "retry": retry}, onMaxRetries="x"),
        play("x", onComplete="ask"),
    )
    player, silence = Player(flow), DigitsEnded("", DigitsReason.TIMEOUT)
    player.tell(ANSWERED)
    for _ in range(2):
        player.tell(silence)
        assert player.session.wait is Wait.DIGITS
        player.tell(silence)
        assert isinstance(player.effect, Play)
        player.tell(PlayEnded())


@pytest.mark.parametrize(
    ("retry", "outputs", "taken"),
    [
        (None, {"onMaxRetries": "b"}, "onTimeout"),
        ({"maxRetries": 0}, {"onMaxRetries": "b"}, "onTimeout"),
        ({"maxRetries": 1}, {"onMaxRetries": "b"}, "onMaxRetries"),
        ({"maxRetries": 1}, {"onTimeout": "b"}, "onTimeout"),
        ({"maxRetries": 1}, {"default": "b"}, "onTimeout"),
        ({"maxRetries": 1}, {"onTimeout": "a", "onMaxRetries": "b"}, "onMaxRetries"),
    ],
)
def test_the_last_failure(retry: Any, outputs: dict[str, str], taken: str) -> None:
    config = {"mode": "single_digit", "retry": retry}
    flow = answered(
        node("ask", "dtmf", config, **outputs), node("a", "hangup"), node("b", "hangup")
    )
    player = Player(flow)
    player.tell(ANSWERED)
    while player.step.wait:
        player.tell(DigitsEnded("", DigitsReason.TIMEOUT))
    assert player.path[1] == ("ask", taken)


def test_a_dump_belongs_to_its_flow() -> None:
    data = Player(graph(node("dial", "dial"))).session.dump()
    other = Player(graph(node("call", "dial"))).flow
    with pytest.raises(SessionMismatch, match="no node dial"):
        Session.load(other, data)
    with pytest.raises(SessionMismatch, match="version 0"):
        Session.load(other, {**data, "version": 0})


def test_a_loaded_session_keeps_its_context_and_limits() -> None:
    limits = Limits(steps=5, visits_per_node=4)
    player = Player(graph(node("a", "answer")), {"direction": "inbound"}, limits)
    assert player.session.limits == limits
    assert player.session.scope.context.direction == "inbound"
