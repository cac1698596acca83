"""The executions that may dial, as the dialer holds them in memory between two reloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from engine.program.attempt import Did
from engine.program.calling_hours import CallingClock
from engine.program.contact_rules import ContactRules
from engine.program.execution import Status
from engine.program.pause_windows import Calendar
from engine.program.retry import RetryStrategy
from engine.store import execution, snapshot, statistics
from engine.store.pool import Connection
from engine.store.snapshot import Runnable
from flows import CompiledFlow, FlowInvalid, compile_flow

log = structlog.get_logger()

FlowKey = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Run:
    """One execution: what it may do, and when."""

    id: UUID
    org_id: UUID
    program_id: UUID | None
    flow_id: UUID
    flow_version: int
    flow: CompiledFlow
    status: Status
    strategy: RetryStrategy
    calendar: Calendar
    start_at: datetime
    stop_at: datetime | None
    did_ids: tuple[UUID, ...]
    """Those that are active now."""
    concurrent_calls: int | None
    """The organization's, by its plan."""
    calling_clock: CallingClock | None = None
    """``None``: any hour of the callee's day."""
    contact_rules: ContactRules = field(default_factory=ContactRules)


@dataclass(frozen=True, slots=True)
class Snapshot:
    runs: Mapping[UUID, Run] = field(default_factory=dict)
    dids: Mapping[UUID, Did] = field(default_factory=dict)

    def next_change(self, now: datetime) -> datetime | None:
        """When an execution next starts or stops by itself."""
        instants = [run.start_at for run in self.runs.values() if run.status is Status.SCHEDULED]
        instants += [run.stop_at for run in self.runs.values() if run.stop_at is not None]
        return min((instant for instant in instants if instant > now), default=None)


@dataclass(slots=True)
class Reader:
    """Reads snapshots; a flow is compiled once, since a version never changes."""

    flows: dict[FlowKey, CompiledFlow] = field(default_factory=dict)

    async def read(self, pool: asyncpg.Pool, now: datetime) -> Snapshot:
        async with pool.acquire() as connection:
            await statistics.refresh(connection)
            await snapshot.move_with_time(connection, now)
            rows = await snapshot.runnable(connection)
            dids = await _dids(connection, rows)
            flows = [await self._flow(connection, row, now) for row in rows]
        found = zip(rows, flows, strict=True)
        runs = {row.id: _run(row, flow, dids) for row, flow in found if flow is not None}
        self._forget(runs.values())
        return Snapshot(runs, dids)

    async def _flow(
        self, connection: Connection, row: Runnable, now: datetime
    ) -> CompiledFlow | None:
        key = (row.flow_id, row.flow_version)
        if key not in self.flows:
            graph = await snapshot.graph(connection, row.org_id, *key)
            try:
                self.flows[key] = compile_flow(graph)
            except FlowInvalid as problem:
                await _refuse(connection, row, problem, now)
        return self.flows.get(key)

    def _forget(self, runs: Iterable[Run]) -> None:
        used = {(run.flow_id, run.flow_version) for run in runs}
        self.flows = {key: flow for key, flow in self.flows.items() if key in used}


async def _refuse(
    connection: Connection, row: Runnable, problem: FlowInvalid, now: datetime
) -> None:
    """A flow that was valid when it was saved and is not for this version of the program."""
    log.error("flow_refused", flow_id=str(row.flow_id), error=str(problem))
    if row.status is Status.RUNNING:
        await execution.pause(connection, row.org_id, row.id, now=now, reason="flow_invalid")


async def _dids(connection: Connection, rows: Sequence[Runnable]) -> dict[UUID, Did]:
    org_ids = {row.org_id for row in rows}
    did_ids = {did_id for row in rows for did_id in row.did_ids}
    return await snapshot.dids(connection, list(org_ids), list(did_ids))


def _run(row: Runnable, flow: CompiledFlow, dids: Mapping[UUID, Did]) -> Run:
    zone, hours = ZoneInfo(row.timezone), row.calling_hours
    return Run(
        id=row.id,
        org_id=row.org_id,
        program_id=row.program_id,
        flow_id=row.flow_id,
        flow_version=row.flow_version,
        flow=flow,
        status=row.status,
        strategy=row.retry_strategy,
        calendar=Calendar.of(row.pause_windows, zone),
        start_at=row.scheduled_start_at,
        stop_at=row.scheduled_stop_at,
        did_ids=tuple(did_id for did_id in row.did_ids if did_id in dids),
        concurrent_calls=row.concurrent_calls,
        calling_clock=None if hours is None else CallingClock(hours, zone, row.country),
        contact_rules=row.contact_rules,
    )
