"""Where a message goes next: one address and how it is carried there (RFC 3261 §18)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from engine.sip.uri import Uri

SocketAddress: TypeAlias = tuple[str, int]


class Transport(StrEnum):
    """As a Via names it."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    @property
    def reliable(self) -> bool:
        """Nothing is sent again, and nothing has to be remembered for late copies (§17)."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        """RFC 3261 §19.1.2."""
        return 5061 if self is Transport.TLS else 5060

    @property
    def uri_parameter(self) -> str:
        """For our Contact; UDP is what a URI without the parameter means."""
        return "" if self is Transport.UDP else f";transport={self.value.lower()}"


class Hop(NamedTuple):
    """The other end of a socket or connection; ``host`` is an IP literal, or a name to resolve."""

    host: str
    port: int
    transport: Transport = Transport.UDP
    name: str = ""
    """What the far side's certificate must state, over TLS (RFC 5922 §7.1); empty: ``host``."""

    @property
    def address(self) -> SocketAddress:
        return self.host, self.port


SentBy: TypeAlias = Callable[[Hop], SocketAddress]
"""What we call ourselves towards a hop, in Via and Contact."""

_BY_PARAMETER = {transport.value.lower(): transport for transport in Transport}


def hop_of(uri: Uri, otherwise: Hop) -> Hop:
    """Where ``uri`` leads; ``otherwise`` where its host is not the address of one host.

    A URI that names no transport is reached by the one already in use: carriers leave the
    parameter out even where they talk TCP. ``sips`` is TLS. The other servers of a carrier show the
    same certificate.
    """
    if uri.address is None:
        return otherwise
    named = _BY_PARAMETER.get(uri.parameter("transport").lower())
    transport = Transport.TLS if uri.scheme == "sips" else named or otherwise.transport
    name = otherwise.name if transport is otherwise.transport else ""
    return Hop(uri.host, uri.port or transport.default_port, transport, name)
