from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from engine.dial import Gate, Verdict, gates
from engine.dial.snapshot import Run
from engine.program.calling_hours import CallingClock, CallingHours
from engine.program.contact_rules import ContactRules, Standing
from engine.program.did_pool import NoDid, Refusal
from engine.program.execution import Status
from engine.program.pacing import Line, TokenBucket
from engine.program.pause_windows import Calendar
from engine.program.retry import NoRetry
from engine.store.target import Claimed
from flows import compile_flow
from tests.campaign import GRAPH
from tests.campaign import MONDAY_MORNING as NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def run() -> Run:
    return Run(
        id=uuid4(),
        org_id=uuid4(),
        program_id=None,
        flow_id=uuid4(),
        flow_version=1,
        flow=compile_flow(GRAPH),
        status=Status.RUNNING,
        strategy=NoRetry(type="none"),
        calendar=Calendar(ZoneInfo("UTC"), dated=((NOW + HOUR, NOW + 2 * HOUR),)),
        start_at=NOW,
        stop_at=NOW + 9 * HOUR,
        did_ids=(),
        concurrent_calls=None,
    )


def test_all_gates_stand_open_for_a_due_contact(run: Run) -> None:
    verdicts = list(gates.standing(run, NOW, NOW))
    assert [one.gate for one in verdicts] == [
        Gate.EXECUTION,
        Gate.SCHEDULE,
        Gate.PAUSE_WINDOW,
        Gate.DUE,
    ]
    assert all(one.open for one in verdicts)


def test_each_gate_names_its_reason_and_the_next_instant(run: Run) -> None:
    paused = replace(run, status=Status.PAUSED)
    assert gates.execution(paused) == Verdict(Gate.EXECUTION, "execution_paused")
    early = gates.schedule(run, NOW - HOUR)
    assert early == Verdict(Gate.SCHEDULE, "not_started", NOW)
    assert gates.schedule(run, NOW + 9 * HOUR) == Verdict(Gate.SCHEDULE, "past_stop")
    closed = gates.pause_window(run, NOW + HOUR)
    assert closed == Verdict(Gate.PAUSE_WINDOW, "pause_window", NOW + 2 * HOUR)
    assert gates.due(None, NOW) == Verdict(Gate.DUE, "nobody_waits")
    assert gates.due(NOW + HOUR, NOW) == Verdict(Gate.DUE, "not_due", NOW + HOUR)


def claimed(number: str = "+12125550100", **attributes: object) -> Claimed:
    return Claimed(uuid4(), uuid4(), uuid4(), 0, (), number, {}, attributes, False)


def test_a_contact_is_gated_by_its_own_wall(run: Run) -> None:
    assert all(one.open for one in gates.personal(run, claimed(), Standing(), NOW))
    nine_to_five = {"monday": [{"startAt": {"hour": 9}, "endAt": {"hour": 17}}]}
    for end in nine_to_five["monday"][0].values():
        end["minute"] = 0
    hours = CallingHours.model_validate(nine_to_five | {"withoutCommonHour": "skip"})
    gated = replace(run, calling_clock=CallingClock(hours, ZoneInfo("UTC"), "MA"))
    *before, closed, line = gates.personal(gated, claimed(), Standing(), NOW)
    assert all(one.open for one in (*before, line))
    assert closed == Verdict(Gate.CALLING_HOURS, "calling_hours", NOW + 4 * HOUR)
    assert gates.calling_hours(gated, "+12125550100", {}, NOW + 4 * HOUR).open
    nowhere = gates.calling_hours(gated, "+881612345678", {}, NOW)
    assert nowhere == Verdict(Gate.CALLING_HOURS, "no_calling_hours", final=True)
    gone = gates.contact(replace(claimed(), deleted=True))
    assert gone == Verdict(Gate.CONTACT, "contact_deleted", final=True)


def test_what_a_number_s_owner_said_is_a_gate(run: Run) -> None:
    barred = Standing(do_not_call=True)
    assert gates.do_not_call(barred) == Verdict(Gate.DO_NOT_CALL, "do_not_call", final=True)
    asks = ContactRules(consentRequired=True, hoursBetween=24)
    assert gates.consent(asks, Standing()) == Verdict(Gate.CONSENT, "no_consent", final=True)
    assert gates.consent(asks, Standing(consented=True)).open
    called = Standing(calls=(NOW - HOUR,))
    waits = Verdict(Gate.FREQUENCY, "hours_between", NOW + 23 * HOUR)
    assert gates.frequency(asks, called, NOW) == waits
    busy = gates.line(Standing(in_call=True), NOW)
    assert busy == Verdict(Gate.LINE, "in_call", NOW + timedelta(seconds=30))
    order = [one.gate for one in gates.personal(run, claimed(), Standing(), NOW)]
    assert order == [
        Gate.CONTACT,
        Gate.DO_NOT_CALL,
        Gate.CONSENT,
        Gate.FREQUENCY,
        Gate.CALLING_HOURS,
        Gate.LINE,
    ]


def test_lines_tell_when_they_are_free(run: Run) -> None:
    full = Line(channels=1, in_use=1)
    assert gates.plan(full) == Verdict(Gate.PLAN, "plan_concurrent_calls")
    assert gates.process(full, 5.0, NOW) == Verdict(Gate.PROCESS, "process_calls")
    slow = Line(bucket=TokenBucket.full(1.0))
    slow.take(5.0)
    waits = gates.process(slow, 5.0, NOW)
    assert waits.reason == "process_rate"
    assert waits.until is not None
    assert timedelta(seconds=0.99) < waits.until - NOW <= timedelta(seconds=1)


def test_a_number_and_its_trunk_are_two_gates() -> None:
    capped = gates.did(NoDid(Refusal.DID_DAILY_CAP, inf), 5.0, NOW)
    assert capped == Verdict(Gate.DID, "did_daily_cap")
    paced = gates.did(NoDid(Refusal.TRUNK_RATE, 5.5), 5.0, NOW)
    assert paced == Verdict(Gate.TRUNK, "trunk_rate", NOW + timedelta(seconds=0.5))
