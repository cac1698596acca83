"""A switchboard and a simulated carrier on loopback, for tests that place real calls."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.program.report import CallReport
from engine.simulator import Carrier
from tests.call.switchboard import Switchboard, switchboard


class Exchange:
    def __init__(self, board: Switchboard, carrier: tuple[str, int], record: io.StringIO) -> None:
        self.board, self.clips, self.folder = board, board.clips, board.folder
        self._carrier, self._record = carrier, record

    async def call(self, number: str, flow: dict[str, Any], **details: Any) -> CallReport:
        """``details`` as for ``Switchboard.call``."""
        return await self.board.call(self._carrier, number, flow, **details)

    @property
    def streams(self) -> int:
        """RTP streams the caller holds."""
        return self.board.plane.streams

    @property
    def log(self) -> list[dict[str, Any]]:
        """What the simulated carrier saw."""
        return [json.loads(line) for line in self._record.getvalue().splitlines()]

    async def saw(self, name: str, calls: int = 1) -> list[dict[str, Any]]:
        """The events of that name, once the carrier has seen so many."""
        while len(self.events(name)) < calls:
            await asyncio.sleep(0.01)
        return self.events(name)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == name]


@asynccontextmanager
async def exchange(folder: Path, *, max_call_seconds: float = 60.0) -> AsyncIterator[Exchange]:
    record = io.StringIO()
    async with (
        switchboard(folder, max_call_seconds=max_call_seconds) as board,
        await Carrier.open("127.0.0.1", 0, record=record) as carrier,
    ):
        yield Exchange(board, carrier.address, record)
