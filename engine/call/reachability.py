"""Which of a trunk's servers a call goes by: those that fail are given a rest (pure).

Nothing is sent twice for one attempt here: the calls that come after a failure take another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.sip import SIP_TIMEOUT, UNREACHABLE, Ended, Failed, Hop

REST_S: Final = 30.0
"""After a first failure; twice as long after each that follows, without a success between."""
LONGEST_REST_S: Final = 480.0
_SILENCE: Final = {SIP_TIMEOUT.code, UNREACHABLE.code}


@dataclass(frozen=True, slots=True)
class Rest:
    until: float
    length: float


class Reachability:
    """Instants are monotonic seconds."""

    def __init__(self) -> None:
        self._resting: dict[Hop, Rest] = {}

    def best(self, hops: Sequence[Hop], now: float) -> Hop:
        """The first that does not rest; where all do, the one whose rest is over first."""
        return min(hops, key=lambda hop: self._wait(hop, now))

    def learn(self, hop: Hop, ended: Failed | Ended | None, now: float) -> None:
        """``ended``: how a call by ``hop`` came to its end; ``None``: it was never made."""
        if isinstance(ended, Failed) and _blames_server(ended):
            self._failed(hop, now)
        elif ended is not None and not (isinstance(ended, Failed) and ended.status is None):
            self._resting.pop(hop, None)

    def _failed(self, hop: Hop, now: float) -> None:
        known = self._resting.get(hop)
        if known is not None and now < known.until:
            return  # Calls that failed together are one failure.
        length = REST_S if known is None else min(known.length * 2, LONGEST_REST_S)
        self._resting[hop] = Rest(now + length, length)

    def _wait(self, hop: Hop, now: float) -> float:
        known = self._resting.get(hop)
        return 0.0 if known is None else max(0.0, known.until - now)


def _blames_server(failed: Failed) -> bool:
    """503, or nothing at all: not what a callee decides."""
    return failed.status == 503 or (failed.status is None and failed.cause.code in _SILENCE)
