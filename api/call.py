"""``/calls``, ``/call-requests`` and ``/call-report``: single calls, asked for and told of."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.reply import CursorMeta, ListQuery, meta
from api.site import Request
from engine.errors import FieldProblem, Invalid
from engine.program.retry import CallRequestRetry, strategy_of_request
from engine.store import call, execution
from engine.store.call import Call, CallDetail, CallReport, Filter
from engine.store.execution import CallRequest
from flows.wire import Wire

CALL_STATUS = (
    "^(dialing|ringing|in_progress|completed|answered|voicemail|busy|no_answer|rejected|failed"
    "|interrupted|cancelled)$"
)


class CallRequestBody(Wire):
    did_id: UUID
    contact_id: UUID
    flow_id: UUID
    retry: CallRequestRetry
    start_at: AwareDatetime | None = None
    """`null`: now."""


class Job(Wire):
    job_id: UUID
    status: str


class CallQuery(ListQuery):
    execution_id: UUID | None = None
    program_id: UUID | None = None
    contact_id: UUID | None = None
    status: Annotated[str, Field(pattern=CALL_STATUS)] | None = None
    cursor: Annotated[str, Field(max_length=256)] | None = None
    """`meta.nextCursor` of the page before; `page` is then left out."""


class CallPage(Wire):
    data: list[Call]
    meta: CursorMeta


async def request_call(request: Request, body: CallRequestBody) -> Job:
    asked = CallRequest(
        did_id=body.did_id,
        contact_id=body.contact_id,
        flow_id=body.flow_id,
        retry=strategy_of_request(body.retry),
        start_at=body.start_at,
    )
    job_id = await execution.request_call(
        request.connection,
        request.org_id,
        asked,
        now=request.now,
        created_by=request.member_id,
    )
    return Job(jobId=job_id, status="queued")


async def report(request: Request, job_id: UUID) -> CallReport:
    return await call.report(request.connection, request.org_id, job_id)


async def page(request: Request, query: CallQuery) -> CallPage:
    """Newest first, by the time of dialing."""
    if query.sort_by not in (None, "createdAt", "dialedAt"):
        allowed = ["createdAt", "dialedAt"]
        problem = FieldProblem("enum", f"One of {', '.join(allowed)}.", {"allowed": allowed})
        raise Invalid("The list cannot be sorted so.", fields={"sortBy": [problem]})
    only = Filter(query.execution_id, query.program_id, query.contact_id, query.status)
    asked = query.asked()
    found = await call.page(request.connection, request.org_id, asked, only, query.cursor)
    tail = meta(asked, found.total) | {"nextCursor": found.next_cursor}
    tail["hasNextPage"] = found.next_cursor is not None
    return CallPage(data=found.rows, meta=CursorMeta.model_validate(tail))


async def get(request: Request, id: UUID) -> CallDetail:
    return await call.get(request.connection, request.org_id, id)
