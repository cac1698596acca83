"""Cardinals beside num2words, an independent reading of the same languages' rules.

Compared is what is heard: hyphens and commas are silent. In ``fr`` and ``en`` no number from 0 to a
million differs. Where ``fr-BE`` and ``fr-CH`` differ it is the library that errs, in four ways,
which ``as_it_should_be`` mends before comparing:

- "deux cents un": "cent" keeps its s only where it ends the number or stands before a noun, and
  "mille" is none (Académie française, "Les nombres");
- "un millions": one is no plural;
- "quatre-vingt et un" (Belgium): "et" stands before "un" to "septante", and after, in
  "nonante et un", but never in the eighties;
- "quatre-vingt" that ends the number has its s.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest
from num2words import num2words

from media.dictionaries import Grammar, grammar

TAGS = ("en", "fr", "fr-BE", "fr-CH")
MILLION = 10**6


def heard(text: str) -> str:
    return " ".join(re.sub("[-,]", " ", text).split())


def ours(spoken: Grammar, n: int) -> str:
    return heard(" ".join(map(spoken.text, spoken.number(n))))


def theirs(tag: str, n: int) -> str:
    said = heard(num2words(n, lang=tag.replace("-", "_")))
    return said if tag in ("en", "fr") else as_it_should_be(said)


def as_it_should_be(said: str) -> str:
    said = re.sub(r"\bcents(?= )(?! million)", "cent", said)
    said = re.sub("^un millions", "un million", said)
    said = said.replace("quatre vingt et un", "quatre vingt un")
    return re.sub(r"quatre vingt$", "quatre vingts", said)


def different(tag: str, numbers: Iterable[int]) -> list[tuple[int, str, str]]:
    spoken = grammar(tag)
    pairs = ((n, ours(spoken, n), theirs(tag, n)) for n in numbers)
    return [pair for pair in pairs if pair[1] != pair[2]]


@pytest.mark.parametrize("tag", TAGS)
def test_the_first_thousand_and_a_sample_to_a_million(tag: str) -> None:
    sample = random.Random(6).sample(range(MILLION), 500)
    hundreds_and_thousands = [n * 10**power for n in range(1, 100) for power in (2, 4)]
    numbers = {*range(1_200), *sample, *hundreds_and_thousands, MILLION}
    assert different(tag, sorted(numbers)) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("tag", TAGS)
def test_every_number_to_a_million(tag: str) -> None:
    assert different(tag, range(MILLION + 1)) == []


@pytest.mark.parametrize("tag", ["en", "fr"])
def test_ordinals(tag: str) -> None:
    """The library keeps the s of "vingts" and "cents" before "ième", which no dictionary does."""
    spoken = grammar(tag)
    for n in [*range(1, 300), *range(300, 100_000, 1_117)]:
        said = heard(" ".join(map(spoken.text, spoken.ordinal(n))))
        library = heard(num2words(n, lang=tag, to="ordinal"))
        assert said == re.sub("(vingt|cent)sième", r"\1ième", library), n
