"""``hangup``: end the call."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.effects import Ending, EndingKind, Hangup
from flows.nodes.node import Behaviour, Finish, GraphNode, NodeType, NullAsEmpty, Outputs
from flows.wire import Wire


class HangupConfig(Wire):
    reason: Annotated[str, Field(max_length=256)] | None = None
    """For the call report."""
    hangup_type: Annotated[str, Field(max_length=64)] | None = None


class HangupOutputs(Outputs):
    """None: nothing follows."""


class HangupNode(GraphNode):
    type: Literal["hangup"]
    config: Annotated[HangupConfig, NullAsEmpty] = HangupConfig()
    outputs: Annotated[HangupOutputs, NullAsEmpty] = HangupOutputs()


def build(node: HangupNode) -> Behaviour:
    reason = node.config.reason
    end = Finish(Ending(EndingKind.COMPLETED, reason), Hangup(reason, node.config.hangup_type))
    return Behaviour(lambda _scope: end)


def waits(_node: HangupNode) -> bool:
    return False


HANGUP = NodeType("hangup", HangupNode, build, waits=waits)
