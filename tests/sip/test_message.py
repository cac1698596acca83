"""Splitting and joining messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sip.message import MAX_HEADERS, MalformedMessage, Request, Response, parse

NAMES = st.sampled_from(["Via", "From", "To", "X-Carrier-Info", "Content-Type", "Subject", "CSeq"])
VALUES = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=["Cc", "Z"])
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=12)
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ-.!%*_+`'~", min_size=1, max_size=20)
URIS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1).filter(
    lambda uri: uri[0] != "<"
)
REQUESTS = st.builds(Request, TOKENS, URIS, HEADERS, st.binary(max_size=200))
RESPONSES = st.builds(Response, st.integers(100, 699), VALUES, HEADERS, st.binary(max_size=200))


@settings(deadline=None)
@given(REQUESTS | RESPONSES)
def test_parse_undoes_serialize(message: Request | Response) -> None:
    assert parse(message.serialize()) == message


@settings(deadline=None)
@given(REQUESTS | RESPONSES, st.data())
def test_damaged_messages_are_understood_stably_or_refused(
    message: Request | Response, data: st.DataObject
) -> None:
    text = bytearray(message.serialize())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    try:
        parsed = parse(bytes(text))
    except MalformedMessage:
        return
    assert parse(parsed.serialize()) == parsed


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except MalformedMessage:
        return


def test_what_carriers_send_is_tolerated() -> None:
    data = (
        b"\r\n\r\nINVITE sip:a@b SIP/2.0\r\n"
        b"v: SIP/2.0/UDP h\r\nF : <sip:a@b>;tag=1\r\nt:<sip:b>\r\ni: 1\r\n"
        b"SUBJECT: one\r\n  two\r\n\tthree\r\nx-cid: \xff\r\n\r\nbody"
    )
    message = parse(data)
    assert isinstance(message, Request)
    assert message.first("Via") == "SIP/2.0/UDP h"
    assert message.first("From") == "<sip:a@b>;tag=1"
    assert message.first("Subject") == "one two three"
    assert message.first("X-Cid") == "\udcff"
    assert message.body == b"body"
    assert b"X-Cid: \xff\r\n" in message.serialize()


def test_bare_line_feeds_are_lines() -> None:
    message = parse(b"SIP/2.0 180 Ringing\nVia: SIP/2.0/UDP h\nl: 2\n\nabcd")
    assert isinstance(message, Response)
    assert (message.reason, message.body) == ("Ringing", b"ab")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"INVITE sip:a SIP/2.0\r\nVia: x\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nno colon\r\n\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nb\xc3\xa4d: x\r\n\r\n", 400),
        (b"INVITE sip:a SIP/3.0\r\n\r\n", 505),
        (b"INVITE sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nabc", 400),
        (b"INVITE sip:a SIP/2.0\r\nl: 5\r\n\r\nabc", 400),
        (b"SIP/2.0 99 Low\r\n\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n", 513),
        (b"I" * 70_000, 513),
    ],
)
def test_refused(data: bytes, status: int) -> None:
    with pytest.raises(MalformedMessage) as problem:
        parse(data)
    assert problem.value.status == status


def test_line_break_in_a_value_is_never_sent() -> None:
    with pytest.raises(ValueError, match="line break"):
        Request("OPTIONS", "sip:a", [("Subject", "a\r\nEvil: b")]).serialize()
