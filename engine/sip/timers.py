"""One heap for every timer of the user agent.

An owner keeps its live deadlines by name; a heap entry counts only while the owner still states
the same instant, so stopping a timer is forgetting a dictionary key, and the heap is cleaned when
the entry comes up. Instants are seconds on the shell's monotonic clock.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Protocol


class TimerOwner(Protocol):
    @property
    def deadlines(self) -> dict[str, float]: ...

    def expire(self, timer: str, now: float) -> None: ...


class Timers:
    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TimerOwner, str]] = []
        self._count = 0

    def arm(self, owner: TimerOwner, timer: str, when: float) -> None:
        """Start ``timer``, or move it."""
        owner.deadlines[timer] = when
        self._count += 1
        heappush(self._heap, (when, self._count, owner, timer))

    def next(self) -> float | None:
        """When the next live timer is due."""
        heap = self._heap
        while heap and heap[0][2].deadlines.get(heap[0][3]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def expire(self, now: float) -> None:
        """Fire what is due at ``now``, in order."""
        while (when := self.next()) is not None and when <= now:
            _, _, owner, timer = heappop(self._heap)
            del owner.deadlines[timer]
            owner.expire(timer, now)
