"""The simulated carrier as a caller sees it, and the log it keeps of that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.program.outcome import Result
from engine.simulator import Carrier
from engine.sip import Endpoint, Failed, Hop, InviteRequest
from engine.sip.sdp import offer
from tests.call.exchange import Exchange, exchange
from tests.call.switchboard import (
    HANGUP,
    HELLO,
    Switchboard,
    dial,
    graph,
    menu,
    play,
    switchboard,
)

CHOOSE = graph(dial(), menu("bye"), HANGUP)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("+212600000041", Result.BUSY),
        ("+212600000051", Result.REJECTED),
        ("+212600000061", Result.FAILED),
    ],
)
async def test_trouble_passes_with_the_second_call(
    line: Exchange, number: str, first: Result
) -> None:
    flow = graph(dial(), play("bye"), HANGUP)
    results = [(await line.call(number, flow)).outcome.result for _ in range(2)]
    assert results == [first, Result.COMPLETED]


async def test_trouble_is_counted_by_number(line: Exchange) -> None:
    numbers = ("+212600000041", "+212600000141")
    reports = await asyncio.gather(*(line.call(number, HELLO) for number in numbers))
    assert [report.outcome.result for report in reports] == [Result.BUSY] * 2


async def test_people_press_the_key_of_their_number(line: Exchange) -> None:
    reports = await asyncio.gather(
        *(line.call(f"+21260000000{key}", CHOOSE) for key in (0, 2, 9)),
        line.call("+212600000091", CHOOSE),
    )
    assert [report.variables for report in reports] == [
        {"choice": key} for key in ("0", "2", "9", "1")
    ]
    pressed = await line.saw("pressed", 4)
    assert {(entry["to"][-2:], entry["key"]) for entry in pressed} == {
        ("00", "0"),
        ("02", "2"),
        ("09", "9"),
        ("91", "1"),
    }


async def test_early_media_is_ringing_and_no_answer(line: Exchange) -> None:
    report = await line.call("+212600000091", graph(dial(), HANGUP))
    ringing = [event for event in report.events if event.type == "ringing"]
    assert ringing[0].data["status"] == 183
    made = report.outcome.milestones
    assert made.ringing_at is not None
    assert made.answered_at is not None
    assert made.answered_at - made.ringing_at >= timedelta(seconds=1)


async def test_the_silent_one_presses_nothing(line: Exchange) -> None:
    flow = graph(dial(), menu("bye", timeout=500), HANGUP)
    report = await line.call("+212600000010", flow)
    assert [step.output for step in report.path][:2] == ["onAnswer", "onTimeout"]
    assert report.variables == {}
    assert line.events("pressed") == []


# --- The log -----------------------------------------------------------------------------------


async def test_the_log_has_a_line_for_every_event(tmp_path: Path) -> None:
    file = tmp_path / "carrier.jsonl"
    began = datetime.now(UTC)
    with file.open("w") as record:
        async with (
            switchboard(tmp_path) as board,
            await Carrier.open("127.0.0.1", 0, record=record) as carrier,
        ):
            await _two_calls(board, carrier)
            # Read while it is open: a carrier that is killed has still told everything.
            lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["from"] for line in lines} == {"+212520000001"}
    told = {
        number: [line["event"] for line in lines if line["to"] == number]
        for number in ("+212600000040", "+212600000071")
    }
    assert told == {
        "+212600000040": ["invite", "ended"],
        "+212600000071": ["invite", "answered", "ended"],
    }
    assert len({line["callId"] for line in lines}) == 2
    instants = [datetime.fromisoformat(line["at"]) for line in lines]
    assert instants == sorted(instants)
    assert began <= instants[0] <= instants[-1] <= datetime.now(UTC)
    [left] = [line for line in lines if line["event"] == "ended" and line["to"][-2:] == "71"]
    assert (left["by"], left["cause"]) == ("local", "normal_clearing")


async def _two_calls(board: Switchboard, carrier: Carrier) -> None:
    await board.call(carrier.address, "+212600000040", HELLO)
    long = graph(dial(), play(*["welcome"] * 5), HANGUP)
    await board.call(carrier.address, "+212600000071", long)


# --- Who cannot be served ----------------------------------------------------------------------


async def refusal(carrier: Carrier, number: str, sdp: bytes) -> int | None:
    endpoint = await Endpoint.open("127.0.0.1")
    uri = f"sip:{number}@127.0.0.1"
    call = endpoint.invite(InviteRequest(Hop(*carrier.address), uri, uri, "a", "127.0.0.1", sdp))
    try:
        event = await call.next_event()
    finally:
        await endpoint.close()
    assert isinstance(event, Failed)
    return event.status


G729 = offer("127.0.0.1", 4000).replace(b" 0 8 101", b" 18 101")
PROPER = offer("127.0.0.1", 4000)


@pytest.mark.parametrize(
    ("number", "sdp", "status"),
    [("1", G729, 488), ("1", b"", 488), ("1", b"\xff\x00", 488), ("anonymous", PROPER, 404)],
)
async def test_what_it_cannot_answer_it_refuses(number: str, sdp: bytes, status: int) -> None:
    async with await Carrier.open("127.0.0.1", 0) as carrier:
        assert await refusal(carrier, number, sdp) == status


async def test_without_a_port_left_it_has_no_circuit(tmp_path: Path) -> None:
    flow = graph(dial(), play("bye"), HANGUP)
    async with (
        switchboard(tmp_path) as board,
        await Carrier.open("127.0.0.1", 0, range(0)) as carrier,
    ):
        outcome = (await board.call(carrier.address, "+212600000001", flow)).outcome
    assert (outcome.result, outcome.cause.code) == (Result.FAILED, "service_unavailable")


async def test_closing_it_hangs_up(tmp_path: Path) -> None:
    async with switchboard(tmp_path) as board:
        async with await Carrier.open("127.0.0.1", 0) as carrier:
            long = graph(dial(), play(*["welcome"] * 20), HANGUP)
            call = asyncio.create_task(board.call(carrier.address, "+212600000010", long))
            while not board.plane.counters["sent"]:
                await asyncio.sleep(0.01)
        assert (await call).outcome.result is Result.ANSWERED
