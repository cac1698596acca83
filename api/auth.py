"""Who asks: an API key or an access token, in ``x-api-key`` or ``Authorization: Bearer``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from api import token
from api.errors import Unauthorized
from api.rate import network
from api.site import SITE, Site, address
from engine.errors import Forbidden
from engine.org.organization import OrganizationStatus, Role
from engine.store import holder, operator_key
from engine.store.holder import Holder
from engine.store.pool import Connection

LONGEST = 256
"""Characters of a key; more is refused unread."""
LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """How a key and how a session are looked up."""

    by_secret: Callable[[Connection, str], Awaitable[Holder | None]]
    by_session: Callable[[Connection, UUID, UUID], Awaitable[Holder | None]]


LOOKING = Doorkeeper(holder.by_secret, holder.by_session)
ENTERING = Doorkeeper(holder.enter_by_secret, holder.enter_by_session)


async def authenticate(request: web.Request, needed: Role) -> Holder:
    """On a connection of its own, for a request that has a body to be read yet.

    Raises ``Unauthorized`` for what was shown, ``Forbidden`` for its organization or role.
    """
    credential(request)
    async with request.app[SITE].pool.acquire() as connection:
        return await _admit(connection, LOOKING, request, needed)


async def enter(connection: Connection, request: web.Request, needed: Role) -> Holder:
    """The same in a transaction that becomes the holder's: what is read after it is read under
    the organization's row-level security. Nothing is remembered from one request to the next, so
    that a key that was revoked is refused at once."""
    return await _admit(connection, ENTERING, request, needed)


async def _admit(
    connection: Connection, keeper: Doorkeeper, request: web.Request, needed: Role
) -> Holder:
    shown = credential(request)
    with _counting_unknown(request):
        known = await _known(connection, keeper, request.app[SITE], shown)
    if known.status is not OrganizationStatus.ACTIVE:
        code = f"ORGANIZATION_{known.status.name}"
        raise Forbidden(code, f"The organization is {known.status.value}.")
    if not known.role.allows(needed):
        raise Forbidden("ROLE_FORBIDDEN", f"This needs the role {needed.value}.")
    return known


async def _known(connection: Connection, keeper: Doorkeeper, site: Site, shown: str) -> Holder:
    now = site.clock.now()
    if token.is_token(shown):
        org_id, session_id = token.read(site.secret, shown, now)
        found = await keeper.by_session(connection, org_id, session_id)
        if found is None or not found.is_active:
            raise Unauthorized("SESSION_ENDED", "The session has ended.")
        return found
    found = await keeper.by_secret(connection, shown)
    if found is None or not found.is_active:
        raise Unauthorized("API_KEY_INVALID", "The API key is not valid.")
    if found.expires_at is not None and found.expires_at <= now:
        raise Unauthorized("API_KEY_EXPIRED", "The API key has expired.")
    return found


async def authenticate_operator(request: web.Request) -> UUID:
    """The key's id; raises ``Unauthorized``."""
    shown = credential(request)
    with _counting_unknown(request):
        async with request.app[SITE].pool.acquire() as connection:
            found = await operator_key.by_secret(connection, shown)
        if found is None:
            raise Unauthorized("OPERATOR_KEY_INVALID", "The operator key is not valid.")
    return found.id


@contextmanager
def _counting_unknown(request: web.Request) -> Iterator[None]:
    """An address that has shown too many wrong keys is refused before the next is looked up."""
    site = request.app[SITE]
    who, now = ("unknown", network(address(request))), site.clock.monotonic()
    site.meter.check(who, site.rates.unknown, now)
    try:
        yield
    except Unauthorized:
        site.meter.take(who, site.rates.unknown, now)
        raise


def credential(request: web.Request) -> str:
    """What was shown. Raises ``Unauthorized`` where nothing was, or nothing that can be one."""
    shown = request.headers.get("x-api-key") or _bearer(request.headers.get("Authorization", ""))
    if not shown:
        raise Unauthorized("API_KEY_MISSING", "An API key is needed.")
    if len(shown) > (LONGEST_TOKEN if token.is_token(shown) else LONGEST) or not shown.isascii():
        raise Unauthorized("API_KEY_INVALID", "The API key is not valid.")
    return shown


def _bearer(header: str) -> str:
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
