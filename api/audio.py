"""``/audio-management``: clips that flows play, kept as uploaded and prepared for the telephone.

A playback address needs no key: it is signed, names one clip and expires, so that a browser's
player can fetch it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from aiohttp import web
from pydantic import BeforeValidator, Field

from api.clip import clip_of, content_type
from api.errors import Unauthorized
from api.reply import ListQuery
from api.site import SITE, Request
from api.upload import UploadedFile
from engine.org.wire import Instant, given, optional
from engine.store import audio
from engine.store.audio import Audio, FlowUsing, UsageType
from engine.store.page import Page
from engine.store.pool import tenant
from flows.wire import Wire
from media.g711 import SAMPLE_RATE
from media.prompts import Prepared, waveform_peaks

PURPOSE = "playback address"
PLAYBACK_LIFE = timedelta(minutes=15)
Title = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=1024)]
Tag = Annotated[str, Field(min_length=1, max_length=64)]


def _split(value: Any) -> Any:
    """A form says a list by several fields or by commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Tags = Annotated[list[Tag], Field(max_length=32)]


class AudioForm(Wire):
    title: Title
    description: Description | None = None
    usage_type: UsageType
    tags: Annotated[Tags, BeforeValidator(_split)] = Field(default_factory=list)


class AudioChange(Wire):
    title: Title = optional()
    description: Description | None = None
    usage_type: UsageType = optional()
    tags: Tags = optional()


class NewFile(Wire):
    """The form holds the file alone."""


class WaveformQuery(Wire):
    points: Annotated[int, Field(ge=1, le=4000)] = 400


class Waveform(Wire):
    duration_ms: int
    """Of the audio as calls hear it, silence at its ends cut."""
    peaks: list[float]
    """The loudest sample of each of `points` equal parts, 0 to 1 of full scale."""


class AudioMetadata(Wire):
    id: UUID
    file_name: str
    content_type: str
    size_bytes: int
    duration_ms: int
    sample_rate: int
    channels: int


class Playback(Wire):
    url: str
    expires_at: Instant


async def upload(request: Request, form: AudioForm, file: UploadedFile) -> Audio:
    clip, prepared = await clip_of(request, file)
    columns = form.model_dump(mode="json") | _heard(file, prepared)
    return await audio.create(request.connection, request.org_id, request.member_id, clip, columns)


async def replace(request: Request, id: UUID, form: NewFile, file: UploadedFile) -> Audio:
    """Another recording under the same id: calls that begin from now on hear it."""
    await audio.get(request.connection, request.org_id, id)
    clip, prepared = await clip_of(request, file)
    return await audio.replace(
        request.connection, request.org_id, request.member_id, id, clip, _heard(file, prepared)
    )


def _heard(file: UploadedFile, prepared: Prepared) -> dict[str, str | int]:
    return {
        "file_name": file.name,
        "content_type": content_type(prepared),
        "size_bytes": file.size,
        "duration_ms": prepared.source.duration_ms,
        "sample_rate": prepared.source.sample_rate,
        "channels": prepared.source.channels,
    }


async def page(request: Request, query: ListQuery) -> Page[Audio]:
    return await audio.page(request.connection, request.org_id, query.asked())


async def page_by_usage(
    request: Request,
    usage_type: UsageType,
    query: ListQuery,
) -> Page[Audio]:
    return await audio.page(request.connection, request.org_id, query.asked(), usage_type)


async def get(request: Request, id: UUID) -> Audio:
    return await audio.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: AudioChange) -> Audio:
    return await audio.update(
        request.connection, request.org_id, request.member_id, id, given(body)
    )


async def delete(request: Request, id: UUID) -> None:
    await audio.delete(request.connection, request.org_id, request.member_id, id)


async def metadata(request: Request, id: UUID) -> AudioMetadata:
    found = await audio.get(request.connection, request.org_id, id)
    return AudioMetadata(
        id=found.id,
        fileName=found.file_name,
        contentType=found.content_type,
        sizeBytes=found.size_bytes,
        durationMs=found.duration_ms,
        sampleRate=found.sample_rate,
        channels=found.channels,
    )


async def usage(request: Request, id: UUID) -> list[FlowUsing]:
    """The flows that play it: their newest versions, and those that executions run."""
    await audio.get(request.connection, request.org_id, id)
    return await audio.used_by(request.connection, request.org_id, id)


async def waveform(request: Request, id: UUID, query: WaveformQuery) -> Waveform:
    samples = np.frombuffer(await audio.prepared(request.connection, request.org_id, id), "<i2")
    peaks = await asyncio.to_thread(waveform_peaks, samples, query.points)
    return Waveform(durationMs=samples.size * 1000 // SAMPLE_RATE, peaks=peaks)


async def playback_url(request: Request, id: UUID) -> Playback:
    await audio.get(request.connection, request.org_id, id)
    until = int((request.now + PLAYBACK_LIFE).timestamp())
    token = _sign(request.site.secret.key(PURPOSE), request.org_id, id, until)
    return Playback(url=f"/api/playback/{token}", expiresAt=datetime.fromtimestamp(until, UTC))


async def playback(asked: web.Request) -> web.Response:
    """The clip a signed address names, as it was uploaded; answers `Range`."""
    site = asked.app[SITE]
    now = site.clock.now()
    org_id, audio_id = _verify(site.secret.key(PURPOSE), asked.match_info["token"], now)
    async with tenant(site.pool, org_id) as connection:
        found = await audio.get(connection, org_id, audio_id)
        part = _part(asked, found.size_bytes)
        data = await audio.part(connection, org_id, audio_id, part.start, len(part))
    whole = len(part) == found.size_bytes
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=900",
        "X-Content-Type-Options": "nosniff",
    }
    if not whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{found.size_bytes}"
    return web.Response(
        status=200 if whole else 206,
        body=data,
        content_type=found.content_type,
        headers=headers,
    )


def _part(asked: web.Request, size: int) -> range:
    """The bytes asked for (RFC 9110 section 14); a header that cannot be read counts for none."""
    try:
        part = asked.http_range
    except ValueError:
        return range(size)
    wanted = range(size)[part]
    if not wanted:
        unsatisfied = {"Content-Range": f"bytes */{size}"}
        raise web.HTTPRequestRangeNotSatisfiable(headers=unsatisfied)
    return wanted


def _sign(key: bytes, org_id: UUID, audio_id: UUID, until: int) -> str:
    told = org_id.bytes + audio_id.bytes + until.to_bytes(8, "big")
    seal = hmac.new(key, told, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(told + seal).decode().rstrip("=")


def _verify(key: bytes, token: str, now: datetime) -> tuple[UUID, UUID]:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    told, seal = raw[:40], raw[40:]
    if len(told) < 40 or not hmac.compare_digest(
        seal, hmac.new(key, told, hashlib.sha256).digest()
    ):
        raise Unauthorized("PLAYBACK_URL_INVALID", "This is no playback address of ours.")
    if int.from_bytes(told[32:], "big") <= now.timestamp():
        raise Unauthorized("PLAYBACK_URL_EXPIRED", "The playback address has expired.")
    return UUID(bytes=told[:16]), UUID(bytes=told[16:32])
