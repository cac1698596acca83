"""What audio items sound like, over the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from media import wav
from media.dictionaries import grammar
from media.dictionaries.pack import SystemPack
from media.text_to_speech import Studio, Utterance
from tests.api.tenant import Answer, Tenant
from tests.api.tenant import wav as tone
from tests.call.peers import demand_program

HEADER = len(wav.header(0))
DIRHAMS = {"type": "currency", "value": 1250, "currency": "MAD", "language": "fr"}


async def heard(acme: Tenant, *items: dict[str, Any], **values: Any) -> Answer:
    return await acme.post("/audio-management/preview", {"audioItems": items, **values})


def spoken(language: str, keys: list[str]) -> bytes:
    pack = SystemPack.load(language)
    return wav.to_wav(np.concatenate([pack.samples(key) for key in keys]))


async def test_hear_1_250_dirhams(acme: Tenant) -> None:
    got = await heard(acme, DIRHAMS)
    assert (got.status, got.headers["Content-Type"]) == (200, "audio/wav")
    assert got.body == spoken("fr", grammar("fr").currency(1250, "MAD"))


async def test_values_come_from_a_contact_that_is_described(acme: Tenant) -> None:
    balance = {"source": "customAttribute", "attributeName": "balance"}
    item = {**DIRHAMS, "value": balance, "language": "ar"}
    got = await heard(acme, item, customAttributes={"balance": "3.5"})
    assert got.body == spoken("ar", grammar("ar").currency(Decimal("3.5"), "MAD"))
    missing = await heard(acme, item)
    assert (missing.status, missing.body["code"]) == (400, "UNSPEAKABLE")
    assert missing.body["fieldDetails"]["audioItems.0"][0]["params"] == {"reason": "not_a_number"}


async def test_own_audio_and_own_words_are_heard(acme: Tenant, rival: Tenant) -> None:
    file = {"type": "audioFile", "audioId": (await acme.audio())["id"]}
    own = await acme.made("/dictionaries", {"name": "Ours", "language": "fr"})
    await acme.upload(f"/dictionaries/{own['id']}/entries", tone(300), key="Fès")
    word = {"type": "word", "value": "Fès", "language": "fr", "dictionaryId": own["id"]}
    one, two, both = [
        (await heard(acme, *items)).body[HEADER:] for items in ((file,), (word,), (file, word))
    ]
    assert both == one + two
    foreign = await heard(rival, file)
    assert foreign.body["fieldDetails"]["audioItems"][0]["params"] == {"reason": "audio_missing"}
    assert (await heard(rival, word)).status == 400


async def test_a_text_is_read_out(acme: Tenant, tmp_path: Any) -> None:
    demand_program("espeak-ng", "espeak-ng")
    name = {"source": "contactField", "field": "firstName"}
    got = await heard(
        acme, {"type": "text", "text": name, "language": "fr"}, contact={"firstName": "Amina"}
    )
    rendered = Studio.here(tmp_path).render(Utterance("Amina", "fr"))
    assert np.abs(np.frombuffer(got.body[HEADER:], "<i2") - rendered.astype(int)).max() < 1024
    assert len(got.body) == HEADER + rendered.size * 2


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({**DIRHAMS, "currency": "GBP"}, "unknown_currency"),
        ({**DIRHAMS, "language": "tlh"}, "unknown_language"),
        ({"type": "text", "text": "x", "language": "qqq"}, "no_voice"),
        ({"type": "word", "value": "xyz", "language": "fr"}, "key_missing"),
    ],
)
async def test_what_cannot_be_heard_says_why(
    acme: Tenant, item: dict[str, Any], reason: str
) -> None:
    got = await heard(acme, item)
    assert (got.status, got.body["code"]) == (400, "UNSPEAKABLE")
    assert got.body["fieldDetails"]["audioItems"][0]["params"] == {"reason": reason}


async def test_a_preview_has_its_limits(acme: Tenant) -> None:
    long = await heard(acme, *[{"type": "word", "value": "pause-9000", "language": "fr"}] * 100)
    assert (long.status, long.body["code"]) == (413, "PREVIEW_TOO_LONG")
    assert (await heard(acme, *[DIRHAMS] * 101)).status == 400
    assert (await heard(acme)).body == wav.to_wav(np.zeros(0, np.int16))
