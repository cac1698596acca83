"""Strongly connected components: the loops of a graph, in the order in which paths meet them.

Kosaraju's algorithm, iterative, in time linear in nodes and edges (Cormen et al., Introduction to
Algorithms, section 22.5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

Ways: TypeAlias = Mapping[str, Collection[str]]
"""Every node, and the nodes its edges lead to; all of them are keys too."""


def components(ways: Ways) -> list[list[str]]:
    """Groups of nodes that reach one another, each group before those it leads to."""
    back = _reversed(ways)
    seen: set[str] = set()
    return [
        _finished(back, root, seen) for root in reversed(_all_finished(ways)) if root not in seen
    ]


def _reversed(ways: Ways) -> dict[str, list[str]]:
    back: dict[str, list[str]] = {node: [] for node in ways}
    for node, targets in ways.items():
        for target in targets:
            back[target].append(node)
    return back


def _all_finished(ways: Ways) -> list[str]:
    seen: set[str] = set()
    return [node for root in ways if root not in seen for node in _finished(ways, root, seen)]


def _finished(ways: Ways, root: str, seen: set[str]) -> list[str]:
    """What a depth-first walk from ``root`` finds beyond ``seen``, in the order of leaving."""
    left: list[str] = []
    seen.add(root)
    trail = [(root, iter(ways[root]))]
    while trail:
        fresh = next((target for target in trail[-1][1] if target not in seen), None)
        if fresh is None:
            left.append(trail.pop()[0])
        else:
            seen.add(fresh)
            trail.append((fresh, iter(ways[fresh])))
    return left
