"""Provisional responses that are acknowledged (RFC 3262): the called side's queue, the numbers.

One at a time: the next waits until the PRACK of the last has come, and so does a 2xx (§3, §5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine.sip.headers import tokens
from engine.sip.message import Message, Request, Response
from engine.sip.repetition import Repetition

OPTION = "100rel"
MAX_RSEQ = 2**32 - 1


class RAck(NamedTuple):
    rseq: int
    cseq: int
    method: str


def rseq_of(response: Response) -> int | None:
    """The number of a reliable provisional; ``None``: it needs no PRACK (§4)."""
    number = response.first("RSeq") or ""
    reliable = OPTION in [tag.lower() for tag in tokens(response, "Require")]
    return _number(number) if reliable else None


def rack_of(prack: Request) -> RAck | None:
    parts = (prack.first("RAck") or "").split()
    if len(parts) != 3:
        return None
    rseq, cseq = _number(parts[0]), _number(parts[1])
    return None if rseq is None or cseq is None else RAck(rseq, cseq, parts[2])


def asks_for(message: Message) -> tuple[bool, bool]:
    """Whether the caller understands reliable provisionals, and whether it insists."""
    required = OPTION in [tag.lower() for tag in tokens(message, "Require")]
    return required or OPTION in [tag.lower() for tag in tokens(message, "Supported")], required


class ReliableProvisionals:
    """What the called side has to say reliably, in order."""

    __slots__ = ("_pending", "_rseq", "_waiting")

    def __init__(self, first: int) -> None:
        self._rseq = first
        self._waiting: Repetition | None = None
        self._pending: deque[Callable[[float], None]] = deque()

    @property
    def waits(self) -> bool:
        """One is on its way; whatever comes next has to wait."""
        return self._waiting is not None

    def next_rseq(self) -> int:
        self._rseq = self._rseq % MAX_RSEQ + 1
        return self._rseq

    def sent(self, repetition: Repetition) -> None:
        self._waiting = repetition

    def then(self, act: Callable[[float], None]) -> None:
        """``act`` once everything before it is acknowledged."""
        self._pending.append(act)

    def acknowledged(self, rack: RAck | None, invite: int) -> bool:
        """Whether ``rack`` names what is on its way; it is not repeated any more."""
        if self._waiting is None or rack != (self._rseq, invite, "INVITE"):
            return False
        self._waiting.stop()
        self._waiting = None
        return True

    def go_on(self, now: float) -> None:
        """Say what has waited, as far as it goes."""
        while self._pending and self._waiting is None:
            self._pending.popleft()(now)

    def stop(self) -> None:
        """A final answer was given: nothing of this matters any more."""
        self._pending.clear()
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= 10
    return int(text) if plain and 0 < int(text) <= MAX_RSEQ else None
