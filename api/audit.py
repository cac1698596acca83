"""``/audit-log``: who changed what, for the organization's admins."""

from __future__ import annotations

from uuid import UUID

from api.reply import ListQuery
from api.site import Request
from engine.store import audit
from engine.store.audit import AuditEntry
from engine.store.page import Page


class AuditQuery(ListQuery):
    resource_id: UUID | None = None
    """Of whatever was changed."""
    member_id: UUID | None = None
    """Of whoever changed it."""


async def page(request: Request, query: AuditQuery) -> Page[AuditEntry]:
    """Newest first; a change and its entry are one transaction."""
    return await audit.page(
        request.connection,
        request.org_id,
        query.asked(),
        resource_id=query.resource_id,
        member_id=query.member_id,
    )
