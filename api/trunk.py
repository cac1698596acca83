"""``/operator/trunks``: the operator's lines to carriers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.reply import ListQuery
from api.site import Operation
from engine.org.trunk import PASSWORD, NewTrunk, TrunkChange
from engine.org.wire import given
from engine.store import trunk
from engine.store.page import Page
from engine.store.trunk import Trunk


async def page(operation: Operation, query: ListQuery) -> Page[Trunk]:
    return await trunk.page(operation.connection, query.asked())


async def get(operation: Operation, id: UUID) -> Trunk:
    return await trunk.get(operation.connection, id)


async def create(operation: Operation, body: NewTrunk) -> Trunk:
    """The password is sealed before it is kept."""
    fields = body.model_dump() | _sealed(operation, body.password)
    return await trunk.create(operation.connection, **fields)


async def update(operation: Operation, id: UUID, body: TrunkChange) -> Trunk:
    changes = given(body)
    if "password" in changes:
        changes |= _sealed(operation, body.password)
    return await trunk.update(operation.connection, id, changes)


def _sealed(operation: Operation, password: str | None) -> dict[str, Any]:
    secret = operation.site.secret
    return {"password": password and secret.seal(password, PASSWORD)}
