"""Whatever a client sends: ``validate`` never raises, and what compiles never hangs."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import NODE_TYPES, CompiledFlow, FlowInvalid, Limits, compile_flow, validate
from flows.components import components
from flows.effects import (
    AnswerEnded,
    DialEnded,
    DialResult,
    DigitsEnded,
    DigitsReason,
    EffectFailed,
    Input,
    PlayEnded,
    RecordEnded,
    RecordReason,
    Wait,
)
from flows.expression import Operator
from tests.flows.player import Player

TEXT = st.text(max_size=6) | st.sampled_from(["\ud800", "contact.city", "sys.callStatus", "12"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
IDS = st.sampled_from("abcdef")
VARIABLES = st.sampled_from(
    ["v", "w", "contact.city", "contact.customAttributes.n", "sys.callStatus"]
)
VALUES = (
    st.sampled_from([None, True, 0, 7, 2.5, "", "12", "2026-01-01", "word"])
    | st.builds(lambda n: {"source": "variable", "variableName": n}, VARIABLES)
    | st.just({"source": "customAttribute", "attributeName": "n"})
)
SPEECH = st.sampled_from(["number", "date", "word"])
ITEMS = st.lists(
    st.just({"type": "audioFile", "audioId": "clip"})
    | st.builds(lambda t, v: {"type": t, "value": v, "language": "fr"}, SPEECH, VALUES),
    max_size=3,
)
OPERATORS = st.sampled_from(list(Operator))
CONDITIONS = st.recursive(
    st.builds(lambda o, a, b: {"operator": o, "left": a, "right": b}, OPERATORS, VALUES, VALUES),
    lambda c: st.builds(
        lambda k, cs: {k: cs}, st.sampled_from(["and", "or"]), st.lists(c, min_size=1, max_size=3)
    ),
    max_leaves=5,
)
RETRIES = st.none() | st.builds(
    lambda n, i: {"maxRetries": n, "invalidAudioItems": i}, st.integers(0, 2), ITEMS
)
CONFIGS: dict[str, st.SearchStrategy[Any]] = {
    "dial": st.just({}),
    "answer": st.just({}),
    "play": st.builds(lambda i: {"audioItems": i}, ITEMS),
    "dtmf": st.builds(
        lambda m, i, r: {"mode": m, "variable": "v", "audioItems": i, "retry": r},
        st.sampled_from(["single_digit", "multi_digit"]),
        ITEMS,
        RETRIES,
    ),
    "record": st.just({"recordingIdVariable": "w"}),
    "condition": CONDITIONS,
    "set_variable": st.builds(lambda v: {"variable": "v", "value": v}, VALUES),
    "hangup": st.just({"reason": "bye"}),
}
TALK = sorted(CONFIGS.keys() - {"dial", "answer"})
TARGETS = st.sampled_from("bcdef")


@st.composite
def nodes(draw: st.DrawFn, id: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(TALK if id != "a" else sorted(CONFIGS)))
    names = [name for name in NODE_TYPES[kind].outputs if name != "branches"]
    outputs: dict[str, Any] = {name: draw(TARGETS) for name in names if draw(st.booleans())}
    if kind == "dtmf":
        outputs["branches"] = draw(st.dictionaries(st.sampled_from("123#"), TARGETS, max_size=2))
    return {"id": id, "type": kind, "config": draw(CONFIGS[kind]), "outputs": outputs}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Most start with a dial, and have no other; all wires lead to nodes that are there."""
    drawn = [draw(nodes(id)) for id in "abcdef"]
    if draw(st.integers(0, 3)):
        drawn[0] = {"id": "a", "type": "dial", "config": {}, "outputs": {"onAnswer": draw(TARGETS)}}
    return {"startNodeId": "a", "nodes": drawn}


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """A graph in which something was replaced by anything."""
    graph = draw(graphs())
    place: Any = draw(st.sampled_from([graph, *graph["nodes"]]))
    place[draw(st.sampled_from(sorted(place)) | TEXT)] = draw(JSON)
    return graph


ANSWERS: dict[Wait, st.SearchStrategy[Input]] = {
    Wait.DIAL: st.builds(DialEnded, st.sampled_from(DialResult), st.just("unknown")),
    Wait.ANSWER: st.builds(AnswerEnded, st.booleans()),
    Wait.PLAYBACK: st.just(PlayEnded()),
    Wait.DIGITS: st.builds(DigitsEnded, st.text("123#", max_size=3), st.sampled_from(DigitsReason)),
    Wait.RECORDING: st.builds(
        RecordEnded, st.just("r"), st.just(1), st.sampled_from(RecordReason), st.booleans()
    ),
}


def compiled(graph: Any) -> CompiledFlow | None:
    try:
        return compile_flow(graph)
    except FlowInvalid:
        return None


@given(JSON | bent())
def test_validate_never_raises(graph: Any) -> None:
    for issue in validate(graph):
        issue.model_dump_json(by_alias=True).encode()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.data())
def test_a_compiled_flow_never_hangs(graph: Any, data: st.DataObject) -> None:
    flow = compiled(graph)
    if flow is None:
        return
    limits = Limits(steps=30, visits_per_node=6)
    player, told = Player(flow, {"attributes": {"n": "12"}}, limits), 0
    while player.step.wait is not None:
        failed = data.draw(st.integers(0, 9)) == 0
        player.tell(EffectFailed("x", "x") if failed else data.draw(ANSWERS[player.step.wait]))
        told += 1
        assert told <= 30 * 3  # at most 30 nodes, each asking at most three times
    assert player.session.ending is not None
    assert sum(player.session.node_counts.values()) == len(player.session.trace) <= 30
    assert max(player.session.node_counts.values()) <= 6


@given(st.dictionaries(IDS, st.sets(IDS), min_size=1))
def test_components_are_the_classes_of_mutual_reach(drawn: dict[str, set[str]]) -> None:
    ways = {node: {t for t in targets if t in drawn} for node, targets in drawn.items()}
    reach = {node: _reach(ways, node) for node in ways}
    found = components(ways)
    assert sorted(node for group in found for node in group) == sorted(ways)
    place = {node: at for at, group in enumerate(found) for node in group}
    for node in ways:
        for other in reach[node]:
            assert place[node] <= place[other]
            assert (place[node] == place[other]) == (node in reach[other])


def _reach(ways: dict[str, set[str]], start: str) -> set[str]:
    seen = {start}
    for _ in ways:
        seen |= {target for node in seen for target in ways[node]}
    return seen
