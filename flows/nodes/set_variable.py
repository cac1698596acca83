"""``set_variable``: give a variable a value; a value that is missing clears it.

``callConsent`` is read when the call ends: ``given``, ``refused`` (silence, if the program asks for
it), ``withdrawn`` (onto the organization's do-not-call list), ``withdrawn_from_program``.

Reading a value cannot fail, so ``onError`` is never taken; it may be wired all the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from flows.nodes.node import (
    Behaviour,
    Edge,
    GraphNode,
    Leave,
    NodeType,
    NullAsEmpty,
    Outputs,
    Reaction,
)
from flows.scope import Scope
from flows.value import Value, compile_value
from flows.wire import VariableName, Wire


class SetVariableConfig(Wire):
    variable: VariableName
    """`callConsent` tells the do-not-call list and the consent records what the callee said, when
    the call ends: `given`, `refused`, `withdrawn` (from all calls) or `withdrawn_from_program`."""
    value: Value


class SetVariableOutputs(Outputs):
    on_success: Edge = None
    on_error: Edge = None
    default: Edge = None


class SetVariableNode(GraphNode):
    type: Literal["set_variable"]
    config: SetVariableConfig
    outputs: Annotated[SetVariableOutputs, NullAsEmpty] = SetVariableOutputs()


DONE = Leave("onSuccess")


def build(node: SetVariableNode) -> Behaviour:
    variable, read = node.config.variable, compile_value(node.config.value)

    def enter(scope: Scope) -> Reaction:
        scope.variables[variable] = read(scope)
        return DONE

    return Behaviour(enter)


def waits(_node: SetVariableNode) -> bool:
    return False


def writes(node: SetVariableNode) -> tuple[str, ...]:
    return (node.config.variable,)


SET_VARIABLE = NodeType("set_variable", SetVariableNode, build, waits=waits, writes=writes)
