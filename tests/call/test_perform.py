"""Prompts and keys in a real call: what cuts what short, and what is kept for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.program.outcome import Result
from engine.program.report import CallReport
from media.g711 import Codec, decode, encode
from tests.call.handset import Handset
from tests.call.switchboard import (
    HANGUP,
    Switchboard,
    audio,
    dial,
    graph,
    menu,
    play,
    speechlike,
    switchboard,
)

A_LAW_SILENCE = b"\xd5" * 160
DEAF = play("welcome", id="deaf")
OPEN = play("long", id="open", interruptible=True)


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with switchboard(tmp_path) as made:
        made.clips.audio["long"] = speechlike(5)
        yield made


@pytest.fixture
async def handset() -> AsyncIterator[Handset]:
    async with Handset.waiting() as made:
        yield made


def number(**config: Any) -> dict[str, Any]:
    """Several digits into ``account``, asked for by the long prompt."""
    asked = {"mode": "multi_digit", "variable": "account", "audioItems": audio("long"), **config}
    return {"id": "number", "type": "dtmf", "config": asked}


async def pressing(
    board: Switchboard, handset: Handset, *digits: int, flow: dict[str, Any]
) -> CallReport:
    """A call in which the callee presses keys soon after the answer."""
    call = asyncio.create_task(board.call(handset.address, "+212600000001", flow))
    await handset.caller()
    await asyncio.sleep(0.2)
    await handset.talk(A_LAW_SILENCE)
    for digit in digits:
        await handset.press(digit)
    return await call


def hears(handset: Handset, board: Switchboard, name: str) -> bool:
    clip = decode(encode(board.clips.audio[name], Codec.PCMA), Codec.PCMA)
    return clip.tobytes() in handset.heard.tobytes()


async def test_a_key_stops_a_prompt_and_is_the_menus_choice(
    board: Switchboard, handset: Handset
) -> None:
    flow = graph(dial(), OPEN, menu("long"), play("bye"), HANGUP, menu={"branches": {"7": "play"}})
    report = await pressing(board, handset, 7, flow=flow)
    assert report.outcome.result is Result.COMPLETED
    assert report.variables == {"choice": "7"}
    assert not hears(handset, board, "long")
    assert hears(handset, board, "bye")


async def test_a_prompt_that_is_not_interruptible_swallows_keys(
    board: Switchboard, handset: Handset
) -> None:
    flow = graph(dial(), DEAF, menu("bye", timeout=500), HANGUP)
    report = await pressing(board, handset, 7, flow=flow)
    assert [step.output for step in report.path][2] == "onTimeout"
    assert report.variables == {}
    assert hears(handset, board, "welcome")
    assert hears(handset, board, "bye")


@pytest.mark.parametrize(
    ("config", "digits", "account"),
    [
        ({}, (0, 0, 4, 2, 11), "0042"),
        ({"multiDigitConfig": {"maxDigits": 3}}, (1, 2, 3), "123"),
        ({"multiDigitConfig": {"terminator": "*"}}, (9, 10), "9"),
        ({"multiDigitConfig": {"interDigitTimeout": 500}}, (4, 4), "44"),
    ],
    ids=["terminator", "enough", "another terminator", "a pause"],
)
async def test_digits_are_collected(
    board: Switchboard, handset: Handset, config: dict[str, Any], digits: tuple[int], account: str
) -> None:
    report = await pressing(board, handset, *digits, flow=graph(dial(), number(**config), HANGUP))
    assert report.variables == {"account": account}
    assert [step.output for step in report.path][1] == "onSuccess"
    assert len([event for event in report.events if event.type == "key"]) == len(digits)
    assert not hears(handset, board, "long")


async def test_a_prompt_that_cannot_be_spoken_takes_on_error(
    board: Switchboard, handset: Handset
) -> None:
    flow = graph(dial(), play("nowhere"), play("bye", id="sorry"), HANGUP)
    report = await board.call(handset.address, "+212600000001", flow)
    assert report.outcome.result is Result.COMPLETED
    assert [step.node_id for step in report.path] == ["dial", "play", "sorry", "end"]
    assert hears(handset, board, "bye")
