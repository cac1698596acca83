"""What any grammar must pass: a new language is in ``LANGUAGES`` and so here at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from media.dictionaries import LANGUAGES, LIMIT, CannotSpeak, Gender, Grammar, grammar
from media.dictionaries.pack import SystemPack, pause_ms
from media.dictionaries.parts import MINOR_DIGITS, PAUSES

GENDERS: tuple[Gender, ...] = ("masculine", "feminine")
FORMATS = (None, "dmy", "mdy", "ymd", "dm", "my", "wdmy", "wdm", "w", "d", "m", "y", "DD/MM/YYYY")
MIXED = [*range(4), 6, 8, *range(10, 13), 18, 20, 21, 80, 81, *range(99, 103), 203, 211, 999]
MIXED += range(200, 1000, 100)
LARGE = [a * 1000**p + b * c for p in (1, 2, 3) for a in MIXED for b in (0, 1, 101) for c in (1, 7)]
LARGE += range(1100, 2000, 100)


UNTIMED = settings(deadline=None)
DISTINCT = sorted({repr(grammar(tag)).replace(repr(tag), ""): tag for tag in LANGUAGES}.values())
"""Tags whose grammars differ in more than their name."""


@pytest.fixture(params=DISTINCT)
def spoken(request: pytest.FixtureRequest) -> Grammar:
    return grammar(request.param)


def refusal(spoken: Grammar, method: str, *arguments: object) -> str:
    with pytest.raises(CannotSpeak) as refused:
        getattr(spoken, method)(*arguments)
    assert str(refused.value)
    return refused.value.code


def days() -> Iterator[date]:
    yield from (date(2024, 1, 1) + timedelta(days=n) for n in range(366))
    yield from (date(year, 2, 28) for year in range(1000, 3000))


@cache
def all_given(language: str) -> frozenset[str]:
    """What a walk over every kind of value gives."""
    spoken = grammar(language)
    walks = (numbers_given, calendar_given, amounts_given, signs_given)
    return frozenset(key for walk in walks for keys in walk(spoken) for key in keys)


def numbers_given(spoken: Grammar) -> Iterator[list[str]]:
    for gender in GENDERS:
        for value in [*range(2001), *LARGE, Decimal("-3.05"), Decimal("0.1234567")]:
            yield spoken.number(value, gender)
        for rank in [*range(1, 1000), *spoken_ranks(spoken)]:
            yield spoken.ordinal(rank, gender)


def spoken_ranks(spoken: Grammar) -> list[int]:
    return [] if spoken.language.startswith("ar") else [rank for rank in LARGE if rank]


def calendar_given(spoken: Grammar) -> Iterator[list[str]]:
    for day in days():
        yield spoken.date(day, "wd")
        yield spoken.date(day)
    for minute in range(1440):
        for form in ("12", "24"):
            yield spoken.time(time(*divmod(minute, 60)), form)
    for n in [*range(102), *MIXED, *LARGE]:
        for seconds in (1, 60, 3600, 86400):
            yield spoken.duration(timedelta(seconds=n * seconds % 10**10))


def amounts_given(spoken: Grammar) -> Iterator[list[str]]:
    for n in [*range(102), *MIXED, *LARGE]:
        yield spoken.percentage(n)
        for code, places in MINOR_DIGITS.items():
            yield spoken.currency(n, code)
            if places and n < 1000:
                yield spoken.currency(Decimal(n).scaleb(-places), code)
                yield spoken.currency(n + Decimal(n % 100).scaleb(-places), code)


def signs_given(spoken: Grammar) -> Iterator[list[str]]:
    yield spoken.digits("+12 345 678 90*#")
    yield spoken.digits("-1.5")
    yield spoken.spell("abcdefghijklmnopqrstuvwxyz +*#-.@_/")


def test_every_key_that_is_given_is_declared_recorded_and_short(spoken: Grammar) -> None:
    given, pack = all_given(spoken.language), SystemPack.load(spoken.language)
    assert given <= spoken.keys()
    assert spoken.keys() <= pack.keys
    assert all(0 < len(key) <= 256 and key.isprintable() for key in sorted(spoken.keys()))


def test_every_key_has_words_and_only_pauses_have_none(spoken: Grammar) -> None:
    for key in sorted(spoken.keys()):
        assert (spoken.text(key) == "") == (key in PAUSES) == (pause_ms(key) is not None)
    with pytest.raises(KeyError):
        spoken.text("number.minus-one")


@UNTIMED
@given(whole=some.integers(1 - LIMIT, LIMIT - 1), gender=some.sampled_from(GENDERS))
def test_whole_numbers_are_total(whole: int, gender: Gender) -> None:
    for language in DISTINCT:
        spoken = grammar(language)
        keys = spoken.number(whole, gender)
        assert keys
        assert set(keys) <= spoken.keys()
        assert spoken.number(Decimal(whole), gender) == keys
        assert spoken.number(Decimal(f"{whole}.00"), gender) == keys


@UNTIMED
@given(some.decimals(min_value=1 - LIMIT, max_value=LIMIT - 1, places=12))
def test_decimals_are_total(value: Decimal) -> None:
    for language in DISTINCT:
        spoken = grammar(language)
        assert set(spoken.number(value)) <= spoken.keys()
        assert set(spoken.percentage(value)) <= spoken.keys()


def codes(spoken: Grammar, text: str) -> Iterator[str]:
    for method in (spoken.digits, spoken.phone, spoken.spell):
        try:
            assert set(method(text)) <= spoken.keys()
        except CannotSpeak as refused:
            yield refused.code


@UNTIMED
@given(some.text(max_size=300))
def test_any_text_is_spoken_or_refused_by_name(text: str) -> None:
    for language in DISTINCT:
        refused = set(codes(grammar(language), text))
        assert refused <= {"unknown_character", "empty", "out_of_range"}


@UNTIMED
@given(some.dates(date(1000, 1, 1), date(2999, 12, 31)), some.sampled_from(FORMATS))
def test_dates_are_total(day: date, format: str | None) -> None:
    for language in DISTINCT:
        spoken = grammar(language)
        assert set(spoken.date(day, format)) <= spoken.keys()


@UNTIMED
@given(
    whole=some.integers(1 - LIMIT, LIMIT - 1),
    minor=some.integers(0, 999),
    code=some.sampled_from(sorted(MINOR_DIGITS)),
)
def test_money_is_total(whole: int, minor: int, code: str) -> None:
    places = MINOR_DIGITS[code]
    value = Decimal(whole) + Decimal(minor % 10**places).scaleb(-places)
    for language in DISTINCT:
        spoken = grammar(language)
        if abs(value) < LIMIT:
            assert set(spoken.currency(value, code)) <= spoken.keys()


@UNTIMED
@given(some.timedeltas(timedelta(0), timedelta(days=10**6 - 1)))
def test_durations_are_total_to_the_second(length: timedelta) -> None:
    whole = timedelta(days=length.days, seconds=length.seconds)
    for language in DISTINCT:
        spoken = grammar(language)
        assert set(spoken.duration(whole)) <= spoken.keys()


def test_different_numbers_are_told_apart(spoken: Grammar) -> None:
    values = sorted({*range(6_000), *LARGE})
    for gender in GENDERS:
        assert len({tuple(spoken.number(value, gender)) for value in values}) == len(values)


def test_different_amounts_are_told_apart(spoken: Grammar) -> None:
    amounts = [Decimal(cents).scaleb(-2) for cents in range(6_000)]
    assert len({tuple(spoken.currency(value, "MAD")) for value in amounts}) == len(amounts)


def test_every_minute_of_the_day_is_told_apart(spoken: Grammar) -> None:
    minutes = [time(*divmod(minute, 60)) for minute in range(1440)]
    for form in ("12", "24"):
        assert len({tuple(spoken.time(each, form)) for each in minutes}) == 1440


def test_minus_zero_is_zero(spoken: Grammar) -> None:
    assert spoken.number(Decimal("-0.00")) == spoken.number(0)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (LIMIT, "out_of_range"),
        (-LIMIT, "out_of_range"),
        (Decimal("1E+999999"), "out_of_range"),
        (Decimal("NaN"), "not_a_number"),
        (Decimal("sNaN"), "not_a_number"),
        (Decimal("-Infinity"), "not_a_number"),
        (Decimal("1E-999999"), "too_precise"),
        (Decimal("0.1234567890123"), "too_precise"),
    ],
)
def test_numbers_out_of_reach_are_refused(spoken: Grammar, value: Decimal | int, code: str) -> None:
    assert refusal(spoken, "number", value) == code
    assert refusal(spoken, "percentage", value) == code
    assert refusal(spoken, "currency", value, "MAD") == code


def test_nothing_is_rounded_or_substituted(spoken: Grammar) -> None:
    assert refusal(spoken, "currency", Decimal("1.005"), "MAD") == "too_precise"
    assert refusal(spoken, "currency", Decimal("1.5"), "XOF") == "too_precise"
    assert refusal(spoken, "currency", 1, "GBP") == "unknown_currency"
    assert refusal(spoken, "currency", 1, "mad") == "unknown_currency"
    assert refusal(spoken, "number", 1, "neuter") == "unknown_gender"
    assert refusal(spoken, "ordinal", 0) == "out_of_range"
    assert refusal(spoken, "ordinal", LIMIT) == "out_of_range"
    assert refusal(spoken, "duration", timedelta(seconds=-1)) == "out_of_range"
    assert refusal(spoken, "duration", timedelta(milliseconds=1)) == "too_precise"
    assert refusal(spoken, "spell", "☃") == "unknown_character"
    assert refusal(spoken, "spell", "") == "empty"
    assert refusal(spoken, "digits", "12a") == "unknown_character"
    assert refusal(spoken, "digits", " ") == "empty"
    assert refusal(spoken, "digits", "12", (0, 2)) == "unknown_format"
    assert refusal(spoken, "digits", "1" * 257) == "out_of_range"


@pytest.mark.parametrize("format", ["", "dd-dd", "dmyh", "long", "dmd", "%d", "D/M/D"])
def test_unknown_date_formats_are_refused(spoken: Grammar, format: str) -> None:
    assert refusal(spoken, "date", date(2026, 5, 1), format) == "unknown_format"


def test_unknown_time_formats_are_refused(spoken: Grammar) -> None:
    assert refusal(spoken, "time", time(1, 2), "HH:mm") == "unknown_format"


def test_digits_are_grouped_by_pauses(spoken: Grammar) -> None:
    pairs = spoken.digits("0612345678", (2, 2, 2, 2, 2))
    assert pairs == spoken.digits("06 12 34 56 78") == spoken.digits("٠٦-١٢-٣٤-٥٦-٧٨")
    assert pairs.count("pause-150") == 4
    assert [key for key in pairs if key != "pause-150"] == spoken.digits("0612345678")
    assert spoken.digits("+212600", (3, 1)) == spoken.digits("+212 600")
    assert spoken.digits("12", (4, 4)) == ["number.1", "number.2"]
    assert spoken.digits("-07.50") == [
        "minus",
        "number.0",
        "number.7",
        "point",
        "number.5",
        "number.0",
    ]


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_every_clip_of_a_pack_can_be_asked_for(language: str) -> None:
    variants = [tag for tag in DISTINCT if tag.split("-")[0] == language]
    given = frozenset().union(*map(all_given, variants))
    never = sorted(grammar(language).keys() - given)
    assert [key for key in never if "." in key and not key.startswith("letter.")] == []
