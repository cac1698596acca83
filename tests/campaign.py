"""An organization with a trunk, numbers, contacts, a flow and a program, written as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from engine.program.execution import Counters
from engine.store import execution

MONDAY_MORNING = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)

GRAPH = {
    "startNodeId": "dial",
    "nodes": [
        {
            "id": "dial",
            "type": "dial",
            "config": {"timeout": 30000, "enableAMD": False},
            "outputs": {"onAnswer": "goodbye"},
        },
        {"id": "goodbye", "type": "hangup", "config": {}},
    ],
}

CONTACTS = """
INSERT INTO contact (org_id, primary_phone, primary_phone_raw, first_name)
SELECT $1, '+2126' || lpad(($3 + n)::text, 8, '0'), '06', 'Contact ' || n
FROM generate_series(1, $2::integer) n
RETURNING id
"""

INVARIANT = """
SELECT e.id FROM execution e
LEFT JOIN target t ON t.org_id = e.org_id AND t.execution_id = e.id
GROUP BY e.org_id, e.id
HAVING ROW(e.total, e.pending, e.in_progress, e.completed, e.failed, e.skipped) IS DISTINCT FROM
       ROW(count(t), count(t) FILTER (WHERE t.state = 'pending'),
           count(t) FILTER (WHERE t.state = 'leased'),
           count(t) FILTER (WHERE t.verdict = 'completed'),
           count(t) FILTER (WHERE t.verdict = 'failed'),
           count(t) FILTER (WHERE t.verdict = 'skipped'))
"""


@dataclass
class Campaign:
    """``await Campaign.create(pool, contacts=100, …)``; then ``launch``."""

    pool: asyncpg.Pool
    org_id: UUID
    trunk_id: UUID
    flow_id: UUID
    audience_id: UUID
    did_ids: list[UUID]
    now: datetime = MONDAY_MORNING
    contact_ids: list[UUID] = field(default_factory=list)

    @classmethod
    async def create(
        cls,
        pool: asyncpg.Pool,
        *,
        contacts: int = 10,
        dids: int = 2,
        plan: str = "enterprise",
        timezone: str = "Africa/Casablanca",
        channels: int = 10_000,
        calls_per_second: float = 100_000,
        did: Mapping[str, object] | None = None,
        slug: str = "atlas",
        graph: Mapping[str, object] = GRAPH,
    ) -> Campaign:
        org_id = await pool.fetchval(
            "INSERT INTO organization (name, slug, country, timezone, currency, plan) "
            "VALUES ($1, $1, 'MA', $2, 'MAD', $3) RETURNING id",
            slug,
            timezone,
            plan,
        )
        trunk_id = await pool.fetchval(
            "INSERT INTO trunk (name, host, channels, calls_per_second) "
            "VALUES ($1, '127.0.0.1', $2, $3) RETURNING id",
            f"trunk of {slug}",
            channels,
            calls_per_second,
        )
        flow_id = await pool.fetchval(
            "INSERT INTO flow (org_id, name, version) VALUES ($1, 'Flow', 1) RETURNING id", org_id
        )
        await pool.execute(
            "INSERT INTO flow_version (org_id, flow_id, version, graph) VALUES ($1, $2, 1, $3)",
            org_id,
            flow_id,
            graph,
        )
        audience_id = await pool.fetchval(
            "INSERT INTO audience (org_id, name, type) VALUES ($1, 'All', 'static') RETURNING id",
            org_id,
        )
        campaign = cls(pool, org_id, trunk_id, flow_id, audience_id, [])
        for _ in range(dids):
            await campaign.add_did(**(did or {}))
        await campaign.add_contacts(contacts)
        return campaign

    async def add_did(
        self,
        max_concurrent: int | None = None,
        calls_per_second: float | None = None,
        daily_cap: int | None = None,
    ) -> UUID:
        did_id: UUID = await self.pool.fetchval(
            "INSERT INTO did (org_id, number, country, trunk_id, max_concurrent, "
            "calls_per_second, daily_cap) "
            "SELECT $1, '+2125' || lpad((count(*) + 1)::text, 8, '0'), 'MA', $2, $3, $4, $5 "
            "FROM did RETURNING id",
            self.org_id,
            self.trunk_id,
            max_concurrent,
            calls_per_second,
            daily_cap,
        )
        self.did_ids.append(did_id)
        return did_id

    async def add_contacts(self, count: int) -> None:
        rows = await self.pool.fetch(CONTACTS, self.org_id, count, len(self.contact_ids))
        added = [row["id"] for row in rows]
        self.contact_ids += added
        await self.pool.execute(
            "INSERT INTO audience_contact (org_id, audience_id, contact_id) "
            "SELECT $1, $2, unnest($3::uuid[])",
            self.org_id,
            self.audience_id,
            added,
        )

    async def program(
        self,
        *,
        retry_strategy: Mapping[str, object] | None = None,
        pause_windows: Mapping[str, object] | None = None,
        calling_hours: Mapping[str, object] | None = None,
        contact_rules: Mapping[str, object] | None = None,
        auto_pause_rules: Sequence[Mapping[str, object]] | None = None,
        start_after: timedelta = timedelta(0),
        stop_after: timedelta | None = None,
        trigger_condition: Mapping[str, object] | None = None,
        did_ids: Sequence[UUID] | None = None,
    ) -> UUID:
        program_id: UUID = await self.pool.fetchval(
            "INSERT INTO program (org_id, name, flow_id, audience_id, start_at, stop_at, "
            "retry_strategy, pause_windows, mode, trigger_condition, auto_pause_rules, "
            "calling_hours, contact_rules) "
            "VALUES ($1, 'Program', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            self.org_id,
            self.flow_id,
            self.audience_id,
            self.now + start_after,
            None if stop_after is None else self.now + stop_after,
            retry_strategy or {"type": "none"},
            pause_windows,
            "live" if trigger_condition else "batch",
            trigger_condition,
            None if auto_pause_rules is None else list(auto_pause_rules),
            calling_hours,
            contact_rules,
        )
        await self.pool.executemany(
            "INSERT INTO program_did VALUES ($1, $2, $3, $4)",
            [
                (self.org_id, program_id, did_id, position)
                for position, did_id in enumerate(self.did_ids if did_ids is None else did_ids)
            ],
        )
        return program_id

    async def launch(self, program_id: UUID | None = None, **program: object) -> UUID:
        """The id of a new execution of ``program_id``, or of a new program."""
        if program_id is None:
            program_id = await self.program(**program)  # type: ignore[arg-type]
        async with self.pool.acquire() as connection, connection.transaction():
            return await execution.launch(connection, self.org_id, program_id, now=self.now)

    async def execution(self, execution_id: UUID) -> execution.Execution:
        async with self.pool.acquire() as connection:
            return await execution.get(connection, self.org_id, execution_id)

    async def counters(self, execution_id: UUID) -> Counters:
        """Checked on the way: they agree with the targets they count."""
        assert await self.pool.fetch(INVARIANT) == []
        return (await self.execution(execution_id)).counters
