"""From a trunk's host to its hops, against a name server on loopback."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from uuid import uuid4

import pytest

from engine.call.naming import Naming, Unresolvable
from engine.program.attempt import Trunk
from engine.sip import Hop, Transport
from tests.call.name_server import NameServer

ADDRESSES = """
a.carrier.example.  60 IN A    192.0.2.1
b.carrier.example.  60 IN A    192.0.2.2
b.carrier.example.  60 IN AAAA 2001:db8::2
c.carrier.example.  60 IN A    192.0.2.3
"""
FULL = f"""{ADDRESSES}
carrier.example.           60 IN NAPTR 20 10 "s" "SIP+D2U"  "" _sip._udp.carrier.example.
carrier.example.           60 IN NAPTR 10 20 "s" "SIP+D2T"  "" _sip._tcp.carrier.example.
carrier.example.           60 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.carrier.example.
carrier.example.           60 IN NAPTR 5  10 "u" "E2U+sip"  "!x!y!" .
_sips._tcp.carrier.example. 60 IN SRV 20 0 5063 c.carrier.example.
_sips._tcp.carrier.example. 60 IN SRV 10 0 5062 a.carrier.example.
_sip._udp.carrier.example.  60 IN SRV 10 0 5080 b.carrier.example.
"""


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with NameServer.serving(FULL) as names:
        yield names


def naming(names: NameServer, now: Now, family: socket.AddressFamily = socket.AF_INET) -> Naming:
    return Naming(family, now, names.resolver, Random(1))


def trunk(host: str, port: int | None = None, transport: str | None = None) -> Trunk:
    return Trunk(
        uuid4(), "carrier", host, port, host, None, None, 1, 1.0, ("PCMA",), transport=transport
    )


async def test_address_asks_nobody(names: NameServer, now: Now) -> None:
    found = naming(names, now)
    assert await found.hops(trunk("192.0.2.9")) == [Hop("192.0.2.9", 5060)]
    assert await found.hops(trunk("192.0.2.9", 5070, "tls")) == [
        Hop("192.0.2.9", 5070, Transport.TLS)
    ]
    assert await found.hops(trunk("::1", transport="tls")) == [Hop("::1", 5061, Transport.TLS)]
    assert names.asked == []


async def test_host_alone_goes_where_its_naptr_likes_it_best(names: NameServer, now: Now) -> None:
    assert await naming(names, now).hops(trunk("carrier.example")) == [
        Hop("192.0.2.1", 5062, Transport.TLS, "carrier.example"),
        Hop("192.0.2.3", 5063, Transport.TLS, "carrier.example"),
    ]
    assert names.asked[0] == "carrier.example NAPTR"


async def test_stated_transport_skips_naptr(names: NameServer, now: Now) -> None:
    found = naming(names, now)
    assert await found.hops(trunk("carrier.example", transport="udp")) == [Hop("192.0.2.2", 5080)]
    assert names.asked == ["_sip._udp.carrier.example SRV", "b.carrier.example A"]


async def test_service_that_leads_nowhere_leaves_the_next(names: NameServer, now: Now) -> None:
    names.learn(FULL.replace("_sips._tcp.carrier.example. 60 IN SRV", "x.example. 60 IN SRV"))
    assert await naming(names, now).hops(trunk("carrier.example")) == [Hop("192.0.2.2", 5080)]


async def test_port_asks_for_addresses_only(names: NameServer, now: Now) -> None:
    found = naming(names, now)
    assert await found.hops(trunk("b.carrier.example", 5070)) == [Hop("192.0.2.2", 5070)]
    assert names.asked == ["b.carrier.example A"]


async def test_without_naptr_every_transport_is_asked_for(names: NameServer, now: Now) -> None:
    names.learn(f"{ADDRESSES}\n_sip._tcp.plain.example. 60 IN SRV 0 0 5099 c.carrier.example.")
    assert await naming(names, now).hops(trunk("plain.example")) == [
        Hop("192.0.2.3", 5099, Transport.TCP)
    ]


async def test_without_srv_the_address_itself(names: NameServer, now: Now) -> None:
    found = naming(names, now)
    assert await found.hops(trunk("a.carrier.example")) == [Hop("192.0.2.1", 5060)]
    assert await found.hops(trunk("a.carrier.example", transport="tls")) == [
        Hop("192.0.2.1", 5061, Transport.TLS, "a.carrier.example")
    ]


async def test_service_decidedly_not_there(names: NameServer, now: Now) -> None:
    names.learn("_sip._udp.none.example. 60 IN SRV 0 0 0 .")
    with pytest.raises(Unresolvable):
        await naming(names, now).hops(trunk("none.example"))


async def test_ipv6(names: NameServer, now: Now) -> None:
    found = naming(names, now, socket.AF_INET6)
    assert await found.hops(trunk("b.carrier.example")) == [Hop("2001:db8::2", 5060)]
    with pytest.raises(Unresolvable, match="has no address"):
        await found.hops(trunk("a.carrier.example"))


async def test_system_knows_names_without_a_dot(names: NameServer, now: Now) -> None:
    assert await naming(names, now).hops(trunk("localhost")) == [Hop("127.0.0.1", 5060)]
    assert names.asked == []
    with pytest.raises(Unresolvable):
        await naming(names, now).hops(trunk("no-such-host-here"))


async def test_answers_are_kept_for_their_ttl(names: NameServer, now: Now) -> None:
    found, there = naming(names, now), trunk("a.carrier.example", 5060)
    await found.hops(there)
    now.seconds = 59.0
    await found.hops(there)
    assert len(names.asked) == 1
    names.learn("a.carrier.example. 60 IN A 192.0.2.77")
    now.seconds = 60.0
    assert await found.hops(there) == [Hop("192.0.2.77", 5060)]


async def test_old_answer_serves_while_nobody_answers(names: NameServer, now: Now) -> None:
    found, there = naming(names, now), trunk("a.carrier.example", 5060)
    await found.hops(there)
    names.fails, now.seconds = True, 61.0
    assert await found.hops(there) == [Hop("192.0.2.1", 5060)]
    with pytest.raises(Unresolvable):
        await found.hops(trunk("c.carrier.example", 5060))


async def test_absence_is_remembered(names: NameServer, now: Now) -> None:
    found = naming(names, now)
    for _ in range(2):
        with pytest.raises(Unresolvable):
            await found.hops(trunk("nowhere.example", 5060))
    assert names.asked == ["nowhere.example A"]


async def test_weights_share_the_calls(names: NameServer, now: Now) -> None:
    names.learn(f"""{ADDRESSES}
        _sip._udp.carrier.example. 60 IN SRV 1 30 5060 a.carrier.example.
        _sip._udp.carrier.example. 60 IN SRV 1 10 5060 b.carrier.example.
        _sip._udp.carrier.example. 60 IN SRV 1 0  5060 c.carrier.example.
    """)
    found, there = naming(names, now), trunk("carrier.example", transport="udp")
    orders = [[hop.host[-1] for hop in await found.hops(there)] for _ in range(400)]
    first = Counter(order[0] for order in orders)
    assert 260 < first["1"] < 340
    assert first["1"] + first["2"] == 400
    assert {order[2] for order in orders} == {"3"}
    assert len(names.asked) == 4
