"""``/recordings``: what was recorded, as 8 kHz 16-bit mono WAV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field

from api.site import Request
from engine.errors import NotFound
from engine.store import recording
from engine.store.recording import Recording
from flows.wire import Wire


class RecordingQuery(Wire):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    call_id: UUID | None = None


async def some(request: Request, query: RecordingQuery) -> list[Recording]:
    """Newest first."""
    return await recording.some(
        request.connection,
        request.org_id,
        call_id=query.call_id,
        limit=query.limit,
        offset=query.offset,
    )


async def metadata(request: Request, id: UUID) -> Recording:
    return await recording.get(request.connection, request.org_id, id)


async def stream(request: Request, id: UUID) -> web.FileResponse:
    """Answers `Range`, so that a player can seek."""
    return await _file(request, id, "inline")


async def download(request: Request, id: UUID) -> web.FileResponse:
    return await _file(request, id, "attachment")


async def _file(request: Request, id: UUID, disposition: str) -> web.FileResponse:
    path = await recording.path(request.connection, request.org_id, id)
    return web.FileResponse(
        _below(request.site.data_dir, path),
        headers={
            "Content-Type": "audio/wav",
            "Content-Disposition": f'{disposition}; filename="{id}.wav"',
        },
    )


def _below(folder: Path, path: str) -> Path:
    """The file itself, which must lie in the data folder and be there."""
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise NotFound("RecordingNotFoundError", "The recording's file is not there.")
    return file
