"""One call at the dialer: the places it holds, and how far its intent came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from engine.dial.intents import Grant
from engine.dial.outbox import ContactKey
from engine.dial.snapshot import Run
from engine.program.attempt import Attempt
from engine.program.outcome import Result
from engine.store.target import Intent


class Stage(Enum):
    CLAIMED = auto()
    """Leave to dial was not asked for yet."""
    ASKING = auto()
    """The database knows, or not. Whatever ends the call here leaves that to ``reconcile``."""
    REFUSED = auto()
    DIALING = auto()
    """Committed and told in time: the INVITE has left."""
    LATE = auto()
    """Committed and told too late: no INVITE left."""


@dataclass(slots=True)
class Call:
    run: Run
    attempt: Attempt
    results: tuple[Result, ...]
    """Of the earlier attempts."""
    node_id: UUID
    """The node that claimed it; this process may have become another one since."""
    stage: Stage = Stage.CLAIMED
    grant: Grant | None = None
    hung_up: bool = False
    """Its execution was cancelled, and its live calls with it."""

    @property
    def key(self) -> ContactKey:
        return self.attempt.execution_id, self.attempt.contact_id

    @property
    def intent(self) -> Intent:
        attempt = self.attempt
        return Intent(
            attempt_id=attempt.id,
            execution_id=attempt.execution_id,
            contact_id=attempt.contact_id,
            number=attempt.number,
            did_id=attempt.did.id,
            trunk_id=attempt.did.trunk.id,
            from_number=attempt.did.number,
            to_number=attempt.to_number,
        )
