"""``/consents``: what numbers' owners said, where and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from api.reply import ListQuery
from api.site import Request
from engine.store import consent, organization
from engine.store.consent import Consent, Kind
from engine.store.page import Page
from flows.wire import Wire


class ConsentBody(Wire):
    number: Annotated[str, Field(min_length=1, max_length=64)]
    """Read as dialed from the organization's country."""
    kind: Kind
    """`refused`: no to an offer, for a while; `withdrawn`: takes `given` back."""
    source: Annotated[str, Field(min_length=1, max_length=256)]
    """Where it was said: a form, a contract, a letter."""
    said_at: AwareDatetime | None = None
    """Now, unless given."""


async def create(request: Request, body: ConsentBody) -> Consent:
    return await consent.record(
        request.connection,
        request.org_id,
        request.member_id,
        number=await organization.number(request.connection, request.org_id, body.number),
        kind=body.kind,
        source=body.source,
        said_at=body.said_at or request.now,
    )


async def page(request: Request, query: ListQuery) -> Page[Consent]:
    return await consent.page(request.connection, request.org_id, query.asked())
