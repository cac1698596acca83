"""The table of causes."""

from __future__ import annotations

import re

import pytest

from engine.program.outcome import Fault, Result
from engine.sip import cause
from engine.sip.headers import Reason
from flows.effects import DialResult


@pytest.mark.parametrize(
    ("status", "q850", "result", "code", "fault", "permanent"),
    [
        (486, None, Result.BUSY, "user_busy", Fault.CALLEE, False),
        (600, None, Result.BUSY, "user_busy", Fault.CALLEE, False),
        (480, None, Result.NO_ANSWER, "temporarily_unavailable", Fault.CALLEE, False),
        (480, 19, Result.NO_ANSWER, "no_answer", Fault.CALLEE, False),
        (408, None, Result.NO_ANSWER, "no_user_response", Fault.CALLEE, False),
        (603, None, Result.REJECTED, "call_rejected", Fault.CALLEE, False),
        (403, None, Result.FAILED, "forbidden", Fault.CARRIER, False),
        (403, 21, Result.REJECTED, "call_rejected", Fault.CALLEE, False),
        (404, None, Result.FAILED, "unallocated_number", Fault.CALLEE, True),
        (404, 3, Result.FAILED, "no_route_destination", Fault.CARRIER, False),
        (503, 16, Result.FAILED, "service_unavailable", Fault.CARRIER, False),
        (503, 34, Result.FAILED, "no_circuit_available", Fault.CARRIER, False),
        (302, None, Result.FAILED, "redirected", Fault.CARRIER, False),
        (499, None, Result.FAILED, "request_failed", Fault.CARRIER, False),
        (599, 127, Result.FAILED, "server_failed", Fault.CARRIER, False),
        (699, None, Result.REJECTED, "declined_everywhere", Fault.CALLEE, False),
    ],
)
def test_response(
    status: int, q850: int | None, result: Result, code: str, fault: Fault, permanent: bool
) -> None:
    reasons = [Reason("SIP", 200)] + ([Reason("Q.850", q850)] if q850 else [])
    got, why = cause.of_response(status, reasons)
    assert (got, why.code, why.fault, why.permanent) == (result, code, fault, permanent)
    assert (why.sip_status, why.q850) == (status, q850)


def test_bye() -> None:
    assert cause.of_bye([]) == cause.NORMAL_CLEARING
    assert cause.of_bye([Reason("Q.850", 16)]).code == "normal_clearing"
    assert cause.of_bye([Reason("Q.850", 41)]).fault is Fault.CARRIER


def test_ours() -> None:
    assert cause.result_of(cause.RING_TIMEOUT) is Result.NO_ANSWER
    assert cause.result_of(cause.CANCELLED) is Result.CANCELLED
    assert cause.result_of(cause.SIP_TIMEOUT) is Result.FAILED


def test_every_result_has_an_output_of_the_dial_node() -> None:
    assert {cause.dial_result(result) for result in Result} == set(DialResult)
    assert cause.dial_result(Result.CANCELLED) is DialResult.ERROR


def test_rows_are_consistent() -> None:
    rows = [*cause.BY_STATUS.values(), *cause.BY_CLASS.values(), *cause.BY_Q850.values()]
    assert all(row.fault is Fault.CALLEE for row in rows if row.permanent)
    by_code: dict[str, Result] = {}
    for row in rows:
        assert by_code.setdefault(row.code, row.result) is row.result


@pytest.mark.parametrize("status", cause.BY_STATUS)
def test_every_status_names_its_row(status: int) -> None:
    row = cause.BY_STATUS[status]
    got, why = cause.of_response(status)
    assert (got, why.code, why.fault, why.permanent) == row
    assert (why.sip_status, why.q850) == (status, None)


@pytest.mark.parametrize("q850", cause.BY_Q850)
def test_every_q850_cause_says_more_than_any_status(q850: int) -> None:
    for status in cause.BY_STATUS:
        got, why = cause.of_response(status, [Reason("Q.850", q850)])
        assert (got, why.code, why.fault, why.permanent) == cause.BY_Q850[q850]


@pytest.mark.parametrize("q850", [16, 31, 127])
def test_causes_that_say_nothing_leave_the_status_its_word(q850: int) -> None:
    assert q850 not in cause.BY_Q850
    for status in cause.BY_STATUS:
        assert cause.of_response(status, [Reason("Q.850", q850)])[1].code == (
            cause.BY_STATUS[status].code
        )


@pytest.mark.parametrize("status", range(300, 700))
def test_every_final_status_has_a_result(status: int) -> None:
    result, why = cause.of_response(status)
    assert result in (Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.FAILED)
    assert why.fault is not Fault.NONE


def test_every_code_is_a_word_of_its_kind() -> None:
    rows = [*cause.BY_STATUS.values(), *cause.BY_CLASS.values(), *cause.BY_Q850.values()]
    codes = {row.code for row in rows} | {ours.code for ours in cause.OURS}
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", code) for code in codes)
    assert len({ours.code for ours in cause.OURS}) == len(cause.OURS)


def test_what_is_permanent_or_our_own_fault_is_not_worth_a_retry() -> None:
    rows = [*cause.BY_STATUS.values(), *cause.BY_Q850.values()]
    for row in rows:
        assert row.retry_worthy is not (row.permanent or row.fault in (Fault.US, Fault.OPERATOR))
    assert cause.BY_STATUS[503].retry_worthy
    assert not cause.BY_STATUS[404].retry_worthy
    assert not cause.BY_STATUS[401].retry_worthy
