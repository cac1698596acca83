"""An uploaded file as a clip: hashed while it came, prepared for the telephone in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from api.site import Request
from api.upload import UploadedFile
from engine.errors import FieldProblem, Invalid, TooLarge
from engine.org.catalogue import word_hash
from engine.store.audio import Clip
from media.prompts import Prepared, prepare, prepare_word
from media.wav import AudioRejected

CONTENT_TYPES = {
    "WAV": "audio/wav",
    "WAVEX": "audio/wav",
    "RF64": "audio/wav",
    "OGG": "audio/ogg",
    "FLAC": "audio/flac",
    "MP3": "audio/mpeg",
    "MPEG": "audio/mpeg",
    "AIFF": "audio/aiff",
}


async def clip_of(
    request: Request, file: UploadedFile, make: Callable[[Path], Prepared] = prepare
) -> tuple[Clip, Prepared]:
    """``make`` is ``prepare`` for a prompt, ``prepare_word`` for a word of a dictionary. Raises
    ``Invalid`` with the field ``file``, or ``TooLarge``."""
    try:
        prepared = await request.site.workers.run(make, file.path)
    except AudioRejected as rejected:
        if rejected.code == "audio_too_large":
            raise TooLarge("FILE_TOO_LARGE", str(rejected)) from None
        problem = FieldProblem("audio", str(rejected), {"reason": rejected.code})
        raise Invalid(str(rejected), code="AUDIO_REJECTED", fields={"file": [problem]}) from None
    original = await asyncio.to_thread(file.path.read_bytes)
    digest = word_hash(file.sha256) if make is prepare_word else file.sha256
    return Clip(digest, original, prepared.samples.astype("<i2").tobytes()), prepared


def content_type(prepared: Prepared) -> str:
    """By what the file is, never by what it is called."""
    container = prepared.source.format.partition("/")[0]
    return CONTENT_TYPES.get(container, "application/octet-stream")
