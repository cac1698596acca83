"""Audience rules as one SQL condition on ``contact``, with parameters only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic.alias_generators import to_snake

from engine.org.attribute import AttributeType
from engine.org.audience import ATTRIBUTE_ROOT, Group, Rule, RuleOperator, type_of
from engine.org.contact import TEXT_FIELDS

COLUMN = {name: to_snake(name) for name in TEXT_FIELDS}
SIGN = {RuleOperator.GT: ">", RuleOperator.GTE: ">=", RuleOperator.LT: "<", RuleOperator.LTE: "<="}


def condition(part: Rule | Group, types: Mapping[str, AttributeType], parameters: list[Any]) -> str:
    """A condition on ``contact``; values, attribute names too, are appended to ``parameters``.

    A rule on an attribute that has since been deleted holds for nobody.
    """
    if isinstance(part, Group):
        inner = (condition(rule, types, parameters) for rule in part.rules)
        return f"({f' {part.operator.value} '.join(inner)})"
    kind = type_of(part.field, types)
    if kind is None:
        return "false"
    if part.field.startswith(ATTRIBUTE_ROOT):
        return _on_attribute(part, kind, parameters)
    return _on_column(part, COLUMN[part.field], parameters)


def _on_column(rule: Rule, column: str, parameters: list[Any]) -> str:
    match rule.operator:
        case RuleOperator.IS_EMPTY:
            return f"coalesce({column}, '') = ''"
        case RuleOperator.IS_NOT_EMPTY:
            return f"coalesce({column}, '') <> ''"
        case RuleOperator.EQUALS:
            return f"{column} = {_put(parameters, rule.value)}"
        case RuleOperator.NOT_EQUALS:
            return f"{column} IS DISTINCT FROM {_put(parameters, rule.value)}"
        case RuleOperator.CONTAINS:
            return f"strpos({column}, {_put(parameters, rule.value)}) > 0"
        case RuleOperator.NOT_CONTAINS:
            return f"coalesce(strpos({column}, {_put(parameters, rule.value)}), 0) = 0"
        case _:
            return "false"


def _on_attribute(rule: Rule, kind: AttributeType, parameters: list[Any]) -> str:
    slug = rule.field.removeprefix(ATTRIBUTE_ROOT)
    if rule.operator in (RuleOperator.EQUALS, RuleOperator.NOT_EQUALS):
        # Containment is what the GIN index on custom_attributes serves.
        has = f"custom_attributes @> {_put(parameters, {slug: rule.value}, 'jsonb')}"
        return has if rule.operator is RuleOperator.EQUALS else f"NOT {has}"
    name = _put(parameters, slug)
    text = f"custom_attributes ->> {name}"
    if rule.operator in (RuleOperator.IS_EMPTY, RuleOperator.IS_NOT_EMPTY):
        return f"coalesce({text}, '') {'=' if rule.operator is RuleOperator.IS_EMPTY else '<>'} ''"
    typed = f"jsonb_typeof(custom_attributes -> {name})"
    if rule.operator in (RuleOperator.CONTAINS, RuleOperator.NOT_CONTAINS):
        part = _put(parameters, rule.value)
        has = f"({typed} = 'string' AND strpos({text}, {part}) > 0)"
        return has if rule.operator is RuleOperator.CONTAINS else f"{has} IS NOT TRUE"
    if kind is AttributeType.NUMBER:
        number = _put(parameters, Decimal(repr(rule.value)), "numeric")
        order = f"({text})::numeric {SIGN[rule.operator]} {number}"
        return f"CASE WHEN {typed} = 'number' THEN {order} ELSE false END"
    order = f'({text}) COLLATE "C" {SIGN[rule.operator]} {_put(parameters, rule.value)}'
    return f"({typed} = 'string' AND {order})"


def _put(parameters: list[Any], value: Any, kind: str = "text") -> str:
    parameters.append(value)
    return f"${len(parameters)}::{kind}"
