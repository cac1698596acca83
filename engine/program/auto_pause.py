"""Rules that pause an execution once a node of its flow was entered so often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field, TypeAdapter

from flows.wire import NodeId, Wire


class AutoPauseRule(Wire):
    node_id: NodeId
    threshold: int = Field(ge=1)
    """Entries of the node, over all calls of the execution, that pause it."""
    reset_on_resume: bool = False
    """Count anew from every resume. Without it the rule pauses once, when the total gets there."""


AutoPauseRules = TypeAdapter(tuple[AutoPauseRule, ...])


@dataclass(frozen=True, slots=True)
class NodeEntries:
    """One node's count after some calls ended."""

    node_id: str
    added: int
    """By these calls."""
    total: int
    since_resume: int


def reached(rules: Iterable[AutoPauseRule], entries: Iterable[NodeEntries]) -> str | None:
    """The node whose rule these calls tripped, or ``None``.

    A rule trips when the count crosses its threshold, not while it stays beyond: a resumed
    execution would otherwise pause again at the very next call.
    """
    counted = {entry.node_id: entry for entry in entries}
    for rule in rules:
        entry = counted.get(rule.node_id)
        if entry is not None and _crossed(rule, entry):
            return rule.node_id
    return None


def _crossed(rule: AutoPauseRule, entry: NodeEntries) -> bool:
    count = entry.since_resume if rule.reset_on_resume else entry.total
    return count - entry.added < rule.threshold <= count
