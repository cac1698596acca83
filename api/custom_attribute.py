"""``/custom-attributes``: what an organization knows of its contacts beyond the fields."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.site import Request
from engine.errors import FieldProblem, Invalid
from engine.org.attribute import AttributeType, slug
from engine.org.organization import Name
from engine.org.wire import given, optional
from engine.store import custom_attribute
from engine.store.custom_attribute import CustomAttribute
from flows.wire import Wire

Description = Annotated[str, Field(max_length=256)]


class CustomAttributeBody(Wire):
    display_name: Name
    """Its slug becomes `name`, under which values stand."""
    description: Description | None = None
    type: AttributeType


class CustomAttributeChange(Wire):
    """The type and the slug never change."""

    display_name: Name = optional()
    description: Description | None = None


async def create(request: Request, body: CustomAttributeBody) -> CustomAttribute:
    name = slug(body.display_name)
    if not name:
        problem = FieldProblem("pattern", "The name holds no letter and no digit.")
        raise Invalid("The body is not valid.", fields={"displayName": [problem]})
    return await custom_attribute.create(
        request.connection,
        request.org_id,
        request.member_id,
        name=name,
        display_name=body.display_name,
        description=body.description,
        kind=body.type,
    )


async def all_of(request: Request) -> list[CustomAttribute]:
    return await custom_attribute.all_of(request.connection, request.org_id)


async def get(request: Request, id: UUID) -> CustomAttribute:
    return await custom_attribute.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: CustomAttributeChange) -> CustomAttribute:
    return await custom_attribute.update(
        request.connection, request.org_id, request.member_id, id, given(body)
    )


async def delete(request: Request, id: UUID) -> None:
    await custom_attribute.delete(request.connection, request.org_id, request.member_id, id)
