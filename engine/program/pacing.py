"""How fast and how many: token buckets, and lines that carry so many calls at once.

Instants are seconds on any clock that never goes back, handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

BURST_SECONDS = 0.1
"""A bucket saves up so much of its rate: more is a stampede, less needs a finer timer."""


@dataclass(slots=True)
class TokenBucket:
    rate: float
    """Tokens a second."""
    burst: float
    """Tokens it holds at most, 1 or more."""
    tokens: float
    filled_at: float = -inf

    @classmethod
    def full(cls, rate: float) -> TokenBucket:
        burst = max(1.0, rate * BURST_SECONDS)
        return cls(rate, burst, burst)

    def ready_at(self, now: float) -> float:
        """When a token is there: ``now``, or later."""
        self._fill(now)
        return now if self.tokens >= 1 else now + (1 - self.tokens) / self.rate

    def take(self, now: float) -> None:
        self._fill(now)
        self.tokens -= 1

    def give_back(self) -> None:
        self.tokens = min(self.burst, self.tokens + 1)

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            passed = now - self.filled_at
            # A millionth: what adding up fractions loses must not cost a whole further wait.
            self.tokens = min(self.burst, self.tokens + passed * self.rate + 1e-6)
            self.filled_at = now


@dataclass(slots=True)
class Line:
    """Something that carries calls: a trunk, a number, an organization, this process."""

    channels: int | None = None
    """Calls at once; ``None``: no limit."""
    bucket: TokenBucket | None = None
    in_use: int = 0

    def limit(self, channels: int | None, calls_per_second: float | None) -> None:
        """New limits for a line whose calls go on."""
        self.channels = channels
        if calls_per_second is None:
            self.bucket = None
        elif self.bucket is None or self.bucket.rate != calls_per_second:
            self.bucket = TokenBucket.full(calls_per_second)

    @property
    def full(self) -> bool:
        return self.channels is not None and self.in_use >= self.channels

    def free_at(self, now: float) -> float:
        """When it takes a further call: ``now``, later, or ``inf`` (when one of its calls ends)."""
        if self.full:
            return inf
        return now if self.bucket is None else self.bucket.ready_at(now)

    def take(self, now: float) -> None:
        self.in_use += 1
        if self.bucket is not None:
            self.bucket.take(now)

    def give_back(self) -> None:
        """The call has ended."""
        self.in_use -= 1

    def undo(self) -> None:
        """The call was never made: its token comes back too."""
        self.give_back()
        if self.bucket is not None:
            self.bucket.give_back()
