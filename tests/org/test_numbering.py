"""The quick way to E.164 against libphonenumber's parser."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.org.numbering import plain
from engine.org.phone import parse

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def spaced(digits: str, gaps: list[str]) -> str:
    return "".join(digit + gap for digit, gap in zip(digits, gaps, strict=False)).strip(" -.")


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str]:
    region = draw(st.sampled_from(REGIONS))
    digits = draw(st.text("0123456789", min_size=4, max_size=14))
    lead = draw(
        st.sampled_from(["", "0", "1", "8", "00"])
        | st.sampled_from(CODES).map(lambda code: f"+{code}")
        | st.sampled_from(CODES).map(str)
    )
    if lead.startswith("+"):
        return lead + digits, region
    gaps = draw(st.lists(st.sampled_from(["", "", "", " ", "-", "."]), min_size=18, max_size=18))
    return spaced(lead + digits, gaps), region


@settings(max_examples=3000, deadline=None)
@given(numbers())
def test_what_is_plain_is_what_the_parser_says(asked: tuple[str, str]) -> None:
    typed, region = asked
    quick = plain(typed, region)
    assert quick is None or quick == parse(typed, region)


@pytest.mark.parametrize("region", REGIONS)
def test_example_numbers_of_every_region(region: str) -> None:
    for kind in phonenumbers.PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        national = phonenumbers.national_significant_number(example)
        written = (
            phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164),
            phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL),
            national,
            f"0{national}",
        )
        for typed in written:
            quick = plain(typed, region)
            assert quick is None or quick == parse(typed, region), (typed, quick)


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("+212612345678", "MA"),
        ("0612345678", "MA"),
        ("06 12 34 56 78", "MA"),
        ("612345678", "MA"),
        ("0612345678", "FR"),
        ("+33612345678", "MA"),
        ("212-555-0123", "US"),
        ("+14165550123", "CA"),
        ("01512 3456789", "DE"),
    ],
)
def test_what_tables_hold_takes_the_quick_way(typed: str, region: str) -> None:
    assert plain(typed, region) == parse(typed, region)
