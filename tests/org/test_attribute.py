from __future__ import annotations

import pytest

from engine.errors import FieldProblem
from engine.org.attribute import AttributeType, check, check_all, read_cell, slug


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Account Balance (MAD)", "account_balance_mad"),
        ("Échéance", "echeance"),
        ("  two__words ", "two_words"),
        ("الرصيد", "الرصيد"),
        ("!!!", ""),
        ("x" * 70, "x" * 64),
    ],
)
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (AttributeType.TEXT, "abc", "abc"),
        (AttributeType.NUMBER, 5, 5),
        (AttributeType.NUMBER, 5.5, 5.5),
        (AttributeType.BOOLEAN, False, False),
        (AttributeType.DATE, "2026-02-28", "2026-02-28"),
        (AttributeType.DATE, "2026-02-28T10:00:00+01:00", "2026-02-28T09:00:00Z"),
        (AttributeType.PHONE_NUMBER, "0612345678", "+212612345678"),
        (AttributeType.EMAIL, "a@b.example", "a@b.example"),
        (AttributeType.URL, "https://b.example/x?y", "https://b.example/x?y"),
    ],
)
def test_values_that_fit(kind: AttributeType, value: object, kept: object) -> None:
    found = check(kind, value, "MA")
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (AttributeType.TEXT, 5, "type"),
        (AttributeType.TEXT, "x" * 1025, "maxLength"),
        (AttributeType.TEXT, "a\x00", "format"),
        (AttributeType.NUMBER, "5", "type"),
        (AttributeType.NUMBER, True, "type"),
        (AttributeType.NUMBER, float("inf"), "range"),
        (AttributeType.NUMBER, 10**18, "range"),
        (AttributeType.BOOLEAN, 1, "type"),
        (AttributeType.DATE, "2026-02-30", "format"),
        (AttributeType.DATE, "2026-02-28T10:00:00", "timezone"),
        (AttributeType.DATE, 20260228, "type"),
        (AttributeType.PHONE_NUMBER, "12", "phone"),
        (AttributeType.EMAIL, "a@b", "format"),
        (AttributeType.EMAIL, "a b@c.example", "format"),
        (AttributeType.URL, "ftp://b.example", "format"),
        (AttributeType.URL, "http://[", "format"),
        (AttributeType.URL, "javascript:alert(1)", "format"),
    ],
)
def test_values_that_do_not(kind: AttributeType, value: object, code: str) -> None:
    problem = check(kind, value, "MA")
    assert isinstance(problem, FieldProblem)
    assert problem.code == code


@pytest.mark.parametrize(
    ("kind", "cell", "kept"),
    [
        (AttributeType.NUMBER, "12", 12),
        (AttributeType.NUMBER, "-1.5", -1.5),
        (AttributeType.BOOLEAN, "Yes", True),
        (AttributeType.BOOLEAN, "0", False),
        (AttributeType.DATE, " 2026-01-01 ", "2026-01-01"),
    ],
)
def test_cells_are_text(kind: AttributeType, cell: str, kept: object) -> None:
    assert read_cell(kind, cell, "MA") == kept


@pytest.mark.parametrize(
    ("kind", "cell"),
    [(AttributeType.NUMBER, "12,5"), (AttributeType.NUMBER, "nan"), (AttributeType.BOOLEAN, "x")],
)
def test_cells_that_cannot_be_read(kind: AttributeType, cell: str) -> None:
    assert isinstance(read_cell(kind, cell, "MA"), FieldProblem)


def test_all_problems_at_once_and_null_clears() -> None:
    kept, problems = check_all(
        {"a": AttributeType.NUMBER, "b": AttributeType.TEXT}, {"a": "x", "b": None, "c": 1}, "MA"
    )
    assert kept == {"b": None}
    assert {name: found[0].code for name, found in problems.items()} == {
        "customAttributes.a": "type",
        "customAttributes.c": "unknown",
    }
