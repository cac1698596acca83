"""``/users``: who the key belongs to."""

from __future__ import annotations

from api.site import Request
from engine.store import member
from engine.store.member import Profile


async def me(request: Request) -> Profile:
    return await member.profile(request.connection, request.org_id, request.member_id)
