"""A response of ours that is sent again until the far side acknowledges it.

A 2xx to an INVITE until its ACK (RFC 3261 §13.3.1.4), a reliable provisional until its PRACK
(RFC 3262 §3): over any transport, since a proxy on the way may change it.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.sip.transaction import T1, T2, TIMEOUT
from engine.sip.transaction_layer import Datagram, TransactionLayer

_REPEAT, _GIVE_UP = "repeat", "give up"
UNBOUNDED = float("inf")


class Repetition:
    __slots__ = ("_datagram", "_interval", "_layer", "_longest", "_on_silence", "deadlines")

    def __init__(
        self,
        layer: TransactionLayer,
        datagram: Datagram,
        now: float,
        on_silence: Callable[[float], None],
        longest: float = T2,
    ) -> None:
        """``datagram`` was sent at ``now``; pauses double up to ``longest`` seconds, and after
        64 T1 without ``stop`` comes ``on_silence``."""
        self._layer, self._datagram = layer, datagram
        self._on_silence, self._longest = on_silence, longest
        self._interval = T1
        self.deadlines: dict[str, float] = {}
        layer.timers.arm(self, _REPEAT, now + T1)
        layer.timers.arm(self, _GIVE_UP, now + TIMEOUT)

    def stop(self) -> None:
        self.deadlines.clear()

    def expire(self, timer: str, now: float) -> None:
        if timer == _GIVE_UP:
            self.stop()
            self._on_silence(now)
            return
        self._layer.send(*self._datagram)
        self._interval = min(self._interval * 2, self._longest)
        self._layer.timers.arm(self, _REPEAT, now + self._interval)
