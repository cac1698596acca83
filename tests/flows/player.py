"""A session played by a script of inputs, dumped and loaded between any two of them.

An example file holds a flow and the calls that go through it::

    {"about": "…", "graph": {…}, "context": {…}, "calls": [{"name": "…", "inputs": [{…}]}]}

An input is the JSON of one of ``flows.effects``: ``{"type": "DialEnded", "result": "busy",
"answered_by": "none"}``. ``Player.transcript`` stands in the golden files, which
``python -m tests.flows.player`` writes anew.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from flows import CallContext, CompiledFlow, Limits, Session, compile_flow
from flows import effects as seam
from flows.effects import Effect, Input, Step

EXAMPLES = Path(__file__).parent / "examples"
TRANSCRIPTS = Path(__file__).parent / "transcripts"
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONTEXT = {"call_id": "call-1", "organization_id": "org-1", "contact_phone": "+212600000001"}


class Player:
    """Every ``tell`` reloads the session from JSON and lets a second pass."""

    def __init__(
        self,
        graph: dict[str, Any] | CompiledFlow,
        context: dict[str, Any] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.flow = graph if isinstance(graph, CompiledFlow) else compile_flow(graph)
        call = TypeAdapter(CallContext).validate_python({**CONTEXT, **(context or {})})
        self.now = START
        self._lines: list[str] = []
        self.session, self.step = Session.start(self.flow, call, self.now, limits)
        self._reload()
        self._hear(self.step)

    def tell(self, *inputs: Input) -> Step:
        for event in inputs:
            self.now += timedelta(seconds=1)
            self._lines.append(f"< {shown(event)}")
            self.step = self.session.resume(event, self.now)
            self._reload()
            self._hear(self.step)
        return self.step

    @property
    def effect(self) -> Effect:
        """The one effect of the last step."""
        (effect,) = self.step.effects
        return effect

    @property
    def path(self) -> list[tuple[str, str | None]]:
        return [(entry.node_id, entry.output) for entry in self.session.trace]

    @property
    def transcript(self) -> str:
        ending = self.session.ending
        last = [f"= {shown(ending)}" if ending else f"= waits for {self.session.wait}"]
        steps = [
            f"  {entry.node_id} {entry.output or '.'}" + (f" ({entry.error})" * bool(entry.error))
            for entry in self.session.trace
        ]
        variables = [f"  {name} = {value!r}" for name, value in self.session.variables.items()]
        return "\n".join([*self._lines, *last, *steps, *variables])

    def _reload(self) -> None:
        before = self.session.dump()
        self.session = Session.load(self.flow, json.loads(json.dumps(before)))
        assert self.session.dump() == before

    def _hear(self, step: Step) -> None:
        self._lines += [f"> {shown(effect)}" for effect in step.effects]


def shown(value: object) -> str:
    """A dataclass as ``Name(field=value)`` without the fields that say nothing."""
    told = ((f.name, getattr(value, f.name)) for f in fields(value))  # type: ignore[arg-type]
    inside = ", ".join(f"{name}={_plain(v)}" for name, v in told if v not in (None, ()))
    return f"{type(value).__name__}({inside})"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_plain(item) for item in value)}]"
    if isinstance(value, Enum):
        return str(value.value)
    return shown(value) if hasattr(value, "__dataclass_fields__") else str(value)


def read_input(data: dict[str, Any]) -> Input:
    kind = getattr(seam, data["type"])
    values = {name: value for name, value in data.items() if name != "type"}
    return TypeAdapter(kind).validate_python(values)


def read_example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def play_example(name: str) -> dict[str, Player]:
    """Every call of the example, played to the end of its inputs."""
    example = read_example(name)
    flow, players = compile_flow(example["graph"]), {}
    for call in example["calls"]:
        player = players[call["name"]] = Player(flow, call.get("context", example.get("context")))
        player.tell(*map(read_input, call["inputs"]))
    return players


def render(name: str) -> str:
    """What the golden file of an example holds."""
    calls = play_example(name).items()
    return "\n\n".join(f"# {call}\n{player.transcript}" for call, player in calls) + "\n"


if __name__ == "__main__":  # writes the golden files anew; read the difference before committing
    for example in EXAMPLES.glob("*.json"):
        (TRANSCRIPTS / f"{example.stem}.txt").write_text(render(example.stem))
