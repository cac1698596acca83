"""Messages out of a stream, however it was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.framing import PING, PONG, Framer
from engine.sip.message import MAX_SIZE, MalformedMessage

OPTIONS = b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\nContent-Length: 0\r\n\r\n"
INFO = b"INFO sip:a SIP/2.0\r\nl : 4 \r\nVia: x\r\n\r\nabcd"
BARE = b"BYE sip:a SIP/2.0\ncontent-length:2\n\n\r\n"


@given(
    st.lists(st.sampled_from([OPTIONS, INFO, BARE, PING]), max_size=6),
    st.lists(st.integers(0, 400), max_size=8),
)
def test_any_cut_gives_the_same_messages(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    framer, found, start = Framer(), [], 0
    for cut in [*sorted(min(cut, len(stream)) for cut in cuts), len(stream)]:
        found += framer.feed(stream[start:cut])
        start = cut
    assert found == [part for part in parts if part != PING]


def test_keep_alives_are_counted() -> None:
    framer = Framer()
    assert framer.feed(PING) == []
    assert framer.feed(PONG) == []
    assert framer.feed(PONG + OPTIONS + PING) == [OPTIONS]
    assert (framer.pings, framer.pongs) == (2, 2)


@pytest.mark.parametrize(
    "stream",
    [
        b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\nl: 4\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 70000\r\n\r\n",
        b"A: b\r\n" * (MAX_SIZE // 5),
    ],
    ids=["no length", "two lengths", "negative", "too long", "endless header"],
)
def test_stream_that_cannot_be_followed(stream: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Framer().feed(stream)


def test_length_inside_a_body_means_nothing() -> None:
    message = b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 21\r\n\r\n\r\nContent-Length: 99\r\n"
    assert len(Framer().feed(message + OPTIONS)) == 2
