"""What the wiring of a graph does: who can be reached, when the call is up, which loops spin.

All of it works on sketches, so that a node whose configuration is broken still takes part.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from flows.components import Ways, components
from flows.definition import Reading, Sketch
from flows.issue import Issue, IssueCode, issue, warning
from flows.nodes import NODE_TYPES
from flows.nodes import answer as answer_node
from flows.nodes import dial as dial_node
from flows.nodes.node import DEFAULT
from flows.value import VariableSource, is_reserved

Graph: TypeAlias = Mapping[str, Sketch]


def path_issues(reading: Reading) -> Iterator[Issue]:
    graph = {sketch.id: sketch for sketch in reading.sketches}
    yield from _duplicates(reading.sketches)
    yield from _edges_to_nowhere(reading.sketches, graph)
    if reading.start not in graph:
        yield issue(
            IssueCode.START_MISSING,
            f"startNodeId names no node: {reading.start}",
            path="startNodeId",
        )
        return
    reached = reachable(_ways(graph), reading.start)
    yield from _unreachable(graph, reached)
    yield from _call_issues(graph, reading.start)
    yield from _spinning(graph)
    yield from _never_set(graph)


def _duplicates(sketches: Iterable[Sketch]) -> Iterator[Issue]:
    for node_id, count in Counter(sketch.id for sketch in sketches).items():
        if count > 1:
            yield issue(
                IssueCode.DUPLICATE_ID,
                f"{count} nodes are called {node_id}",
                node_id=node_id,
                count=count,
            )


def _edges_to_nowhere(sketches: Iterable[Sketch], graph: Graph) -> Iterator[Issue]:
    for sketch in sketches:
        for output, target in sketch.edges.items():
            if target not in graph:
                yield issue(
                    IssueCode.EDGE_TO_NOWHERE,
                    f"{output} leads to {target}, which is no node",
                    node_id=sketch.id,
                    output=output,
                    target=target,
                )


def _ways(graph: Graph) -> dict[str, set[str]]:
    return {
        node_id: {target for target in sketch.edges.values() if target in graph}
        for node_id, sketch in graph.items()
    }


def reachable(ways: Ways, start: str) -> set[str]:
    seen, open_ends = {start}, [start]
    while open_ends:
        fresh = set(ways[open_ends.pop()]) - seen
        seen |= fresh
        open_ends.extend(fresh)
    return seen


def _unreachable(graph: Graph, reached: set[str]) -> Iterator[Issue]:
    for node_id in graph:
        if node_id not in reached:
            yield warning(IssueCode.UNREACHABLE, "no path leads here", node_id=node_id)


# --- Where the call stands ---------------------------------------------------------------------


class _Line(StrEnum):
    IDLE = "idle"
    """Neither dialed nor answered."""
    UP = "up"
    DOWN = "down"
    """Dialed, and nobody answered."""
    DOUBT = "doubt"
    """Behind a ``default`` that stands for outputs of both kinds."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    node_id: str
    line: _Line


def _call_issues(graph: Graph, start: str) -> Iterator[Issue]:
    arrivals = _arrivals(graph, start)
    place = {node_id: at for at, node_id in enumerate(graph)}
    for arrival in sorted(arrivals, key=lambda a: (place[a.node_id], a.line)):
        yield from _arrival_issues(graph[arrival.node_id], arrival.line)
    if not any(graph[a.node_id].type in CONNECTING for a in arrivals):
        yield warning(IssueCode.NEVER_DIALS, "no path comes to dial or answer", node_id=None)


CONNECTING = {"dial": dial_node.CONNECTING, "answer": answer_node.CONNECTING}
"""The node types that make a call, and the outputs behind which it is up."""


def _arrivals(graph: Graph, start: str) -> set[_Arrival]:
    """Every node with every state of the line in which a path comes to it."""
    first = _Arrival(start, _Line.IDLE)
    seen, open_ends = {first}, deque([first])
    while open_ends:
        for onward in _onward(graph, open_ends.popleft()):
            if onward not in seen:
                seen.add(onward)
                open_ends.append(onward)
    return seen


def _onward(graph: Graph, arrival: _Arrival) -> Iterator[_Arrival]:
    sketch = graph[arrival.node_id]
    for output, target in sketch.edges.items():
        if target in graph:
            yield _Arrival(target, _line_behind(sketch, output, arrival.line))


def _line_behind(sketch: Sketch, output: str, line: _Line) -> _Line:
    kind = sketch.type
    if kind not in CONNECTING:
        return line
    if output != DEFAULT:
        return _Line.UP if output in CONNECTING[kind] else _Line.DOWN
    unwired = [o for o in NODE_TYPES[kind].outputs if o != DEFAULT and o not in sketch.edges]
    lines = {_Line.UP if o in CONNECTING[kind] else _Line.DOWN for o in unwired}
    return lines.pop() if len(lines) == 1 else _Line.DOUBT


def _arrival_issues(sketch: Sketch, line: _Line) -> Iterator[Issue]:
    kind = sketch.type
    if kind in CONNECTING and line is not _Line.IDLE:
        text = f"a path comes to this {kind} after a dial or answer: one call a flow"
        yield issue(IssueCode.SECOND_DIAL, text, node_id=sketch.id, line=line)
    elif kind is not None and NODE_TYPES[kind].media:
        yield from _media_issues(sketch.id, kind, line)


def _media_issues(node_id: str, kind: str, line: _Line) -> Iterator[Issue]:
    match line:
        case _Line.IDLE:
            text = f"a path comes to this {kind} before any dial or answer"
            yield issue(IssueCode.MEDIA_BEFORE_DIAL, text, node_id=node_id)
        case _Line.DOWN:
            text = f"a path comes to this {kind} although nobody answered"
            yield issue(IssueCode.MEDIA_WITHOUT_CALL, text, node_id=node_id)
        case _Line.DOUBT:
            text = f"a default leads to this {kind} even if nobody answered; it then fails"
            yield warning(IssueCode.MEDIA_WITHOUT_CALL, text, node_id=node_id)
        case _Line.UP:
            return


# --- Loops -------------------------------------------------------------------------------------


def _spinning(graph: Graph) -> Iterator[Issue]:
    """Loops in which nothing waits: nothing can change while they turn."""
    still = {node_id: sketch for node_id, sketch in graph.items() if not _waits(sketch)}
    ways = _ways(still)
    spinning = {node_id for loop in components(ways) if _is_loop(loop, ways) for node_id in loop}
    for node_id in filter(spinning.__contains__, graph):
        yield issue(
            IssueCode.LOOP_WITHOUT_WAIT,
            "this node is on a loop that never waits for the callee",
            node_id=node_id,
        )


def _waits(sketch: Sketch) -> bool:
    return sketch.node is None or NODE_TYPES[sketch.node.type].waits(sketch.node)


def _is_loop(component: list[str], ways: Ways) -> bool:
    return len(component) > 1 or component[0] in ways[component[0]]


# --- Variables ---------------------------------------------------------------------------------


def _never_set(graph: Graph) -> Iterator[Issue]:
    """Variables that no path to their reader sets."""
    may_be_set = _set_before(graph)
    for node_id, sketch in graph.items():
        for name in sorted(_reads(sketch) - may_be_set[node_id]):
            yield warning(
                IssueCode.VARIABLE_NEVER_SET,
                f"nothing on the way here sets {name}",
                node_id=node_id,
                variable=name,
            )


def _set_before(graph: Graph) -> dict[str, set[str]]:
    """For each node the variables that some path to it may have set.

    Components come in the order of paths, and on a loop every node comes before every other.
    """
    ways = _ways(graph)
    before: dict[str, set[str]] = {node_id: set() for node_id in graph}
    for component in components(ways):
        arriving = set().union(*(before[node_id] for node_id in component))
        leaving = arriving.union(*(_writes(graph[node_id]) for node_id in component))
        for node_id in component:
            before[node_id] = leaving if _is_loop(component, ways) else arriving
        for target in {t for node_id in component for t in ways[node_id]} - set(component):
            before[target] |= leaving
    return before


def _reads(sketch: Sketch) -> set[str]:
    names = (part.variable_name for part in sketch.parts if isinstance(part, VariableSource))
    return {name for name in names if not is_reserved(name)}


def _writes(sketch: Sketch) -> set[str]:
    return set() if sketch.node is None else set(NODE_TYPES[sketch.node.type].writes(sketch.node))
