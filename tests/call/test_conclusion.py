"""Every way a call can end, and the outcome it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.call.conclusion import NEVER_DIALED, NORMAL, WITHDRAWN, Reached, conclude
from engine.program.outcome import AnsweredBy, Cause, Fault, Milestones, Result
from engine.sip import NORMAL_CLEARING, RING_TIMEOUT
from flows import Ending, EndingKind

BUSY = Cause("user_busy", Fault.CALLEE, sip_status=486)
LEFT = Cause("normal_clearing", Fault.NONE, q850=16)
COMPLETED = Ending(EndingKind.COMPLETED)
HUNG_UP = Ending(EndingKind.HUNG_UP)
BROKEN = Ending(EndingKind.FLOW_ERROR, "audio_missing")
ENDLESS = Ending(EndingKind.LIMIT, "steps")
HUMAN = Reached(None, NORMAL_CLEARING, AnsweredBy.HUMAN)
LEAVING = Reached(None, LEFT, AnsweredBy.UNKNOWN)
MACHINE = Reached(None, NORMAL_CLEARING, AnsweredBy.MACHINE)
NOBODY = Reached(Result.BUSY, BUSY)
RANG_OUT = Reached(Result.NO_ANSWER, RING_TIMEOUT)
NOT_RUNG = Reached(Result.CANCELLED, WITHDRAWN)
FLOW_ERROR = Cause("flow_error", Fault.OPERATOR, permanent=True, detail="audio_missing")
LIMIT = Cause("limit_steps", Fault.OPERATOR, permanent=True)


@pytest.mark.parametrize(
    ("ending", "reached", "result", "cause"),
    [
        (COMPLETED, HUMAN, Result.COMPLETED, NORMAL),
        (COMPLETED, MACHINE, Result.VOICEMAIL, NORMAL_CLEARING),
        (COMPLETED, NOBODY, Result.BUSY, BUSY),
        (COMPLETED, RANG_OUT, Result.NO_ANSWER, RING_TIMEOUT),
        (COMPLETED, NOT_RUNG, Result.CANCELLED, WITHDRAWN),
        (COMPLETED, None, Result.FAILED, NEVER_DIALED),
        (HUNG_UP, LEAVING, Result.ANSWERED, LEFT),
        (HUNG_UP, MACHINE, Result.VOICEMAIL, NORMAL_CLEARING),
        (BROKEN, HUMAN, Result.FAILED, FLOW_ERROR),
        (BROKEN, MACHINE, Result.FAILED, FLOW_ERROR),
        (BROKEN, NOBODY, Result.BUSY, BUSY),
        (BROKEN, None, Result.FAILED, FLOW_ERROR),
        (ENDLESS, HUMAN, Result.FAILED, LIMIT),
        (ENDLESS, RANG_OUT, Result.NO_ANSWER, RING_TIMEOUT),
        (ENDLESS, None, Result.FAILED, LIMIT),
    ],
)
def test_an_ending_becomes_its_outcome(
    ending: Ending, reached: Reached | None, result: Result, cause: Cause
) -> None:
    milestones = Milestones(dialed_at=datetime(2026, 3, 1, tzinfo=UTC))
    outcome = conclude(ending, reached, milestones)
    assert (outcome.result, outcome.cause) == (result, cause)
    assert outcome.milestones is milestones
    assert outcome.answered_by is (reached.answered_by if reached else AnsweredBy.NONE)


@pytest.mark.parametrize("kind", EndingKind)
@pytest.mark.parametrize("reached", [HUMAN, MACHINE, NOBODY, NOT_RUNG, None])
def test_who_broke_it_is_never_left_open(kind: EndingKind, reached: Reached | None) -> None:
    """A failure names its fault; what an operator must mend first is never retried."""
    outcome = conclude(Ending(kind, "detail"), reached, Milestones())
    if outcome.result is Result.FAILED:
        assert outcome.cause.fault is Fault.OPERATOR
        assert outcome.cause.permanent
