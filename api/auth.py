"""Who asks: an API key or an access token, in ``x-api-key`` or ``Authorization: Bearer``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
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

LONGEST = 256
"""Characters of a key; more is refused unread."""
LONGEST_TOKEN = 1024


async def authenticate(request: web.Request, needed: Role) -> Holder:
    """Raises ``Unauthorized`` for what was shown, ``Forbidden`` for its organization or role."""
    site = request.app[SITE]
    shown, now = credential(request), site.clock.now()
    with _counting_unknown(request):
        known = await (_session if token.is_token(shown) else _key)(site, shown, now)
    if known.status is not OrganizationStatus.ACTIVE:
        code = f"ORGANIZATION_{known.status.name}"
        raise Forbidden(code, f"The organization is {known.status.value}.")
    if not known.role.allows(needed):
        raise Forbidden("ROLE_FORBIDDEN", f"This needs the role {needed.value}.")
    return known


async def _key(site: Site, secret: str, now: datetime) -> Holder:
    async with site.pool.acquire() as connection:
        found = await holder.by_secret(connection, secret)
    if found is None or not found.is_active:
        raise Unauthorized("API_KEY_INVALID", "The API key is not valid.")
    if found.expires_at is not None and found.expires_at <= now:
        raise Unauthorized("API_KEY_EXPIRED", "The API key has expired.")
    return found


async def _session(site: Site, shown: str, now: datetime) -> Holder:
    org_id, session_id = token.read(site.secret, shown, now)
    async with site.pool.acquire() as connection:
        found = await holder.by_session(connection, org_id, session_id)
    if found is None or not found.is_active:
        raise Unauthorized("SESSION_ENDED", "The session has ended.")
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
