"""``/dids``: the numbers the operator lent to the organization."""

from __future__ import annotations

from uuid import UUID

from api.reply import ListQuery
from api.site import Request
from engine.store import did
from engine.store.did import Did
from engine.store.page import Page


async def page(request: Request, query: ListQuery) -> Page[Did]:
    return await did.page(request.connection, request.org_id, query.asked())


async def available(request: Request, query: ListQuery) -> Page[Did]:
    return await did.available(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Did:
    return await did.get(request.connection, request.org_id, id)
