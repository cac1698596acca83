"""``/program-executions``: the runs of programs; watched, paused, resumed, cancelled.

The figures stand at ``/program-execution/{id}/contact-metrics`` and ``…/call-metrics``.
"""

from __future__ import annotations

from typing import Self, TypedDict
from uuid import UUID

from api.reply import ListQuery, Meta, meta
from api.site import Request
from engine.errors import FieldProblem, Invalid
from engine.org.wire import Instant
from engine.program.auto_pause import AutoPauseRule
from engine.program.execution import Status
from engine.store import execution, figures
from engine.store.execution import Execution
from engine.store.figures import CallMetrics, ContactMetrics
from flows.wire import Wire

SORTS = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "status": "status",
    "scheduledStartAt": "scheduled_start_at",
    "actualStartAt": "actual_start_at",
    "totalContacts": "total",
}


class ExecutionView(Wire):
    """`contactsCompleted + contactsFailed + contactsPending + contactsInProgress +
    contactsSkipped = totalContacts`, always."""

    id: UUID
    program_id: UUID | None
    organization_id: UUID
    audience_id: UUID | None
    flow_id: UUID
    flow_version: int
    status: Status
    pause_reason: str | None
    """`requested`, or `auto:NODE`."""
    total_contacts: int
    contacts_completed: int
    contacts_failed: int
    contacts_pending: int
    contacts_in_progress: int
    contacts_skipped: int
    scheduled_start_at: Instant
    scheduled_stop_at: Instant | None
    actual_start_at: Instant | None
    actual_end_at: Instant | None
    created_at: Instant
    updated_at: Instant
    auto_pause_rules: list[AutoPauseRule]

    @classmethod
    def of(cls, found: Execution) -> Self:
        counters = found.counters
        return cls(
            id=found.id,
            programId=found.program_id,
            organizationId=found.org_id,
            audienceId=found.audience_id,
            flowId=found.flow_id,
            flowVersion=found.flow_version,
            status=found.status,
            pauseReason=found.pause_reason,
            totalContacts=counters.total,
            contactsCompleted=counters.completed,
            contactsFailed=counters.failed,
            contactsPending=counters.pending,
            contactsInProgress=counters.in_progress,
            contactsSkipped=counters.skipped,
            scheduledStartAt=found.scheduled_start_at,
            scheduledStopAt=found.scheduled_stop_at,
            actualStartAt=found.actual_start_at,
            actualEndAt=found.actual_end_at,
            createdAt=found.created_at,
            updatedAt=found.updated_at,
            autoPauseRules=list(found.auto_pause_rules),
        )


class Executions(Wire):
    data: list[ExecutionView]
    meta: Meta

    @classmethod
    def of(cls, query: ListQuery, found: list[Execution], total: int) -> Self:
        views = [ExecutionView.of(one) for one in found]
        return cls(data=views, meta=Meta.model_validate(meta(query.asked(), total)))


class Resume(Wire):
    auto_pause_rules: list[AutoPauseRule] | None = None
    """Replace the execution's own; `null` keeps them."""


class Cancel(Wire):
    hang_up: bool = False
    """Live calls are ended at once; else they finish."""


class Slice(TypedDict):
    limit: int
    offset: int
    sort_by: str
    descending: bool


def slice_of(query: ListQuery) -> Slice:
    """What the store takes of a list query; raises ``Invalid`` for a ``sortBy`` it has not."""
    name = query.sort_by or "createdAt"
    if name not in SORTS:
        problem = FieldProblem("enum", f"One of {', '.join(SORTS)}.", {"allowed": list(SORTS)})
        raise Invalid("The list cannot be sorted so.", fields={"sortBy": [problem]})
    return {
        "limit": query.limit,
        "offset": (query.page - 1) * query.limit,
        "sort_by": SORTS[name],
        "descending": query.sort_order == "desc",
    }


async def page(request: Request, query: ListQuery) -> Executions:
    """Those that are not finished."""
    found = await execution.active(request.connection, request.org_id, **slice_of(query))
    return Executions.of(query, *found)


async def get(request: Request, id: UUID) -> ExecutionView:
    return ExecutionView.of(await execution.get(request.connection, request.org_id, id))


async def pause(request: Request, id: UUID) -> ExecutionView:
    """No new call begins; live ones finish."""
    return ExecutionView.of(
        await execution.pause(request.connection, request.org_id, id, now=request.now)
    )


async def resume(request: Request, id: UUID, body: Resume) -> ExecutionView:
    return ExecutionView.of(
        await execution.resume(
            request.connection,
            request.org_id,
            id,
            now=request.now,
            auto_pause_rules=body.auto_pause_rules,
        )
    )


async def cancel(request: Request, id: UUID, body: Cancel) -> ExecutionView:
    """Final: no call begins, live ones finish or are hung up, whoever waits is skipped."""
    return ExecutionView.of(
        await execution.cancel(
            request.connection, request.org_id, id, now=request.now, hang_up=body.hang_up
        )
    )


async def contact_metrics(request: Request, id: UUID) -> ContactMetrics:
    await execution.get(request.connection, request.org_id, id)
    return await figures.contact_metrics(request.connection, request.org_id, id)


async def call_metrics(request: Request, id: UUID) -> CallMetrics:
    await execution.get(request.connection, request.org_id, id)
    return await figures.call_metrics(request.connection, request.org_id, id)
