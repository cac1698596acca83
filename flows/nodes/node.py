"""What every node type is made of: a wire model, its outputs, and its compiled behaviour.

A node's behaviour is two functions. ``enter`` runs when the flow arrives, ``react`` when the wait
that it began has ended. Both return a ``Reaction``: leave by an output, wait for the world (a
``Step``), or end the flow. They keep nothing: what must survive a wait stands in the ``Scope``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from flows.effects import Effect, Ending, Step, Wait
from flows.issue import Issue
from flows.scope import Scope
from flows.wire import NodeId, Wire

Edge = NodeId | None
"""On the wire: the node an output leads to; ``null`` is not wired."""

DEFAULT = "default"
ON_ERROR = "onError"


class Outputs(Wire):
    """One field an output."""


class GraphNode(Wire):
    id: NodeId
    label: Annotated[str, Field(max_length=256)] | None = None
    """For people; shown in call reports."""


def or_empty(value: object) -> object:
    """``null`` where an object may be left out."""
    return {} if value is None else value


NullAsEmpty = BeforeValidator(or_empty)


@dataclass(frozen=True, slots=True)
class Leave:
    output: str


@dataclass(frozen=True, slots=True)
class Finish:
    ending: Ending
    effect: Effect | None = None


Reaction: TypeAlias = Leave | Step | Finish
Enter: TypeAlias = Callable[[Scope], Reaction]
React: TypeAlias = Callable[[Scope, Any], Reaction]
"""Gets the input its wait is for; the session has checked that."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    enter: Enter
    react: React | None = None
    """``None``: the node never waits."""


def ask(effect: Effect, wait: Wait) -> Step:
    return Step((effect,), wait)


def _no_issues(_node: Any) -> Iterable[Issue]:
    return ()


def _writes_nothing(_node: Any) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class NodeType:
    name: str
    """The wire name."""
    model: type[GraphNode]
    build: Callable[[Any], Behaviour]
    """From a node of ``model``."""
    media: bool = False
    """Needs a call that is up."""
    waits: Callable[[Any], bool] = lambda _node: True
    """Whether every way through the node waits for the world."""
    writes: Callable[[Any], tuple[str, ...]] = _writes_nothing
    """The variables it sets."""
    check: Callable[[Any], Iterable[Issue]] = _no_issues
    """What the wire model cannot say by itself."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Wire names, in the order of the contract."""
        fields = self.model.model_fields
        return tuple(_aliases(fields["outputs"].annotation)) if "outputs" in fields else ()


def _aliases(outputs: Any) -> Iterator[str]:
    for name, field in outputs.model_fields.items():
        yield field.alias or name


def edges(outputs: object) -> Iterator[tuple[str, str]]:
    """``(output, node id)`` of the wired outputs, from wire JSON of whatever shape."""
    if not isinstance(outputs, Mapping):
        return
    for output, target in outputs.items():
        if isinstance(target, str):
            yield str(output), target
        elif isinstance(target, Mapping):
            yield from ((f"{output}.{key}", t) for key, t in target.items() if isinstance(t, str))


def wired(node: Any) -> dict[str, str]:
    """The edges of a parsed node; branches as ``branches.1``."""
    return dict(edges(node.outputs.model_dump(by_alias=True)))
