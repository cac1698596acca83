"""How values are understood and compared.

A value is a JSON scalar or missing (``None``, or a text of nothing but blanks).

- *number*: an int or float, or a text of ASCII digits with an optional sign and decimal point
  (at most 40 characters, no exponent, no thousands separator). Booleans are not numbers.
- *date*: ``YYYY-MM-DD``, or an ISO 8601 date-time, whose zone is UTC where it names none.
- *text*: what was written; ``true`` and ``false`` for booleans; a float without a fraction is
  written as an integer.

``eq neq gt lt gte lte`` compare numbers where both sides are numbers, else dates where both are
dates (whole days as soon as one side names no time), else texts, by code point and case. Two
missing values are equal, and a missing value differs from any other; to order one is a fault,
since neither answer would be true. ``contains startsWith endsWith`` work on texts; in a missing
value there is nothing, and a missing right side is never found.
"""

from __future__ import annotations

import operator as op
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from flows.scope import NodeFault, Scalar

NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,20})?", re.ASCII)
MAX_NUMBER_LENGTH = 40
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].{2,32})?", re.ASCII)

Comparison: TypeAlias = Callable[[Scalar, Scalar], bool]


class Operator(StrEnum):
    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    LT = "lt"
    GTE = "gte"
    LTE = "lte"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"


def is_missing(value: Scalar) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def as_text(value: Scalar) -> str:
    """A missing value is the empty text."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
        case _:
            return str(value)


def as_number(value: Scalar) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Decimal(value)
    text = as_text(value).strip()
    return Decimal(text) if is_number(text) else None


def is_number(text: str) -> bool:
    return len(text) <= MAX_NUMBER_LENGTH and NUMBER.fullmatch(text) is not None


def as_date(value: Scalar) -> date | None:
    """A ``datetime`` (aware) where a time was written, else a ``date``."""
    if not isinstance(value, str) or not DATE.fullmatch(value.strip()):
        return None
    text = value.strip()
    try:
        return date.fromisoformat(text) if len(text) == 10 else _instant(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def calendar_day(value: date) -> date:
    """The day as it was written, whatever the zone."""
    return value.date() if isinstance(value, datetime) else value


_Pair: TypeAlias = tuple[Decimal, Decimal] | tuple[date, date] | tuple[str, str]


def _alike(left: Scalar, right: Scalar) -> _Pair:
    """Both sides as values of one kind."""
    a, b = as_number(left), as_number(right)
    if a is not None and b is not None:
        return a, b
    c, d = as_date(left), as_date(right)
    if c is None or d is None:
        return as_text(left), as_text(right)
    if isinstance(c, datetime) and isinstance(d, datetime):
        return c, d
    return calendar_day(c), calendar_day(d)


def equal(left: Scalar, right: Scalar) -> bool:
    if is_missing(left) or is_missing(right):
        return is_missing(left) and is_missing(right)
    a, b = _alike(left, right)
    return a == b


def _ordering(holds: Callable[[Any, Any], bool]) -> Comparison:
    def compare(left: Scalar, right: Scalar) -> bool:
        if is_missing(left) or is_missing(right):
            raise NodeFault("value_missing", "a value that is missing cannot be put in order")
        return holds(*_alike(left, right))

    return compare


def _on_text(holds: Callable[[str, str], bool]) -> Comparison:
    def compare(left: Scalar, right: Scalar) -> bool:
        part = as_text(right)
        return bool(part) and holds(as_text(left), part)

    return compare


COMPARISONS: dict[Operator, Comparison] = {
    Operator.EQ: equal,
    Operator.NEQ: lambda left, right: not equal(left, right),
    Operator.GT: _ordering(op.gt),
    Operator.LT: _ordering(op.lt),
    Operator.GTE: _ordering(op.ge),
    Operator.LTE: _ordering(op.le),
    Operator.CONTAINS: _on_text(op.contains),
    Operator.STARTS_WITH: _on_text(str.startswith),
    Operator.ENDS_WITH: _on_text(str.endswith),
}
