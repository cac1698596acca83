"""One attempt to reach one contact: all that a call needs to know before it rings.

The dialer builds it from a claimed target; ``engine.call.place`` turns it into a ``CallReport``
(``engine.program.report``). Its id is the call's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from engine.program.presentation import AS_IT_IS, Presentation
from flows import CompiledFlow


@dataclass(frozen=True, slots=True)
class Trunk:
    """The operator's line to a carrier: where calls leave, and how fast they may."""

    id: UUID
    name: str
    host: str
    port: int | None
    """``None``: what DNS says of the host, or the transport's own."""
    domain: str
    """In From and To."""
    username: str | None
    password: str | None
    channels: int
    calls_per_second: float
    codecs: tuple[str, ...]
    """``PCMA``, ``PCMU``, preferred first."""
    transport: str | None = None
    """``udp``, ``tcp`` or ``tls``; ``None``: what DNS says, else UDP."""
    large_over_tcp: bool = False
    """Requests too large for one datagram go by TCP (RFC 3261 §18.1.1)."""
    presentation: Presentation = AS_IT_IS


@dataclass(frozen=True, slots=True)
class Did:
    """A number to call from."""

    id: UUID
    number: str
    """E.164."""
    trunk: Trunk
    max_concurrent: int | None = None
    calls_per_second: float | None = None
    daily_cap: int | None = None
    attestation: str | None = None
    """``A``, ``B`` or ``C`` (RFC 8588 §4): how well we know who calls; ``None``: not signed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    id: UUID
    org_id: UUID
    execution_id: UUID
    program_id: UUID | None
    contact_id: UUID
    number: int
    """1 for the first."""
    to_number: str
    """E.164."""
    did: Did
    flow: CompiledFlow
    flow_id: UUID
    flow_version: int
    contact: Mapping[str, object]
    """Contact fields by their wire names: ``firstName``, ``primaryPhone``…"""
    attributes: Mapping[str, object]
    """Custom attributes by slug."""
