"""``record``: keep what the callee says.

``onComplete`` sets the variable to the recording's id; a recording in which nobody spoke leaves by
``onTimeout`` and sets nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.effects import Record, RecordEnded, Wait
from flows.nodes.node import (
    Behaviour,
    Edge,
    GraphNode,
    Leave,
    NodeType,
    NullAsEmpty,
    Outputs,
    Reaction,
    ask,
)
from flows.scope import Scope
from flows.wire import Key, VariableName, Wire


class RecordConfig(Wire):
    recording_id_variable: VariableName | None = None
    """Takes the recording's id."""
    max_duration: Annotated[int, Field(strict=True, ge=1_000, le=3_600_000)] = 60_000
    """Milliseconds."""
    silence_timeout: Annotated[int, Field(strict=True, ge=500, le=60_000)] | None = 5_000
    """Milliseconds of silence that end it; `null`: silence never does."""
    terminator: Key | None = "#"
    """The key that ends it; `null`: none does."""
    beep: Annotated[bool, Field(strict=True)] = True
    """A tone says when to speak."""


class RecordOutputs(Outputs):
    on_complete: Edge = None
    on_timeout: Edge = None
    on_error: Edge = None
    default: Edge = None


class RecordNode(GraphNode):
    type: Literal["record"]
    config: Annotated[RecordConfig, NullAsEmpty] = RecordConfig()
    outputs: Annotated[RecordOutputs, NullAsEmpty] = RecordOutputs()


COMPLETE = Leave("onComplete")
SILENCE = Leave("onTimeout")


def build(node: RecordNode) -> Behaviour:
    config = node.config
    variable = config.recording_id_variable
    listen = ask(
        Record(config.max_duration, config.silence_timeout, config.terminator, config.beep),
        Wait.RECORDING,
    )

    def react(scope: Scope, ended: RecordEnded) -> Reaction:
        if not ended.heard_voice:
            return SILENCE
        if variable is not None:
            scope.variables[variable] = ended.recording_id
        return COMPLETE

    return Behaviour(lambda _scope: listen, react)


def writes(node: RecordNode) -> tuple[str, ...]:
    variable = node.config.recording_id_variable
    return () if variable is None else (variable,)


RECORD = NodeType("record", RecordNode, build, media=True, writes=writes)
