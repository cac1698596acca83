"""Files that come with a form: streamed to a spool below the data folder, counted and hashed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from aiohttp import BodyPartReader, web
from aiohttp.abc import AbstractStreamWriter

from engine.errors import FieldProblem, Invalid, TooLarge

SPOOL = "spool"
"""The folder of what is being received, below the data folder."""
CHUNK = 64 * 1024
LONGEST_FIELD = 64 * 1024
MOST_FIELDS = 32


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """It is removed when the request ends, unless it has been moved away."""

    path: Path
    name: str
    """As the client calls it, without folders."""
    content_type: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Form:
    fields: dict[str, str | list[str]]
    """A field that came several times is a list."""
    file: UploadedFile


class SpooledFile(web.FileResponse):
    """A file of the spool, sent once."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            return await super().prepare(request)
        finally:
            self._path.unlink(missing_ok=True)


async def read_form(request: web.Request, spool: Path, limit: int) -> Form:
    """``multipart/form-data`` with one part ``file`` of at most ``limit`` bytes.

    Raises ``Invalid`` or ``TooLarge``; nothing is left in the spool then.
    """
    if not request.content_type.startswith("multipart/"):
        raise Invalid("Expected multipart/form-data.", code="MULTIPART_EXPECTED")
    fields: dict[str, str | list[str]] = {}
    file: UploadedFile | None = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Invalid("The form has a part without a name.", code="MALFORMED_FORM")
            if part.name == "file" and file is None:
                file = await _spool(part, spool, limit)
            else:
                _add(fields, part.name, await _text(part))
    except BaseException as problem:
        if file is not None:
            file.path.unlink(missing_ok=True)
        if isinstance(problem, ValueError | AssertionError):
            raise Invalid("The form cannot be read.", code="MALFORMED_FORM") from None
        raise
    if file is None:
        problem_ = FieldProblem("required", "A file is needed.")
        raise Invalid("The form is not valid.", fields={"file": [problem_]})
    return Form(fields, file)


async def _spool(part: BodyPartReader, spool: Path, limit: int) -> UploadedFile:
    path = spool / uuid4().hex
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as out:
            while chunk := await part.read_chunk(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise TooLarge("FILE_TOO_LARGE", f"The file has more than {limit} bytes.")
                digest.update(chunk)
                out.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    kind = part.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
    return UploadedFile(path, _name(part.filename), kind, size, digest.digest())


def _name(given: str | None) -> str:
    """Folders, of either manner, and control characters are no part of a name."""
    bare = PurePosixPath((given or "").replace("\\", "/")).name
    shown = "".join(character for character in bare if character.isprintable())
    return os.path.basename(shown)[:255] or "file"


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > LONGEST_FIELD:
            raise TooLarge("FIELD_TOO_LARGE", f"A field has more than {LONGEST_FIELD} bytes.")
    return data.decode()


def _add(fields: dict[str, str | list[str]], name: str, value: str) -> None:
    if len(fields) >= MOST_FIELDS:
        raise TooLarge("FORM_TOO_LARGE", f"The form has more than {MOST_FIELDS} fields.")
    known = fields.get(name)
    match known:
        case None:
            fields[name] = value
        case str():
            fields[name] = [known, value]
        case list():
            known.append(value)
