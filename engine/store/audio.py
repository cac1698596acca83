"""Audio of an organization: what people see of a clip, and the clip itself, once per content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from engine.errors import Conflict, NotFound
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Authored, Columns, Row

COLUMNS = """id, org_id, title, description, usage_type, tags, file_name, content_type, size_bytes,
    duration_ms, sample_rate, channels, created_at, updated_at, deleted_at, created_by, updated_by,
    deleted_by"""


class UsageType(StrEnum):
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    QUESTION = "question"
    PROMPT = "prompt"
    HOLD_MUSIC = "hold_music"
    NOTIFICATION = "notification"
    OTHER = "other"


class Audio(Authored):
    title: str
    description: str | None
    usage_type: UsageType
    tags: list[str]
    file_name: str
    content_type: str
    size_bytes: int
    duration_ms: int
    sample_rate: int
    """Hz, of the original."""
    channels: int


@dataclass(frozen=True, slots=True)
class Clip:
    """One content, whoever refers to it."""

    sha256: bytes
    """Of the original; of a dictionary's word ``engine.org.catalogue.word_hash`` of that."""
    original: bytes
    samples: bytes
    """8 kHz, mono, 16-bit little-endian."""


INSERT_CLIP = """
INSERT INTO clip (org_id, sha256, original, samples) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""


async def keep(connection: Connection, org_id: UUID, clip: Clip) -> None:
    await connection.execute(INSERT_CLIP, org_id, clip.sha256, clip.original, clip.samples)


INSERT = f"""
INSERT INTO audio (org_id, clip, created_by, updated_by, title, description, usage_type, tags,
    file_name, content_type, size_bytes, duration_ms, sample_rate, channels)
SELECT $1, $3, $2, $2, n.title, n.description, n.usage_type, n.tags, n.file_name, n.content_type,
    n.size_bytes, n.duration_ms, n.sample_rate, n.channels
FROM jsonb_populate_record(NULL::audio, $4::jsonb) n
RETURNING {COLUMNS}
"""


async def create(
    connection: Connection, org_id: UUID, member_id: UUID, clip: Clip, columns: Columns
) -> Audio:
    await keep(connection, org_id, clip)
    record = await connection.fetchrow(INSERT, org_id, member_id, clip.sha256, columns)
    return Audio.of(record)


GET = f"SELECT {COLUMNS} FROM audio WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL"


async def get(connection: Connection, org_id: UUID, audio_id: UUID) -> Audio:
    record = await connection.fetchrow(GET, org_id, audio_id)
    if record is None:
        raise _missing()
    return Audio.of(record)


ORIGINAL = """
SELECT c.original FROM audio a JOIN clip c ON c.org_id = a.org_id AND c.sha256 = a.clip
WHERE a.org_id = $1 AND a.id = $2 AND a.deleted_at IS NULL
"""


async def original(connection: Connection, org_id: UUID, audio_id: UUID) -> bytes:
    """The file as it was uploaded."""
    data: bytes | None = await connection.fetchval(ORIGINAL, org_id, audio_id)
    if data is None:
        raise _missing()
    return data


PART = """
SELECT substring(c.original FROM $3 FOR $4)
FROM audio a JOIN clip c ON c.org_id = a.org_id AND c.sha256 = a.clip
WHERE a.org_id = $1 AND a.id = $2 AND a.deleted_at IS NULL
"""


async def part(
    connection: Connection, org_id: UUID, audio_id: UUID, start: int, length: int
) -> bytes:
    """Of the file as it was uploaded; only these bytes are read, since it is kept uncompressed."""
    data: bytes | None = await connection.fetchval(PART, org_id, audio_id, start + 1, length)
    if data is None:
        raise _missing()
    return data


PREPARED = """
SELECT c.samples FROM audio a JOIN clip c ON c.org_id = a.org_id AND c.sha256 = a.clip
WHERE a.org_id = $1 AND a.id = $2 AND a.deleted_at IS NULL
"""


async def prepared(connection: Connection, org_id: UUID, audio_id: UUID) -> bytes:
    """As calls hear it: 8 kHz, mono, 16-bit little-endian."""
    data: bytes | None = await connection.fetchval(PREPARED, org_id, audio_id)
    if data is None:
        raise _missing()
    return data


KNOWN = "SELECT id FROM audio WHERE org_id = $1 AND id = ANY ($2) AND deleted_at IS NULL"


async def known(connection: Connection, org_id: UUID, audio_ids: Sequence[UUID]) -> set[UUID]:
    records = await connection.fetch(KNOWN, org_id, list(audio_ids))
    return {record["id"] for record in records}


LIST = Listing(
    Audio,
    COLUMNS,
    """audio WHERE org_id = $1 AND deleted_at IS NULL
       AND ($2::text IS NULL OR title ILIKE $2 OR description ILIKE $2 OR file_name ILIKE $2)
       AND ($3::text IS NULL OR usage_type = $3)""",
    {
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "title": "title",
        "usageType": "usage_type",
        "durationMs": "duration_ms",
    },
)


async def page(
    connection: Connection, org_id: UUID, query: Query, usage: UsageType | None = None
) -> Page[Audio]:
    kind = usage.value if usage else None
    return await LIST.fetch(connection, query, org_id, query.pattern, kind)


UPDATE = f"""
UPDATE audio a
SET (title, description, usage_type, tags) =
    (SELECT n.title, n.description, n.usage_type, n.tags
     FROM jsonb_populate_record(a, $4::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def update(
    connection: Connection, org_id: UUID, member_id: UUID, audio_id: UUID, changes: Columns
) -> Audio:
    record = await connection.fetchrow(UPDATE, org_id, member_id, audio_id, changes)
    if record is None:
        raise _missing()
    return Audio.of(record)


REPLACE = f"""
UPDATE audio a
SET (clip, file_name, content_type, size_bytes, duration_ms, sample_rate, channels) =
    (SELECT $4::bytea, n.file_name, n.content_type, n.size_bytes, n.duration_ms, n.sample_rate,
            n.channels
     FROM jsonb_populate_record(a, $5::jsonb) n),
    updated_at = now(), updated_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING {COLUMNS}
"""


async def replace(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    audio_id: UUID,
    clip: Clip,
    columns: Columns,
) -> Audio:
    """Another recording under the same id: calls that begin from now on hear it."""
    await keep(connection, org_id, clip)
    record = await connection.fetchrow(REPLACE, org_id, member_id, audio_id, clip.sha256, columns)
    if record is None:
        raise _missing()
    return Audio.of(record)


class FlowUsing(Row):
    id: UUID
    name: str


# The newest version of every flow, and the versions that unfinished executions run.
USED_BY = """
SELECT DISTINCT f.id, f.name
FROM flow f JOIN flow_version v ON v.org_id = f.org_id AND v.flow_id = f.id
WHERE f.org_id = $1
  AND (v.version = f.version AND f.deleted_at IS NULL OR EXISTS (
      SELECT FROM execution e
      WHERE e.org_id = $1 AND e.flow_id = f.id AND e.flow_version = v.version
        AND e.status IN ('scheduled', 'running', 'paused')))
  AND jsonb_path_exists(v.graph, $3::text::jsonpath, jsonb_build_object('id', $2::text))
ORDER BY f.name, f.id
"""


async def used_by(
    connection: Connection, org_id: UUID, id: UUID, property: str = "audioId"
) -> list[FlowUsing]:
    """The flows that name a thing by its id in a property of their graphs."""
    path = f"$.**.{property} ? (@ == $id)"
    records = await connection.fetch(USED_BY, org_id, str(id), path)
    return [FlowUsing.of(record) for record in records]


async def refuse_in_use(
    connection: Connection, org_id: UUID, id: UUID, code: str, property: str
) -> None:
    """Raises ``Conflict`` that names the flows."""
    flows = await used_by(connection, org_id, id, property)
    if flows:
        raise Conflict(
            code,
            f"It is used by: {', '.join(flow.name for flow in flows)}.",
            {"flows": [flow.model_dump(mode="json") for flow in flows]},
        )


DELETE = """
UPDATE audio SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, audio_id: UUID) -> None:
    """Raises ``Conflict`` (``AUDIO_IN_USE``) that names the flows."""
    await get(connection, org_id, audio_id)
    await refuse_in_use(connection, org_id, audio_id, "AUDIO_IN_USE", "audioId")
    await connection.execute(DELETE, org_id, member_id, audio_id)


def _missing() -> NotFound:
    return NotFound("AudioNotFoundError", "There is no such audio.")
