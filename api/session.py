"""``/auth``: members log in and out. What a guest sends is known by what it proves."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api import token
from api.errors import Unauthorized
from api.site import REQUEST_ID, Request, Site, Visit, address
from api.workers import hashing
from engine.errors import Conflict, Forbidden, Invalid
from engine.org.organization import OrganizationStatus, Slug
from engine.org.password import LoginPassword, Password, hashed, matches
from engine.store import audit, invitation, session
from engine.store.audit import Actor, Change
from engine.store.pool import Connection, transaction
from engine.store.session import Candidate, Ended, Grant, Refused, Session
from flows.wire import Wire

USER_AGENT = 256
"""Characters kept."""
Name = Annotated[str, Field(min_length=1, max_length=64)]
Token = Annotated[str, Field(min_length=1, max_length=256)]


class LoginBody(Wire):
    email: Annotated[str, Field(min_length=3, max_length=254)]
    password: LoginPassword
    organization: Slug | None = None
    """The slug; needed only where one person is a member of several with one password."""


class RefreshBody(Wire):
    refresh_token: Annotated[Token, Field(alias="refresh_token")]


class AcceptBody(Wire):
    token: Token
    """Of the invitation."""
    password: Password
    first_name: Name | None = None
    last_name: Name | None = None


class RevokeBody(Wire):
    session_id: UUID


class Tokens(Wire):
    access_token: Annotated[str, Field(alias="access_token")]
    """For `Authorization: Bearer`, good for 15 minutes."""
    refresh_token: Annotated[str, Field(alias="refresh_token")]
    """For one `/auth/refresh` within 30 days."""


class OpenSession(Session):
    is_current: bool
    """Whether this request came by it."""


class Sessions(Wire):
    sessions: list[OpenSession]


async def login(visit: Visit, body: LoginBody) -> Tokens:
    """As slow for an address nobody has as for a wrong password, and the same answer."""
    site = visit.site
    counted = ("login", body.email.lower())
    site.meter.take(counted, site.rates.login, site.clock.monotonic())
    async with site.pool.acquire() as connection:
        found = await session.candidates(connection, body.email, body.organization)
    proven = await _proven(site, found, body.password)
    return await _enter(visit, proven.org_id, proven.member_id)


async def _proven(site: Site, found: list[Candidate], password: str) -> Candidate:
    hashes: list[str | None] = [candidate.hash for candidate in found]
    checks = [hashing(site.passwords, matches, hash_, password) for hash_ in hashes or [None]]
    right = await asyncio.gather(*checks)
    proven = [candidate for candidate, fits in zip(found, right, strict=False) if fits]
    if not proven:
        raise Unauthorized("CREDENTIALS_INVALID", "The email or the password is not right.")
    served = [one for one in proven if one.status is OrganizationStatus.ACTIVE]
    if not served:
        code = f"ORGANIZATION_{proven[0].status.name}"
        raise Forbidden(code, f"The organization is {proven[0].status.value}.")
    if len(served) > 1:
        slugs = [one.slug for one in served]
        told = "Say which organization you log in to."
        raise Conflict("ORGANIZATION_AMBIGUOUS", told, {"organizations": slugs})
    return served[0]


async def _enter(visit: Visit, org_id: UUID, member_id: UUID) -> Tokens:
    async with transaction(visit.site.pool) as connection:
        grant = await session.start(
            connection,
            org_id,
            member_id,
            user_agent=visit.web.headers.get("User-Agent", "")[:USER_AGENT] or None,
            address=address(visit.web) or None,
            now=visit.now,
        )
        await _record(visit, connection, grant)
    return _tokens(visit, grant)


async def _record(visit: Visit, connection: Connection, grant: Grant) -> None:
    """Who came in; what a guest does else changes nothing of an organization's."""
    actor = Actor(
        member_id=grant.member_id,
        session_id=grant.session_id,
        request_id=visit.web.get(REQUEST_ID),
        address=address(visit.web) or None,
    )
    change = Change(visit.now, f"POST {visit.web.path}", visit.web.path, grant.session_id)
    await audit.record(connection, grant.org_id, actor, change)


async def refresh(visit: Visit, body: RefreshBody) -> Tokens:
    """New tokens for an unused one. A used one that comes again ends its session."""
    async with transaction(visit.site.pool) as connection:
        grant = await session.refresh(connection, body.refresh_token, visit.now)
    if grant is Refused.SUSPENDED:
        raise Forbidden(grant.value, "The organization is not active.")
    if isinstance(grant, Refused):
        raise Unauthorized(grant.value, "The refresh token is not valid; log in again.")
    return _tokens(visit, grant)


async def accept_invitation(visit: Visit, body: AcceptBody) -> Tokens:
    """The invited becomes a member and is logged in."""
    hash_ = await hashing(visit.site.passwords, hashed, body.password)
    async with transaction(visit.site.pool) as connection:
        made = await invitation.accept(
            connection,
            body.token,
            first_name=body.first_name,
            last_name=body.last_name,
            now=visit.now,
        )
        await session.set_password(connection, made.org_id, made.id, hash_, visit.now)
    return await _enter(visit, made.org_id, made.id)


async def logout(request: Request) -> None:
    """Ends the session whose access token came."""
    if request.holder.session_id is None:
        raise Invalid("An API key has no session to end.", code="NO_SESSION")
    ids = [request.holder.session_id]
    await session.end(request.connection, request.org_id, ids, Ended.LOGOUT, request.now)


async def logout_all(request: Request) -> None:
    """Ends every session of the member."""
    open_ = await session.all_of(request.connection, request.org_id, request.member_id, request.now)
    ids = [one.id for one in open_]
    await session.end(request.connection, request.org_id, ids, Ended.LOGOUT, request.now)


async def all_of(request: Request) -> Sessions:
    """The member's own, those that are open."""
    open_ = await session.all_of(request.connection, request.org_id, request.member_id, request.now)
    current = request.holder.session_id
    return Sessions(
        sessions=[OpenSession(**dict(one), is_current=one.id == current) for one in open_]
    )


async def revoke(request: Request, body: RevokeBody) -> None:
    await session.revoke(
        request.connection, request.org_id, request.member_id, body.session_id, request.now
    )


def _tokens(visit: Visit, grant: Grant) -> Tokens:
    access = token.issue(visit.site.secret, grant.org_id, grant.session_id, visit.now)
    return Tokens(access_token=access, refresh_token=grant.refresh_token)
