"""Dictionaries of an organization: recorded words by key, per language.

System dictionaries ship with the code (``media.dictionaries``) and have no rows.
"""

from __future__ import annotations

from uuid import UUID

from engine.errors import NotFound
from engine.org.wire import Instant
from engine.store.audio import Clip, keep, refuse_in_use
from engine.store.pool import Connection
from engine.store.row import Authored, Columns, Row

COLUMNS = """d.id, d.org_id, d.name, d.description, d.language, d.created_at, d.updated_at,
    d.deleted_at, d.created_by, d.updated_by, d.deleted_by,
    (SELECT count(*) FROM dictionary_entry e
     WHERE e.org_id = d.org_id AND e.dictionary_id = d.id) AS entry_count"""


class Dictionary(Authored):
    name: str
    description: str | None
    language: str
    """BCP 47 tag."""
    entry_count: int


class Entry(Row):
    key: str
    duration_ms: int
    created_at: Instant
    updated_at: Instant


INSERT = f"""
WITH d AS (
    INSERT INTO dictionary (org_id, created_by, updated_by, name, description, language)
    SELECT $1, $2, $2, n.name, n.description, n.language
    FROM jsonb_populate_record(NULL::dictionary, $3::jsonb) n
    RETURNING *
)
SELECT {COLUMNS} FROM d
"""


async def create(
    connection: Connection, org_id: UUID, member_id: UUID, columns: Columns
) -> Dictionary:
    return Dictionary.of(await connection.fetchrow(INSERT, org_id, member_id, columns))


LIST = f"""
SELECT {COLUMNS} FROM dictionary d
WHERE d.org_id = $1 AND d.deleted_at IS NULL ORDER BY d.created_at, d.id
"""


async def all_of(connection: Connection, org_id: UUID) -> list[Dictionary]:
    return [Dictionary.of(record) for record in await connection.fetch(LIST, org_id)]


BY_NAME = f"""
SELECT {COLUMNS} FROM dictionary d
WHERE d.org_id = $1 AND d.name = $2 AND d.deleted_at IS NULL ORDER BY d.created_at, d.id LIMIT 1
"""


async def by_name(connection: Connection, org_id: UUID, name: str) -> Dictionary | None:
    """The oldest of that name."""
    record = await connection.fetchrow(BY_NAME, org_id, name)
    return None if record is None else Dictionary.of(record)


GET = f"SELECT {COLUMNS} FROM dictionary d WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, dictionary_id: UUID) -> Dictionary:
    record = await connection.fetchrow(GET, org_id, dictionary_id)
    if record is None:
        raise _missing()
    return Dictionary.of(record)


DELETE = """
UPDATE dictionary SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def delete(
    connection: Connection, org_id: UUID, member_id: UUID, dictionary_id: UUID
) -> None:
    """Raises ``Conflict`` (``DICTIONARY_IN_USE``) that names the flows."""
    await get(connection, org_id, dictionary_id)
    await refuse_in_use(connection, org_id, dictionary_id, "DICTIONARY_IN_USE", "dictionaryId")
    await connection.execute(DELETE, org_id, member_id, dictionary_id)


# Entries ---------------------------------------------------------------------------------------

ENTRY = "key, duration_ms, created_at, updated_at"
PUT_ENTRY = f"""
INSERT INTO dictionary_entry (org_id, dictionary_id, key, clip, duration_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org_id, dictionary_id, key) DO UPDATE
SET clip = EXCLUDED.clip, duration_ms = EXCLUDED.duration_ms, updated_at = now()
RETURNING {ENTRY}
"""


async def put_entry(
    connection: Connection,
    org_id: UUID,
    dictionary_id: UUID,
    key: str,
    clip: Clip,
    duration_ms: int,
) -> Entry:
    """A key that is there is recorded anew."""
    await keep(connection, org_id, clip)
    record = await connection.fetchrow(
        PUT_ENTRY, org_id, dictionary_id, key, clip.sha256, duration_ms
    )
    return Entry.of(record)


LIST_ENTRIES = f"""
SELECT {ENTRY} FROM dictionary_entry WHERE org_id = $1 AND dictionary_id = $2 ORDER BY key
"""


async def entries(connection: Connection, org_id: UUID, dictionary_id: UUID) -> list[Entry]:
    records = await connection.fetch(LIST_ENTRIES, org_id, dictionary_id)
    return [Entry.of(record) for record in records]


GET_ENTRY = f"""
SELECT {ENTRY} FROM dictionary_entry WHERE org_id = $1 AND dictionary_id = $2 AND key = $3
"""


async def entry(connection: Connection, org_id: UUID, dictionary_id: UUID, key: str) -> Entry:
    record = await connection.fetchrow(GET_ENTRY, org_id, dictionary_id, key)
    if record is None:
        raise missing_entry(key)
    return Entry.of(record)


DELETE_ENTRY = """
DELETE FROM dictionary_entry WHERE org_id = $1 AND dictionary_id = $2 AND key = $3 RETURNING key
"""


async def delete_entry(connection: Connection, org_id: UUID, dictionary_id: UUID, key: str) -> None:
    if await connection.fetchval(DELETE_ENTRY, org_id, dictionary_id, key) is None:
        raise missing_entry(key)


def missing_entry(key: str) -> NotFound:
    return NotFound("DictionaryEntryNotFoundError", f"The dictionary has no entry {key!r}.")


def _missing() -> NotFound:
    return NotFound("DictionaryNotFoundError", "There is no such dictionary.")
