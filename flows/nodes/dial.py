"""``dial``: ring the contact and branch on what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.effects import Dial, DialEnded, DialResult, Wait
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
from flows.scope import CallStatus, Scope
from flows.wire import Wire


class DialConfig(Wire):
    timeout: Annotated[int, Field(strict=True, ge=5_000, le=120_000)] = 30_000
    """How long it may ring, in milliseconds."""
    enable_amd: Annotated[bool, Field(strict=True, alias="enableAMD")] = True
    """Listen whether a machine answered; when that is not sure, `onAnswer` is taken."""


class DialOutputs(Outputs):
    on_answer: Edge = None
    on_voicemail: Edge = None
    on_no_answer: Edge = None
    on_busy: Edge = None
    on_rejected: Edge = None
    on_error: Edge = None
    default: Edge = None


class DialNode(GraphNode):
    type: Literal["dial"]
    config: Annotated[DialConfig, NullAsEmpty] = DialConfig()
    outputs: Annotated[DialOutputs, NullAsEmpty] = DialOutputs()


LEAVES = {
    DialResult.ANSWERED: Leave("onAnswer"),
    DialResult.VOICEMAIL: Leave("onVoicemail"),
    DialResult.NO_ANSWER: Leave("onNoAnswer"),
    DialResult.BUSY: Leave("onBusy"),
    DialResult.REJECTED: Leave("onRejected"),
    DialResult.ERROR: Leave("onError"),
}
CONNECTING = ("onAnswer", "onVoicemail")
"""The outputs behind which somebody listens."""


def build(node: DialNode) -> Behaviour:
    ring = ask(Dial(node.config.timeout, node.config.enable_amd), Wait.DIAL)

    def enter(scope: Scope) -> Reaction:
        scope.status = CallStatus.DIALING
        return ring

    return Behaviour(enter, react)


def react(scope: Scope, ended: DialEnded) -> Reaction:
    scope.status = CallStatus(ended.result)
    scope.answered_by = ended.answered_by
    return LEAVES[ended.result]


DIAL = NodeType("dial", DialNode, build)
