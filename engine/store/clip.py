"""Clips as calls need them: which ones audio and dictionaries are now, and their samples."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import numpy as np

from engine.org.catalogue import Catalogue
from engine.store.pool import Connection
from media.g711 import Samples

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


class StoredClips:
    """What ``engine.call.speech`` asks for, by connections that are borrowed for each question."""

    def __init__(self, borrow: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._borrow = borrow

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        async with self._borrow() as connection:
            files = await of_audio(connection, org_id, _uuids(audio))
            words = await of_dictionaries(connection, org_id, _uuids(dictionaries))
        return Catalogue(
            {str(audio_id): digest for audio_id, digest in files.items()},
            {(str(name), key): digest for (name, key), digest in words.items()},
        )

    async def samples(self, org_id: UUID, clips: Collection[bytes]) -> Mapping[bytes, Samples]:
        async with self._borrow() as connection:
            found = await samples(connection, org_id, clips)
        return {digest: np.frombuffer(data, "<i2") for digest, data in found.items()}


def _uuids(names: Collection[str]) -> list[UUID]:
    """A name that is no id names nothing."""
    found = []
    for name in names:
        with contextlib.suppress(ValueError):
            found.append(UUID(name))
    return found
