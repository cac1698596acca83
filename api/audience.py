"""``/audience``: groups of contacts, named one by one or held together by rules."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.contact import terms
from api.reply import ListQuery
from api.site import Request
from engine.errors import Conflict, NotFound
from engine.org.audience import AudienceType, Group, check_rules
from engine.org.organization import Name
from engine.org.wire import given, optional
from engine.store import audience
from engine.store.audience import Audience
from engine.store.contact import Contact
from engine.store.page import Page, Query
from flows.wire import Wire

Description = Annotated[str, Field(max_length=256)]
MOST_AT_ONCE = 10_000
SAMPLE = 10


class AudienceBody(Wire):
    name: Name
    description: Description | None = None
    type: AudienceType
    """Never changes."""
    rules: Group | None = None
    """A live audience has them, a static one has not."""

    @model_validator(mode="after")
    def _rules_fit_type(self) -> Self:
        if (self.type is AudienceType.LIVE) != (self.rules is not None):
            raise PydanticCustomError(
                "rules_fit_type", "A live audience has rules, a static one has none."
            )
        return self


class AudienceChange(Wire):
    name: Name = optional()
    description: Description | None = None
    rules: Group = optional()


class Members(Wire):
    contacts: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)]


class Added(Wire):
    added: int
    """Those that were not in it before."""
    contact_count: int


class Removed(Wire):
    removed: int
    contact_count: int


class PreviewBody(Wire):
    rules: Group


class Preview(Wire):
    count: int
    sample: list[Contact]


async def create(request: Request, body: AudienceBody) -> Audience:
    columns = given(body)
    if body.rules is not None:
        columns["rules"] = _json(await _checked(request, body.rules))
    return await audience.create(request.connection, request.org_id, request.member_id, columns)


async def page(request: Request, query: ListQuery) -> Page[Audience]:
    return await audience.page(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Audience:
    return await audience.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: AudienceChange) -> Audience:
    columns = given(body)
    if "rules" in columns:
        await _require(request, id, AudienceType.LIVE)
        columns["rules"] = _json(await _checked(request, body.rules))
    return await audience.update(request.connection, request.org_id, request.member_id, id, columns)


async def delete(request: Request, id: UUID) -> None:
    await audience.delete(request.connection, request.org_id, request.member_id, id)


async def contacts(request: Request, id: UUID, query: ListQuery) -> Page[Contact]:
    found = await audience.get(request.connection, request.org_id, id)
    return await audience.contacts(request.connection, found, query.asked())


async def add_contacts(request: Request, id: UUID, body: Members) -> Added:
    await _require(request, id, AudienceType.STATIC)
    missing = await audience.missing_contacts(request.connection, request.org_id, body.contacts)
    if missing:
        named = ", ".join(map(str, missing[:10]))
        raise NotFound("ContactNotFoundError", f"There are no such contacts: {named}.")
    added = await audience.add(request.connection, request.org_id, id, body.contacts)
    return Added(added=added, contactCount=await _count(request, id))


async def remove_contacts(request: Request, id: UUID, body: Members) -> Removed:
    await _require(request, id, AudienceType.STATIC)
    removed = await audience.remove(request.connection, request.org_id, id, body.contacts)
    return Removed(removed=removed, contactCount=await _count(request, id))


async def preview(request: Request, body: PreviewBody) -> Preview:
    """Whom the rules hold for now."""
    rules = await _checked(request, body.rules)
    found = await audience.matching(request.connection, request.org_id, rules, Query(limit=SAMPLE))
    return Preview(count=found.total, sample=found.rows)


async def _checked(request: Request, rules: Group) -> Group:
    types, region = await terms(request)
    return check_rules(rules, types, region)


async def _require(request: Request, id: UUID, kind: AudienceType) -> Audience:
    found = await audience.get(request.connection, request.org_id, id)
    if found.type is not kind:
        raise Conflict(f"AUDIENCE_IS_{found.type.name}", f"The audience is {found.type.value}.")
    return found


async def _count(request: Request, id: UUID) -> int:
    return (await audience.get(request.connection, request.org_id, id)).contact_count


def _json(rules: Group) -> object:
    return rules.model_dump(mode="json", by_alias=True)
