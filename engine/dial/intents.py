"""The desk where calls ask leave to dial: wishes that come together are committed together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from uuid import UUID

import asyncpg

from engine.clock import Clock
from engine.dial.failure import AWAY
from engine.store import target
from engine.store.pool import Connection
from engine.store.target import CLAIM_LIMIT, Intent

INVITE_WINDOW = 0.08
"""Seconds from asking the database to the INVITE; later, it must not leave. A pause or a cancel
that was answered came after the asking: no INVITE follows its answer by more than this, and by
100 ms with what a machine's scheduler adds."""

PROMPT = 0.04
"""Seconds. A commit that took longer is confirmed by a statement that waits for no disk: the window
is counted from there."""

COMMIT_WINDOW = 0.5
"""Seconds for all of it: far below a lease, so that a process that was stopped in between never
dials what was taken from it."""


@dataclass(frozen=True, slots=True)
class Grant:
    dialed_at: datetime
    """The instant the intent bears in the database."""
    asked: float
    """Monotonic seconds before the intent was sent."""
    confirmed: float
    """Monotonic seconds before the last question whose answer was that it stands."""

    def stands(self, seconds: float) -> bool:
        """Whether the INVITE may still leave."""
        within = seconds - self.asked <= COMMIT_WINDOW
        return within and seconds - self.confirmed <= INVITE_WINDOW


@dataclass(slots=True)
class Wish:
    org_id: UUID
    node_id: UUID
    intent: Intent
    answer: asyncio.Future[Grant | None]


@dataclass(slots=True)
class IntentDesk:
    pool: asyncpg.Pool
    clock: Clock
    _wishes: list[Wish] = field(default_factory=list)
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, org_id: UUID, node_id: UUID, intent: Intent) -> Grant | None:
        """``None``: refused. One of ``AWAY``: nobody knows; the call must not be made."""
        answer: asyncio.Future[Grant | None] = asyncio.get_running_loop().create_future()
        self._wishes.append(Wish(org_id, node_id, intent, answer))
        self._arrival.set()
        return await answer

    async def run(self) -> None:
        while True:
            await self._arrival.wait()
            wishes, self._wishes = self._wishes[:CLAIM_LIMIT], self._wishes[CLAIM_LIMIT:]
            if not self._wishes:
                self._arrival.clear()
            batches: dict[tuple[UUID, UUID], list[Wish]] = defaultdict(list)
            for wish in wishes:
                batches[wish.org_id, wish.node_id].append(wish)
            for (org_id, node_id), batch in batches.items():
                await self._answer(org_id, node_id, batch)

    async def _answer(self, org_id: UUID, node_id: UUID, batch: list[Wish]) -> None:
        batch = [wish for wish in batch if not wish.answer.done()]
        try:
            grants = await self._commit(org_id, node_id, [wish.intent for wish in batch])
        except AWAY as problem:
            for wish in batch:
                if not wish.answer.done():
                    wish.answer.set_exception(problem)
            return
        for wish in batch:
            if not wish.answer.done():
                wish.answer.set_result(grants.get(wish.intent.attempt_id))

    async def _commit(
        self, org_id: UUID, node_id: UUID, intents: list[Intent]
    ) -> dict[UUID, Grant]:
        """Of those that were committed. What no longer stands has one that never does."""
        dialed_at = self.clock.now()
        async with self.pool.acquire(timeout=5) as connection:
            asked = self.clock.monotonic()
            granted = await self._intend(connection, org_id, node_id, intents, dialed_at)
            confirmed, standing = asked, granted
            if granted and self.clock.monotonic() - asked > PROMPT:
                confirmed = self.clock.monotonic()
                standing = await target.still_intended(
                    connection, org_id, node_id, intents, dialed_at=dialed_at, now=self.clock.now()
                )
        return {
            attempt_id: Grant(dialed_at, asked, confirmed if attempt_id in standing else -inf)
            for attempt_id in granted
        }

    async def _intend(
        self,
        connection: Connection,
        org_id: UUID,
        node_id: UUID,
        intents: Sequence[Intent],
        dialed_at: datetime,
    ) -> set[UUID]:
        try:
            return await target.intend(connection, org_id, node_id, intents, now=dialed_at)
        except asyncpg.UniqueViolationError:
            if len(intents) == 1:
                return set()
        alone = [
            await self._intend(connection, org_id, node_id, [intent], dialed_at)
            for intent in intents
        ]
        return set().union(*alone)
