"""Numbers as a trunk wants them, and who is said to call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.program.presentation import AS_IT_IS, Presentation

NAMES = {"callId": "c-1", "contactId": "k-2"}


@pytest.mark.parametrize(
    ("stated", "e164", "written"),
    [
        ({}, "+212600000001", "+212600000001"),
        ({"number_format": "plain"}, "+212600000001", "212600000001"),
        ({"number_format": "national", "country": "MA"}, "+212600000001", "0600000001"),
        ({"number_format": "national", "country": "MA"}, "+33142685300", "0033142685300"),
        ({"number_format": "national", "country": "US"}, "+12025550123", "2025550123"),
        ({"number_format": "national", "country": "US"}, "+33142685300", "01133142685300"),
        ({"prefix_rules": ["+212=0"]}, "+212600000001", "0600000001"),
        ({"prefix_rules": ["+212=0", "+=00", "+2126=99#6"]}, "+212600000001", "99#600000001"),
        ({"prefix_rules": ["+212=0", "+=00"]}, "+33142685300", "0033142685300"),
        ({"prefix_rules": ["+212=0"], "number_format": "plain"}, "+33142685300", "33142685300"),
        ({"prefix_rules": ["=7700"]}, "+33142685300", "7700+33142685300"),
    ],
)
def test_numbers(stated: dict[str, object], e164: str, written: str) -> None:
    assert Presentation.stated(**stated).written(e164) == written  # type: ignore[arg-type]


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_national_is_digits_for_any_number(e164: str) -> None:
    written = Presentation.stated(number_format="national", country="MA").written(e164)
    assert written.isascii()
    assert written.isdigit()


def test_nothing_is_said_unasked() -> None:
    assert AS_IT_IS.fields("+212520000001", "carrier.example", NAMES) == ()


def test_everything_is_said_when_asked() -> None:
    presentation = Presentation.stated(
        number_format="plain",
        identity="asserted",
        anonymous=True,
        diversion="+212520000099",
        headers=["X-Campaign: {callId}/{contactId}", "X-Brace: {other}"],
        user_to_user="{callId}",
    )
    assert presentation.fields("+212520000001", "carrier.example", NAMES) == (
        ("X-Campaign", "c-1/k-2"),
        ("X-Brace", "{other}"),
        ("P-Asserted-Identity", "<sip:212520000001@carrier.example>"),
        ("Privacy", "id"),
        ("Diversion", "<sip:212520000099@carrier.example>;reason=unconditional"),
        ("User-to-User", "632d31;encoding=hex"),
    )


@pytest.mark.parametrize(
    ("stated", "field"),
    [
        ({"prefix_rules": ["212"]}, "prefixRules"),
        ({"prefix_rules": ["+212=a@b"]}, "prefixRules"),
        ({"headers": ["X-Campaign"]}, "headers"),
        ({"headers": ["X-Campaign: "]}, "headers"),
        ({"headers": ["X-Campaign: a\r\nVia: b"]}, "headers"),
        ({"headers": ["X Campaign: a"]}, "headers"),
        ({"headers": ["from: me"]}, "headers"),
        ({"headers": ["f: me"]}, "headers"),
        ({"number_format": "national"}, "country"),
        ({"country": "XX"}, "country"),
        ({"diversion": "0520"}, "diversion"),
    ],
)
def test_what_cannot_be_said(stated: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Presentation.stated(**stated)  # type: ignore[arg-type]
    assert list(refused.value.fields) == [field]
