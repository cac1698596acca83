"""A WAV file that grows while the call runs and is playable at every moment.

Audio is appended, then the header is corrected: a crash in between costs the last chunk, not the
file. Writing may block, so a call hands it to a worker thread with ``QueuedFile``. What goes wrong
is kept as a value, since nobody stands where it happens.
"""

from __future__ import annotations

import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media import wav

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_HEADER_BYTES: Final = len(wav.header(0))


@dataclass(frozen=True, slots=True)
class RecordingFailure:
    code: str
    """``disk_full`` or ``write_failed``."""
    message: str

    @classmethod
    def of(cls, path: Path, error: OSError) -> RecordingFailure:
        code = "disk_full" if error.errno in _FULL else "write_failed"
        return cls(code, f"{path.name}: {error.strerror}")


@dataclass(slots=True)
class RecordingFile:
    """8 kHz 16-bit mono. After a failure nothing more is written, and what was written plays."""

    path: Path
    failure: RecordingFailure | None = None
    _descriptor: int | None = None
    _written: int = 0

    def append(self, chunk: bytes) -> None:
        """Little-endian samples. Blocks while the disk does; never raises OSError."""
        if self.failure is not None:
            return
        try:
            self._write(chunk)
        except OSError as error:
            self.failure = RecordingFailure.of(self.path, error)

    def close(self) -> None:
        """An empty recording is a file without samples."""
        self.append(b"")
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, chunk: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
            os.pwrite(self._descriptor, wav.header(0), 0)
        rest = memoryview(chunk)
        try:
            while rest:
                taken = os.pwrite(self._descriptor, rest, _HEADER_BYTES + self._written)
                self._written += taken
                rest = rest[taken:]
        finally:
            os.pwrite(self._descriptor, wav.header(self._written // 2), 0)


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """Appends in order in the one thread of ``executor``, which may serve every recording."""

    file: RecordingFile
    executor: ThreadPoolExecutor
    """With a single worker: that is what keeps the order."""

    @property
    def failure(self) -> RecordingFailure | None:
        return self.file.failure

    def append(self, chunk: bytes) -> None:
        self.executor.submit(self.file.append, chunk)

    def close(self) -> Future[None]:
        """Done when everything is in the file; ``failure`` is final then."""
        return self.executor.submit(self.file.close)
