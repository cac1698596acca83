"""Where messages go."""

from __future__ import annotations

import pytest

from engine.sip.agent import Agent
from engine.sip.headers import top_via
from engine.sip.hop import Hop, Transport, hop_of
from engine.sip.message import parse
from engine.sip.outgoing import InviteRequest
from engine.sip.uri import Uri
from tests.sip.far_end import OFFER, OUR, FarEnd
from tests.sip.network import CountedTokens

PEER = Hop("192.0.2.9", 5070, Transport.TCP)


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:192.0.2.1", Hop("192.0.2.1", 5060, Transport.TCP)),
        ("sip:192.0.2.1;transport=udp", Hop("192.0.2.1", 5060, Transport.UDP)),
        ("sip:192.0.2.1:5090;transport=TLS", Hop("192.0.2.1", 5090, Transport.TLS)),
        ("sips:[2001:db8::1]", Hop("2001:db8::1", 5061, Transport.TLS)),
        ("sip:192.0.2.1;transport=ws", Hop("192.0.2.1", 5060, Transport.TCP)),
        ("sip:carrier.example", PEER),
        ("tel:+33", PEER),
    ],
)
def test_hop_of_a_uri(uri: str, hop: Hop) -> None:
    assert hop_of(Uri.parse(uri), PEER) == hop


def test_reliable_transport_is_named_and_nothing_is_repeated() -> None:
    agent = Agent(OUR, CountedTokens("t"), sent_by=lambda hop: (OUR[0], 5099))
    uri = "sip:bob@192.0.2.9"
    agent.invite(InviteRequest(PEER, uri, uri, "alice", "192.0.2.1", OFFER), 0.0)
    [(data, hop)] = agent.datagrams()
    invite = parse(data)
    assert (top_via(invite).transport, top_via(invite).port, hop) == ("TCP", 5099, PEER)
    assert invite.first("Contact") == "<sip:alice@192.0.2.1:5099;transport=tcp>"
    agent.handle_timer(31.9)
    assert agent.datagrams() == []
    agent.handle_timer(32.1)
    assert agent.calls == agent.transactions == 0


def test_response_takes_the_connection_the_request_came_by() -> None:
    far = FarEnd()
    options = far.request("OPTIONS").serialize().replace(b"z9hG4bKfar1", b"z9hG4bKtcp")
    far.agent.datagrams()
    connection = Hop("203.0.113.5", 40123, Transport.TCP)
    far.agent.receive(options.replace(b";rport", b""), connection, far.now)
    [(_, hop)] = far.agent.datagrams()
    assert hop == connection
