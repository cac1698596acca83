"""Which number a call leaves from: the one that has rested longest among those that may.

A number may call when its own line is free (calls at once, calls a second, a daily cap) and its
trunk's line is too. The pool spans all organizations of the process, because trunks do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import inf
from uuid import UUID

from engine.program.attempt import Did
from engine.program.pacing import Line


class Refusal(StrEnum):
    """In the order of the gates: what stops a call first names the reason."""

    DID_UNAVAILABLE = "did_unavailable"
    """Deleted, inactive, or its trunk is."""
    DID_DAILY_CAP = "did_daily_cap"
    DID_BUSY = "did_busy"
    DID_RATE = "did_rate"
    TRUNK_CHANNELS = "trunk_channels"
    TRUNK_RATE = "trunk_rate"


@dataclass(frozen=True, slots=True)
class NoDid:
    reason: Refusal
    until: float
    """Seconds, as ``now``; ``inf`` where only the end of a call or the next day helps."""


@dataclass(slots=True)
class DidState:
    did: Did
    line: Line = field(default_factory=Line)
    last_used: int = 0
    day: date = date.min
    dialed: int = 0
    """On ``day``."""

    def dialed_on(self, day: date) -> int:
        return self.dialed if self.day == day else 0


@dataclass(slots=True)
class DidPool:
    numbers: dict[UUID, DidState] = field(default_factory=dict)
    trunks: dict[UUID, Line] = field(default_factory=dict)
    uses: int = 0
    """Counts up; the stamp of the latest use of a number."""

    def learn(self, dids: Iterable[Did]) -> None:
        """Takes numbers in, or their new limits; calls under way keep their places."""
        for did in dids:
            state = self.numbers.setdefault(did.id, DidState(did))
            state.did = did
            state.line.limit(did.max_concurrent, did.calls_per_second)
            trunk = self.trunks.setdefault(did.trunk.id, Line())
            trunk.limit(did.trunk.channels, did.trunk.calls_per_second)

    def recall(self, did_id: UUID, day: date, dialed: int) -> None:
        """What a number dialed on ``day`` before this process knew it."""
        state = self.numbers[did_id]
        state.day, state.dialed = day, dialed

    def take(self, candidates: Sequence[UUID], now: float, day: date) -> Did | NoDid:
        """A number for one call, with its place on the trunk; ``give_back`` it when it ends."""
        refusals = []
        for state in self._by_rest(candidates):
            refusal = self._refusal(state, now, day)
            if refusal is None:
                return self._use(state, now, day)
            refusals.append(refusal)
        return min(refusals, key=lambda one: one.until, default=NoDid(Refusal.DID_UNAVAILABLE, inf))

    def _by_rest(self, candidates: Sequence[UUID]) -> list[DidState]:
        known = (self.numbers[did_id] for did_id in candidates if did_id in self.numbers)
        return sorted(known, key=lambda state: state.last_used)

    def _refusal(self, state: DidState, now: float, day: date) -> NoDid | None:
        cap = state.did.daily_cap
        if cap is not None and state.dialed_on(day) >= cap:
            return NoDid(Refusal.DID_DAILY_CAP, inf)
        trunk = self.trunks[state.did.trunk.id]
        for line, busy, rate in (
            (state.line, Refusal.DID_BUSY, Refusal.DID_RATE),
            (trunk, Refusal.TRUNK_CHANNELS, Refusal.TRUNK_RATE),
        ):
            if (until := line.free_at(now)) > now:
                return NoDid(busy if line.full else rate, until)
        return None

    def _use(self, state: DidState, now: float, day: date) -> Did:
        self.uses += 1
        state.last_used = self.uses
        state.dialed = state.dialed_on(day) + 1
        state.day = day
        state.line.take(now)
        self.trunks[state.did.trunk.id].take(now)
        return state.did

    def give_back(self, did: Did) -> None:
        """The call has ended."""
        self.numbers[did.id].line.give_back()
        self.trunks[did.trunk.id].give_back()

    def undo(self, did: Did) -> None:
        """The call was never made: its tokens and its place under the daily cap come back."""
        state = self.numbers[did.id]
        state.dialed = max(0, state.dialed - 1)
        state.line.undo()
        self.trunks[did.trunk.id].undo()
