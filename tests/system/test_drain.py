"""SIGTERM in mid campaign: no new calls, the live ones finish, and the daemon leaves in order."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from engine.program.execution import Status
from tests.system.daemon import town


@pytest.mark.timeout(120)
async def test_a_told_daemon_lets_its_calls_finish(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    async with town(database, pool, tmp_path, 45) as at:
        async with at.daemon("daemon") as process:
            execution_id = await at.campaign.launch()
            await at.amid(execution_id)
            process.terminate()
            assert await process.wait() == 0
        attempts = await at.attempts(execution_id)
        assert {row["result"] for row in attempts}.isdisjoint({None, "interrupted", "cancelled"})
        assert sorted(at.invites()) == sorted(str(row["id"]) for row in attempts)
        counters = await at.campaign.counters(execution_id)
        assert counters.in_progress == 0
        assert counters.pending == 45 - len(attempts) > 0
        assert (await at.campaign.execution(execution_id)).status is Status.RUNNING
