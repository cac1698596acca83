"""The node types, one file each, named by their wire names.

A file holds the node's configuration and outputs (pydantic, as on the wire), and ``build``, which
turns a parsed node into its ``Behaviour``. To add one: write the file, register it in
``NODE_TYPES`` and in ``Node``, and give it ``tests/flows/examples/<type>.json`` and a golden
transcript; the tests ask for both. Only ``flows`` itself imports from here.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from flows.nodes.answer import ANSWER, AnswerNode
from flows.nodes.condition import CONDITION, ConditionNode
from flows.nodes.dial import DIAL, DialNode
from flows.nodes.dtmf import DTMF, DtmfNode
from flows.nodes.hangup import HANGUP, HangupNode
from flows.nodes.node import Behaviour, NodeType
from flows.nodes.play import PLAY, PlayNode
from flows.nodes.record import RECORD, RecordNode
from flows.nodes.set_variable import SET_VARIABLE, SetVariableNode

NODE_TYPES: dict[str, NodeType] = {
    kind.name: kind for kind in (DIAL, ANSWER, PLAY, DTMF, RECORD, CONDITION, SET_VARIABLE, HANGUP)
}

AnyNode: TypeAlias = (
    DialNode
    | AnswerNode
    | PlayNode
    | DtmfNode
    | RecordNode
    | ConditionNode
    | SetVariableNode
    | HangupNode
)
Node = Annotated[AnyNode, Field(discriminator="type")]

__all__ = ["NODE_TYPES", "AnyNode", "Behaviour", "Node", "NodeType"]
