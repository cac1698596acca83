"""Every node type has an example, a golden transcript, and shows each of its outputs."""

from __future__ import annotations

from typing import get_args

import pytest

from flows import NODE_TYPES, validate
from flows.nodes import AnyNode
from flows.nodes.node import DEFAULT
from tests.flows.player import EXAMPLES, TRANSCRIPTS, Player, play_example, read_example, render

NEVER_TAKEN = {("set_variable", "onError")}
"""Reading a value cannot fail."""


@pytest.fixture(params=sorted(NODE_TYPES))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_an_example_and_a_golden_transcript_exist(kind: str) -> None:
    assert (EXAMPLES / f"{kind}.json").is_file()
    assert (TRANSCRIPTS / f"{kind}.txt").is_file()


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.json")))
def test_an_example_is_free_of_issues_and_plays_as_written(name: str) -> None:
    assert validate(read_example(name)["graph"]) == []
    assert render(name) == (TRANSCRIPTS / f"{name}.txt").read_text()


def test_the_example_takes_every_output(kind: str) -> None:
    taken = {output for player in play_example(kind).values() for output in outputs(player, kind)}
    exempt = {output for name, output in NEVER_TAKEN if name == kind}
    assert taken == set(NODE_TYPES[kind].outputs) - exempt


def outputs(player: Player, kind: str) -> set[str]:
    """The outputs that nodes of a type left by, ``default`` where it stood in for another."""
    taken = set()
    for entry in player.session.trace:
        node = player.flow.nodes[player.flow.index[entry.node_id]]
        if node.type == kind and entry.output is not None:
            taken.add(entry.output.partition(".")[0])
            taken |= (
                {DEFAULT} if entry.output not in node.edges and DEFAULT in node.edges else set()
            )
    return taken


def test_registry_union_and_models_agree() -> None:
    assert {kind.model for kind in NODE_TYPES.values()} == set(get_args(AnyNode))
    for name, kind in NODE_TYPES.items():
        assert get_args(kind.model.model_fields["type"].annotation) == (name,)


def test_outputs_are_those_of_the_contract() -> None:
    assert {name: " ".join(kind.outputs) for name, kind in NODE_TYPES.items()} == {
        "dial": "onAnswer onVoicemail onNoAnswer onBusy onRejected onError default",
        "answer": "onSuccess onError default",
        "play": "onComplete onError default",
        "dtmf": "branches onSuccess onTimeout onInvalid onMaxRetries onError default",
        "record": "onComplete onTimeout onError default",
        "condition": "onTrue onFalse onError",
        "set_variable": "onSuccess onError default",
        "hangup": "",
    }
