"""DNS records, asked for once and kept as long as their TTL allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.resolver import NXDOMAIN, NoAnswer

ABSENT_S: Final = 30.0
"""How long a name is known to have no such record."""
STALE_S: Final = 5.0
"""While nobody answers, the last answer is believed for so long again (RFC 8767)."""
LIFETIME_S: Final = 4.0
"""For all tries at one question."""
MAX_TTL_S: Final = 86_400.0

Question: TypeAlias = tuple[str, RdataType]


class Unresolvable(Exception):
    """A name has no address, or nobody can say."""


@dataclass(frozen=True, slots=True)
class _Answer:
    until: float
    records: tuple[Rdata, ...]


class Records:
    """``monotonic``: seconds, never going back."""

    def __init__(self, resolver: Resolver, monotonic: Callable[[], float]) -> None:
        self._resolver, self._monotonic = resolver, monotonic
        self._known: dict[Question, _Answer] = {}
        self._asking: dict[Question, asyncio.Lock] = {}

    async def find(self, name: str, kind: RdataType) -> tuple[Rdata, ...]:
        """Empty where ``name`` has none; raises ``Unresolvable`` where nobody can say."""
        question = name.rstrip(".").lower(), kind
        async with self._asking.setdefault(question, asyncio.Lock()):
            known = self._known.get(question)
            if known is None or known.until <= self._monotonic():
                known = self._known[question] = await self._ask(question, known)
        return known.records

    async def _ask(self, question: Question, stale: _Answer | None) -> _Answer:
        now = self._monotonic()
        try:
            answer = await self._resolver.resolve(*question, lifetime=LIFETIME_S, search=False)
        except (NXDOMAIN, NoAnswer):
            return _Answer(now + ABSENT_S, ())
        except (DNSException, OSError) as problem:
            if stale is None:
                raise Unresolvable(f"{question[0]}: {problem}") from problem
            return _Answer(now + STALE_S, stale.records)
        ttl = min(float(answer.rrset.ttl), MAX_TTL_S) if answer.rrset is not None else ABSENT_S
        return _Answer(now + ttl, tuple(answer))
