"""What a call tells its owner, in the order it happened.

::

    outgoing   Progress*  →  Answered  →  (Updated | ChangeRefused | KeyPressed)*  →  Ended
                          └→  Failed                                  └ also without Answered
    incoming   Answered (its ACK came)  →  (Updated | ChangeRefused | KeyPressed)*  →  Ended

``Failed`` and ``Ended`` are last; exactly one of them comes. An outgoing call that is cancelled
ends in ``Failed`` with the cause the canceller gave, or, where the answer crossed our CANCEL on
its way, in ``Ended`` by ``local`` with that cause: the callee was hung up on at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from engine.program.outcome import Cause, Result
from engine.sip.sdp import RemoteMedia

Side: TypeAlias = Literal["remote", "local"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional response above 100; with ``sdp`` there may be early media."""

    status: int
    reason: str
    sdp: RemoteMedia | None = None
    fork: str = field(default="", compare=False)
    """Who says it, where a proxy rings several phones: the To tag."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Both sides know each other's media and the call is up."""

    sdp: RemoteMedia


@dataclass(frozen=True, slots=True)
class Updated:
    """A re-INVITE or UPDATE of either side was accepted; ``sdp.on_hold`` tells hold and resume."""

    sdp: RemoteMedia


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """Our hold, resume or change was refused: everything stays as it was."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key by SIP INFO."""

    key: str
    """One of ``0-9 * # A-D``."""
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The call never came up."""

    status: int | None
    """The final SIP status; ``None`` where none came."""
    reason: str
    cause: Cause
    result: Result


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over; ``by`` says who hung up."""

    by: Side
    cause: Cause


CallEvent: TypeAlias = Progress | Answered | Updated | ChangeRefused | KeyPressed | Failed | Ended
