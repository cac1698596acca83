"""SIPp as the called side of whole calls: our outcomes are what SIPp says has happened."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.program.outcome import Fault, Result
from engine.program.report import CallReport
from tests.call.peers import PCAPS, demand, demand_program, demand_raw_sockets
from tests.call.switchboard import (
    HANGUP,
    HELLO,
    Switchboard,
    dial,
    graph,
    menu,
    play,
    speechlike,
    switchboard,
)
from tests.sip.sipp import SCENARIOS as SIGNALLING
from tests.sip.sipp import Sipp

pytestmark = pytest.mark.peer
SCENARIOS = Path(__file__).parent / "scenarios"


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    demand_program("sipp", "sip-tester")
    async with switchboard(tmp_path) as made:
        yield made


async def called(
    board: Switchboard, scenario: Path, flow: dict[str, Any], *numbers: str
) -> list[CallReport]:
    """The reports of calls to ``numbers``, all at once; SIPp has seen each go by its scenario."""
    async with Sipp.called(scenario, len(numbers)) as sipp:
        calls = (board.call(sipp.address, number, flow) for number in numbers)
        reports = await asyncio.gather(*calls)
        await sipp.finished()
        seen = sipp.statistics
        assert (seen.created, seen.successful) == (len(numbers), len(numbers)), sipp.errors
        assert (seen.failed, seen.unexpected) == (0, 0), sipp.errors
    return reports


async def test_a_town_of_twenty_is_accounted_for_as_sipp_saw_it(board: Switchboard) -> None:
    numbers = [f"+2126000000{n:02}" for n in range(20)]
    reports = await called(board, SCENARIOS / "town.xml", HELLO, *numbers)
    assert Counter(report.outcome.result for report in reports) == {
        Result.COMPLETED: 14,
        Result.NO_ANSWER: 2,
        Result.BUSY: 2,
        Result.REJECTED: 2,
    }
    causes = {report.outcome.cause for report in reports}
    assert {(cause.code, cause.sip_status, cause.fault) for cause in causes} == {
        ("normal_clearing", None, Fault.NONE),
        ("ring_timeout", None, Fault.CALLEE),
        ("user_busy", 486, Fault.CALLEE),
        ("call_rejected", 603, Fault.CALLEE),
    }
    assert len(board.intents) == 20
    assert board.plane.streams == 0
    rang_out = reports[3].outcome.milestones
    assert rang_out.answered_at is rang_out.first_audio_at is None
    assert rang_out.dialed_at is not None
    assert rang_out.ringing_at is not None
    assert rang_out.ended_at is not None
    assert rang_out.ended_at - rang_out.dialed_at >= timedelta(seconds=5)


async def test_keys_from_a_recording_take_their_branch(board: Switchboard) -> None:
    demand_raw_sockets("SIPp's play_pcap_audio")
    demand(PCAPS.is_dir(), f"there is no {PCAPS}")
    flow = graph(dial(), menu("bye"), play("bye"), HANGUP, menu={"branches": {"1": "play"}})
    [report] = await called(board, SCENARIOS / "presses.xml", flow, "+212600000001")
    assert report.outcome.result is Result.COMPLETED
    assert report.variables == {"choice": "1"}
    assert [(step.node_id, step.output) for step in report.path] == [
        ("dial", "onAnswer"),
        ("menu", "branches.1"),
        ("play", "onComplete"),
        ("end", None),
    ]
    assert [event.data for event in report.events if event.type == "key"] == [
        {"key": "1", "source": "rtp"}
    ]


async def test_a_callee_that_leaves_in_mid_prompt_has_answered(board: Switchboard) -> None:
    board.clips.audio["long"] = speechlike(10)
    flow = graph(dial(), play("long"), HANGUP)
    [report] = await called(board, SCENARIOS / "leaves.xml", flow, "+212600000001")
    assert report.outcome.result is Result.ANSWERED
    assert report.outcome.cause.q850 == 16
    assert report.outcome.milestones.first_audio_at is not None
    assert [step.node_id for step in report.path] == ["dial", "play"]


async def test_early_media_and_an_instant_hangup(board: Switchboard) -> None:
    [report] = await called(board, SIGNALLING / "hangs_up.xml", HELLO, "+212600000001")
    assert report.outcome.result is Result.ANSWERED
    assert report.outcome.milestones.ringing_at is not None
