"""What the contacts of an organization hold in an attribute: the range that speech must cover."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from engine.org.spelling import Days
from engine.store.pool import Connection
from media.dictionaries.coverage import Span

# A number or a text that is one, as flows read them; the CASE keeps the cast from all else.
NUMBERS = r"""
SELECT min(v), max(v), max(scale(trim_scale(v)))
FROM contact c CROSS JOIN LATERAL (
    SELECT CASE WHEN c.custom_attributes ->> $2 ~ '^\s*[+-]?\d{1,40}(\.\d{1,20})?\s*$'
                THEN (c.custom_attributes ->> $2)::numeric END AS v) n
WHERE c.org_id = $1 AND c.deleted_at IS NULL AND c.custom_attributes ? $2
"""


async def numbers(connection: Connection, org_id: UUID, slug: str) -> Span | None:
    """``None``: no contact holds a number there."""
    low, high, decimals = await connection.fetchrow(NUMBERS, org_id, slug)
    return None if low is None else Span(low, high, decimals)


DAYS = r"""
SELECT min(v COLLATE "C"), max(v COLLATE "C")
FROM contact c CROSS JOIN LATERAL (
    SELECT substring(c.custom_attributes ->> $2 FROM '^\d{4}-\d{2}-\d{2}') AS v) d
WHERE c.org_id = $1 AND c.deleted_at IS NULL AND c.custom_attributes ? $2
"""


async def days(connection: Connection, org_id: UUID, slug: str) -> Days | None:
    """``None``: no contact holds a date there."""
    first, last = await connection.fetchrow(DAYS, org_id, slug)
    try:
        return Days(date.fromisoformat(first or ""), date.fromisoformat(last or ""))
    except ValueError:
        return None
