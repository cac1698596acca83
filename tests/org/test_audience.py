from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.org.attribute import AttributeType
from engine.org.audience import Group, check_rules, depth, holds

TYPES = {
    "balance": AttributeType.NUMBER,
    "due": AttributeType.DATE,
    "vip": AttributeType.BOOLEAN,
    "mobile": AttributeType.PHONE_NUMBER,
}
CONTACT = {"city": "Fes", "firstName": "", "lastName": None}
ATTRIBUTES = {"balance": 10, "due": "2026-03-01", "vip": True, "mobile": "+212612345678"}


def one(field: str, operator: str, value: Any = None) -> Group:
    rule = {"field": field, "operator": operator} | ({} if value is None else {"value": value})
    return Group.model_validate({"operator": "AND", "rules": [rule]})


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("city", "equals", "Fes", True),
        ("city", "equals", "fes", False),
        ("city", "not_equals", "Rabat", True),
        ("lastName", "not_equals", "x", True),
        ("lastName", "equals", "x", False),
        ("firstName", "is_empty", None, True),
        ("lastName", "is_empty", None, True),
        ("city", "is_not_empty", None, True),
        ("city", "contains", "es", True),
        ("lastName", "contains", "e", False),
        ("lastName", "not_contains", "e", True),
        ("customAttributes.balance", "gt", 9.5, True),
        ("customAttributes.balance", "gte", 10, True),
        ("customAttributes.balance", "lt", 10, False),
        ("customAttributes.balance", "equals", 10.0, True),
        ("customAttributes.due", "lte", "2026-03-01", True),
        ("customAttributes.due", "gt", "2026-02-28T23:00:00Z", True),
        ("customAttributes.vip", "equals", True, True),
        ("customAttributes.mobile", "equals", "06 12 34 56 78", True),
        ("customAttributes.balance", "is_empty", None, False),
    ],
)
def test_one_rule(field: str, operator: str, value: Any, expected: bool) -> None:
    rules = check_rules(one(field, operator, value), TYPES, "MA")
    assert holds(rules, CONTACT, ATTRIBUTES, TYPES) is expected


def test_a_value_of_another_type_takes_part_in_nothing() -> None:
    for operator in ("gt", "lt", "equals"):
        rules = one("customAttributes.balance", operator, 5)
        assert not holds(rules, {}, {"balance": "7"}, TYPES)


def test_groups_join() -> None:
    both = {
        "operator": "OR",
        "rules": [
            {"field": "city", "operator": "equals", "value": "Rabat"},
            {
                "operator": "AND",
                "rules": [
                    {"field": "city", "operator": "equals", "value": "Fes"},
                    {"field": "customAttributes.vip", "operator": "equals", "value": True},
                ],
            },
        ],
    }
    rules = check_rules(Group.model_validate(both), TYPES, "MA")
    assert depth(rules) == 2
    assert holds(rules, CONTACT, ATTRIBUTES, TYPES)
    assert not holds(rules, CONTACT, ATTRIBUTES | {"vip": False}, TYPES)


def test_a_rule_on_an_attribute_that_is_gone_holds_for_nobody() -> None:
    for operator in ("is_empty", "not_equals"):
        assert not holds(one("customAttributes.gone", operator, "x"), CONTACT, ATTRIBUTES, TYPES)


def test_a_shape_that_is_no_group() -> None:
    for odd in ({}, {"operator": "AND"}, {"rules": []}, {"operator": "AND", "rules": [5]}):
        with pytest.raises(ValidationError):
            Group.model_validate(odd)
