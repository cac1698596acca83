"""The record effect: the callee's voice into a WAV file, and the recordings a call leaves.

Packets drive the recorder; a timer beside them lets time pass for a far side that sends nothing.
Files are written by the one thread of ``TapeRoom``, never by the loop.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from engine.call.line import Line
from engine.program.attempt import Attempt
from engine.program.report import Recording
from flows.effects import Record, RecordEnded, RecordReason
from media import g711, recorder, wav
from media.recorder import Recorder, RecordingEnd, RecordingLimits
from media.recording_file import QueuedFile, RecordingFailure, RecordingFile

FOLDER: Final = "recordings"
LOOK_S: Final = 0.25
"""How often time is told to pass where no packets tell it."""
HEADER_BYTES: Final = len(wav.header(0))
_REASONS: Final = {
    RecordingEnd.TERMINATOR: RecordReason.TERMINATOR,
    RecordingEnd.SILENCE: RecordReason.SILENCE,
    RecordingEnd.MAX_DURATION: RecordReason.MAX_DURATION,
}


class TapeFailed(Exception):
    """``code``: ``disk_full`` or ``write_failed``."""

    def __init__(self, failure: RecordingFailure) -> None:
        super().__init__(failure.message)
        self.code = failure.code


class TapeRoom:
    """Where the calls of one process record: ``data_dir/recordings/ORGANIZATION/DAY/``."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="recordings")

    def tape(self, attempt: Attempt) -> Tape:
        return Tape(self, attempt.org_id)

    async def file(self, org_id: UUID, recording_id: UUID, now: datetime) -> QueuedFile:
        """Raises ``TapeFailed`` where its folder cannot be made."""
        folder = self.data_dir / FOLDER / str(org_id) / now.date().isoformat()
        try:
            await asyncio.wrap_future(self.writer.submit(_make, folder))
        except OSError as problem:
            raise TapeFailed(RecordingFailure.of(folder, problem)) from problem
        return QueuedFile(RecordingFile(folder / f"{recording_id}.wav"), self.writer)

    def close(self) -> None:
        """Wait until everything is written."""
        self.writer.shutdown()


class Tape:
    """What one call records."""

    def __init__(self, room: TapeRoom, org_id: UUID) -> None:
        self._room, self._org_id = room, org_id
        self.recordings: list[Recording] = []

    async def record(self, line: Line, effect: Record, node_id: str | None) -> RecordEnded:
        """Raises ``TapeFailed``, and ``LineDropped`` where the callee left."""
        recording_id = uuid4()
        began = line.journal.note("recording", recordingId=str(recording_id), nodeId=node_id)
        file = await self._room.file(self._org_id, recording_id, began)
        if effect.beep:
            await line.wait(line.stream.play([g711.encode(recorder.beep(), line.codec)]))
        line.keypad.clear()
        limits = RecordingLimits(effect.max_duration_ms, effect.silence_timeout_ms)
        recording = Recorder(line.codec, limits, file)
        reason = RecordingEnd.HANGUP
        try:
            reason = await _listen(line, recording, effect.terminator)
        finally:
            # Also where the callee left or the call's time was up: what was said until then.
            made = recording.finish(reason)
            await asyncio.wrap_future(file.close())
            if file.failure is None:
                self._keep(recording_id, node_id, file.file.path, made, began)
        if file.failure is not None:
            raise TapeFailed(file.failure)
        return RecordEnded(
            str(recording_id), made.duration_ms, _REASONS[made.reason], made.heard_voice
        )

    def _keep(
        self, id: UUID, node_id: str | None, path: Path, made: recorder.Recording, began: datetime
    ) -> None:
        self.recordings.append(
            Recording(
                id=id,
                node_id=node_id,
                path=str(path.relative_to(self._room.data_dir)),
                duration_ms=made.duration_ms,
                size_bytes=HEADER_BYTES + made.duration_ms * 16,
                created_at=began,
            )
        )


async def _listen(line: Line, recording: Recorder, terminator: str | None) -> RecordingEnd:
    """Until the recording ends by itself or by its key."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[RecordingEnd] = loop.create_future()
    began = loop.time()

    def hear(sequence: int, timestamp: int, payload: bytes) -> None:
        reason = recording.push(sequence, timestamp, payload)
        if reason is not None and not ended.done():
            ended.set_result(reason)

    line.stream.on_audio = hear
    try:
        while True:
            try:
                await line.wait(asyncio.shield(ended), line.keypad.pressed(), within=LOOK_S)
            except TimeoutError:
                recording.pass_time(int((loop.time() - began) * 1000))
            if ended.done() or recording.ended:
                return recording.ended or ended.result()
            if line.keypad.peek() is not None and line.keypad.take() == terminator:
                return RecordingEnd.TERMINATOR
    finally:
        line.stream.on_audio = None


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
