"""How a call and its flow ended, as one outcome (pure).

========================  ==================================================================
what happened             result
========================  ==================================================================
the intent was withdrawn  ``cancelled``: nobody was rung
nobody answered           as the signalling says, whatever the flow did afterwards
a machine answered        ``voicemail``, however far the message came
the flow broke            ``failed`` / ``flow_error``, the operator's fault, never retried
a limit ended the flow    ``failed`` / ``limit_…``, likewise
the callee left early     ``answered``
the flow came to its end  ``completed``
========================  ==================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.program.outcome import AnsweredBy, Cause, Fault, Milestones, Outcome, Result
from flows import Ending, EndingKind

NORMAL = Cause("normal_clearing", Fault.NONE, q850=16)
WITHDRAWN = Cause("withdrawn", Fault.NONE)
NEVER_DIALED = Cause("flow_never_dialed", Fault.OPERATOR, permanent=True)


@dataclass(frozen=True, slots=True)
class Reached:
    """What the signalling of a call came to."""

    result: Result | None
    """Why nobody answered; ``None``: somebody did."""
    cause: Cause
    """Of the failure, or of the end of the answered call."""
    answered_by: AnsweredBy = AnsweredBy.NONE


def conclude(ending: Ending, reached: Reached | None, milestones: Milestones) -> Outcome:
    """``reached`` is ``None`` where the flow ended without a dial."""
    result, cause = _weigh(ending, reached)
    answered_by = reached.answered_by if reached else AnsweredBy.NONE
    return Outcome(result, cause, milestones, answered_by)


def _weigh(ending: Ending, reached: Reached | None) -> tuple[Result, Cause]:
    if reached is not None and reached.result is not None:
        return reached.result, reached.cause
    match ending.kind:
        case EndingKind.FLOW_ERROR:
            return Result.FAILED, _flow_cause("flow_error", ending.detail)
        case EndingKind.LIMIT:
            return Result.FAILED, _flow_cause(f"limit_{ending.detail}", None)
    if reached is None:
        return Result.FAILED, NEVER_DIALED
    if reached.answered_by is AnsweredBy.MACHINE:
        return Result.VOICEMAIL, reached.cause
    if ending.kind is EndingKind.HUNG_UP:
        return Result.ANSWERED, reached.cause
    return Result.COMPLETED, NORMAL


def _flow_cause(code: str, detail: str | None) -> Cause:
    return Cause(code, Fault.OPERATOR, permanent=True, detail=detail)
