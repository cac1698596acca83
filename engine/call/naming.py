"""From a trunk's host to the address its calls go to.

An address is itself; a name is looked up by the system's resolver, in its thread, and remembered
for a while. Looked up before the intent: a name that cannot be resolved rings nobody.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from engine.program.attempt import Trunk

REMEMBERED_S: Final = 30.0


class Unresolvable(Exception):
    """The trunk's host has no address."""


class Naming:
    def __init__(self, family: socket.AddressFamily, monotonic: Callable[[], float]) -> None:
        self._family, self._monotonic = family, monotonic
        self._known: dict[tuple[str, int], tuple[float, tuple[str, int]]] = {}

    async def next_hop(self, trunk: Trunk) -> tuple[str, int]:
        """Address and port; raises ``Unresolvable``."""
        if _is_address(trunk.host):
            return trunk.host, trunk.port
        until, hop = self._known.get((trunk.host, trunk.port), (0.0, ("", 0)))
        if until < self._monotonic():
            hop = await self._look_up(trunk)
            self._known[trunk.host, trunk.port] = (self._monotonic() + REMEMBERED_S, hop)
        return hop

    async def _look_up(self, trunk: Trunk) -> tuple[str, int]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                trunk.host, trunk.port, family=self._family, type=socket.SOCK_DGRAM
            )
        except socket.gaierror as problem:
            raise Unresolvable(f"{trunk.host}: {problem.strerror}") from problem
        host, port = found[0][4][:2]
        return str(host), int(port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
