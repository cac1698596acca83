"""DIDs: the numbers an organization may call from."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import asyncpg

from engine.errors import Conflict, FieldProblem, Invalid, NotFound
from engine.org.phone import country_of, normalise
from engine.store import organization
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Authored, Row

COLUMNS = """d.id, d.org_id, d.number, d.country, d.description, d.status, d.max_concurrent,
    d.calls_per_second, d.daily_cap, d.created_at, d.updated_at, d.deleted_at, d.created_by,
    d.updated_by, d.deleted_by,
    jsonb_build_object('id', t.id, 'name', t.name, 'status', t.status) AS trunk"""


class DidStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    RESERVED = "reserved"


class TrunkBrief(Row):
    id: UUID
    name: str
    status: str


class Did(Authored):
    number: str
    """E.164."""
    country: str
    """ISO 3166 alpha-2."""
    description: str | None
    status: DidStatus
    trunk: TrunkBrief
    max_concurrent: int | None
    """Calls at once; `null`: no cap, here and below."""
    calls_per_second: float | None
    daily_cap: int | None


INSERT = f"""
WITH d AS (
    INSERT INTO did (org_id, number, country, description, trunk_id, max_concurrent,
        calls_per_second, daily_cap, attestation)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING *
)
SELECT {COLUMNS} FROM d JOIN trunk t ON t.id = d.trunk_id
"""


async def create(
    connection: Connection,
    org_id: UUID,
    *,
    number: str,
    trunk_id: UUID,
    description: str | None = None,
    max_concurrent: int | None = None,
    calls_per_second: float | None = None,
    daily_cap: int | None = None,
    attestation: str | None = None,
) -> Did:
    """``attestation``: ``A``, ``B``, ``C``, or ``None`` for calls that are not signed.
    ``number`` is read as dialed from the organization's country.

    Raises ``Invalid`` for a number that cannot be one, ``Conflict`` (``DID_EXISTS``) where any
    organization has it, ``NotFound`` where the organization or the trunk is missing.
    """
    region = (await organization.get(connection, org_id)).country
    e164 = normalise(number, region)
    if isinstance(e164, FieldProblem):
        raise Invalid(e164.message, fields={"number": [e164]})
    country = country_of(e164) or region
    try:
        record = await connection.fetchrow(
            INSERT,
            org_id,
            e164,
            country,
            description,
            trunk_id,
            max_concurrent,
            calls_per_second,
            daily_cap,
            attestation,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("DID_EXISTS", f"The number {e164} is there already.") from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("TrunkNotFoundError", "There is no such trunk.") from None
    return Did.of(record)


SOURCE = """did d JOIN trunk t ON t.id = d.trunk_id
WHERE d.org_id = $1 AND d.deleted_at IS NULL
  AND ($2::text IS NULL OR d.number LIKE $2 OR d.description ILIKE $2)"""
SORTS = {
    "createdAt": "d.created_at",
    "updatedAt": "d.updated_at",
    "number": "d.number",
    "country": "d.country",
    "status": "d.status",
}
LIST = Listing(Did, COLUMNS, SOURCE, SORTS, tie="d.id")
AVAILABLE = Listing(
    Did,
    COLUMNS,
    f"{SOURCE} AND d.status = 'active' AND t.status = 'active' AND t.deleted_at IS NULL",
    SORTS,
    tie="d.id",
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Did]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


async def available(connection: Connection, org_id: UUID, query: Query) -> Page[Did]:
    """Those that can be called from now: active, on an active trunk."""
    return await AVAILABLE.fetch(connection, query, org_id, query.pattern)


GET = f"""
SELECT {COLUMNS} FROM did d JOIN trunk t ON t.id = d.trunk_id
WHERE d.org_id = $1 AND d.id = $2 AND d.deleted_at IS NULL
"""


async def get(connection: Connection, org_id: UUID, did_id: UUID) -> Did:
    record = await connection.fetchrow(GET, org_id, did_id)
    if record is None:
        raise NotFound("DidNotFoundError", "There is no such number.")
    return Did.of(record)


RESOLVE = """
SELECT w.at, d.id
FROM unnest($2::text[]) WITH ORDINALITY w (typed, at)
JOIN did d ON (d.number = w.typed OR d.id::text = w.typed)
WHERE d.org_id = $1 AND d.deleted_at IS NULL
"""


async def resolve(
    connection: Connection, org_id: UUID, named: Sequence[str]
) -> tuple[list[UUID], list[int]]:
    """Ids of the numbers or ids that ``named`` holds, each once, and the places of unknown ones."""
    region = await organization.country(connection, org_id)
    typed = [_canonical(name, region) for name in named]
    records = await connection.fetch(RESOLVE, org_id, typed)
    found = {record["at"] - 1: record["id"] for record in records}
    unknown = [place for place in range(len(named)) if place not in found]
    return list(dict.fromkeys(found[place] for place in sorted(found))), unknown


def _canonical(name: str, region: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        number = normalise(name, region)
        return name if isinstance(number, FieldProblem) else number
