"""Graphs in a few words, for tests."""

from __future__ import annotations

from typing import Any

from flows.effects import DialEnded, DialResult

Graph = dict[str, Any]
ANSWERED = DialEnded(DialResult.ANSWERED, "human")


def node(id: str, type: str, config: Any = None, **outputs: Any) -> Graph:
    return {"id": id, "type": type, "config": {} if config is None else config, "outputs": outputs}


def graph(*nodes: Graph) -> Graph:
    """Starts at the first node."""
    return {"startNodeId": nodes[0]["id"], "nodes": list(nodes)}


def answered(*nodes: Graph) -> Graph:
    """A flow that dials, and comes to the first of these nodes when somebody answers."""
    return graph(node("dial", "dial", onAnswer=nodes[0]["id"]), *nodes)


def clip(name: str) -> Graph:
    return {"type": "audioFile", "audioId": name}


def number(value: Any, **more: Any) -> Graph:
    return {"type": "number", "value": value, "language": "fr", **more}


def play(id: str, *items: Graph, **outputs: Any) -> Graph:
    return node(id, "play", {"audioItems": list(items or (clip(id),))}, **outputs)


def put(id: str, variable: str, value: Any, **outputs: Any) -> Graph:
    return node(id, "set_variable", {"variable": variable, "value": value}, **outputs)


def compare(id: str, left: Any, operator: str, right: Any, **outputs: Any) -> Graph:
    return node(id, "condition", {"operator": operator, "left": left, "right": right}, **outputs)


def variable(name: str) -> Graph:
    return {"source": "variable", "variableName": name}


def attribute(name: str) -> Graph:
    return {"source": "customAttribute", "attributeName": name}
