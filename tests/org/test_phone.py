from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FieldProblem
from engine.org.phone import country_of, normalise, zones_of


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("0612345678", "MA", "+212612345678"),
        (" 06 12-34.56(78) ", "MA", "+212612345678"),
        ("+33 6 12 34 56 78", "MA", "+33612345678"),
        ("0033612345678", "MA", "+33612345678"),
        ("(202) 456-1111", "US", "+12024561111"),
        ("٠٦١٢٣٤٥٦٧٨", "MA", "+212612345678"),
        ("tel:+212-612-345678", "FR", "+212612345678"),
    ],
)
def test_what_is_typed_becomes_e164(typed: str, region: str, e164: str) -> None:
    assert normalise(typed, region) == e164


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "not_a_number"),
        ("nobody", "not_a_number"),
        ("061234", "too_short"),
        ("06123456789999", "too_long"),
        ("+999123456789", "invalid_country_code"),
        ("1" * 65, "too_long"),
    ],
)
def test_what_is_no_number_says_why(typed: str, reason: str) -> None:
    problem = normalise(typed, "MA")
    assert isinstance(problem, FieldProblem)
    assert (problem.code, problem.params) == ("phone", {"reason": reason})


@given(st.text(max_size=80))
def test_nothing_typed_raises_and_e164_is_its_own_normal_form(typed: str) -> None:
    found = normalise(typed, "MA")
    if isinstance(found, str):
        assert found[0] == "+"
        assert found[1:].isascii()
        assert found[1:].isdigit()
        assert normalise(found, "US") == found


def test_the_country_of_a_number() -> None:
    assert country_of("+212612345678") == "MA"
    assert country_of("+80012345678") is None
    assert country_of("junk") is None


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+212612345678", ("Africa/Casablanca",)),
        ("+33612345678", ("Europe/Paris",)),
        ("+12125550100", ("America/New_York",)),
        ("+881612345678", ()),
        ("nonsense", ()),
    ],
)
def test_the_zones_a_number_may_lie_in(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of(number) == zones


def test_a_number_without_a_place_lies_anywhere_in_its_country() -> None:
    zones = zones_of("+18005550100")
    assert len(zones) > 30
    assert {"America/New_York", "Pacific/Honolulu"} <= set(zones)
