"""From a trunk's host to the hops its calls may take, best first (RFC 3263).

==========================  ====================================================================
the operator states         looked up
==========================  ====================================================================
an address                  nothing
host and port               A or AAAA; UDP where no transport is stated
host and transport          SRV of that transport; without any, A or AAAA at its default port
host alone                  NAPTR, then the SRV it names; without any, SRV of UDP, TCP and TLS;
                            without any, A or AAAA
a name without a dot        nothing: the system's own names (``/etc/hosts``)
==========================  ====================================================================

Asked before the intent: a name that cannot be resolved rings nobody. Among servers of the same
priority the next call goes where their weights lead it (RFC 2782).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from random import Random
from typing import Final

from dns.asyncresolver import Resolver
from dns.name import root
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV
from dns.resolver import NoResolverConfiguration

from engine.call.records import Records, Unresolvable
from engine.program.attempt import Trunk
from engine.sip import Hop, Transport

__all__ = ["Naming", "Unresolvable"]

MAX_HOPS: Final = 8
SERVICES: Final = {
    "sip+d2u": Transport.UDP,
    "sip+d2t": Transport.TCP,
    "sips+d2t": Transport.TLS,
}
PREFIXES: Final = {
    Transport.UDP: "_sip._udp.",
    Transport.TCP: "_sip._tcp.",
    Transport.TLS: "_sips._tcp.",
}


class Naming:
    """``family``: of the addresses we can call from. ``resolver``: the system's if not given."""

    def __init__(
        self,
        family: socket.AddressFamily,
        monotonic: Callable[[], float],
        resolver: Resolver | None = None,
        chance: Random | None = None,
    ) -> None:
        self._family, self._chance = family, chance or Random()
        self._monotonic, self._resolver = monotonic, resolver
        self._records: Records | None = None

    async def hops(self, trunk: Trunk) -> Sequence[Hop]:
        """At least one; raises ``Unresolvable``."""
        stated = Transport(trunk.transport.upper()) if trunk.transport else None
        transport = stated or Transport.UDP
        if _is_address(trunk.host):
            return [Hop(trunk.host, trunk.port or transport.default_port, transport)]
        if trunk.port is not None or "." not in trunk.host:
            found = await self._at(trunk.host, trunk.port, transport)
        else:
            found = await self._located(trunk.host, stated)
        if not found:
            raise Unresolvable(f"{trunk.host} has no address")
        return [_named(hop, trunk.host) for hop in found[:MAX_HOPS]]

    async def _located(self, host: str, stated: Transport | None) -> list[Hop]:
        services = [(stated, PREFIXES[stated] + host)] if stated else await self._services(host)
        for transport, name in services:
            if found := await self._served(name, transport):
                return found
        return await self._at(host, None, stated or Transport.UDP)

    async def _services(self, host: str) -> list[tuple[Transport, str]]:
        """Transports with the names of their SRV records, liked best by the far side first."""
        records = [r for r in await self._find(host, RdataType.NAPTR) if isinstance(r, NAPTR)]
        records.sort(key=lambda record: (record.order, record.preference))
        named = [
            (SERVICES[service], record.replacement.to_text(omit_final_dot=True))
            for record in records
            if (service := record.service.decode().lower()) in SERVICES
            and record.flags.lower() == b"s"
        ]
        return named or [(transport, prefix + host) for transport, prefix in PREFIXES.items()]

    async def _served(self, name: str, transport: Transport) -> list[Hop]:
        records = [r for r in await self._find(name, RdataType.SRV) if isinstance(r, SRV)]
        hops: list[Hop] = []
        for record in by_weight(records, self._chance):
            if record.target != root:  # A lone dot: decidedly no such service (RFC 2782).
                target = record.target.to_text(omit_final_dot=True)
                hops += await self._at(target, record.port, transport)
        return hops

    async def _at(self, host: str, port: int | None, transport: Transport) -> list[Hop]:
        port = port or transport.default_port
        if "." in host:
            kind = RdataType.AAAA if self._family == socket.AF_INET6 else RdataType.A
            addresses = [record.to_text() for record in await self._find(host, kind)]
        else:
            addresses = await self._known_here(host)
        return [Hop(address, port, transport) for address in addresses]

    async def _known_here(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, family=self._family, type=socket.SOCK_DGRAM)
        except (socket.gaierror, UnicodeError) as problem:
            raise Unresolvable(f"{host}: {problem}") from problem
        return [str(address[4][0]) for address in found]

    async def _find(self, name: str, kind: RdataType) -> tuple[Rdata, ...]:
        if self._records is None:
            self._records = Records(self._resolver or _system_resolver(), self._monotonic)
        return await self._records.find(name, kind)


def by_weight(records: Sequence[SRV], chance: Random) -> list[SRV]:
    """In the order to try them (RFC 2782): by priority, then drawn by weight."""

    # An exponential variate at the rate of the weight, per server: the smallest is drawn first as
    # often as its weight is of the sum. Those without weight come last.
    def draw(record: SRV) -> tuple[int, float]:
        lot = chance.expovariate(record.weight) if record.weight else float("inf")
        return record.priority, lot

    return sorted(records, key=draw)


def _system_resolver() -> Resolver:
    try:
        return Resolver()
    except NoResolverConfiguration as problem:
        raise Unresolvable(f"no name server is configured: {problem}") from problem


def _named(hop: Hop, host: str) -> Hop:
    """The name a certificate must state is the one asked for, not what DNS made of it."""
    return hop._replace(name=host) if hop.transport is Transport.TLS else hop


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
