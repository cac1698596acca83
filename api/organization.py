"""``/organization``: the key's own."""

from __future__ import annotations

from api.site import Request
from engine.org.organization import Country, Currency, Name, Short, Slug, Timezone
from engine.org.wire import given, optional
from engine.store import organization
from engine.store.organization import Organization
from flows.wire import Wire


class OrganizationChange(Wire):
    """Only what is given changes; plan and status are the operator's."""

    name: Name = optional()
    slug: Slug = optional()
    country: Country = optional()
    timezone: Timezone = optional()
    currency: Currency = optional()
    type: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    primary_use: Short | None = None


async def get(request: Request) -> Organization:
    return await organization.get(request.connection, request.org_id)


async def update(request: Request, body: OrganizationChange) -> Organization:
    return await organization.update(
        request.connection, request.org_id, request.member_id, given(body)
    )
