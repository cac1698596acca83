"""This process as a node: its id, its renewals, and what it does about nodes that stopped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import structlog

from engine.dial.failure import AWAY
from engine.dial.reaper import Reaper
from engine.store import node

log = structlog.get_logger()

RENEWALS = 3
"""In the time of a lease."""


@dataclass(slots=True)
class Lease:
    pool: asyncpg.Pool
    reaper: Reaper
    name: str
    length: timedelta
    node_id: UUID = field(default_factory=uuid4)
    """New at every start, and when others took this node for dead."""
    in_doubt: bool = False
    """A reply of the database was lost: it may call ours what we do not know of."""
    _doubted_until: float = float("-inf")

    async def begin(self) -> None:
        async with self.pool.acquire() as connection:
            self.node_id = await node.register(connection, self.name)

    async def end(self) -> None:
        async with self.pool.acquire() as connection:
            await node.stop(connection, self.node_id)

    def doubt(self) -> None:
        """For one lease: a statement given up on may still be committed by the server."""
        self.in_doubt = True
        self._doubted_until = asyncio.get_running_loop().time() + self.length.total_seconds()

    def reconciled(self) -> None:
        self.in_doubt = False

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.length.total_seconds() / RENEWALS)
            try:
                async with asyncio.timeout(self.length.total_seconds()):
                    await self._renew()
                    await self._reap()
            except AWAY as problem:
                log.warning("lease_not_renewed", error=repr(problem))
                self.doubt()

    async def _renew(self) -> None:
        async with self.pool.acquire() as connection:
            if not await node.renew(connection, self.node_id):
                log.warning("node_taken_for_dead", node_id=str(self.node_id))
                self.node_id = await node.register(connection, self.name)

    async def _reap(self) -> None:
        """Not within a lease of the database's absence: nobody could renew then."""
        if asyncio.get_running_loop().time() < self._doubted_until:
            self.in_doubt = True
            return
        await self.reaper.reap()
