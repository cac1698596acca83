"""Audience rules as one SQL condition on ``contact``, with parameters only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic.alias_generators import to_snake

from engine.org.attribute import AttributeType
from engine.org.audience import (
    ATTRIBUTE_ROOT,
    CALLS_ROOT,
    NO_CALLS,
    PRESSED_ROOT,
    Group,
    Rule,
    RuleOperator,
    decide,
    type_of,
)
from engine.org.contact import TEXT_FIELDS

COLUMN = {name: to_snake(name) for name in TEXT_FIELDS}
CALL_COLUMNS = {
    "calls.lastOutcome": "last_outcome",
    "calls.lastCalledAt": "last_called_at",
    "calls.attempts": "attempts",
}
SIGNS = {
    RuleOperator.EQUALS: "=",
    RuleOperator.NOT_EQUALS: "<>",
    RuleOperator.GT: ">",
    RuleOperator.GTE: ">=",
    RuleOperator.LT: "<",
    RuleOperator.LTE: "<=",
}
OPPOSITE = {
    RuleOperator.EQUALS: RuleOperator.NOT_EQUALS,
    RuleOperator.NOT_EQUALS: RuleOperator.EQUALS,
    RuleOperator.IS_EMPTY: RuleOperator.IS_NOT_EMPTY,
    RuleOperator.IS_NOT_EMPTY: RuleOperator.IS_EMPTY,
    RuleOperator.GT: RuleOperator.LTE,
    RuleOperator.GTE: RuleOperator.LT,
    RuleOperator.LT: RuleOperator.GTE,
    RuleOperator.LTE: RuleOperator.GT,
    RuleOperator.CONTAINS: RuleOperator.NOT_CONTAINS,
    RuleOperator.NOT_CONTAINS: RuleOperator.CONTAINS,
}


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
    if part.field.startswith(CALLS_ROOT):
        return _on_calls(part, kind, parameters)
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
        order = f"({text})::numeric {SIGNS[rule.operator]} {_number(rule, parameters)}"
        return f"CASE WHEN {typed} = 'number' THEN {order} ELSE false END"
    order = f'({text}) COLLATE "C" {SIGNS[rule.operator]} {_put(parameters, rule.value)}'
    return f"({typed} = 'string' AND {order})"


CALLED = "id IN (SELECT contact_id FROM call_history WHERE org_id = $1 AND {})"


def _on_calls(rule: Rule, kind: AttributeType, parameters: list[Any]) -> str:
    """A rule that holds for those without calls is asked the other way round: the subquery is then
    of those with calls too, and an index serves it."""
    unset = NO_CALLS.get(rule.field)
    if decide(rule.operator, unset, rule.value, kind):
        opposite = rule.model_copy(update={"operator": OPPOSITE[rule.operator]})
        return f"NOT {CALLED.format(_of_calls(opposite, parameters))}"
    return CALLED.format(_of_calls(rule, parameters))


def _of_calls(rule: Rule, parameters: list[Any]) -> str:
    """On a row of ``call_history``, whose columns are always set."""
    if rule.field.startswith(PRESSED_ROOT):
        return _of_pressed(rule, parameters)
    column = CALL_COLUMNS[rule.field]
    match rule.operator:
        case RuleOperator.IS_EMPTY:
            return "false"
        case RuleOperator.IS_NOT_EMPTY:
            return "true"
        case RuleOperator.CONTAINS | RuleOperator.NOT_CONTAINS:
            sign = ">" if rule.operator is RuleOperator.CONTAINS else "="
            return f"strpos({column}, {_put(parameters, rule.value)}) {sign} 0"
    if rule.field == "calls.attempts":
        return f"{column} {SIGNS[rule.operator]} {_number(rule, parameters)}"
    return f"{column} {SIGNS[rule.operator]} {_put(parameters, rule.value)}"


def _of_pressed(rule: Rule, parameters: list[Any]) -> str:
    name = rule.field.removeprefix(PRESSED_ROOT)
    if rule.operator in (RuleOperator.EQUALS, RuleOperator.NOT_EQUALS):
        has = f"pressed @> {_put(parameters, {name: rule.value}, 'jsonb')}"
        return has if rule.operator is RuleOperator.EQUALS else f"NOT {has}"
    text = f"coalesce(pressed ->> {_put(parameters, name)}, '')"
    match rule.operator:
        case RuleOperator.IS_EMPTY:
            return f"{text} = ''"
        case RuleOperator.IS_NOT_EMPTY:
            return f"{text} <> ''"
        case RuleOperator.CONTAINS:
            return f"strpos({text}, {_put(parameters, rule.value)}) > 0"
        case _:
            return f"strpos({text}, {_put(parameters, rule.value)}) = 0"


def _number(rule: Rule, parameters: list[Any]) -> str:
    return _put(parameters, Decimal(repr(rule.value)), "numeric")


def _put(parameters: list[Any], value: Any, kind: str = "text") -> str:
    parameters.append(value)
    return f"${len(parameters)}::{kind}"
