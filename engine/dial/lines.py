"""Who may speak at once: the places a call takes at the organization, the process, the number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.dial import gates
from engine.dial.gates import Verdict
from engine.dial.snapshot import Run, Snapshot
from engine.program.attempt import Did
from engine.program.did_pool import DidPool, NoDid
from engine.program.pacing import Line


@dataclass(slots=True)
class Lines:
    process: Line
    pool: DidPool = field(default_factory=DidPool)
    organizations: dict[UUID, Line] = field(default_factory=dict)

    def learn(self, snapshot: Snapshot) -> None:
        """New limits hold from now on; calls under way keep their places."""
        self.pool.learn(snapshot.dids.values())
        for run in snapshot.runs.values():
            self.organizations.setdefault(run.org_id, Line()).limit(run.concurrent_calls, None)

    def unknown(self, dids: Iterable[Did]) -> list[UUID]:
        """Numbers with a daily cap that this process has not met before."""
        return [
            did.id for did in dids if did.daily_cap is not None and did.id not in self.pool.numbers
        ]

    def take(self, run: Run, seconds: float, now: datetime) -> Did | Verdict:
        """All places of one call, or what refuses it. Days are those of the run's zone."""
        organization = self.organizations[run.org_id]
        for verdict in (gates.plan(organization), gates.process(self.process, seconds, now)):
            if not verdict.open:
                return verdict
        day = now.astimezone(run.calendar.zone).date()
        taken = self.pool.take(run.did_ids, seconds, day)
        if isinstance(taken, NoDid):
            return gates.did(taken, seconds, now)
        organization.take(seconds)
        self.process.take(seconds)
        return taken

    def give_back(self, org_id: UUID, did: Did) -> None:
        """The call has ended."""
        self.organizations[org_id].give_back()
        self.process.give_back()
        self.pool.give_back(did)

    def undo(self, org_id: UUID, did: Did) -> None:
        """The call was never made."""
        self.organizations[org_id].undo()
        self.process.undo()
        self.pool.undo(did)
