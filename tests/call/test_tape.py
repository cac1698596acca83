"""Recordings that do not come to their own end: what was said until then is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.program.outcome import Result
from engine.program.report import CallReport
from media.g711 import Codec, Samples, encode
from tests.call.handset import Handset
from tests.call.switchboard import HANGUP, dial, graph, play, speechlike, switchboard

VOICE = encode(speechlike(0.5), Codec.PCMA).tobytes()
FRAMES = [VOICE[at : at + 160] for at in range(0, len(VOICE), 160)]


def record(**config: Any) -> dict[str, Any]:
    return {"id": "message", "type": "record", "config": {"beep": False, **config}}


def kept(folder: Path, report: CallReport) -> Samples:
    [recording] = report.recordings
    audio, rate = soundfile.read(folder / recording.path, dtype="int16")
    assert rate == 8000
    assert audio.size * 1000 // rate == recording.duration_ms
    assert (folder / recording.path).stat().st_size == recording.size_bytes
    return np.asarray(audio, np.int16)


async def spoken_to(handset: Handset, *, then_leave: bool) -> None:
    """Half a second of voice into the recording, at the pace of a call."""
    await handset.caller()
    await handset.speak(*FRAMES)
    await asyncio.sleep(0.05)
    if then_leave:
        handset.hang_up()


async def test_a_callee_that_leaves_is_kept_on_tape(tmp_path: Path) -> None:
    async with switchboard(tmp_path) as board, Handset.waiting() as handset:
        flow = graph(dial(), record(), HANGUP)
        report, _ = await asyncio.gather(
            board.call(handset.address, "+212600000001", flow),
            spoken_to(handset, then_leave=True),
        )
    assert report.outcome.result is Result.ANSWERED
    assert VOICE[1600:] in encode(kept(tmp_path, report), Codec.PCMA).tobytes()


async def test_a_call_whose_time_is_up_keeps_its_tape(tmp_path: Path) -> None:
    async with (
        switchboard(tmp_path, max_call_seconds=1.0) as board,
        Handset.waiting() as handset,
    ):
        flow = graph(dial(), record(), HANGUP)
        report, _ = await asyncio.gather(
            board.call(handset.address, "+212600000001", flow),
            spoken_to(handset, then_leave=False),
        )
    assert report.outcome.cause.code == "limit_call_length"
    assert VOICE[1600:] in encode(kept(tmp_path, report), Codec.PCMA).tobytes()


async def test_a_disk_that_fails_is_the_flows_to_handle(tmp_path: Path) -> None:
    """A file stands where the folder of the recordings should be."""
    (tmp_path / "recordings").write_text("in the way")
    async with switchboard(tmp_path) as board, Handset.waiting() as handset:
        flow = graph(dial(), record(), play("bye"), HANGUP)
        report = await board.call(handset.address, "+212600000001", flow)
        broken = await board.call(handset.address, "+212600000001", graph(dial(), record()))
    assert report.outcome.result is Result.COMPLETED
    assert [step.node_id for step in report.path] == ["dial", "message", "play", "end"]
    assert report.recordings == broken.recordings == ()
    assert (broken.outcome.cause.code, broken.outcome.cause.detail) == (
        "flow_error",
        "write_failed",
    )
