"""Whole calls over loopback: the outcome, the trace, and everything given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.program.outcome import AnsweredBy, Fault, Result
from engine.simulator.callee import MESSAGE
from media.dictionaries.pack import SystemPack
from media.g711 import decode
from tests.call.exchange import Exchange, exchange
from tests.call.switchboard import HANGUP, HELLO, dial, graph, menu, play, speechlike


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(tmp_path) as made:
        yield made


async def test_a_flow_that_comes_to_its_end_is_completed(line: Exchange) -> None:
    report = await line.call("+212600000010", HELLO)
    assert report.outcome.result is Result.COMPLETED
    assert report.outcome.cause.fault is Fault.NONE
    assert [step.node_id for step in report.path] == ["dial", "play", "end"]
    assert report.node_counts == {"dial": 1, "play": 1, "end": 1}
    made = report.outcome.milestones
    instants = [made.dialed_at, made.ringing_at, made.answered_at]
    instants += [made.first_audio_at, made.ended_at]
    assert None not in instants
    assert instants == sorted(instants)
    await line.saw("ended")
    assert [entry["event"] for entry in line.log] == ["invite", "answered", "ended"]


@pytest.mark.parametrize(
    ("number", "result", "code", "fault", "permanent"),
    [
        ("+212600000040", Result.BUSY, "user_busy", Fault.CALLEE, False),
        ("+212600000050", Result.REJECTED, "call_rejected", Fault.CALLEE, False),
        ("+212600000060", Result.FAILED, "service_unavailable", Fault.CARRIER, False),
        ("+212600000080", Result.FAILED, "unallocated_number", Fault.CALLEE, True),
    ],
)
async def test_a_refusal_becomes_its_result_cause_and_fault(
    line: Exchange, number: str, result: Result, code: str, fault: Fault, permanent: bool
) -> None:
    outcome = (await line.call(number, HELLO)).outcome
    assert (outcome.result, outcome.cause.code) == (result, code)
    assert (outcome.cause.fault, outcome.cause.permanent) == (fault, permanent)
    assert outcome.answered_by is AnsweredBy.NONE


async def test_a_call_that_rings_out_is_cancelled(line: Exchange) -> None:
    outcome = (await line.call("+212600000030", graph(dial(), play("welcome")))).outcome
    assert (outcome.result, outcome.cause.code) == (Result.NO_ANSWER, "ring_timeout")
    assert await line.saw("ended")


async def test_a_callee_that_leaves_early_has_answered(line: Exchange) -> None:
    line.clips.audio["long"] = speechlike(10)
    outcome = (await line.call("+212600000071", graph(dial(), play("long")))).outcome
    assert outcome.result is Result.ANSWERED


async def test_a_withdrawn_intent_rings_nobody(line: Exchange) -> None:
    report = await line.call("+212600000001", HELLO, allowed=False)
    assert report.outcome.result is Result.CANCELLED
    assert line.log == []


async def test_keys_choose_the_branch(line: Exchange) -> None:
    flow = graph(dial(), menu("bye"), play("bye"), HANGUP, menu={"branches": {"1": "play"}})
    report = await line.call("+212600000001", flow)
    assert report.outcome.result is Result.COMPLETED
    assert report.variables == {"choice": "1"}
    assert [step.output for step in report.path][1] == "branches.1"
    assert [event.data["key"] for event in report.events if event.type == "key"] == ["1"]


async def test_a_machine_is_told_from_a_human(line: Exchange) -> None:
    flow = graph(dial(machines=True), play("bye"), HANGUP)
    machine, human = await asyncio.gather(
        line.call("+212600000020", flow), line.call("+212600000001", flow)
    )
    assert machine.outcome.result is Result.VOICEMAIL
    assert machine.outcome.answered_by is AnsweredBy.MACHINE
    assert human.outcome.result is Result.COMPLETED
    assert human.outcome.answered_by is AnsweredBy.HUMAN


async def test_a_missing_clip_breaks_the_flow_for_good(line: Exchange) -> None:
    outcome = (await line.call("+212600000001", graph(dial(), play("nowhere")))).outcome
    assert (outcome.result, outcome.cause.code) == (Result.FAILED, "flow_error")
    assert outcome.cause.fault is Fault.OPERATOR
    assert outcome.cause.permanent


async def test_an_endless_call_is_ended_by_its_limit(tmp_path: Path) -> None:
    async with exchange(tmp_path, max_call_seconds=1.5) as line:
        line.clips.audio["long"] = speechlike(10)
        outcome = (await line.call("+212600000010", graph(dial(), play("long")))).outcome
    assert (outcome.result, outcome.cause.code) == (Result.FAILED, "limit_call_length")


async def test_a_cancelled_task_hangs_up_and_gives_everything_back(line: Exchange) -> None:
    line.clips.audio["long"] = speechlike(30)
    task = asyncio.create_task(line.call("+212600000010", graph(dial(), play("long"))))
    await line.saw("answered")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.streams == 0
    assert (await line.saw("ended"))[0]["by"] == "remote"


async def test_many_calls_at_once_give_every_port_back(line: Exchange) -> None:
    reports = await asyncio.gather(
        *(line.call(f"+2126000{n:04}01", graph(dial(), play("bye"), HANGUP)) for n in range(30))
    )
    assert {report.outcome.result for report in reports} == {Result.COMPLETED}
    assert line.streams == 0
    assert len(line.events("invite")) == 30


async def test_a_message_is_recorded_as_it_was_said(line: Exchange) -> None:
    record = {
        "id": "message",
        "type": "record",
        "config": {"maxDuration": 15000, "silenceTimeout": 1000, "recordingIdVariable": "message"},
    }
    report = await line.call("+212600000001", graph(dial(), record, play("bye"), HANGUP))
    assert report.outcome.result is Result.COMPLETED
    [recording] = report.recordings
    assert report.variables == {"message": str(recording.id)}
    audio, rate = soundfile.read(line.folder / recording.path, dtype="int16")
    assert (rate, audio.size * 1000 // rate) == (8000, recording.duration_ms)
    pack = SystemPack.load("en")
    said = np.concatenate([decode(pack.encoded(key, "PCMA"), "PCMA") for key in MESSAGE])
    assert audio.tobytes().find(said.tobytes()) % 2 == 0
