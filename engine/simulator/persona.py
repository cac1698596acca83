"""Who answers at which number: the last two digits of the called number say it all.

======  ================================================================================
digits  what happens
======  ================================================================================
``0d``  answers, waits until the prompt falls silent, presses ``d``; talks after a beep
``1d``  answers, says nothing, presses nothing, and hangs up after 60 seconds
``2d``  an answering machine: a greeting, a beep, then silence
``3d``  rings until the caller gives up; with ``d`` > 0 only the first ``d`` calls
``4d``  is busy (486); with ``d`` > 0 only the first ``d`` calls
``5d``  declines (603); with ``d`` > 0 only the first ``d`` calls
``6d``  the carrier has no route now (503); with ``d`` > 0 only the first ``d`` calls
``7d``  answers and hangs up after ``d`` seconds, in mid sentence
``8d``  there is no such number (404)
``9d``  answers after ``d`` seconds of early media (183), then as ``01``
======  ================================================================================

Where only the first calls go wrong, the next ones are answered as ``01``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Human:
    key: str | None
    """Pressed once the prompt has fallen silent; ``None``: never."""
    early_media_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Greets for some seconds, beeps, and listens."""


@dataclass(frozen=True, slots=True)
class Deserter:
    """Answers and leaves."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class RingsOut:
    pass


@dataclass(frozen=True, slots=True)
class Refuses:
    status: int
    reason: str


Persona: TypeAlias = Human | Machine | Deserter | RingsOut | Refuses

NOBODY: Final = Refuses(404, "Not Found")

_AT_FIRST: dict[str, Persona] = {
    "3": RingsOut(),
    "4": Refuses(486, "Busy Here"),
    "5": Refuses(603, "Decline"),
    "6": Refuses(503, "Service Unavailable"),
}


def persona(number: str, calls_before: int) -> Persona:
    """Who takes the call to ``number`` (digits, E.164 or any) after so many earlier ones to it."""
    last = number[-2:].rjust(2, "0")
    if not (last.isascii() and last.isdecimal()):
        return NOBODY
    kind, detail = last[0], last[1]
    match kind:
        case "0":
            return Human(key=detail)
        case "1":
            return Human(key=None)
        case "2":
            return Machine()
        case "7":
            return Deserter(after_seconds=float(detail))
        case "8":
            return NOBODY
        case "9":
            return Human(key="1", early_media_seconds=float(detail))
        case _:
            recovered = detail != "0" and calls_before >= int(detail)
            return Human(key="1") if recovered else _AT_FIRST[kind]
