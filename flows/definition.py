"""The graph of a flow as a client writes it.

``FlowGraph`` is both the check and the OpenAPI schema. ``read`` takes wire JSON of any shape apart
node by node, so that one broken node hides no problem of another: it gives a ``Sketch`` for every
node that has an id, and an issue for everything that does not fit its model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, ValidationError

from flows.issue import Issue, IssueCode, issue, printable
from flows.nodes import NODE_TYPES, AnyNode, Node
from flows.nodes.node import edges
from flows.shape import is_deep, is_large, shape_issues
from flows.wire import NodeId, Wire, walk

MAX_NODES = 500
MAX_VALUES = 30_000
"""Of JSON values in a graph; what bounds the time that reading and checking it takes."""
MAX_NESTING = 40
"""Of objects and lists in one node; what a condition of its greatest depth needs, and reserve."""


class FlowGraph(Wire):
    """Where a flow starts, and its nodes with their outputs wired to one another."""

    start_node_id: NodeId
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=MAX_NODES)]


class _Frame(Wire):
    """The graph without a look into its nodes."""

    start_node_id: NodeId
    nodes: Annotated[tuple[Any, ...], Field(min_length=1, max_length=MAX_NODES)]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A node as far as it could be read."""

    id: str
    type: str | None
    """``None``: there is no such type."""
    edges: Mapping[str, str]
    """Wired outputs to node ids, branches as ``branches.1``."""
    node: AnyNode | None
    """``None``: it has issues of its own."""
    parts: tuple[BaseModel, ...] = ()
    """The node and every model inside it."""


@dataclass(frozen=True, slots=True)
class Reading:
    start: str | None
    """``None``: the graph itself could not be read."""
    sketches: tuple[Sketch, ...]
    issues: tuple[Issue, ...]


def read(graph: object) -> Reading:
    """``graph`` is wire JSON; nothing in it makes this raise."""
    if is_large(graph, MAX_VALUES):
        return Reading(None, (), (_too_large(),))
    try:
        frame = _Frame.model_validate(graph)
    except ValidationError as error:
        return Reading(None, (), tuple(shape_issues(error, graph, None)))
    read_nodes = [_read_node(raw, f"nodes.{at}") for at, raw in enumerate(frame.nodes)]
    return Reading(
        frame.start_node_id,
        tuple(sketch for sketch, _ in read_nodes if sketch is not None),
        tuple(found for _, issues in read_nodes for found in issues),
    )


def _read_node(raw: object, position: str) -> tuple[Sketch | None, Iterable[Issue]]:
    fields = raw if isinstance(raw, Mapping) else {}
    node_id, kind = _text(fields.get("id")), _text(fields.get("type"))
    node, issues = _parse(raw, kind, node_id, position)
    if node_id is None:
        return None, issues
    known = kind if kind in NODE_TYPES else None
    parts = walk(node) if node is not None else ()
    return Sketch(node_id, known, dict(edges(fields.get("outputs"))), node, parts), issues


def _text(value: object) -> str | None:
    """What can be an id or the name of a type."""
    usable = isinstance(value, str) and 0 < len(value) <= 64 and value == printable(value)
    return cast(str, value) if usable else None


def _parse(
    raw: object, kind: str | None, node_id: str | None, position: str
) -> tuple[AnyNode | None, Iterable[Issue]]:
    if is_deep(raw, MAX_NESTING):
        return None, (_too_deep(node_id, position),)
    if kind not in NODE_TYPES:
        return None, (_unknown_type(node_id, position, kind),)
    try:
        return cast(AnyNode, NODE_TYPES[kind].model.model_validate(raw)), ()
    except ValidationError as error:
        return None, tuple(shape_issues(error, raw, node_id, "" if node_id else position))


def _unknown_type(node_id: str | None, position: str, kind: str | None) -> Issue:
    shown = kind or ""
    return issue(
        IssueCode.UNKNOWN_NODE_TYPE,
        f"{shown!r} is no node type",
        node_id=node_id,
        type=shown,
        known=list(NODE_TYPES),
        path="type" if node_id else f"{position}.type",
    )


def _too_deep(node_id: str | None, position: str) -> Issue:
    return issue(
        IssueCode.TOO_DEEP,
        f"objects and lists nest more than {MAX_NESTING} deep",
        node_id=node_id,
        max=MAX_NESTING,
        path="" if node_id else position,
    )


def _too_large() -> Issue:
    text = f"the graph holds more than {MAX_VALUES} values"
    return issue(IssueCode.TOO_LARGE, text, max=MAX_VALUES)
