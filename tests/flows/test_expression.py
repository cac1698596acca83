"""What a value is taken for, and how two compare."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.expression import COMPARISONS, Operator, as_date, as_number, as_text
from flows.scope import NodeFault, Scalar

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, "5"),
        (-5, "-5"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        ("12.50", "12.50"),
        (" 7 ", "7"),
        ("+212600000001", "212600000001"),
        ("007", "7"),
        ("9" * 40, "9" * 40),
        ("9" * 41, None),
        ("1e5", None),
        ("1,250", None),
        ("1 250", None),
        ("٣", None),
        (".5", None),
        ("", None),
        ("ten", None),
        (True, None),
        (None, None),
        (1e300, None),
    ],
)
def test_numbers(value: Scalar, number: str | None) -> None:
    assert as_number(value) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-31", date(2026, 3, 31)),
        (" 2026-03-31 ", date(2026, 3, 31)),
        ("2026-03-31T10:00:00Z", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("2026-03-31 10:00", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("2026-03-31T10:00:00+02:00", datetime(2026, 3, 31, 8, tzinfo=UTC)),
        ("2026-02-30", None),
        ("31/03/2026", None),
        ("20260331", None),
        (20260331, None),
        (None, None),
    ],
)
def test_dates(value: Scalar, day: date | None) -> None:
    assert as_date(value) == day


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (None, ""), (True, "true"), (False, "false"), (5, "5"), (5.0, "5"), (0.5, "0.5")],
)
def test_texts(value: Scalar, text: str) -> None:
    assert as_text(value) == text


TABLE: list[tuple[Scalar, str, Scalar, bool]] = [
    ("10", "eq", 10, True),
    ("10.0", "eq", "10", True),
    ("0042", "eq", 42, True),
    ("10", "gt", "9", True),
    ("b10", "gt", "b9", False),
    (0.1, "eq", "0.1", True),
    ("Rabat", "eq", "rabat", False),
    ("Rabat", "eq", "Rabat", True),
    ("Rabat", "neq", "Fès", True),
    ("a", "lt", "b", True),
    ("a", "lte", "a", True),
    ("10", "lt", "ten", True),
    (True, "eq", "true", True),
    (True, "eq", 1, False),
    (True, "neq", False, True),
    ("2026-03-31", "lt", "2026-04-01", True),
    ("2026-03-31", "eq", "2026-03-31T23:00:00Z", True),
    ("2026-03-31T10:00:00Z", "gt", "2026-03-31T11:00:00+02:00", True),
    ("2026-03-31T10:00:00", "eq", "2026-03-31T10:00:00Z", True),
    ("2026-03-31", "lt", "soon", True),
    (None, "eq", None, True),
    (None, "eq", "", True),
    ("  ", "eq", None, True),
    (None, "neq", "x", True),
    (None, "eq", 0, False),
    (0, "neq", None, True),
    ("+212600", "contains", "126", True),
    ("Casablanca", "startsWith", "Casa", True),
    ("Casablanca", "endsWith", "blanca", True),
    ("Casablanca", "contains", "casa", False),
    (1250, "startsWith", 12, True),
    (None, "contains", "x", False),
    ("x", "contains", None, False),
    ("x", "startsWith", "", False),
]


@pytest.mark.parametrize(("left", "operator", "right", "answer"), TABLE)
def test_comparisons(left: Scalar, operator: str, right: Scalar, answer: bool) -> None:
    assert COMPARISONS[Operator(operator)](left, right) is answer


@pytest.mark.parametrize("operator", ["gt", "lt", "gte", "lte"])
@pytest.mark.parametrize(("left", "right"), [(None, 1), (1, None), ("", 1), (None, None)])
def test_what_is_missing_has_no_order(operator: str, left: Scalar, right: Scalar) -> None:
    with pytest.raises(NodeFault) as caught:
        COMPARISONS[Operator(operator)](left, right)
    assert caught.value.code == "value_missing"


@settings(max_examples=60)
@given(SCALARS, SCALARS)
def test_comparison_is_total_and_consistent(left: Scalar, right: Scalar) -> None:
    def holds(operator: Operator) -> bool | None:
        try:
            return COMPARISONS[operator](left, right)
        except NodeFault:
            return None

    assert holds(Operator.EQ) is not holds(Operator.NEQ)
    if holds(Operator.LT) is not None:
        assert holds(Operator.LT) is not holds(Operator.GTE)
        assert holds(Operator.GT) is not holds(Operator.LTE)
        assert holds(Operator.LTE) == (holds(Operator.LT) or holds(Operator.EQ))
    for operator in (Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH):
        assert holds(operator) is not None


@given(SCALARS)
def test_a_value_equals_itself(value: Scalar) -> None:
    assert COMPARISONS[Operator.EQ](value, value)
