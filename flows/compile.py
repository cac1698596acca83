"""From a graph to something that runs: every problem at once, then indices and closures, once.

``validate`` answers all issues; ``compile_flow`` raises them as ``FlowInvalid`` when one is an
error, else returns a ``CompiledFlow``, which is immutable and shared by every call of the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import BaseModel

from flows.audible import literal_problem
from flows.audio import AUDIO_ITEMS, AudioItem
from flows.definition import FlowGraph, Reading, read
from flows.issue import FlowInvalid, Issue, IssueCode, Severity, issue
from flows.nodes import NODE_TYPES, AnyNode
from flows.nodes.node import DEFAULT, Enter, React, wired
from flows.paths import path_issues
from flows.scope import NodeFault
from flows.value import VariableSource, is_reserved, path_problem

Coverage: TypeAlias = Callable[[AudioItem], Sequence[str]]
"""Answers which clips an audio item would need and has not: ids of files, keys of dictionaries,
languages; empty when it can be spoken whatever its value turns out to be. Raises ``NodeFault`` for
what has no spoken form: an unknown currency, a form the language lacks. The caller hands it in;
``audio_items`` lists what it will be asked, so that it can look everything up beforehand."""

Parts: TypeAlias = tuple[BaseModel, ...]
NOWHERE = -1
MAX_NAMED = 10
"""Missing clips in a sentence; the issue's `missing` lists all."""


@dataclass(frozen=True, slots=True)
class CompiledNode:
    id: str
    type: str
    label: str | None
    media: bool
    """Runs only while the call is up."""
    enter: Enter
    react: React | None
    edges: Mapping[str, int]
    """Output to node index; what is missing takes ``default``."""
    default: int
    """``NOWHERE`` where it is not wired."""

    def target(self, output: str) -> int:
        return self.edges.get(output, self.default)


@dataclass(frozen=True, slots=True)
class CompiledFlow:
    nodes: tuple[CompiledNode, ...]
    start: int
    index: Mapping[str, int] = field(default_factory=dict)
    """Node id to its place in ``nodes``."""
    audio: tuple[AudioItem, ...] = ()
    """Everything it can say, for whoever prepares the clips."""


def compile_flow(
    graph: Mapping[str, object] | FlowGraph, *, coverage: Coverage | None = None
) -> CompiledFlow:
    """Raises ``FlowInvalid`` with every issue when at least one is an error."""
    reading = _read(graph)
    issues = tuple(_issues(reading, coverage))
    if any(found.severity is Severity.ERROR for found in issues):
        raise FlowInvalid(issues)
    nodes = [sketch.node for sketch in reading.sketches if sketch.node is not None]
    index = {node.id: place for place, node in enumerate(nodes)}
    return CompiledFlow(
        tuple(_compile_node(node, index) for node in nodes),
        index[reading.start or ""],
        index,
        tuple(_audio_of(reading)),
    )


def validate(graph: object, *, coverage: Coverage | None = None) -> list[Issue]:
    """Every issue, errors and warnings, in the order of the nodes. ``graph`` may be anything."""
    return list(_issues(_read(graph), coverage))


def audio_items(graph: object) -> Iterator[AudioItem]:
    """Every audio item of the nodes that can be read."""
    return _audio_of(_read(graph))


def _audio_of(reading: Reading) -> Iterator[AudioItem]:
    for sketch in reading.sketches:
        yield from (part for part in sketch.parts if isinstance(part, AUDIO_ITEMS))


def _read(graph: object) -> Reading:
    return read(graph.model_dump(by_alias=True) if isinstance(graph, FlowGraph) else graph)


def _compile_node(node: AnyNode, index: Mapping[str, int]) -> CompiledNode:
    kind = NODE_TYPES[node.type]
    behaviour = kind.build(node)
    edges = {output: index[target] for output, target in wired(node).items()}
    return CompiledNode(
        id=node.id,
        type=node.type,
        label=node.label,
        media=kind.media,
        enter=behaviour.enter,
        react=behaviour.react,
        edges=edges,
        default=edges.get(DEFAULT, NOWHERE),
    )


def _issues(reading: Reading, coverage: Coverage | None) -> Iterator[Issue]:
    yield from reading.issues
    if reading.start is None:
        return
    for sketch in reading.sketches:
        if sketch.node is not None:
            yield from _node_issues(sketch.node, sketch.parts, coverage)
    yield from path_issues(reading)


def _node_issues(node: AnyNode, parts: Parts, coverage: Coverage | None) -> Iterator[Issue]:
    yield from NODE_TYPES[node.type].check(node)
    yield from _reserved(node)
    for part in parts:
        if isinstance(part, VariableSource):
            yield from _unreadable(node.id, part.variable_name)
        elif isinstance(part, AUDIO_ITEMS):
            yield from _audio_issues(node.id, part, coverage)


def _reserved(node: AnyNode) -> Iterator[Issue]:
    for name in filter(is_reserved, NODE_TYPES[node.type].writes(node)):
        yield issue(
            IssueCode.RESERVED_VARIABLE,
            f"{name} belongs to the contact or the call and cannot be set",
            node_id=node.id,
            variable=name,
        )


def _unreadable(node_id: str, path: str) -> Iterator[Issue]:
    if why := path_problem(path):
        yield issue(IssueCode.UNKNOWN_PATH, why, node_id=node_id, variable=path)


def _audio_issues(node_id: str, item: AudioItem, coverage: Coverage | None) -> Iterator[Issue]:
    why, missing = literal_problem(item), list[str]()
    if why is None and coverage is not None:
        try:
            missing = list(coverage(item))
        except NodeFault as fault:
            why = str(fault)
    if why is not None:
        yield issue(IssueCode.UNSPEAKABLE, why, node_id=node_id, type=item.type)
    elif missing:
        yield issue(
            IssueCode.AUDIO_MISSING,
            f"there is no audio for {_some(missing)}",
            node_id=node_id,
            type=item.type,
            missing=missing,
        )


def _some(missing: Sequence[str]) -> str:
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    return ", ".join(missing[:MAX_NAMED]) + more
