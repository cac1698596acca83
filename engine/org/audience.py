"""Audience rules: which contacts a live audience holds.

A rule compares one field with a value; a group joins rules and groups by ``AND`` or ``OR``, to
``DEEPEST`` levels. The same rule is decided here in Python and by ``engine.store.audience`` in
SQL, and a test holds the two together, so every comparison is defined to be exact:

- text compares by code points, case included; ``contains`` looks for a part of it;
- a field that is unset is empty, equals nothing and contains nothing, so ``not_equals`` and
  ``not_contains`` hold for it and ``gt gte lt lte`` do not;
- numbers and dates have an order, other types have none.

Of a contact's calls a rule can ask ``calls.lastOutcome``, ``calls.lastCalledAt``,
``calls.attempts`` (0 for somebody never called) and ``calls.pressed.FLOW.VARIABLE``: the keys a
variable of a flow held when a call last ended with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from engine.errors import FieldProblem, Invalid
from engine.org.attribute import AttributeType, check
from engine.org.contact import TEXT_FIELDS
from flows.wire import Wire

DEEPEST = 3
MOST_RULES = 50
ATTRIBUTE_ROOT = "customAttributes."
CALLS_ROOT = "calls."
PRESSED_ROOT = "calls.pressed."
PRESSED = re.compile(
    r"calls\.pressed\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9_.-]{1,64}"
)
CALL_TYPES = {
    "calls.lastOutcome": AttributeType.TEXT,
    "calls.lastCalledAt": AttributeType.DATE,
    "calls.attempts": AttributeType.NUMBER,
}


class AudienceType(StrEnum):
    STATIC = "static"
    """Its contacts are named one by one."""
    LIVE = "live"
    """Its contacts are those its rules hold for, when it is asked."""


class RuleOperator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"


ORDERING = frozenset({RuleOperator.GT, RuleOperator.GTE, RuleOperator.LT, RuleOperator.LTE})
CONTAINING = frozenset({RuleOperator.CONTAINS, RuleOperator.NOT_CONTAINS})
UNARY = frozenset({RuleOperator.IS_EMPTY, RuleOperator.IS_NOT_EMPTY})
ORDERED_TYPES = frozenset({AttributeType.NUMBER, AttributeType.DATE})
TEXTUAL_TYPES = frozenset(
    {AttributeType.TEXT, AttributeType.EMAIL, AttributeType.URL, AttributeType.PHONE_NUMBER}
)


class Join(StrEnum):
    AND = "AND"
    OR = "OR"


class Rule(Wire):
    field: Annotated[str, Field(min_length=1, max_length=128, examples=["city"])]
    """A contact's field, `customAttributes.SLUG`, `calls.lastOutcome`, `calls.lastCalledAt`,
    `calls.attempts`, or `calls.pressed.FLOW.VARIABLE`."""
    operator: RuleOperator
    value: str | int | float | bool | None = None
    """Left out for `is_empty` and `is_not_empty`."""


NO_CALLS: Mapping[str, object] = {"calls.attempts": 0}
"""Of somebody never called."""


def _kind(value: Any) -> str:
    """Whatever is no group is read as a rule, and refused as one."""
    grouped = "rules" in value if isinstance(value, dict) else isinstance(value, Group)
    return "group" if grouped else "rule"


class Group(Wire):
    operator: Join
    rules: Annotated[tuple[Part, ...], Field(min_length=1, max_length=MOST_RULES)]


Part: TypeAlias = Annotated[
    Annotated[Rule, Tag("rule")] | Annotated[Group, Tag("group")], Discriminator(_kind)
]
Group.model_rebuild()


def check_rules(rules: Group, types: Mapping[str, AttributeType], region: str) -> Group:
    """The rules with their values in the form attributes are kept in.

    Raises ``Invalid`` naming every rule that cannot be decided.
    """
    problems: dict[str, list[FieldProblem]] = {}
    if depth(rules) > DEEPEST:
        problems["rules"] = [
            FieldProblem("maxDepth", f"Groups nest at most {DEEPEST} deep.", {"max": DEEPEST})
        ]
    elif sum(1 for _ in leaves(rules)) > MOST_RULES:
        problems["rules"] = [
            FieldProblem("maxItems", f"At most {MOST_RULES} rules.", {"max": MOST_RULES})
        ]
    for path, rule in leaves(rules):
        problem = _problem(rule, types, region)
        if problem:
            problems[path] = [problem]
    if problems:
        raise Invalid("The audience has rules that are not valid.", fields=problems)
    return _settled(rules, types, region)


def depth(part: Rule | Group) -> int:
    """Groups above the deepest rule."""
    return 1 + max(map(depth, part.rules)) if isinstance(part, Group) else 0


def leaves(part: Rule | Group, path: str = "rules") -> Iterator[tuple[str, Rule]]:
    """Every rule with its path in the body: ``rules.rules.0``."""
    if isinstance(part, Rule):
        yield path, part
        return
    for index, inner in enumerate(part.rules):
        yield from leaves(inner, f"{path}.rules.{index}")


def type_of(field: str, types: Mapping[str, AttributeType]) -> AttributeType | None:
    """What a rule's field holds; ``None``: there is no such field."""
    if field.startswith(ATTRIBUTE_ROOT):
        return types.get(field.removeprefix(ATTRIBUTE_ROOT))
    if field.startswith(CALLS_ROOT):
        return AttributeType.TEXT if PRESSED.fullmatch(field) else CALL_TYPES.get(field)
    return AttributeType.TEXT if field in TEXT_FIELDS else None


def holds(
    part: Rule | Group,
    contact: Mapping[str, object],
    attributes: Mapping[str, object],
    types: Mapping[str, AttributeType],
    calls: Mapping[str, object] = NO_CALLS,
) -> bool:
    """Whether the contact (fields by wire name, attributes by slug, calls by a rule's field) is in
    the audience."""
    if isinstance(part, Group):
        verdicts = (holds(inner, contact, attributes, types, calls) for inner in part.rules)
        return all(verdicts) if part.operator is Join.AND else any(verdicts)
    if part.field.startswith(ATTRIBUTE_ROOT):
        value = attributes.get(part.field.removeprefix(ATTRIBUTE_ROOT))
    else:
        value = (calls if part.field.startswith(CALLS_ROOT) else contact).get(part.field)
    kind = type_of(part.field, types)
    return kind is not None and decide(part.operator, value, part.value, kind)


def decide(operator: RuleOperator, actual: Any, wanted: Any, kind: AttributeType) -> bool:
    match operator:
        case RuleOperator.IS_EMPTY:
            return actual is None or actual == ""
        case RuleOperator.IS_NOT_EMPTY:
            return actual is not None and actual != ""
        case RuleOperator.EQUALS:
            return _same(actual, wanted, kind)
        case RuleOperator.NOT_EQUALS:
            return not _same(actual, wanted, kind)
        case RuleOperator.CONTAINS:
            return isinstance(actual, str) and str(wanted) in actual
        case RuleOperator.NOT_CONTAINS:
            return not (isinstance(actual, str) and str(wanted) in actual)
        case _:
            return _fits(actual, kind) and _ORDER[operator](actual, wanted)


_ORDER = {
    RuleOperator.GT: lambda a, b: a > b,
    RuleOperator.GTE: lambda a, b: a >= b,
    RuleOperator.LT: lambda a, b: a < b,
    RuleOperator.LTE: lambda a, b: a <= b,
}


def _same(actual: Any, wanted: Any, kind: AttributeType) -> bool:
    return _fits(actual, kind) and bool(actual == wanted)


def _fits(actual: Any, kind: AttributeType) -> bool:
    """A value left over from an attribute of another type takes part in no comparison."""
    if kind is AttributeType.NUMBER:
        return isinstance(actual, int | float) and not isinstance(actual, bool)
    return isinstance(actual, bool if kind is AttributeType.BOOLEAN else str)


def _problem(rule: Rule, types: Mapping[str, AttributeType], region: str) -> FieldProblem | None:
    kind = type_of(rule.field, types)
    if kind is None:
        return FieldProblem("unknown", f"A contact has no field {rule.field}.")
    if rule.operator in UNARY:
        return None if rule.value is None else FieldProblem("notAllowed", "No value belongs here.")
    if rule.operator in ORDERING and kind not in ORDERED_TYPES:
        return FieldProblem("operator", f"Values of type {kind} have no order.", {"type": kind})
    if rule.operator in CONTAINING:
        return _containing_problem(rule, kind)
    found = check(kind, rule.value, region)
    return found if isinstance(found, FieldProblem) else None


def _containing_problem(rule: Rule, kind: AttributeType) -> FieldProblem | None:
    if kind not in TEXTUAL_TYPES:
        return FieldProblem("operator", f"Values of type {kind} have no parts.", {"type": kind})
    if not isinstance(rule.value, str) or not rule.value or "\x00" in rule.value:
        return FieldProblem("type", "Expected a text.", {"expected": "string"})
    return None


def _settled(part: Group, types: Mapping[str, AttributeType], region: str) -> Group:
    return Group(
        operator=part.operator,
        rules=tuple(
            _settled(inner, types, region)
            if isinstance(inner, Group)
            else _settled_rule(inner, types, region)
            for inner in part.rules
        ),
    )


def _settled_rule(rule: Rule, types: Mapping[str, AttributeType], region: str) -> Rule:
    kind = type_of(rule.field, types)
    if kind is None or rule.operator in UNARY | CONTAINING:
        return rule
    value = check(kind, rule.value, region)
    return rule if isinstance(value, FieldProblem) else rule.model_copy(update={"value": value})
