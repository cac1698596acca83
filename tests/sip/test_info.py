"""Keys in the bodies of SIP INFO."""

from __future__ import annotations

import pytest

from engine.sip.info import DEFAULT_DURATION, parse


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", ("5", 160)),
        ("application/dtmf-relay; charset=utf-8", b"signal = *\nduration = 90", ("*", 90)),
        ("application/dtmf-relay", b"Signal=11\r\n", ("#", DEFAULT_DURATION)),
        ("Application/DTMF", b"d", ("D", DEFAULT_DURATION)),
        ("application/dtmf", b" 10 ", ("*", DEFAULT_DURATION)),
    ],
)
def test_a_key_is_read(content_type: str, body: bytes, expected: tuple[str, int]) -> None:
    assert parse(content_type, body) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dtmf-relay", b"Duration=160"),
        ("application/dtmf-relay", b"Signal=55"),
        ("application/dtmf", b"\xff\xfe"),
        ("application/media_control+xml", b"5"),
    ],
)
def test_what_is_no_key_is_none(content_type: str, body: bytes) -> None:
    assert parse(content_type, body) is None
