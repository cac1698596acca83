"""A balance, a date and a phone number spoken in a call, sample for sample as their clips."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.program.outcome import Result
from media.dictionaries import Grammar, grammar
from media.dictionaries.pack import SystemPack
from media.g711 import Codec, Samples, decode, encode
from media.text_to_speech import Studio, Utterance
from tests.call.handset import Handset
from tests.call.peers import demand_program
from tests.call.switchboard import HANGUP, Switchboard, attribute, dial, graph, say, switchboard

FRAME = 160
CONTACT = {"balance": "52.5", "due": "2026-08-01", "phone": "0661-23-45-67"}
GROUPS = (4, 2, 2, 2)


def items(language: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "currency",
            "value": attribute("balance"),
            "currency": "MAD",
            "language": language,
        },
        {"type": "date", "value": attribute("due"), "language": language, "format": "dm"},
        {
            "type": "number",
            "mode": "digits",
            "value": attribute("phone"),
            "grouping": GROUPS,
            "language": language,
        },
    ]


def keys(spoken: Grammar) -> list[str]:
    return [
        *spoken.currency(Decimal(CONTACT["balance"]), "MAD"),
        *spoken.date(date.fromisoformat(CONTACT["due"]), "dm"),
        *spoken.digits("0661234567", GROUPS),
    ]


def telephoned(*clips: Samples) -> Samples:
    return decode(encode(np.concatenate(clips), Codec.PCMA), Codec.PCMA)


def begins_a_packet(clip: Samples, heard: Samples) -> bool:
    at = heard.tobytes().find(clip.tobytes())
    return at >= 0 and at % (FRAME * clip.itemsize) == 0


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with switchboard(tmp_path) as made:
        yield made


async def heard(board: Switchboard, *said: dict[str, Any], **attributes: str) -> Samples:
    async with Handset.waiting() as handset:
        report = await board.call(
            handset.address,
            "+212661234567",
            graph(dial(), say(*said), HANGUP),
            attributes=attributes,
        )
        assert report.outcome.result is Result.COMPLETED, report.outcome
        return handset.heard


async def test_a_balance_a_date_and_a_phone_number_in_every_language(board: Switchboard) -> None:
    languages = ("ar", "ary", "en", "fr")
    calls = (heard(board, *items(language), **CONTACT) for language in languages)
    for language, audio in zip(languages, await asyncio.gather(*calls), strict=True):
        pack, said = SystemPack.load(language), keys(grammar(language))
        assert len(said) > 15
        assert begins_a_packet(telephoned(*map(pack.samples, said)), audio), language


async def test_a_text_of_the_contacts_own_is_read_out(board: Switchboard, tmp_path: Path) -> None:
    demand_program("espeak-ng", "espeak-ng")
    text = {"type": "text", "text": attribute("greeting"), "language": "fr"}
    audio = await heard(board, text, greeting="Salut Amina")
    rendered = Studio.here(tmp_path).render(Utterance("Salut Amina", "fr"))
    assert begins_a_packet(telephoned(rendered), audio)


async def test_a_text_nobody_here_can_speak_fails_where_it_stands(board: Switchboard) -> None:
    text = {"type": "text", "text": "nuqneH", "language": "qqq"}
    async with Handset.waiting() as handset:
        report = await board.call(
            handset.address, "+212661234567", graph(dial(), say(text), HANGUP)
        )
    assert [(step.node_id, step.error) for step in report.path][1] == ("play", "no_voice")
