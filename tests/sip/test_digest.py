"""Digest against the examples of its RFCs."""

from __future__ import annotations

import pytest

from engine.sip.digest import MAX_TRIES, Authenticator, Credentials, authorization
from engine.sip.headers import Challenge
from engine.sip.message import Response

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


def learns(authenticator: Authenticator, *texts: str) -> bool:
    return authenticator.learns(
        Response(401, "Unauthorized", [("WWW-Authenticate", text) for text in texts])
    )


def fields(authenticator: Authenticator, body: bytes = b"") -> list[tuple[str, str]]:
    return authenticator.fields("INVITE", "sip:a@b", body, "c")


def count(value: str) -> str | None:
    return Challenge.parse(value).params.get("nc")


@pytest.mark.parametrize(
    "text",
    [
        'Basic realm="a"',
        'Digest realm="a", nonce="n", algorithm=MD9',
        'Digest realm="a", nonce="n", qop="auth-conf"',
    ],
)
def test_unknown_challenges_are_not_answered(text: str) -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert not learns(authenticator, text)
    assert fields(authenticator) == []


def test_refused_password_is_not_tried_again_and_a_stale_nonce_is() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert learns(authenticator, 'Digest realm="a", nonce="1"')
    fields(authenticator)
    assert not learns(authenticator, 'Digest realm="a", nonce="2"')
    assert not learns(authenticator, 'Digest realm="a", nonce="1", stale=true')
    assert learns(authenticator, 'Digest realm="a", nonce="3", stale=TRUE')


def test_nonce_is_used_again_with_a_rising_count_until_it_is_refused() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    learns(authenticator, 'Digest realm="a", nonce="1", qop="auth"')
    counts = [count(fields(authenticator)[0][1]) for _ in range(3)]
    assert counts == ["00000001", "00000002", "00000003"]
    authenticator.accepted()
    assert learns(authenticator, 'Digest realm="a", nonce="2", qop="auth"')
    assert count(fields(authenticator)[0][1]) == "00000001"
    assert not learns(authenticator, 'Digest realm="a", nonce="3", qop="auth"')


def test_server_that_finds_every_nonce_stale_is_given_up() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    stale = 'Digest realm="a", nonce="{}", stale=true'
    tries = [learns(authenticator, stale.format(number)) for number in range(MAX_TRIES + 1)]
    assert tries == [True] * MAX_TRIES + [False]


def test_first_known_of_several_challenges_is_answered_for_each_realm() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert learns(
        authenticator,
        'Digest realm="a", nonce="1", algorithm=FUTURE',
        'Digest realm="a", nonce="2", algorithm=SHA-256',
        'Digest realm="a", nonce="3"',
        'Digest realm="b", nonce="4"',
    )
    first, second = fields(authenticator)
    assert "algorithm=SHA-256" in first[1]
    assert 'realm="b"' in second[1]


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
    authenticator = Authenticator(Credentials("a", "b"))
    learns(authenticator, text)
    [(_, value)] = fields(authenticator)
    assert f"algorithm={algorithm}" in value
