"""``/do-not-call``: numbers that must not ring."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.reply import ListQuery
from api.site import Request
from engine.store import do_not_call, organization
from engine.store.do_not_call import DoNotCall
from engine.store.page import Page
from flows.wire import Wire


class DoNotCallBody(Wire):
    number: Annotated[str, Field(min_length=1, max_length=64)]
    """Read as dialed from the organization's country."""
    program_id: UUID | None = None
    """`null`: by none of the organization's programs."""
    reason: Annotated[str, Field(max_length=256)] | None = None


async def create(request: Request, body: DoNotCallBody) -> DoNotCall:
    return await do_not_call.add(
        request.connection,
        request.org_id,
        request.member_id,
        number=await organization.number(request.connection, request.org_id, body.number),
        program_id=body.program_id,
        reason=body.reason,
    )


async def get(request: Request, id: UUID) -> DoNotCall:
    return await do_not_call.get(request.connection, request.org_id, id)


async def page(request: Request, query: ListQuery) -> Page[DoNotCall]:
    return await do_not_call.page(request.connection, request.org_id, query.asked())


async def delete(request: Request, id: UUID) -> None:
    await do_not_call.delete(request.connection, request.org_id, request.member_id, id)
