"""Digest against the examples of its RFCs."""

from __future__ import annotations

import pytest

from engine.sip.digest import Authenticator, Credentials, authorization
from engine.sip.headers import Challenge

CLASSIC = Challenge.parse(
    'Digest realm="testrealm@host.com", qop="auth,auth-int", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def response(value: str) -> str | None:
    return Challenge.parse(value).params["response"]


def test_rfc_2617_example() -> None:
    value = authorization(
        CLASSIC,
        Credentials("Mufasa", "Circle Of Life"),
        "GET",
        "/dir/index.html",
        client_nonce="0a4f113b",
    )
    assert response(value) == "6629fae49393a05397450978507c4ef1"
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in value


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_examples(algorithm: str, expected: str) -> None:
    value = authorization(
        Challenge.parse(RFC_7616.format(algorithm)),
        Credentials("Mufasa", "Circle of Life"),
        "GET",
        "/dir/index.html",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert response(value) == expected


def test_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("a", "secret"))


def challenge(text: str) -> list[tuple[str, Challenge]]:
    return [("Authorization", Challenge.parse(text))]


def answer(authenticator: Authenticator, text: str) -> list[tuple[str, str]]:
    return authenticator.answer(challenge(text), "INVITE", "sip:a@b", b"", "c")


@pytest.mark.parametrize(
    "text",
    [
        'Basic realm="a"',
        'Digest realm="a", nonce="n", algorithm=MD9',
        'Digest realm="a", nonce="n", qop="auth-conf"',
    ],
)
def test_unknown_challenges_are_not_answered(text: str) -> None:
    assert answer(Authenticator(Credentials("a", "b")), text) == []


def test_refused_password_is_not_tried_again_and_a_stale_nonce_is() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert answer(authenticator, 'Digest realm="a", nonce="1"')
    assert not answer(authenticator, 'Digest realm="a", nonce="2"')
    assert not answer(authenticator, 'Digest realm="a", nonce="1", stale=true')
    assert answer(authenticator, 'Digest realm="a", nonce="3", stale=TRUE')


def test_first_known_of_several_challenges_is_answered() -> None:
    offered = [
        *challenge('Digest realm="a", nonce="1", algorithm=FUTURE'),
        *challenge('Digest realm="a", nonce="2", algorithm=SHA-256'),
        *challenge('Digest realm="a", nonce="3"'),
    ]
    [(_, value)] = Authenticator(Credentials("a", "b")).answer(offered, "X", "sip:a", b"", "c")
    assert "algorithm=SHA-256" in value


def test_body_counts_under_auth_int() -> None:
    text = 'Digest realm="a", nonce="1", qop="auth-int"'
    credentials = Credentials("a", "b")
    values = {
        authorization(Challenge.parse(text), credentials, "X", "sip:a", body, client_nonce="c")
        for body in (b"one", b"two", b"\xff")
    }
    assert len(values) == 3


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-sess", "SHA-512-256"])
def test_other_algorithms_are_spoken(algorithm: str) -> None:
    text = f'Digest realm="a", nonce="1", qop="auth", algorithm={algorithm}'
    [(_, value)] = answer(Authenticator(Credentials("a", "b")), text)
    assert f"algorithm={algorithm}" in value
