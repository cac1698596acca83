"""Descriptions as carriers write them, and what two sides make of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sip import sdp
from engine.sip.message import MalformedMessage
from engine.sip.sdp import Codec, Direction, RemoteMedia

NUMBERS = st.integers(96, 127)
MEDIA = st.builds(
    RemoteMedia,
    st.sampled_from(["192.0.2.7", "2001:db8::7"]),
    st.integers(1, 65535),
    st.permutations([Codec("PCMU", 0), Codec("PCMA", 8), Codec("G722", 9)]).map(tuple),
    st.none() | NUMBERS,
    st.none() | st.integers(1, 200),
    st.sampled_from(Direction),
    st.none() | st.tuples(st.sampled_from(["192.0.2.8", "2001:db8::8"]), st.integers(1, 65535)),
    st.booleans(),
    st.sampled_from(["RTP/AVP", "RTP/AVPF", "RTP/SAVP"]),
    st.sampled_from([(), ("1 AES_CM_128_HMAC_SHA1_80 inline:abc",)]),
    st.sampled_from([(), ("image udptl t38",)]),
    st.sampled_from([(), ("video RTP/AVP 31 32", "text RTP/AVP 98")]),
)
CARRIER = b"""v=0
o=- 9007199254740993 2 IN IP4 10.1.1.1
s=session
c=IN IP4 10.1.1.1
t=0 0
a=sendonly
m=image 0 udptl t38
m=audio 30000/2 RTP/AVP 18 8 0 97 13
c=IN IP4 10.1.1.2/127
a=rtpmap:97 telephone-event/8000/1
a=fmtp:97 0-15
a=ptime:30
a=rtpmap:99999999999 bad
m=video 40000 RTP/AVP 31
a=sendrecv
"""


def test_carriers_description() -> None:
    media = sdp.parse(CARRIER)
    assert (media.address, media.port) == ("10.1.1.2", 30000)
    assert [codec.name for codec in media.codecs] == ["G729", "PCMA", "PCMU"]
    assert (media.telephone_event, media.ptime) == (97, 30)
    assert media.direction is Direction.SENDONLY
    assert media.on_hold
    assert sdp.origin(CARRIER) == (9007199254740993, 2)


@settings(deadline=None)
@given(MEDIA)
def test_parse_undoes_describe(media: RemoteMedia) -> None:
    assert sdp.parse(sdp.describe(media)) == media


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_anything_is_understood_or_refused(body: bytes) -> None:
    try:
        sdp.parse(b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio " + body)
    except MalformedMessage:
        return


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"v=0\n",
        b"c=IN IP4 1.1.1.1\nm=video 1 RTP/AVP 0\n",
        b"m=audio 1 RTP/AVP 0\n",
        b"c=IN IP4 1.1.1.1\nm=audio 1 UDP/TLS/RTP/SAVPF 0\n",
        b"a=x\n" * 1000,
    ],
)
def test_no_audio(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        sdp.parse(body)


def test_each_side_sends_with_the_others_numbers() -> None:
    offer = sdp.offer("192.0.2.1", 4000, ("PCMU", "PCMA"), 101)
    remote = offer.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 118 96").replace(b":101", b":96")
    remote = remote.replace(b"a=rtpmap:8 PCMA", b"a=rtpmap:118 pcma")
    agreed = sdp.negotiate(offer, remote)
    assert agreed is not None
    assert (agreed.codec, agreed.send_payload_type, agreed.receive_payload_type) == ("PCMA", 118, 8)
    assert (agreed.send_telephone_event, agreed.receive_telephone_event) == (96, 101)
    assert agreed.may_send


def test_answer_keeps_the_offers_numbers_and_mirrors_its_direction() -> None:
    answer = sdp.answer(CARRIER, "192.0.2.1", 4000)
    assert answer is not None
    media = sdp.parse(answer)
    assert media.codecs == (Codec("PCMA", 8),)
    assert (media.telephone_event, media.direction) == (97, Direction.RECVONLY)


def test_nothing_in_common() -> None:
    offer = sdp.offer("192.0.2.1", 4000, ("PCMU",))
    assert sdp.answer(offer, "192.0.2.2", 1, ("PCMA",)) is None
    assert sdp.answer(offer.replace(b"audio 4000", b"audio 0"), "192.0.2.2", 1) is None
    assert sdp.negotiate(offer, sdp.offer("192.0.2.2", 1, ("PCMA",))) is None


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ((b"sendrecv", b"inactive"), True),
        ((b"sendrecv", b"recvonly"), False),
        ((b"IP4 192.0.2.1\r\nt", b"IP4 0.0.0.0\r\nt"), True),
    ],
)
def test_hold(change: tuple[bytes, bytes], held: bool) -> None:
    assert sdp.parse(sdp.offer("192.0.2.1", 4000).replace(*change)).on_hold is held


def test_every_stream_of_the_offer_has_its_place_in_the_answer() -> None:
    body = sdp.answer(CARRIER, "192.0.2.1", 4000) or b""
    lines = [line for line in body.decode().splitlines() if line.startswith("m=")]
    assert lines == [
        "m=image 0 udptl t38",
        "m=audio 4000 RTP/AVP 8 97",
        "m=video 0 RTP/AVP 31",
    ]


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("", ("192.0.2.1", 4001)),
        ("a=rtcp:53020\r\n", ("192.0.2.1", 53020)),
        ("a=rtcp:53020 IN IP6 2001:db8::7\r\n", ("2001:db8::7", 53020)),
        ("a=rtcp:0\r\n", ("192.0.2.1", 4001)),
        ("a=rtcp:x\r\na=rtcp-mux\r\n", ("192.0.2.1", 4000)),
    ],
)
def test_where_rtcp_goes(attribute: str, expected: tuple[str, int]) -> None:
    media = sdp.parse(sdp.offer("192.0.2.1", 4000) + attribute.encode())
    assert media.rtcp_address == expected


def test_addresses_of_both_families_each_with_its_own_line() -> None:
    body = sdp.offer("2001:db8::1", 4000)
    assert b"c=IN IP6 2001:db8::1\r\n" in body
    own = body + b"c=IN IP4 192.0.2.3\r\n"
    assert sdp.parse(own).address == "192.0.2.3"


def test_rtcp_shares_the_port_only_where_both_want_it() -> None:
    plain = sdp.parse(sdp.offer("192.0.2.1", 4000))
    sharing = replace(plain, rtcp_mux=True)
    answered = [sdp.answer_media(theirs, sharing) for theirs in (plain, sharing)]
    assert [media and media.rtcp_mux for media in answered] == [False, True]


def test_encryption_is_not_agreed_by_one_side_alone() -> None:
    plain = sdp.parse(sdp.offer("192.0.2.1", 4000))
    secure = replace(plain, profile=sdp.SECURE, crypto=("1 AES_CM_128_HMAC_SHA1_80 inline:k",))
    assert sdp.answer_media(secure, plain) is None
    assert sdp.negotiate(plain, secure) is None
    assert sdp.negotiate(secure, secure) is not None
    body = sdp.describe(secure)
    assert b"m=audio 4000 RTP/SAVP 0 8 101\r\n" in body
    assert sdp.parse(body).crypto == secure.crypto


@pytest.mark.parametrize("wish", Direction)
@pytest.mark.parametrize("offered", Direction)
def test_answered_direction_is_within_offer_and_wish(offered: Direction, wish: Direction) -> None:
    answered = offered.answered.narrowed(wish)
    assert answered.sends == (offered.receives and wish.sends)
    assert answered.receives == (offered.sends and wish.receives)
