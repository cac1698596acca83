"""kill -9 of the daemon in mid campaign: nobody is lost, nobody is dialed twice for one attempt.

Real processes, real SIP; the simulated carrier's own log is what the database is held against.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.program.execution import Status
from tests.system.daemon import town, until

RETRY = {"type": "fixed_delay", "delayMinutes": 0.05, "maxRetries": 2}
CONTACTS = 45


@pytest.mark.timeout(180)
async def test_a_killed_engine_loses_and_repeats_nobody(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    async with town(database, pool, tmp_path, CONTACTS) as at:
        async with at.daemon("first") as process:
            execution_id = await at.campaign.launch(retry_strategy=RETRY)
            await at.amid(execution_id)
            process.kill()
            await process.wait()
        in_flight = await at.live(execution_id)
        async with at.daemon("second"):

            async def completed() -> bool:
                return (await at.campaign.execution(execution_id)).status is Status.COMPLETED

            await until(completed)
        counters = await at.campaign.counters(execution_id)
        assert (counters.total, counters.pending, counters.in_progress) == (CONTACTS, 0, 0)
        _agree(await at.attempts(execution_id), at.invites(), in_flight)


def _agree(attempts: list[Any], rung: list[str], in_flight: int) -> None:
    assert max(Counter(rung).values()) == 1, "an attempt was dialed twice"
    made = {str(row["id"]): row for row in attempts}
    assert set(rung) <= set(made), "somebody was rung whom no attempt accounts for"
    silent = [made[name] for name in set(made) - set(rung)]
    assert {row["result"] for row in silent} <= {"interrupted"}
    interrupted = [row for row in attempts if row["result"] == "interrupted"]
    assert 0 < len(interrupted) <= in_flight
    for contact_id, count in Counter(row["contact_id"] for row in attempts).items():
        numbers = sorted(row["number"] for row in attempts if row["contact_id"] == contact_id)
        assert numbers == [*range(1, count + 1)]
