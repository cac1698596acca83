"""Clips as calls need them: which ones audio and dictionaries are now, and their samples."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from engine.store.pool import Connection

# Deleted audio is still found: an execution runs on with what it was launched with.
OF_AUDIO = "SELECT id, clip FROM audio WHERE org_id = $1 AND id = ANY ($2)"


async def of_audio(
    connection: Connection, org_id: UUID, audio_ids: Collection[UUID]
) -> dict[UUID, bytes]:
    """Digest by audio id; unknown ids are left out."""
    records = await connection.fetch(OF_AUDIO, org_id, list(audio_ids))
    return {record["id"]: record["clip"] for record in records}


OF_DICTIONARIES = """
SELECT dictionary_id, key, clip FROM dictionary_entry
WHERE org_id = $1 AND dictionary_id = ANY ($2)
"""


async def of_dictionaries(
    connection: Connection, org_id: UUID, dictionary_ids: Collection[UUID]
) -> dict[tuple[UUID, str], bytes]:
    """Digest by dictionary id and key."""
    records = await connection.fetch(OF_DICTIONARIES, org_id, list(dictionary_ids))
    return {(record["dictionary_id"], record["key"]): record["clip"] for record in records}


SAMPLES = "SELECT sha256, samples FROM clip WHERE org_id = $1 AND sha256 = ANY ($2)"


async def samples(
    connection: Connection, org_id: UUID, digests: Collection[bytes]
) -> dict[bytes, bytes]:
    """8 kHz, mono, 16-bit little-endian, by digest."""
    records = await connection.fetch(SAMPLES, org_id, list(digests))
    return {record["sha256"]: record["samples"] for record in records}
