"""One call's way through a flow: inputs in, effects out, nothing awaited.

::

    session, step = Session.start(flow, context, now)
    while step.wait is not None:
        step = session.resume(perform(step.effects, step.wait), now)
    session.ending

A session is RUNNING in one wait or ENDED. In a wait it takes the input of that wait (``AWAITED``),
``EffectFailed``, ``HungUp`` or ``LimitReached``; anything else, and anything after the end, is a
bug of the caller and raises ``UnexpectedInput``.

How it ends:

- ``COMPLETED``: a hangup node, or an output that is neither wired nor has a ``default``;
- ``HUNG_UP``: the other side left, in whatever wait;
- ``FLOW_ERROR``: a node failed, and neither ``onError`` nor ``default`` is wired;
- ``LIMIT``: ``steps`` or ``visits_per_node`` of ``Limits``, or a limit the caller names.

``now`` is an aware datetime; the session only writes it down. Between inputs a session can be
dumped to JSON and loaded again, in another process too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from flows.compile import NOWHERE, CompiledFlow, CompiledNode
from flows.effects import (
    AnswerEnded,
    DialEnded,
    DigitsEnded,
    Effect,
    EffectFailed,
    Ending,
    EndingKind,
    HungUp,
    Input,
    LimitReached,
    PlayEnded,
    RecordEnded,
    Step,
    Wait,
)
from flows.nodes.node import ON_ERROR, Finish, Leave, Reaction
from flows.scope import UP, CallContext, CallStatus, Direction, NodeFault, Scalar, Scope

AWAITED: dict[type, Wait] = {
    DialEnded: Wait.DIAL,
    AnswerEnded: Wait.ANSWER,
    PlayEnded: Wait.PLAYBACK,
    DigitsEnded: Wait.DIGITS,
    RecordEnded: Wait.RECORDING,
}
CONNECTING = (Wait.DIAL, Wait.ANSWER)
NEVER = datetime.min.replace(tzinfo=UTC)
DUMP_VERSION = 1
COMPLETED = Finish(Ending(EndingKind.COMPLETED))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a flow may use before it counts as running away; the names stand in the ending."""

    steps: int = 1_000
    """Nodes entered, all in all."""
    visits_per_node: int = 100


@dataclass(frozen=True, slots=True)
class TraceEntry:
    node_id: str
    node_type: str
    label: str | None
    output: str | None
    """What happened there: ``onTimeout``, ``branches.1``, though ``default`` may have been taken
    for it; ``None``: the flow ended in this node or is still in it."""
    at: datetime
    """When the node was entered."""
    error: str | None = None
    """The code of the fault behind ``onError`` or behind the end."""


_Left: TypeAlias = tuple[int, str | None, datetime, str | None]
"""Node index, output, when it was entered, error: a ``TraceEntry`` before anybody asks for it."""


class UnexpectedInput(RuntimeError):
    pass


class SessionMismatch(ValueError):
    """A dump that does not belong to this flow, or is of another version."""


@dataclass(slots=True)
class Session:
    flow: CompiledFlow
    scope: Scope
    limits: Limits
    wait: Wait | None = None
    """What would resume it; ``None``: it has ended."""
    ending: Ending | None = None
    _at: int = NOWHERE
    """The node it is in."""
    _entered_at: datetime = NEVER
    _error: str | None = None
    _steps: int = 0
    _visits: dict[str, int] = field(default_factory=dict)
    _left: list[_Left] = field(default_factory=list)

    @classmethod
    def start(
        cls, flow: CompiledFlow, context: CallContext, now: datetime, limits: Limits | None = None
    ) -> tuple[Session, Step]:
        session = cls(flow, Scope(context), limits or Limits())
        return session, session._settle(session._enter(flow.start, now), now)

    def resume(self, input: Input, now: datetime) -> Step:
        """Raises ``UnexpectedInput`` when the session does not wait for this."""
        if self.wait is None:
            raise UnexpectedInput(f"the session has ended, {input!r} comes too late")
        match input:
            case HungUp():
                self.scope.status = CallStatus.HUNG_UP
                return self._end(Ending(EndingKind.HUNG_UP))
            case LimitReached(limit):
                return self._end(Ending(EndingKind.LIMIT, limit))
            case EffectFailed(code, message):
                return self._settle(self._effect_failed(NodeFault(code, message)), now)
        return self._settle(self._react(input), now)

    @property
    def node_id(self) -> str | None:
        """The node it is in; ``None`` once it has ended."""
        return None if self._at == NOWHERE else self.flow.nodes[self._at].id

    @property
    def variables(self) -> Mapping[str, Scalar]:
        """What the flow has set so far."""
        return self.scope.variables

    @property
    def trace(self) -> tuple[TraceEntry, ...]:
        """Every node entered, in order; the one it is in comes last, without an output."""
        here = [] if self._at == NOWHERE else [self._leaving(None)]
        return tuple(self._entry(left) for left in (*self._left, *here))

    @property
    def node_counts(self) -> Mapping[str, int]:
        """How often each node was entered; nodes never entered are left out."""
        return self._visits

    # --- From node to node ---

    def _settle(self, reaction: Reaction, now: datetime) -> Step:
        """Follow the reaction until something must be waited for."""
        while True:
            match reaction:
                case Step():
                    self.wait = reaction.wait
                    return reaction
                case Leave():
                    target = self._leave(reaction.output)
                    reaction = COMPLETED if target == NOWHERE else self._enter(target, now)
                case Finish():
                    return self._end(reaction.ending, reaction.effect)

    def _enter(self, target: int, now: datetime) -> Reaction:
        node = self.flow.nodes[target]
        visits = self._visits.get(node.id, 0) + 1
        if self._steps >= self.limits.steps:
            return Finish(Ending(EndingKind.LIMIT, "steps"))
        if visits > self.limits.visits_per_node:
            return Finish(Ending(EndingKind.LIMIT, "visits_per_node"))
        self._at, self._entered_at = target, now
        self._steps += 1
        self._visits[node.id] = visits
        self.scope.retries = 0
        return self._begin(node)

    def _begin(self, node: CompiledNode) -> Reaction:
        if node.media and self.scope.status not in UP:
            return self._fail(NodeFault("no_call", "nobody is on the line"))
        try:
            return node.enter(self.scope)
        except NodeFault as fault:
            return self._fail(fault)

    def _react(self, input: Input) -> Reaction:
        node = self.flow.nodes[self._at]
        if node.react is None or AWAITED.get(type(input)) is not self.wait:
            raise UnexpectedInput(f"waiting for {self.wait}, {input!r} came")
        try:
            return node.react(self.scope, input)
        except NodeFault as fault:
            return self._fail(fault)

    def _effect_failed(self, fault: NodeFault) -> Reaction:
        if self.wait in CONNECTING:
            self.scope.status = CallStatus.ERROR
        return self._fail(fault)

    def _fail(self, fault: NodeFault) -> Reaction:
        self._error = fault.code
        if self.flow.nodes[self._at].target(ON_ERROR) == NOWHERE:
            return Finish(Ending(EndingKind.FLOW_ERROR, fault.code))
        return Leave(ON_ERROR)

    def _leave(self, output: str) -> int:
        node = self.flow.nodes[self._at]
        self._left.append(self._leaving(output))
        self._at, self._error = NOWHERE, None
        return node.target(output)

    def _end(self, ending: Ending, effect: Effect | None = None) -> Step:
        if self._at != NOWHERE:
            self._left.append(self._leaving(None))
        self._at, self._error = NOWHERE, None
        self.wait, self.ending = None, ending
        return Step(() if effect is None else (effect,), None)

    def _leaving(self, output: str | None) -> _Left:
        return self._at, output, self._entered_at, self._error

    def _entry(self, left: _Left) -> TraceEntry:
        index, output, at, error = left
        node = self.flow.nodes[index]
        return TraceEntry(node.id, node.type, node.label, output, at, error)

    # --- Over a restart ---

    def dump(self) -> dict[str, Any]:
        """All of it as JSON, the flow aside: that is found again by its version."""
        return {
            "version": DUMP_VERSION,
            "node": None if self._at == NOWHERE else self.flow.nodes[self._at].id,
            "enteredAt": self._entered_at.isoformat(),
            "wait": self.wait,
            "ending": None if self.ending is None else asdict(self.ending),
            "scope": asdict(self.scope),
            "limits": asdict(self.limits),
            "steps": self._steps,
            "visits": dict(self._visits),
            "left": [
                [self.flow.nodes[index].id, output, at.isoformat(), error]
                for index, output, at, error in self._left
            ],
        }

    @classmethod
    def load(cls, flow: CompiledFlow, data: Mapping[str, Any]) -> Session:
        """The session that was dumped; ``flow`` must be the same version of the same flow."""
        if data.get("version") != DUMP_VERSION:
            raise SessionMismatch(f"a dump of version {data.get('version')} cannot be read")
        ending = data["ending"]
        return cls(
            flow=flow,
            scope=_load_scope(data["scope"]),
            limits=Limits(**data["limits"]),
            wait=None if data["wait"] is None else Wait(data["wait"]),
            ending=ending and Ending(EndingKind(ending["kind"]), ending["detail"]),
            _at=_find(flow, data["node"]),
            _entered_at=datetime.fromisoformat(data["enteredAt"]),
            _steps=data["steps"],
            _visits=dict(data["visits"]),
            _left=[
                (_find(flow, node_id), output, datetime.fromisoformat(at), error)
                for node_id, output, at, error in data["left"]
            ],
        )


def _find(flow: CompiledFlow, node_id: str | None) -> int:
    if node_id is None:
        return NOWHERE
    if node_id not in flow.index:
        raise SessionMismatch(f"the flow has no node {node_id}")
    return flow.index[node_id]


def _load_scope(data: Mapping[str, Any]) -> Scope:
    context = data["context"]
    return Scope(
        context=CallContext(**{**context, "direction": Direction(context["direction"])}),
        variables=dict(data["variables"]),
        status=CallStatus(data["status"]),
        answered_by=data["answered_by"],
        retries=data["retries"],
    )
