"""The rules of the counted noun, checked on every number below 100,000 in both genders.

The checks are written from the grammar book's rules, not from the grammar's code: what is said
must add up to the number, and every word must have the form its place demands.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

import pytest

from media.dictionaries import Gender, grammar
from media.dictionaries.ar.nouns import UNITS, Noun
from media.dictionaries.ar.numbers import counted, opened

ARABIC = grammar("ar")
NOUN_FORMS = ("singular", "dual", "plural", "accusative", "genitive")
THOUSAND = "number.thousand"


class Word(NamedTuple):
    stem: str
    forms: frozenset[str]

    @property
    def value(self) -> int:
        return int(self.stem.removeprefix("number."))


Words = tuple[Word, ...]


@cache
def word(key: str) -> Word:
    stem, *forms = key.removeprefix("and.").removeprefix("number.").split(".")
    return Word(f"number.{stem}", frozenset(forms))


def split_thousands(words: Words) -> tuple[Words, Words]:
    stems = [each.stem for each in words]
    at = len(stems) - stems[::-1].index(THOUSAND) if THOUSAND in stems else 0
    return words[:at], words[at:]


@cache
def check_below_thousand(words: Words, n: int, feminine: bool) -> None:
    """Hundreds, then the unit before the ten; polarity; nothing annexed at the end."""
    assert sum(each.value for each in words) == n
    rest = n % 100
    if n >= 100:
        assert words[0].value == n - rest
        assert words[0].forms == frozenset()
    tail = words[n >= 100 :]
    expected = {"feminine"} if feminine else set()
    if 0 < rest < 20:
        assert [(each.value, each.forms) for each in tail] == [(rest, expected)]
    elif rest % 10:
        unit = expected | ({"joined"} if feminine and rest % 10 == 1 else set())
        assert [(each.value, each.forms) for each in tail] == [
            (rest % 10, unit),
            (rest - rest % 10, frozenset()),
        ]


@cache
def check_thousands(words: Words, count: int) -> None:
    """Masculine, in the form that its own count demands."""
    *number, scale = words
    (form,) = scale.forms
    assert sum(each.value for each in number) == (0 if count < 3 else count)
    assert not any("feminine" in each.forms for each in number)
    assert [i for i, each in enumerate(number) if "construct" in each.forms] == (
        [len(number) - 1] if form in ("plural", "genitive") else []
    )
    assert form == noun_form(count)


def noun_form(count: int) -> str:
    if count < 3:
        return ("genitive", "singular", "dual")[count]
    rest = count % 100
    return "plural" if 3 <= rest <= 10 else "accusative" if rest > 10 else "genitive"


@pytest.mark.parametrize("gender", ["masculine", "feminine"])
def test_every_number_below_a_hundred_thousand(gender: Gender) -> None:
    for n in range(1, 100_000):
        keys = ARABIC.number(n, gender)
        thousands, below = split_thousands(tuple(map(word, keys)))
        assert not keys[0].startswith("and.")
        assert all(key.startswith("and.") or THOUSAND in key for key in keys[1:])
        assert bool(thousands) == (n >= 1000)
        if thousands:
            check_thousands(thousands, n // 1000)
        check_below_thousand(below, n % 1000, gender == "feminine")


def counted_forms(count: int, noun: Noun) -> list[str]:
    """The forms in which the noun itself is said."""
    keys = opened(counted(count, noun))
    return [key.removeprefix("and.") for key in keys if noun.key in key]


@pytest.mark.parametrize("noun", [UNITS["day"], UNITS["second"]], ids=["masculine", "feminine"])
def test_every_count_below_a_hundred_thousand_has_its_noun(noun: Noun) -> None:
    for count in range(100_000):
        said = counted_forms(count, noun)
        rest = count % 100
        if count > 2 and rest in (1, 2):
            again = "singular" if rest == 1 else "dual"
            assert said == [f"{noun.key}.genitive", f"{noun.key}.{again}"]
        else:
            assert said == [f"{noun.key}.{noun_form(count)}"]


@pytest.mark.parametrize("noun", [UNITS["day"], UNITS["second"]], ids=["masculine", "feminine"])
def test_the_word_before_a_noun_leans_on_it_where_the_noun_is_genitive(noun: Noun) -> None:
    """Before a genitive stands a construct (or 0's); before an accusative never one."""
    for count in [*range(3, 3_000), *range(3_000, 100_000, 37)]:
        keys = counted(count, noun)
        at = next(i for i, key in enumerate(keys) if noun.key in key)
        forms = word(keys[at - 1]).forms
        assert ("construct" in forms) == ("accusative" not in keys[at].split("."))
        if 3 <= count % 100 <= 10:
            assert ("feminine" in forms) == noun.feminine
        assert sum("construct" in word(key).forms for key in keys) <= 2


def text(keys: list[str]) -> str:
    return " ".join(filter(None, map(ARABIC.text, keys)))


def test_a_year_is_genitive_after_its_year() -> None:
    for year in range(1000, 3000):
        keys = ARABIC.date(date(year, 1, 1), "y")
        assert keys[0] == "year"
        spoken = text(keys)
        assert "ُون" not in spoken
        assert "َان" not in spoken.replace("ثَمَان", "")
        assert "ُمِئَة" not in spoken


def test_months_bear_the_names_of_the_country() -> None:
    august = date(2026, 8, 1)
    names = {tag: grammar(tag).date(august, "m") for tag in ("ar", "ar-MA", "ar-DZ", "ar-LB")}
    assert {tag: ARABIC.text(keys[0]) for tag, keys in names.items()} == {
        "ar": "أَغُسْطُس",
        "ar-MA": "غُشْت",
        "ar-DZ": "أُوت",
        "ar-LB": "آب",
    }
    assert grammar("ar-TN").date(august, "m") == names["ar-DZ"]
    assert grammar("ar-EG").date(august, "m") == names["ar"]
