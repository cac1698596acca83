"""``/auth/api-keys``: made, listed and revoked by admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.site import Request
from engine.errors import FieldProblem, Invalid
from engine.org.organization import Role
from engine.store import api_key
from engine.store.api_key import ApiKey, NewApiKey
from flows.wire import Wire


class ApiKeyBody(Wire):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,20}$", examples=["live"])]
    role: Role | None = None
    """The creator's, where it is left out; never changes."""
    expires_at: AwareDatetime | None = None
    """`null`: never."""


class ApiKeys(Wire):
    api_keys: list[ApiKey]


async def create(request: Request, body: ApiKeyBody) -> NewApiKey:
    if body.expires_at is not None and body.expires_at <= request.now:
        problem = FieldProblem("future", "The key would be expired already.")
        raise Invalid("The body is not valid.", fields={"expiresAt": [problem]})
    return await api_key.create(
        request.connection,
        request.org_id,
        request.member_id,
        name=body.name,
        prefix=body.prefix,
        role=body.role or request.holder.role,
        expires_at=body.expires_at,
    )


async def all_of(request: Request) -> ApiKeys:
    return ApiKeys(apiKeys=await api_key.all_of(request.connection, request.org_id))


async def delete(request: Request, id: UUID) -> None:
    await api_key.revoke(request.connection, request.org_id, id)
