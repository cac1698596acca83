"""Custom attributes: a slug, a type that never changes, and values checked against it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlsplit

from engine.errors import FieldProblem
from engine.org.phone import normalise

Scalar: TypeAlias = str | int | float | bool
LONGEST_TEXT = 1024
LONGEST_SLUG = 64


class AttributeType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    """``YYYY-MM-DD``, or a date-time with a zone, kept in UTC."""
    PHONE_NUMBER = "phone_number"
    EMAIL = "email"
    URL = "url"


def slug(display_name: str) -> str:
    """``Account Balance (MAD)`` is ``account_balance_mad``; empty where no letter or digit is.

    Accents fall away; letters of other scripts stay.
    """
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", display_name) if not unicodedata.combining(c)
    )
    return re.sub(r"[^\w]+|_+", "_", plain.lower()).strip("_")[:LONGEST_SLUG]


def check(kind: AttributeType, value: object, region: str) -> Scalar | FieldProblem:
    """The value in the form it is kept in, or what is wrong with it."""
    return _CHECKS[kind](value, region)


def read_cell(kind: AttributeType, cell: str, region: str) -> Scalar | FieldProblem:
    """The same for a cell of a table, where everything is text."""
    match kind:
        case AttributeType.NUMBER:
            return check(kind, _number_in(cell), region)
        case AttributeType.BOOLEAN:
            return check(kind, _TRUTH.get(cell.strip().lower(), cell), region)
        case _:
            return check(kind, cell.strip(), region)


def check_all(
    types: Mapping[str, AttributeType], values: Mapping[str, object], region: str
) -> tuple[dict[str, Scalar | None], dict[str, list[FieldProblem]]]:
    """Values by slug and problems by ``customAttributes.SLUG``; ``None`` clears a value."""
    kept: dict[str, Scalar | None] = {}
    problems: dict[str, list[FieldProblem]] = {}
    for name, value in values.items():
        found = _check_one(types.get(name), value, region)
        if isinstance(found, FieldProblem):
            problems[f"customAttributes.{name}"] = [found]
        else:
            kept[name] = found
    return kept, problems


def _check_one(
    kind: AttributeType | None, value: object, region: str
) -> Scalar | FieldProblem | None:
    if kind is None:
        return FieldProblem("unknown", "There is no such custom attribute.")
    return None if value is None else check(kind, value, region)


def _text(value: object, region: str) -> Scalar | FieldProblem:
    if not isinstance(value, str):
        return _wrong("string")
    if len(value) > LONGEST_TEXT:
        return FieldProblem(
            "maxLength", f"At most {LONGEST_TEXT} characters.", {"max": LONGEST_TEXT}
        )
    if "\x00" in value:
        return FieldProblem("format", "The text holds a NUL character.", {"format": "text"})
    return value


def _number(value: object, region: str) -> Scalar | FieldProblem:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong("number")
    if not math.isfinite(value) or abs(value) >= 1e18:
        return FieldProblem("range", "The number is out of range.", {"max": 10**18})
    return value


def _boolean(value: object, region: str) -> Scalar | FieldProblem:
    return value if isinstance(value, bool) else _wrong("boolean")


def _date(value: object, region: str) -> Scalar | FieldProblem:
    if not isinstance(value, str):
        return _wrong("date")
    try:
        if len(value) == len("YYYY-MM-DD"):
            return date.fromisoformat(value).isoformat()
        instant = datetime.fromisoformat(value)
    except ValueError:
        return FieldProblem("format", "Expected YYYY-MM-DD or a date-time.", {"format": "date"})
    if instant.tzinfo is None:
        return FieldProblem("timezone", "A date-time needs a zone.", {"format": "date"})
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _phone(value: object, region: str) -> Scalar | FieldProblem:
    return normalise(value, region) if isinstance(value, str) else _wrong("string")


def _email(value: object, region: str) -> Scalar | FieldProblem:
    if not isinstance(value, str):
        return _wrong("string")
    problem = email_problem(value)
    return problem or value


def _url(value: object, region: str) -> Scalar | FieldProblem:
    if not isinstance(value, str):
        return _wrong("string")
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in ("http", "https") and parts.hostname and len(value) <= LONGEST_TEXT:
        return value
    return FieldProblem("format", "Expected an http or https address.", {"format": "url"})


EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")


def email_problem(value: str) -> FieldProblem | None:
    """Syntax alone: one ``@``, a domain with a dot, 254 characters (RFC 5321 4.5.3.1)."""
    if len(value) <= 254 and EMAIL.fullmatch(value):
        return None
    return FieldProblem("format", "This is not an e-mail address.", {"format": "email"})


def _number_in(cell: str) -> object:
    try:
        return int(cell)
    except ValueError:
        try:
            return float(cell)
        except ValueError:
            return cell


def _wrong(expected: str) -> FieldProblem:
    return FieldProblem("type", f"Expected a value of type {expected}.", {"expected": expected})


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CHECKS: dict[AttributeType, Callable[[object, str], Scalar | FieldProblem]] = {
    AttributeType.TEXT: _text,
    AttributeType.NUMBER: _number,
    AttributeType.BOOLEAN: _boolean,
    AttributeType.DATE: _date,
    AttributeType.PHONE_NUMBER: _phone,
    AttributeType.EMAIL: _email,
    AttributeType.URL: _url,
}
