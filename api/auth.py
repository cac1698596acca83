"""Who asks: a key in ``x-api-key`` or ``Authorization: Bearer``, its organization and role."""

from __future__ import annotations

from datetime import datetime

import asyncpg
from aiohttp import web

from api.errors import Unauthorized
from engine.errors import Forbidden
from engine.org.organization import OrganizationStatus, Role
from engine.store import api_key
from engine.store.api_key import Holder

LONGEST = 256
"""Characters of a key; more is refused unread."""


async def authenticate(
    pool: asyncpg.Pool, request: web.Request, needed: Role, now: datetime
) -> Holder:
    """Raises ``Unauthorized`` for the key, ``Forbidden`` for its organization or role."""
    secret = _secret(request)
    async with pool.acquire() as connection:
        holder = await api_key.holder(connection, secret)
    if holder is None or not holder.is_active:
        raise Unauthorized("API_KEY_INVALID", "The API key is not valid.")
    if holder.expires_at is not None and holder.expires_at <= now:
        raise Unauthorized("API_KEY_EXPIRED", "The API key has expired.")
    if holder.status is not OrganizationStatus.ACTIVE:
        code = f"ORGANIZATION_{holder.status.name}"
        raise Forbidden(code, f"The organization is {holder.status.value}.")
    if not holder.role.allows(needed):
        raise Forbidden("ROLE_FORBIDDEN", f"This needs the role {needed.value}.")
    return holder


def _secret(request: web.Request) -> str:
    secret = request.headers.get("x-api-key") or _bearer(request.headers.get("Authorization", ""))
    if not secret:
        raise Unauthorized("API_KEY_MISSING", "An API key is needed.")
    if len(secret) > LONGEST or not secret.isascii():
        raise Unauthorized("API_KEY_INVALID", "The API key is not valid.")
    return secret


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
