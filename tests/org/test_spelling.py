"""Keys of what is said, and which of them are nowhere to be heard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.org.spelling import Days, Observed, Unspeakable, keys, lacking
from flows.audio import AudioItem
from flows.effects import (
    Gender,
    Keyed,
    SpokenCurrency,
    SpokenOrdinal,
    SpokenTime,
    SpokenWord,
)
from media.dictionaries import grammar
from media.dictionaries.coverage import Span
from media.dictionaries.pack import SystemPack

FRENCH = grammar("fr")
PACK = SystemPack.load("fr").keys
BALANCE = {"source": "customAttribute", "attributeName": "balance"}
CHOICE = {"source": "variable", "variableName": "choice"}


def item(type: str, **fields: Any) -> Any:
    return TypeAdapter(AudioItem).validate_python({"type": type, "language": "fr", **fields})


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (SpokenCurrency(Decimal(1250), "MAD", "fr"), FRENCH.currency(1250, "MAD")),
        (SpokenTime(time(14, 5), "fr", "12"), FRENCH.time(time(14, 5), "12")),
        (SpokenOrdinal(1, "fr", Gender.FEMININE), ["ordinal.1.feminine"]),
        (SpokenWord("azul", "zgh"), ["azul"]),
    ],
)
def test_what_is_said_as_keys(spoken: Keyed, expected: list[str]) -> None:
    assert keys(spoken) == expected


NOTHING_MISSING: list[Mapping[str, Any]] = [
    {"type": "number", "value": BALANCE},
    {"type": "currency", "value": BALANCE, "currency": "EUR"},
    {"type": "time", "value": BALANCE},
    {"type": "ordinal", "value": CHOICE},
    {"type": "date", "value": CHOICE, "format": "wdmy"},
    {"type": "word", "value": "bonjour"},
    {"type": "word", "value": CHOICE},
]


@pytest.mark.parametrize("fields", NOTHING_MISSING, ids=lambda f: f"{f['type']}")
def test_the_systems_pack_lacks_nothing(fields: Mapping[str, Any]) -> None:
    whole = Span(Decimal(-(10**12)), Decimal(10**12), 2)
    assert lacking(item(**fields), whole, (), PACK) == []


@pytest.mark.parametrize(
    ("fields", "observed", "gone", "missing"),
    [
        ({"type": "number", "value": 21}, None, "number.21", ["number.21"]),
        ({"type": "number", "value": 22}, None, "number.21", []),
        (
            {"type": "number", "value": BALANCE},
            Span(Decimal(0), Decimal(20)),
            "number.21",
            [],
        ),
        (
            {"type": "number", "value": BALANCE},
            Span(Decimal(0), Decimal(5000)),
            "number.21",
            ["number.21"],
        ),
        (
            {"type": "currency", "value": BALANCE, "currency": "MAD"},
            Span(Decimal(2), Decimal(900)),
            "currency.MAD.minor.other",
            [],
        ),
        (
            {"type": "currency", "value": BALANCE, "currency": "MAD"},
            Span(Decimal(2), Decimal(900), 2),
            "currency.MAD.minor.other",
            ["currency.MAD.minor.other"],
        ),
        ({"type": "number", "value": CHOICE, "mode": "digits"}, None, "number.7", ["number.7"]),
        ({"type": "number", "value": CHOICE}, None, "number.7", []),
        (
            {"type": "date", "value": BALANCE},
            Days(date(2026, 3, 1), date(2026, 3, 31)),
            "month.4",
            [],
        ),
        (
            {"type": "date", "value": BALANCE},
            Days(date(2020, 3, 1), date(2026, 3, 31)),
            "month.4",
            ["month.4"],
        ),
        ({"type": "ordinal", "value": BALANCE}, Span(Decimal(1), Decimal(3)), "ordinal.4", []),
        (
            {"type": "time", "value": CHOICE, "format": "12"},
            None,
            "time.noon",
            ["time.noon"],
        ),
    ],
)
def test_what_a_range_needs_and_nobody_has_is_listed(
    fields: Mapping[str, Any], observed: Observed | None, gone: str, missing: list[str]
) -> None:
    assert gone in PACK
    assert lacking(item(**fields), observed, (), PACK - {gone}) == missing
    assert lacking(item(**fields), observed, {gone}, PACK - {gone}) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "currency", "value": BALANCE, "currency": "GBP"}, "unknown_currency"),
        ({"type": "currency", "value": 5, "currency": "XYZ"}, "unknown_currency"),
        ({"type": "currency", "value": "1.005", "currency": "MAD"}, "too_precise"),
        ({"type": "date", "value": BALANCE, "format": "long"}, "unknown_format"),
        ({"type": "number", "value": 10**12}, "out_of_range"),
        ({"type": "number", "value": BALANCE, "language": "tlh"}, "unknown_language"),
    ],
)
def test_what_has_no_spoken_form_is_refused_by_name(fields: Mapping[str, Any], code: str) -> None:
    with pytest.raises(Unspeakable) as refused:
        lacking(item(**fields), None, (), PACK)
    assert refused.value.code == code
