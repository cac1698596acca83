"""One tick serves all calls.

Streams are spread over phases within the packet time (``media.phase``), so that none waits for a
thousand others. The tick runs in the event loop.

Measured by ``benchmarks/media.py`` on two cores that others were using too, CPU per packet sent
beside a bare Python loop of ``send`` over as many connected sockets in as many phases: 1.4 to 1.7
times it at 500 and 1,000 calls, 2 times at 200 (beyond 1,000 not even the bare loop kept its pace
there). The engine's own share is 1.1 us (vector operations, a gather of frames, the loop around
``send``); the rest is the kernel's, and cold caches after each wake-up. A packet that somebody
listens to costs 2.4 to 3.2 times a bare ``epoll`` and ``recv``, one that the kernel filter drops
0.1 to 0.4 times.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from media.phase import Phase, Report

PHASES: Final = 5
"""In each packet time: one every 4 ms at 20 ms. Each costs a wake-up of the loop and two dozen
vector operations; 500 calls cost a tenth less with 5 than with 10."""
_EARLY: Final = 0.0005
"""A timer of millisecond resolution may fire this much before its instant."""


class Ticker:
    """The phases of every packet time in use, and the one timer that runs them in turn."""

    def __init__(self, counters: Counter[str], report: Report, *, phases: int = PHASES) -> None:
        self._counters = counters
        self._report = report
        self._count = phases
        self._phases: dict[int, list[Phase]] = {}
        self._clock: Callable[[], float] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0

    @property
    def lag(self) -> float:
        """Seconds by which the worst of the phases' last ticks was late."""
        return max((phase.lateness for phase in self._busy()), default=0.0)

    def phase(self, ptime_ms: int) -> Phase:
        """The phase of that packet time with the fewest rows."""
        if ptime_ms not in self._phases:
            self._phases[ptime_ms] = [
                Phase(ptime_ms, ptime_ms / 1000 * n / self._count, self._counters, self._report)
                for n in range(self._count)
            ]
        return min(self._phases[ptime_ms], key=_rows)

    def run_tick(self, now: float) -> None:
        """Serve every phase that is due; ``now`` in monotonic seconds."""
        for phase in sorted(self._busy(), key=_due):
            if phase.due <= now + _EARLY:
                phase.tick(now)

    def start(self, clock: Callable[[], float]) -> None:
        """Tick in the running event loop by that clock."""
        self._clock = clock
        self.wake()

    def wake(self) -> None:
        """There is a row to serve: set the timer, if it does not run out before."""
        phase = min(self._busy(), key=_due, default=None)
        if self._clock is None or phase is None:
            return
        if self._timer is not None:
            if self._timer_due <= phase.due:
                return
            self._timer.cancel()
        # Relative to our own clock: uvloop keeps its time in whole milliseconds, and stale.
        delay = max(0.0, phase.due - self._clock())
        self._timer_due = phase.due
        self._timer = asyncio.get_running_loop().call_later(delay, self._fire)

    def stop(self) -> None:
        self._clock = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self.stop()
        for phases in self._phases.values():
            for phase in phases:
                phase.close()

    def _fire(self) -> None:
        """Serve the one phase that is due first, and let the loop breathe before the next."""
        self._timer = None
        phase = min(self._busy(), key=_due, default=None)
        if phase is None or self._clock is None:
            return
        now = self._clock()
        try:
            if phase.due <= now + _EARLY:
                phase.tick(now)
        finally:
            self.wake()

    def _busy(self) -> list[Phase]:
        return [phase for phases in self._phases.values() for phase in phases if phase.rows]


def _rows(phase: Phase) -> int:
    return len(phase.rows)


def _due(phase: Phase) -> float:
    return phase.due
