"""What runs, and when (pure): time is an argument, nothing is looked up, nothing is written.

- ``execution``      one run of a program: its life as a table, its counters
- ``pause_windows``  weekly and dated windows on the wall of a zone → ``Calendar``
- ``calling_hours``  when a number may ring, on the walls of all zones it may lie in
- ``contact_rules``  how often one number may be called, by all programs together
- ``retry``          ``decide``: what a call's outcome means for its contact
- ``auto_pause``     rules over how often a node was entered;  ``trigger``  dates of live programs
- ``pacing``         token buckets and lines;  ``did_pool``  which number a call leaves from
- ``attempt``        all a call needs before it rings;  ``outcome``, ``report``  what it leaves

``PauseWindows``, ``RetryStrategy``, ``AutoPauseRule``, ``TriggerCondition`` and
``CallRequestRetry`` are the shapes of the wire too. Imported by every layer above; imports
``flows``, ``engine.org`` and ``engine.errors`` alone.
"""

from engine.program.attempt import Attempt, Did, Trunk
from engine.program.auto_pause import AutoPauseRule, NodeEntries
from engine.program.calling_hours import CallingClock, CallingHours
from engine.program.contact_rules import ContactRules, Said, Standing
from engine.program.did_pool import DidPool, NoDid, Refusal
from engine.program.execution import Counters, Event, Status, Verdict, transition
from engine.program.outcome import AnsweredBy, Cause, Fault, Milestones, Outcome, Result
from engine.program.pacing import Line, TokenBucket
from engine.program.pause_windows import Calendar, PauseWindows
from engine.program.report import CallEvent, CallReport, Recording
from engine.program.retry import (
    CallRequestRetry,
    Done,
    RetryAt,
    RetryStrategies,
    RetryStrategy,
    decide,
    strategy_of_request,
)
from engine.program.trigger import TriggerCondition

__all__ = [
    "AnsweredBy",
    "Attempt",
    "AutoPauseRule",
    "Calendar",
    "CallEvent",
    "CallReport",
    "CallRequestRetry",
    "CallingClock",
    "CallingHours",
    "Cause",
    "ContactRules",
    "Counters",
    "Did",
    "DidPool",
    "Done",
    "Event",
    "Fault",
    "Line",
    "Milestones",
    "NoDid",
    "NodeEntries",
    "Outcome",
    "PauseWindows",
    "Recording",
    "Refusal",
    "Result",
    "RetryAt",
    "RetryStrategies",
    "RetryStrategy",
    "Said",
    "Standing",
    "Status",
    "TokenBucket",
    "TriggerCondition",
    "Trunk",
    "Verdict",
    "decide",
    "strategy_of_request",
    "transition",
]
