"""What a contact must pass before its number is dialed, in order (pure).

Each gate answers yes, or no with a reason and the next instant worth asking. The dialer asks until
the first no; who asks why a contact is not called now gets them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isinf

from engine.dial.snapshot import Run
from engine.program.contact_rules import ContactRules, Standing, rest
from engine.program.did_pool import NoDid, Refusal
from engine.program.execution import Status
from engine.program.pacing import Line
from engine.store.target import Claimed

IN_CALL_REST = timedelta(seconds=30)
"""Of a contact that another execution talks to."""


class Gate(StrEnum):
    EXECUTION = "execution"
    SCHEDULE = "schedule"
    PAUSE_WINDOW = "pause_window"
    CONTACT = "contact"
    DO_NOT_CALL = "do_not_call"
    CONSENT = "consent"
    FREQUENCY = "frequency"
    CALLING_HOURS = "calling_hours"
    LINE = "line"
    DUE = "due"
    PLAN = "plan"
    PROCESS = "process"
    DID = "did"
    TRUNK = "trunk"


@dataclass(frozen=True, slots=True)
class Verdict:
    gate: Gate
    reason: str | None = None
    """snake_case; ``None``: open."""
    until: datetime | None = None
    """Worth asking again then; ``None``: when something else happens (a call ends, somebody
    resumes)."""
    final: bool = False
    """No instant will help: the contact is skipped for this reason."""

    @property
    def open(self) -> bool:
        return self.reason is None


def standing(run: Run, due_at: datetime | None, now: datetime) -> Iterator[Verdict]:
    """The gates that hang on the calendar alone."""
    yield execution(run)
    yield schedule(run, now)
    yield pause_window(run, now)
    yield due(due_at, now)


def execution(run: Run) -> Verdict:
    if run.status in (Status.RUNNING, Status.SCHEDULED):
        return Verdict(Gate.EXECUTION)
    return Verdict(Gate.EXECUTION, f"execution_{run.status}")


def schedule(run: Run, now: datetime) -> Verdict:
    if now < run.start_at:
        return Verdict(Gate.SCHEDULE, "not_started", run.start_at)
    if run.stop_at is not None and now >= run.stop_at:
        return Verdict(Gate.SCHEDULE, "past_stop")
    return Verdict(Gate.SCHEDULE)


def pause_window(run: Run, now: datetime) -> Verdict:
    until = run.calendar.closed_until(now)
    return Verdict(Gate.PAUSE_WINDOW, None if until is None else "pause_window", until)


def personal(run: Run, claimed: Claimed, standing: Standing, now: datetime) -> Iterator[Verdict]:
    """The gates that hang on who is called; asked of a contact that a node holds."""
    yield contact(claimed)
    yield do_not_call(standing)
    yield consent(run.contact_rules, standing)
    yield frequency(run.contact_rules, standing, now)
    yield calling_hours(run, claimed.to_number, claimed.attributes, now)
    yield line(standing, now)


def contact(claimed: Claimed) -> Verdict:
    """Deleted after the launch?"""
    if claimed.deleted:
        return Verdict(Gate.CONTACT, "contact_deleted", final=True)
    return Verdict(Gate.CONTACT)


def do_not_call(standing: Standing) -> Verdict:
    if standing.do_not_call:
        return Verdict(Gate.DO_NOT_CALL, "do_not_call", final=True)
    return Verdict(Gate.DO_NOT_CALL)


def consent(rules: ContactRules, standing: Standing) -> Verdict:
    if rules.consent_required and not standing.consented:
        return Verdict(Gate.CONSENT, "no_consent", final=True)
    return Verdict(Gate.CONSENT)


def frequency(rules: ContactRules, standing: Standing, now: datetime) -> Verdict:
    rests = rest(rules, standing, now)
    return Verdict(Gate.FREQUENCY) if rests is None else Verdict(Gate.FREQUENCY, *rests)


def line(standing: Standing, now: datetime) -> Verdict:
    """Never two calls to a number at once. Nobody knows when the other ends."""
    if standing.in_call:
        return Verdict(Gate.LINE, "in_call", now + IN_CALL_REST)
    return Verdict(Gate.LINE)


def calling_hours(
    run: Run, number: str, attributes: Mapping[str, object], now: datetime
) -> Verdict:
    """``number`` in E.164, ``attributes`` by slug."""
    if run.calling_clock is None:
        return Verdict(Gate.CALLING_HOURS)
    opens = run.calling_clock.next_open(number, attributes, now)
    if opens is None:
        return Verdict(Gate.CALLING_HOURS, "no_calling_hours", final=True)
    if opens > now:
        return Verdict(Gate.CALLING_HOURS, "calling_hours", opens)
    return Verdict(Gate.CALLING_HOURS)


def due(due_at: datetime | None, now: datetime) -> Verdict:
    """``None``: nobody waits."""
    if due_at is None:
        return Verdict(Gate.DUE, "nobody_waits")
    return Verdict(Gate.DUE) if due_at <= now else Verdict(Gate.DUE, "not_due", due_at)


def plan(line: Line) -> Verdict:
    return Verdict(Gate.PLAN, "plan_concurrent_calls" if line.full else None)


def process(line: Line, seconds: float, now: datetime) -> Verdict:
    """``seconds``: the monotonic reading of ``now``."""
    free_at = line.free_at(seconds)
    if free_at <= seconds:
        return Verdict(Gate.PROCESS)
    reason = "process_calls" if line.full else "process_rate"
    return Verdict(Gate.PROCESS, reason, _instant(free_at, seconds, now))


def did(refused: NoDid, seconds: float, now: datetime) -> Verdict:
    trunk = refused.reason in (Refusal.TRUNK_CHANNELS, Refusal.TRUNK_RATE)
    return Verdict(
        Gate.TRUNK if trunk else Gate.DID,
        refused.reason,
        _instant(refused.until, seconds, now),
    )


def _instant(at: float, seconds: float, now: datetime) -> datetime | None:
    return None if isinf(at) else now + timedelta(seconds=at - seconds)
