"""``/operator``: organizations and the numbers lent to them, by whoever runs the installation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.reply import ListQuery
from api.site import Operation
from engine.org.contact import Email
from engine.org.organization import NewOrganization, OrganizationStatus, Role
from engine.org.plan import Plan
from engine.org.trunk import Pace
from engine.store import did, invitation, organization
from engine.store.did import Did
from engine.store.invitation import NewInvitation
from engine.store.organization import Organization
from engine.store.page import Page
from flows.wire import Wire

Cap = Annotated[int, Field(ge=1, le=1_000_000)]


class OrganizationBody(NewOrganization):
    admin_email: Email
    """Who is invited to be its first admin."""


class FoundedOrganization(Organization):
    invitation: NewInvitation
    """Of its first admin, to be handed on."""


class PlanBody(Wire):
    plan: Plan


class DidBody(Wire):
    organization_id: UUID
    trunk_id: UUID
    number: Annotated[str, Field(min_length=1, max_length=32, examples=["+212520000001"])]
    """E.164, or as dialed in the organization's country."""
    description: Annotated[str, Field(max_length=256)] | None = None
    max_concurrent: Cap | None = None
    """Calls at once; `null`: no cap, here and below."""
    calls_per_second: Pace | None = None
    daily_cap: Cap | None = None


async def organizations(operation: Operation, query: ListQuery) -> Page[Organization]:
    return await organization.page(operation.connection, query.asked())


async def create_organization(operation: Operation, body: OrganizationBody) -> FoundedOrganization:
    fields = body.model_dump(exclude={"admin_email"}, exclude_unset=True)
    made = await organization.create(operation.connection, NewOrganization(**_by_wire(fields)))
    invited = await invitation.create(
        operation.connection,
        made.id,
        operation.operator_id,
        body.admin_email,
        Role.ADMIN,
        operation.now,
    )
    return FoundedOrganization(**dict(made), invitation=invited)


def _by_wire(fields: dict[str, object]) -> dict[str, object]:
    known = NewOrganization.model_fields
    return {known[name].alias or name: value for name, value in fields.items()}


async def get_organization(operation: Operation, id: UUID) -> Organization:
    return await organization.get(operation.connection, id)


async def suspend_organization(operation: Operation, id: UUID) -> Organization:
    """Its keys and sessions are refused, no call of it starts; calls under way finish."""
    return await organization.set_status(operation.connection, id, OrganizationStatus.SUSPENDED)


async def resume_organization(operation: Operation, id: UUID) -> Organization:
    """What was due goes on."""
    return await organization.set_status(operation.connection, id, OrganizationStatus.ACTIVE)


async def set_plan(operation: Operation, id: UUID, body: PlanBody) -> Organization:
    """What exceeds a smaller plan stays; only more of it is refused."""
    return await organization.set_plan(operation.connection, id, body.plan)


async def assign_did(operation: Operation, body: DidBody) -> Did:
    """Lends a number to an organization."""
    fields = body.model_dump(exclude={"organization_id"})
    return await did.create(operation.connection, body.organization_id, **fields)
