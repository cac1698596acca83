"""Rows of a table on their way into contacts: copied beside them, then taken in by one statement.

A ``Staging`` holds a connection for a whole table. Its two temporary tables are the engine's,
lent to the tenant; each batch is one transaction of the tenant's, so what is committed stays
whatever happens to the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from json import dumps
from typing import Any
from uuid import UUID

from engine.errors import Conflict
from engine.org.plan import Limit
from engine.store.plan import room
from engine.store.pool import Connection

FIELDS = (
    "primary_phone",
    "primary_phone_raw",
    "first_name",
    "last_name",
    "full_name",
    "primary_email",
    "address",
    "city",
    "state",
    "zip",
    "occupation",
    "preferred_channel",
    "gender",
    "custom_attributes",
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Duplicates(StrEnum):
    """What becomes of a row whose phone a contact has already."""

    UPDATE = "update"
    """The contact changes in what the row holds."""
    SKIP = "skip"
    """The contact stays as it is."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch as ``COPY`` takes it."""

    columns: tuple[str, ...]
    """Of ``FIELDS``."""
    copy: bytes
    rows: int


def stage(rows: Mapping[int, Mapping[str, Any]]) -> Staged:
    """Rows by their number; each phone once."""
    used = {name for row in rows.values() for name in row}
    columns = tuple(name for name in FIELDS if name in used)
    lines = [
        "\t".join([str(number), *(_cell(row.get(name)) for name in columns)])
        for number, row in rows.items()
    ]
    lines.append("")
    return Staged(columns, "\n".join(lines).encode(), len(rows))


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    text = value if isinstance(value, str) else dumps(value, ensure_ascii=False, allow_nan=False)
    return text.translate(_ESCAPES)


@dataclass(frozen=True, slots=True)
class Taken:
    created: int
    known: int
    """Rows whose phone a contact had."""
    refused: list[int]
    """Numbers of the rows for which the plan has no room."""
    limit: int | None


DROP = "DROP TABLE IF EXISTS pg_temp.staged_contact, pg_temp.foreseen_contact"
CREATE = f"""
{DROP};
CREATE TEMPORARY TABLE staged_contact (
    number integer, {", ".join(f"{name} text" for name in FIELDS)}
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE foreseen_contact (primary_phone text PRIMARY KEY);
GRANT ALL ON staged_contact, foreseen_contact TO gomobile_tenant
"""
LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 1))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 1))"


@asynccontextmanager
async def staging(connection: Connection, name: UUID) -> AsyncIterator[None]:
    """Room for batches on this connection. Raises ``Conflict`` while another has ``name``."""
    if not await connection.fetchval(LOCK, str(name)):
        raise Conflict("INGESTION_EXECUTING", "The session is being executed.")
    try:
        await connection.execute(CREATE)
        yield
        await connection.execute(DROP)
    finally:
        if not connection.is_closed():
            await connection.fetchval(UNLOCK, str(name))


FORESEEN = "SELECT count(*) FROM foreseen_contact"
BEYOND = """
DELETE FROM staged_contact WHERE number IN (
    SELECT number FROM staged_contact s
    WHERE NOT EXISTS (SELECT FROM contact c WHERE c.org_id = $1
                      AND c.primary_phone = s.primary_phone AND c.deleted_at IS NULL)
      AND NOT EXISTS (SELECT FROM foreseen_contact f WHERE f.primary_phone = s.primary_phone)
    ORDER BY number OFFSET $2)
RETURNING number
"""
FORESEE = """
INSERT INTO foreseen_contact
SELECT primary_phone FROM staged_contact s
WHERE NOT EXISTS (SELECT FROM contact c WHERE c.org_id = $1
                  AND c.primary_phone = s.primary_phone AND c.deleted_at IS NULL)
ON CONFLICT DO NOTHING
RETURNING true
"""


async def take(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    staged: Staged,
    *,
    duplicates: Duplicates,
    audience_id: UUID | None = None,
    dry: bool = False,
) -> Taken:
    """Makes and changes contacts, and puts them into the audience; ``dry`` only counts them.

    In a transaction of the tenant's, inside ``staging``.
    """
    if not staged.rows:
        return Taken(0, 0, [], None)
    columns = ["number", *staged.columns]
    await connection.copy_to_table(
        "staged_contact", schema_name="pg_temp", source=BytesIO(staged.copy), columns=columns
    )
    limit, refused = await _beyond_plan(connection, org_id, staged.rows)
    if dry:
        created = len(await connection.fetch(FORESEE, org_id))
    else:
        sql = _upsert(staged.columns, duplicates)
        created = await connection.fetchval(sql, org_id, member_id, audience_id)
    return Taken(created, staged.rows - len(refused) - created, refused, limit)


async def _beyond_plan(
    connection: Connection, org_id: UUID, rows: int
) -> tuple[int | None, list[int]]:
    limit, used = await room(connection, org_id, Limit.CONTACTS)
    if limit is None:
        return None, []
    used += await connection.fetchval(FORESEEN)
    if used + rows <= limit:
        return limit, []
    records = await connection.fetch(BEYOND, org_id, max(0, limit - used))
    return limit, sorted(record["number"] for record in records)


def _upsert(columns: Sequence[str], duplicates: Duplicates) -> str:
    """Counts the contacts it makes; `$1` organization, `$2` member, `$3` audience or NULL."""
    attributes = "coalesce(s.custom_attributes, '{}')::jsonb"
    values = ", ".join(
        attributes if name == "custom_attributes" else f"s.{name}" for name in columns
    )
    return f"""
WITH taken AS (
    INSERT INTO contact AS c (org_id, created_by, updated_by, {", ".join(columns)})
    SELECT $1, $2, $2, {values} FROM staged_contact s
    ON CONFLICT (org_id, primary_phone) WHERE deleted_at IS NULL
    {_on_conflict(columns, duplicates)}
    RETURNING id, xmax = 0 AS created
), joined AS (
    INSERT INTO audience_contact (org_id, audience_id, contact_id)
    SELECT $1, $3, id FROM taken WHERE $3::uuid IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT count(*) FILTER (WHERE created)::integer FROM taken
"""


def _on_conflict(columns: Sequence[str], duplicates: Duplicates) -> str:
    """A row that was there is returned either way, for its audience."""
    if duplicates is Duplicates.SKIP:
        return "DO UPDATE SET org_id = c.org_id WHERE $3::uuid IS NOT NULL"
    changes = [
        "custom_attributes = c.custom_attributes || EXCLUDED.custom_attributes"
        if name == "custom_attributes"
        else f"{name} = coalesce(EXCLUDED.{name}, c.{name})"
        for name in columns
        if name != "primary_phone"
    ]
    return f"DO UPDATE SET {', '.join(changes)}, updated_at = now(), updated_by = $2"
