"""``answer``: take an inbound call."""

from __future__ import annotations

from typing import Annotated, Literal

from flows.effects import Answer, AnswerEnded, Wait
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
from flows.scope import CallStatus, NodeFault, Scope
from flows.wire import Wire


class AnswerConfig(Wire):
    """Nothing to choose."""


class AnswerOutputs(Outputs):
    on_success: Edge = None
    on_error: Edge = None
    default: Edge = None


class AnswerNode(GraphNode):
    type: Literal["answer"]
    config: Annotated[AnswerConfig, NullAsEmpty] = AnswerConfig()
    outputs: Annotated[AnswerOutputs, NullAsEmpty] = AnswerOutputs()


TAKE = ask(Answer(), Wait.ANSWER)
CONNECTED = Leave("onSuccess")
CONNECTING = ("onSuccess",)
"""The output behind which somebody listens."""


def build(_node: AnswerNode) -> Behaviour:
    return Behaviour(lambda _scope: TAKE, react)


def react(scope: Scope, ended: AnswerEnded) -> Reaction:
    if not ended.ok:
        scope.status = CallStatus.ERROR
        raise NodeFault("answer_failed", "the call could not be answered")
    scope.status = CallStatus.ANSWERED
    return CONNECTED


ANSWER = NodeType("answer", AnswerNode, build)
