"""A DNS server on loopback that knows one zone and counts what it is asked.

::

    async with NameServer.serving('''
        carrier.example. 60 IN A 192.0.2.1
    ''') as names:
        Naming(..., resolver=names.resolver)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.asyncresolver import Resolver
from dns.nameserver import Do53Nameserver


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, zone: str) -> None:
        self.learn(zone)
        self.asked: list[str] = []
        """``NAME TYPE``, in order."""
        self.fails = False
        """Answer everything with SERVFAIL."""

    @classmethod
    @asynccontextmanager
    async def serving(cls, zone: str) -> AsyncIterator[NameServer]:
        server = cls(zone)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
        host, port = transport.get_extra_info("sockname")
        server.resolver = Resolver(configure=False)
        server.resolver.nameservers = [Do53Nameserver(host, port)]
        try:
            yield server
        finally:
            transport.close()

    def learn(self, zone: str) -> None:
        """Know this zone from now on: a record a line, names with their last dot."""
        lines = [line.strip() for line in zone.splitlines() if line.strip()]
        sets = [dns.rrset.from_text(*_parts(line)) for line in lines]
        self._sets: dict[tuple[dns.name.Name, int], dns.rrset.RRset] = {}
        for found in sets:
            known = self._sets.setdefault((found.name, found.rdtype), found)
            known.update(found)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(f"{name} {dns.rdatatype.to_text(question.rdtype)}")
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        if self.fails:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif found := self._sets.get((question.name, question.rdtype)):
            response.answer.append(found)
        elif not any(known == question.name for known, _ in self._sets):
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), source)  # type: ignore[attr-defined]


def _parts(line: str) -> tuple[str, int, str, str, str]:
    name, ttl, kind, kind_of, data = line.split(None, 4)
    return name, int(ttl), kind, kind_of, data
