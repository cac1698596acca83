"""Typed headers and URIs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sip.headers import Address, Challenge, CSeq, Reason, Via, reasons, split_list
from engine.sip.message import MalformedMessage, Request
from engine.sip.uri import Uri

WORDS = st.text("abcdefghij0123456789", min_size=1, max_size=10)
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
PARAMS = st.dictionaries(WORDS, ANY_TEXT | st.none(), max_size=4)


@settings(deadline=None)
@given(st.builds(Address, st.just("sip:a@b;lr"), ANY_TEXT, PARAMS))
def test_address_survives_its_text(address: Address) -> None:
    assert Address.parse(str(address)) == address
    assert list(split_list(f"{address}, {address}")) == [str(address).strip()] * 2


@settings(deadline=None)
@given(st.builds(Reason, WORDS, st.none() | st.integers(0, 999), ANY_TEXT))
def test_reason_survives_its_text(reason: Reason) -> None:
    assert Reason.parse(str(reason)) == reason


@settings(deadline=None)
@given(st.builds(Uri, st.just("sip"), ANY_TEXT, WORDS, st.none() | st.integers(1, 65535)))
def test_uri_survives_its_text(uri: Uri) -> None:
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<sip:a@b>;tag=1", Address("sip:a@b", "", {"tag": "1"})),
        ("sip:a@b;tag=1", Address("sip:a@b", "", {"tag": "1"})),
        ("Bob  <sip:a@b;tag=2>", Address("sip:a@b;tag=2", "Bob", {})),
        ('"Bob, \\"the\\" <B>" <sip:a@b> ; x', Address("sip:a@b", 'Bob, "the" <B>', {"x": None})),
        ('"" <sip:a@b>;q="a;b"', Address("sip:a@b", "", {"q": "a;b"})),
    ],
)
def test_address(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected


@pytest.mark.parametrize("text", ["", "<sip:a@b", '"open <sip:a@b>', "Bob <>", ";tag=1"])
def test_no_address(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Address.parse(text)


def test_uri_parts() -> None:
    uri = Uri.parse("SIP:+212600%23;npdi@[2001:db8::1]:5070;transport=UDP;lr?X=1")
    assert (uri.scheme, uri.user, uri.host, uri.port) == (
        "sip",
        "+212600#;npdi",
        "2001:db8::1",
        5070,
    )
    assert (uri.is_loose, uri.headers, uri.address) == (True, "X=1", ("2001:db8::1", 5070))
    assert Uri.parse("tel:+1-201;phone-context=x").user == "+1-201"
    assert str(Uri.parse("tel:+1-201;phone-context=x")) == "tel:+1-201;phone-context=x"
    assert Uri.parse("sip:carrier.example").address is None
    assert Uri.parse("sip:1.2.3.4").address == ("1.2.3.4", 5060)


@pytest.mark.parametrize("text", ["", "sip", "sip:", "sip:a@", "sip:a@b:0", "sip:a@b:99999", ":x"])
def test_no_uri(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Uri.parse(text)


def test_via() -> None:
    via = Via.parse("SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bK1;rport")
    assert (via.host, via.port, via.branch) == ("2001:db8::9:1", 5070, "z9hG4bK1")
    assert str(via) == "SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bK1;rport"
    noted = via.received_from(("10.0.0.1", 7))
    assert (noted.params["received"], noted.params["rport"]) == ("10.0.0.1", "7")


@pytest.mark.parametrize("text", ["", "x", "SIP/2.0/UDP", "SIP/3.0/UDP h", "HTTP/1.1/UDP h"])
def test_no_via(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Via.parse(text)


@pytest.mark.parametrize("text", ["", "1", "x INVITE", "-1 INVITE", "2147483648 INVITE", "1 A B"])
def test_no_cseq(text: str) -> None:
    with pytest.raises(MalformedMessage):
        CSeq.parse(text)


def test_reasons_in_one_or_several_fields() -> None:
    request = Request(
        "BYE",
        "sip:a",
        [("Reason", 'SIP;cause=200;text="a, b", Q.850;cause=16'), ("Reason", "Q.850;cause=x")],
    )
    assert reasons(request) == [
        Reason("SIP", 200, "a, b"),
        Reason("Q.850", 16),
        Reason("Q.850", None),
    ]


def test_challenge() -> None:
    challenge = Challenge.parse(
        'Digest realm="a, \\"b\\"", nonce="x=", qop="auth,auth-int", stale=TRUE'
    )
    assert challenge.scheme == "Digest"
    assert challenge.params == {
        "realm": 'a, "b"',
        "nonce": "x=",
        "qop": "auth,auth-int",
        "stale": "TRUE",
    }
