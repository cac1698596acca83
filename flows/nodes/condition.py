"""``condition``: compare values; groups nest to a depth of eight.

Members are asked in order and only until the answer is certain, so ``{and: [x neq "", x gt 3]}``
guards its second member. ``onError`` is taken when a missing value must be put in order. There is
no ``default``: a condition whose answer is not wired ends the flow in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from flows.expression import COMPARISONS, Operator
from flows.issue import Issue, IssueCode, issue
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
from flows.wire import Wire

MAX_DEPTH = 8
MAX_MEMBERS = 50


class Compare(Wire):
    operator: Operator
    left: Value
    right: Value


class AllOf(Wire):
    all_of: Annotated[
        tuple[Condition, ...], Field(alias="and", min_length=1, max_length=MAX_MEMBERS)
    ]


class AnyOf(Wire):
    any_of: Annotated[
        tuple[Condition, ...], Field(alias="or", min_length=1, max_length=MAX_MEMBERS)
    ]


def _kind(value: Any) -> str:
    match value:
        case AllOf() | {"and": _}:
            return "[and]"
        case AnyOf() | {"or": _}:
            return "[or]"
    return "comparison"


Condition = Annotated[
    Annotated[AllOf, Tag("[and]")]
    | Annotated[AnyOf, Tag("[or]")]
    | Annotated[Compare, Tag("comparison")],
    Discriminator(_kind),
]


AllOf.model_rebuild()
AnyOf.model_rebuild()


class ConditionOutputs(Outputs):
    on_true: Edge = None
    on_false: Edge = None
    on_error: Edge = None


class ConditionNode(GraphNode):
    type: Literal["condition"]
    config: Condition
    outputs: Annotated[ConditionOutputs, NullAsEmpty] = ConditionOutputs()


Test: TypeAlias = Callable[[Scope], bool]
ANSWERS = {True: Leave("onTrue"), False: Leave("onFalse")}


def compile_condition(condition: Compare | AllOf | AnyOf) -> Test:
    match condition:
        case AllOf(all_of=members):
            every = tuple(compile_condition(member) for member in members)
            return lambda scope: all(test(scope) for test in every)
        case AnyOf(any_of=members):
            some = tuple(compile_condition(member) for member in members)
            return lambda scope: any(test(scope) for test in some)
        case Compare():
            return _compile_comparison(condition)


def _compile_comparison(comparison: Compare) -> Test:
    compare = COMPARISONS[comparison.operator]
    left, right = compile_value(comparison.left), compile_value(comparison.right)
    return lambda scope: compare(left(scope), right(scope))


def build(node: ConditionNode) -> Behaviour:
    test = compile_condition(node.config)

    def enter(scope: Scope) -> Reaction:
        return ANSWERS[test(scope)]

    return Behaviour(enter)


def waits(_node: ConditionNode) -> bool:
    return False


def _depth(condition: Compare | AllOf | AnyOf) -> int:
    match condition:
        case AllOf(all_of=members) | AnyOf(any_of=members):
            return 1 + max(_depth(member) for member in members)
        case Compare():
            return 0


def check(node: ConditionNode) -> Iterator[Issue]:
    if (depth := _depth(node.config)) > MAX_DEPTH:
        yield issue(
            IssueCode.TOO_DEEP,
            f"conditions nest {depth} deep, at most {MAX_DEPTH} are allowed",
            node_id=node.id,
            depth=depth,
            max=MAX_DEPTH,
            path="config",
        )


CONDITION = NodeType("condition", ConditionNode, build, waits=waits, check=check)
