"""How often: a budget of requests a minute, by who asks and which route.

Counted by this process in minutes of its own clock, so an installation of n processes lets through
up to n times as much, and a minute's end lets a client use two budgets back to back. Nothing is
shared and nothing is stored: the count costs no round trip.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable
from dataclasses import dataclass

from aiohttp import web

from engine.errors import GomobileError

WINDOW = 60
"""Seconds."""
MOST_COUNTED = 100_000
"""Clients and routes remembered at once; the oldest is forgotten beyond it."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a minute."""

    holder: int = 6000
    """Of one key or session to one route."""
    operator: int = 600
    """Of one operator key to one route."""
    guest: int = 30
    """Of one address to one of the routes that take no key: each may hash a password."""
    login: int = 10
    """Attempts at one e-mail address, wherever they come from."""
    unknown: int = 120
    """Of one address, with keys that were refused."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client is told of its budget."""

    limit: int
    remaining: int
    reset: int
    """Seconds until the next one."""

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


ALLOWANCE = web.RequestKey("allowance", Allowance)


class TooManyRequests(GomobileError):
    """The budget is used up until the minute's end."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("RATE_LIMITED", f"Try again in {allowance.reset} s.")
        self.allowance = allowance


class Meter:
    """Counts; the time is its caller's."""

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[Hashable, int] = {}

    def take(self, who: Hashable, limit: int, now: float) -> Allowance:
        """One request off the budget. Raises ``TooManyRequests`` where it is used up."""
        used = self._used(who, now)
        allowance = self._allowance(limit, used + 1, now)
        if used >= limit:
            raise TooManyRequests(allowance)
        if len(self._counts) >= MOST_COUNTED and who not in self._counts:
            del self._counts[next(iter(self._counts))]
        self._counts[who] = used + 1
        return allowance

    def check(self, who: Hashable, limit: int, now: float) -> None:
        """Raises ``TooManyRequests`` where nothing is left; takes nothing."""
        used = self._used(who, now)
        if used >= limit:
            raise TooManyRequests(self._allowance(limit, used, now))

    def _used(self, who: Hashable, now: float) -> int:
        window = int(now // WINDOW)
        if window != self._window:
            self._window, self._counts = window, {}
        return self._counts.get(who, 0)

    def _allowance(self, limit: int, used: int, now: float) -> Allowance:
        reset = max(1, round((self._window + 1) * WINDOW - now))
        return Allowance(limit, max(0, limit - used), reset)


def network(address: str) -> str:
    """What one client can choose addresses from: the address itself, of IPv6 its /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.IPv6Network((int(known), 64), strict=False))
