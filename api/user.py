"""``/users``: the members of the organization, whom it invites, and who the key belongs to."""

from __future__ import annotations

from uuid import UUID

from api.reply import ListQuery
from api.site import Request
from api.workers import hashing
from engine.errors import FieldProblem, Invalid
from engine.org.contact import Email
from engine.org.organization import Role
from engine.org.password import LoginPassword, Password, hashed, matches
from engine.store import invitation, member, session
from engine.store.invitation import Invitation, NewInvitation
from engine.store.member import Member, Profile
from engine.store.page import Page
from engine.store.pool import above_tenant
from flows.wire import Wire


class InvitationBody(Wire):
    email: Email
    role: Role


class Invitations(Wire):
    invitations: list[Invitation]


class RoleBody(Wire):
    role: Role


class PasswordBody(Wire):
    current_password: LoginPassword
    new_password: Password


async def me(request: Request) -> Profile:
    return await member.profile(request.connection, request.org_id, request.member_id)


async def change_password(request: Request, body: PasswordBody) -> None:
    """Ends every session of the member, this one too."""
    threads = request.site.passwords
    async with above_tenant(request.connection):
        hash_ = await session.password_of(request.connection, request.org_id, request.member_id)
        if not await hashing(threads, matches, hash_, body.current_password):
            problem = FieldProblem("mismatch", "This is not the password.")
            raise Invalid("The body is not valid.", fields={"currentPassword": [problem]})
        new = await hashing(threads, hashed, body.new_password)
        await session.set_password(
            request.connection, request.org_id, request.member_id, new, request.now
        )


async def page(request: Request, query: ListQuery) -> Page[Member]:
    return await member.page(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Member:
    return await member.get(request.connection, request.org_id, id)


async def set_role(request: Request, id: UUID, body: RoleBody) -> Member:
    """Its sessions act by the new role at once; its keys keep the one they were made with."""
    return await member.set_role(request.connection, request.org_id, id, body.role)


async def remove(request: Request, id: UUID) -> None:
    """Its keys and sessions are refused from then on."""
    await member.remove(request.connection, request.org_id, id)


async def invitations(request: Request) -> Invitations:
    """Those that can still be accepted, newest first."""
    found = await invitation.all_of(request.connection, request.org_id, request.now)
    return Invitations(invitations=found)


async def invite(request: Request, body: InvitationBody) -> NewInvitation:
    """The token is shown this once, to be handed to the invited."""
    return await invitation.create(
        request.connection, request.org_id, request.member_id, body.email, body.role, request.now
    )


async def withdraw(request: Request, id: UUID) -> None:
    await invitation.withdraw(request.connection, request.org_id, id)
