"""Every problem at once, each with its node, output, severity and code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows import (
    AudioFileItem,
    AudioItem,
    FlowGraph,
    FlowInvalid,
    IssueCode,
    NumberItem,
    Severity,
    WordItem,
    audio_items,
    compile_flow,
    validate,
)
from tests.flows.graphs import (
    Graph,
    answered,
    attribute,
    clip,
    compare,
    graph,
    node,
    number,
    play,
    put,
    variable,
)
from tests.flows.player import read_example

DTMF = {"mode": "single_digit"}
MULTI = {"mode": "multi_digit", "multiDigitConfig": {"minDigits": 3, "maxDigits": 4}}


def nested(depth: int) -> Graph:
    condition: Graph = {"operator": "eq", "left": 1, "right": 1}
    for _ in range(depth):
        condition = {"and": [condition]}
    return condition


CASES: list[tuple[str, Any, list[tuple[str | None, str | None, str]]]] = [
    ("no object", [], [(None, None, "type")]),
    ("nothing in it", {}, [(None, None, "required"), (None, None, "required")]),
    ("no nodes", {"startNodeId": "a", "nodes": []}, [(None, None, "minItems")]),
    (
        "unknown property of the graph",
        {**graph(node("dial", "dial")), "name": "x"},
        [(None, None, "unknown")],
    ),
    (
        "too many nodes",
        graph(*(node(f"n{i}", "hangup") for i in range(501))),
        [(None, None, "maxItems")],
    ),
    ("a node that is no object", {"startNodeId": "a", "nodes": [1]}, None),
    (
        "no start",
        {**graph(node("dial", "dial")), "startNodeId": "x"},
        [(None, None, "startMissing")],
    ),
    (
        "one name twice",
        graph(node("dial", "dial"), node("dial", "dial")),
        [("dial", None, "duplicateId")],
    ),
    (
        "unknown type",
        graph(node("dial", "dial", onAnswer="x"), node("x", "teleport")),
        [("x", None, "unknownNodeType")],
    ),
    (
        "unknown output",
        graph(node("dial", "dial", onMaybe="bye"), node("bye", "hangup")),
        [("dial", "onMaybe", "unknownOutput")],
    ),
    (
        "edge to nowhere",
        graph(node("dial", "dial", onBusy="x")),
        [("dial", "onBusy", "edgeToNowhere")],
    ),
    (
        "branch to nowhere",
        answered(node("menu", "dtmf", DTMF, branches={"1": "x"})),
        [("menu", "branches.1", "edgeToNowhere")],
    ),
    (
        "hangup leads nowhere",
        graph(node("dial", "dial"), node("bye", "hangup", default="dial")),
        [("bye", "default", "unknownOutput"), ("bye", None, "unreachable")],
    ),
    (
        "unreachable",
        graph(node("dial", "dial"), node("bye", "hangup")),
        [("bye", None, "unreachable")],
    ),
    ("never dials", graph(node("bye", "hangup")), [(None, None, "neverDials")]),
    (
        "two dials",
        graph(node("dial", "dial", onBusy="again"), node("again", "dial")),
        [("again", None, "secondDial")],
    ),
    ("dial in a loop", graph(node("dial", "dial", onBusy="dial")), [("dial", None, "secondDial")]),
    (
        "two dials on two paths are fine",
        graph(
            compare("c", attribute("a"), "eq", 1, onTrue="one", onFalse="two"),
            node("one", "dial"),
            node("two", "dial"),
        ),
        [],
    ),
    (
        "media first",
        graph(play("hello", onComplete="dial"), node("dial", "dial")),
        [("hello", None, "mediaBeforeDial")],
    ),
    (
        "media to nobody",
        graph(node("dial", "dial", onAnswer="x", onBusy="x"), play("x")),
        [("x", None, "mediaWithoutCall")],
    ),
    (
        "media behind a default that may be either",
        graph(node("dial", "dial", default="x"), play("x")),
        [("x", None, "mediaWithoutCall")],
    ),
    (
        "media behind a default that must be an answer",
        graph(
            node(
                "dial",
                "dial",
                default="x",
                **dict.fromkeys(("onNoAnswer", "onBusy", "onRejected", "onError"), "bye"),
            ),
            play("x"),
            node("bye", "hangup"),
        ),
        [],
    ),
    (
        "a loop that spins",
        answered(
            put("a", "v", 1, onSuccess="b"),
            compare("b", variable("v"), "eq", 2, onTrue="c", onFalse="a"),
            node("c", "hangup"),
        ),
        [("a", None, "loopWithoutWait"), ("b", None, "loopWithoutWait")],
    ),
    (
        "a loop of silence spins too",
        answered(node("a", "play", {"audioItems": []}, onComplete="a")),
        [("a", None, "loopWithoutWait")],
    ),
    ("a loop that waits", answered(play("a", onComplete="a")), []),
    (
        "a branch that cannot be pressed",
        answered(
            node(
                "menu",
                "dtmf",
                {**DTMF, "singleDigitConfig": {"allowedDigits": ["1"]}},
                branches={"1": "bye", "2": "bye", "11": "bye"},
            ),
            node("bye", "hangup"),
        ),
        [("menu", "branches.2", "branchNotAllowed"), ("menu", "branches.11", "branchNotAllowed")],
    ),
    (
        "branches of several digits",
        answered(
            node("menu", "dtmf", MULTI, branches={"123": "bye", "12": "bye", "12#": "bye"}),
            node("bye", "hangup"),
        ),
        [("menu", "branches.12", "branchNotAllowed"), ("menu", "branches.12#", "branchNotAllowed")],
    ),
    (
        "a branch that is no key",
        answered(node("menu", "dtmf", DTMF, branches={"A": "menu"})),
        [("menu", "branches.A", "format")],
    ),
    (
        "more digits at least than at most",
        answered(
            node("menu", "dtmf", {**MULTI, "multiDigitConfig": {"minDigits": 5, "maxDigits": 4}})
        ),
        [("menu", None, "max")],
    ),
    (
        "reserved names",
        graph(
            put("a", "sys.callId", 1, onSuccess="b"),
            put("b", "contact.x", 1, onSuccess="dial"),
            node("dial", "dial"),
        ),
        [("a", None, "reservedVariable"), ("b", None, "reservedVariable")],
    ),
    (
        "paths to nothing",
        graph(
            put("a", "v", variable("sys.nothing"), onSuccess="b"),
            put("b", "v", variable("contact.shoeSize"), onSuccess="dial"),
            node("dial", "dial"),
        ),
        [("a", None, "unknownPath"), ("b", None, "unknownPath")],
    ),
    (
        "a variable set too late",
        graph(
            put("a", "x", variable("y"), onSuccess="b"),
            put("b", "y", 1, onSuccess="dial"),
            node("dial", "dial"),
        ),
        [("a", None, "variableNeverSet")],
    ),
    (
        "a variable set on the way round",
        answered(
            play("say", number(variable("key")), onComplete="ask"),
            node("ask", "dtmf", {**DTMF, "variable": "key"}, onSuccess="say"),
        ),
        [],
    ),
    ("a number that is none", answered(play("x", number("ten"))), [("x", None, "unspeakable")]),
    (
        "a date that is none",
        answered(play("x", {"type": "date", "value": "31/12/2026", "language": "fr"})),
        [("x", None, "unspeakable")],
    ),
    (
        "conditions eight deep",
        graph(node("c", "condition", nested(8), onTrue="d"), node("d", "dial")),
        [],
    ),
    (
        "conditions nine deep",
        graph(node("c", "condition", nested(9), onTrue="d"), node("d", "dial")),
        [("c", None, "tooDeep")],
    ),
    (
        "conditions a thousand deep",
        graph(node("c", "condition", nested(1000), onTrue="d"), node("d", "dial")),
        [("c", None, "tooDeep")],
    ),
    (
        "more than can be read",
        graph(node("c", "condition", nested(20_000))),
        [(None, None, "tooLarge")],
    ),
]


@pytest.mark.parametrize(("flow", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_issues(flow: Any, expected: list[tuple[str | None, str | None, str]] | None) -> None:
    found = [(i.node_id, i.output, i.code.value) for i in validate(flow)]
    assert found == expected if expected is not None else found


FIELDS: list[tuple[str, Any, str, str]] = [
    ("dial", {"timeout": 4999}, "config.timeout", "min"),
    ("dial", {"timeout": 120_001}, "config.timeout", "max"),
    ("dial", {"timeout": "30000"}, "config.timeout", "type"),
    ("dial", {"enableAmd": True}, "config.enableAmd", "unknown"),
    ("dial", {"enableAMD": 1}, "config.enableAMD", "type"),
    ("play", {}, "config.audioItems", "required"),
    ("play", {"audioItems": [clip("")]}, "config.audioItems.0.audioId", "minLength"),
    ("play", {"audioItems": [{"type": "song"}]}, "config.audioItems.0", "oneOf"),
    ("play", {"audioItems": [{}]}, "config.audioItems.0", "required"),
    ("play", {"audioItems": [clip("a")] * 101}, "config.audioItems", "maxItems"),
    ("play", {"audioItems": [number(1, mode="loud")]}, "config.audioItems.0.mode", "oneOf"),
    ("play", {"audioItems": [number(1, language="f_r")]}, "config.audioItems.0.language", "format"),
    ("play", {"audioItems": [number([])]}, "config.audioItems.0.value", "type"),
    ("play", {"audioItems": [number({"source": "moon"})]}, "config.audioItems.0.value", "oneOf"),
    (
        "play",
        {"audioItems": [number({"source": "contactField", "field": "shoeSize"})]},
        "config.audioItems.0.value.field",
        "oneOf",
    ),
    ("dtmf", {"mode": "some_digits"}, "config.mode", "oneOf"),
    (
        "dtmf",
        {"mode": "single_digit", "singleDigitConfig": {"allowedDigits": ["12"]}},
        "config.singleDigitConfig.allowedDigits.0",
        "format",
    ),
    ("dtmf", {"mode": "single_digit", "retry": {}}, "config.retry.maxRetries", "required"),
    (
        "dtmf",
        {"mode": "single_digit", "retry": {"maxRetries": 11}},
        "config.retry.maxRetries",
        "max",
    ),
    ("record", {"terminator": "##"}, "config.terminator", "format"),
    ("record", {"maxDuration": 999}, "config.maxDuration", "min"),
    ("condition", {"operator": "like", "left": 1, "right": 2}, "config.operator", "oneOf"),
    ("condition", {"operator": "eq", "left": 1}, "config.right", "required"),
    ("condition", {"and": []}, "config.and", "minItems"),
    ("condition", {"or": [{"operator": "eq", "left": 1}]}, "config.or.0.right", "required"),
    ("set_variable", {"variable": "two words", "value": 1}, "config.variable", "format"),
    ("set_variable", {"variable": "v", "value": float("nan")}, "config.value", "type"),
    ("set_variable", {"variable": "v", "value": 10**30}, "config.value", "max"),
    ("hangup", {"reason": "x" * 257}, "config.reason", "maxLength"),
]


@pytest.mark.parametrize(("kind", "config", "path", "code"), FIELDS)
def test_a_field_that_does_not_fit(kind: str, config: Any, path: str, code: str) -> None:
    errors = [i for i in validate(graph(node("n", kind, config))) if i.severity is Severity.ERROR]
    shape = [(i.node_id, i.code.value, i.params["path"]) for i in errors if "path" in i.params]
    assert shape == [("n", code, path)]


def test_every_problem_is_told_at_once() -> None:
    broken = graph(
        node("dial", "dial", {"timeout": 1}, onAnswer="menu", onBusy="x"),
        node("menu", "dtmf", {"mode": "?", "huh": 1}, onSuccess="say"),
        play("say", number(variable("contact.nothing"))),
    )
    assert [(i.node_id, i.code.value) for i in validate(broken)] == [
        ("dial", "min"),
        ("menu", "oneOf"),
        ("menu", "unknown"),
        ("say", "unknownPath"),
        ("dial", "edgeToNowhere"),
    ]


def test_every_code_is_tested() -> None:
    in_cases = {code for *_, issues in CASES for _, _, code in issues or ()}
    in_fields = {code for *_, code in FIELDS}
    assert in_cases | in_fields | {"audioMissing"} == set(IssueCode)


def test_errors_refuse_and_warnings_do_not() -> None:
    warned = graph(node("dial", "dial"), node("bye", "hangup"))
    assert len(compile_flow(warned).nodes) == 2
    with pytest.raises(FlowInvalid, match="dial: onBusy leads to x") as caught:
        compile_flow(graph(node("dial", "dial", onBusy="x"), node("bye", "hangup")))
    assert [i.severity for i in caught.value.issues] == [Severity.ERROR, Severity.WARNING]


def test_an_issue_speaks_camel_case() -> None:
    (issue,) = validate(graph(node("dial", "dial", onBusy="x")))
    assert issue.model_dump(by_alias=True, mode="json") == {
        "nodeId": "dial",
        "output": "onBusy",
        "severity": "error",
        "code": "edgeToNowhere",
        "message": "onBusy leads to x, which is no node",
        "params": {"target": "x"},
    }


def test_coverage_is_asked_for_every_item() -> None:
    flow = answered(
        play("a", clip("here"), clip("gone"), number(attribute("balance"))),
        node("b", "dtmf", {**DTMF, "retry": {"maxRetries": 1, "invalidAudioItems": [clip("bad")]}}),
    )
    flow["nodes"][1]["outputs"] = {"onComplete": "b"}

    def coverage(item: AudioItem) -> list[str]:
        match item:
            case AudioFileItem(audio_id="here"):
                return []
            case AudioFileItem():
                return [item.audio_id]
            case NumberItem():
                return [f"{item.language}: {n}" for n in ("cent", "mille")]
        return []

    found = [(i.node_id, i.params["missing"]) for i in validate(flow, coverage=coverage)]
    assert found == [("a", ["gone"]), ("a", ["fr: cent", "fr: mille"]), ("b", ["bad"])]
    assert [type(item).__name__ for item in audio_items(flow)] == [
        "AudioFileItem",
        "AudioFileItem",
        "NumberItem",
        "AudioFileItem",
    ]
    with pytest.raises(FlowInvalid):
        compile_flow(flow, coverage=coverage)


def test_hostile_text_is_shown_short_and_printable() -> None:
    flow = graph(node("dial", "dial", onBusy="\ud800" * 100_000, **{"\udfff": "dial"}))
    flow["nodes"][0]["y" * 100_000] = 1
    for issue in validate(flow):
        assert len(issue.model_dump_json(by_alias=True).encode()) < 20_000


def test_a_parsed_graph_compiles_like_its_json() -> None:
    raw = read_example("balance_line")["graph"]
    parsed = FlowGraph.model_validate(raw)
    again = json.loads(parsed.model_dump_json(by_alias=True))
    assert validate(parsed) == validate(again) == []
    assert compile_flow(parsed).index == compile_flow(raw).index


def test_null_is_unset() -> None:
    flow = answered(
        {
            "id": "menu",
            "type": "dtmf",
            "label": None,
            "config": {
                "mode": "single_digit",
                "variable": None,
                "audioItems": None,
                "singleDigitConfig": None,
                "multiDigitConfig": None,
                "retry": None,
            },
            "outputs": {"branches": None, "onSuccess": None},
        },
    )
    assert validate(flow) == []
    assert validate(graph({"id": "dial", "type": "dial", "config": None, "outputs": None})) == []


def test_the_schema_describes_the_fields() -> None:
    schema = FlowGraph.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    assert schema["required"] == ["startNodeId", "nodes"]
    assert definitions["DialConfig"]["properties"]["timeout"] == {
        "type": "integer",
        "title": "Timeout",
        "default": 30_000,
        "minimum": 5_000,
        "maximum": 120_000,
        "description": "How long it may ring, in milliseconds.",
    }
    assert "enableAMD" in definitions["DialConfig"]["properties"]
    assert all(
        d.get("additionalProperties") is False
        for d in definitions.values()
        if d["type"] == "object"
    )


def test_words_are_items_too() -> None:
    (item,) = audio_items(
        answered(play("a", {"type": "word", "value": "dirham", "language": "ar"}))
    )
    assert isinstance(item, WordItem)
    assert item.dictionary_id is None


def test_the_widest_graph_is_read_in_linear_time() -> None:
    """Counted in issues, not in seconds: each bad member is told once, none twice."""
    wide = {"or": [{"and": []} for _ in range(50)]}
    nodes = [node(f"n{i}", "condition", {"and": [wide] * 10}) for i in range(20)]
    found = [i for i in validate(graph(*nodes)) if i.severity is Severity.ERROR]
    assert [i.code.value for i in found] == ["minItems"] * 20 * 10 * 50
