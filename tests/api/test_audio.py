from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pytest
from aiohttp import FormData

from engine.clock import VirtualClock
from engine.store import audio, clip
from tests.api.tenant import FIELDS, FLOW, Tenant, answer, wav


async def test_upload_keeps_the_original_and_prepares_it(acme: Tenant, pool: asyncpg.Pool) -> None:
    made = await acme.upload(
        "/audio-management/upload",
        wav(200, 44100),
        name="../../etc/hello.wav",
        title="Hello",
        usageType="welcome",
        tags="a, b",
    )
    assert made.status == 201
    assert set(made.body) == FIELDS | {
        "id",
        "organizationId",
        "title",
        "description",
        "usageType",
        "tags",
        "fileName",
        "contentType",
        "sizeBytes",
        "durationMs",
        "sampleRate",
        "channels",
    }
    assert made.body["fileName"] == "hello.wav"
    assert made.body["tags"] == ["a", "b"]
    assert (made.body["contentType"], made.body["sampleRate"], made.body["durationMs"]) == (
        "audio/wav",
        44100,
        200,
    )
    again = await acme.audio()
    twice = await acme.audio()
    clips = await pool.fetchval("SELECT count(*) FROM clip WHERE org_id = $1", acme.org_id)
    assert (again["id"] != twice["id"], clips) == (True, 2)
    async with pool.acquire() as connection:
        digests = await clip.of_audio(connection, acme.org_id, [UUID(made.body["id"])])
        prepared = await clip.samples(connection, acme.org_id, digests.values())
        original = await audio.original(connection, acme.org_id, made.body["id"])
    (samples,) = prepared.values()
    assert len(samples) // 2 == pytest.approx(1600, abs=200)
    assert original == wav(200, 44100)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"no audio at all", 400, "AUDIO_REJECTED"),
        (b"", 400, "AUDIO_REJECTED"),
        (b"\x00" * (2 << 20), 413, "FILE_TOO_LARGE"),
    ],
)
async def test_what_is_no_audio_is_refused(
    acme: Tenant, tmp_path: Path, data: bytes, status: int, code: str
) -> None:
    refused = await acme.upload("/audio-management/upload", data, title="Bad", usageType="prompt")
    assert (refused.status, refused.body["code"]) == (status, code)
    assert list((tmp_path / "spool").iterdir()) == []


async def test_a_form_is_checked_like_a_body(acme: Tenant) -> None:
    refused = await acme.upload("/audio-management/upload", wav(), title="T", usageType="jingle")
    assert refused.body["fieldDetails"]["usageType"][0]["code"] == "enum"
    unknown = await acme.upload(
        "/audio-management/upload", wav(), title="T", usageType="prompt", colour="red"
    )
    assert unknown.body["fieldDetails"]["colour"][0]["code"] == "unknown"
    json = await acme.post("/audio-management/upload", {"title": "T"})
    assert (json.status, json.body["code"]) == (400, "MULTIPART_EXPECTED")
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    empty = await acme.post("/audio-management/upload", data=b"--x--\r\n", headers=headers)
    assert empty.status == 400
    torn = await acme.post("/audio-management/upload", data=b"garbage", headers=headers)
    assert torn.status == 400


async def test_an_upload_takes_an_idempotency_key(acme: Tenant) -> None:
    ids = set()
    for _ in range(2):
        form = FormData({"title": "T", "usageType": "prompt"})
        form.add_field("file", wav(), filename="a.wav")
        made = await acme.post(
            "/audio-management/upload", data=form, headers={"Idempotency-Key": "u1"}
        )
        ids.add(made.body["id"])
    assert len(ids) == 1


async def test_list_change_metadata_playback(
    acme: Tenant, http: object, clock: VirtualClock
) -> None:
    made = await acme.audio()
    path = f"/audio-management/audio/{made['id']}"
    assert (await acme.get(path)).body == made
    assert (await acme.get("/audio-management/audios")).body["data"] == [made]
    assert (await acme.get("/audio-management/audios/usage/welcome")).body["data"] == [made]
    assert (await acme.get("/audio-management/audios/usage/prompt")).body["data"] == []
    assert (await acme.get("/audio-management/audios/usage/jingle")).status == 400
    assert set((await acme.get(f"{path}/metadata")).body) == {
        "id",
        "fileName",
        "contentType",
        "sizeBytes",
        "durationMs",
        "sampleRate",
        "channels",
    }
    changed = await acme.put(path, {"title": "Salam", "tags": ["x"]})
    assert (changed.body["title"], changed.body["tags"]) == ("Salam", ["x"])
    playback = (await acme.get(f"{path}/playback-url")).body
    assert set(playback) == {"url", "expiresAt"}
    heard = await answer(await acme.http.get(playback["url"]))
    assert (heard.status, heard.body) == (200, wav())
    forged = await answer(await acme.http.get(f"{playback['url'][:-2]}AA"))
    assert (forged.status, forged.body["code"]) == (401, "PLAYBACK_URL_INVALID")
    clock.advance(timedelta(minutes=15))
    late = await answer(await acme.http.get(playback["url"]))
    assert late.body["code"] == "PLAYBACK_URL_EXPIRED"


def saying(*items: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {**FLOW["nodes"][0], "outputs": {"onAnswer": "hello"}},
        {"id": "hello", "type": "play", "config": {"audioItems": items}},
    ]
    return {"startNodeId": "dial", "nodes": nodes}


async def test_audio_in_use_is_not_deleted_silently(acme: Tenant) -> None:
    made = await acme.audio()
    graph = saying({"type": "audioFile", "audioId": made["id"]})
    path = f"/audio-management/audio/{made['id']}"
    assert (await acme.get(f"{path}/usage")).body == []
    flow = await acme.made("/flows", {"name": "Uses it", "graph": graph})
    assert (await acme.get(f"{path}/usage")).body == [{"id": flow["id"], "name": "Uses it"}]
    refused = await acme.delete(path)
    assert (refused.status, refused.body["code"]) == (409, "AUDIO_IN_USE")
    assert refused.body["params"] == {"flows": [{"id": flow["id"], "name": "Uses it"}]}
    assert "Uses it" in refused.body["message"]
    await acme.delete(f"/flows/{flow['id']}")
    assert (await acme.delete(path)).status == 204


async def test_a_dictionary_in_use_is_not_deleted_silently(acme: Tenant) -> None:
    made = await acme.made("/dictionaries", {"name": "Ours", "language": "fr"})
    item = {"type": "number", "value": 5, "language": "fr", "dictionaryId": made["id"]}
    flow = await acme.made("/flows", {"name": "Counts", "graph": saying(item)})
    refused = await acme.delete(f"/dictionaries/{made['id']}")
    assert (refused.status, refused.body["code"]) == (409, "DICTIONARY_IN_USE")
    assert refused.body["params"] == {"flows": [{"id": flow["id"], "name": "Counts"}]}


async def test_another_recording_takes_the_place_of_one_and_keeps_its_id(
    acme: Tenant, pool: asyncpg.Pool
) -> None:
    made = await acme.audio()
    path = f"/audio-management/audio/{made['id']}"
    changed = await acme.upload(f"{path}/file", wav(400, 16000), "new.wav", method="PUT")
    assert changed.status == 200, changed.body
    kept = {name: made[name] for name in ("id", "title", "usageType", "createdAt")}
    assert changed.body == changed.body | kept
    assert (changed.body["fileName"], changed.body["durationMs"]) == ("new.wav", 400)
    assert changed.body["sampleRate"] == 16000
    playback = (await acme.get(f"{path}/playback-url")).body
    assert (await answer(await acme.http.get(playback["url"]))).body == wav(400, 16000)
    async with pool.acquire() as connection:
        digests = await clip.of_audio(connection, acme.org_id, [UUID(made["id"])])
        (samples,) = (await clip.samples(connection, acme.org_id, digests.values())).values()
    assert len(samples) // 2 == pytest.approx(3200, abs=200)
    refused = await acme.upload(f"{path}/file", b"no audio", method="PUT")
    assert (refused.status, refused.body["code"]) == (400, "AUDIO_REJECTED")
    assert (await acme.get(path)).body == changed.body


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=3000-999999", 206, slice(3000, None)),
        ("bytes=0-", 200, slice(None)),
        ("seconds=1-2", 200, slice(None)),
        ("bytes=9-2", 200, slice(None)),
        ("bytes=99999-", 416, None),
    ],
)
async def test_playback_answers_ranges(
    acme: Tenant, asked: str, status: int, part: slice | None
) -> None:
    made, whole = await acme.audio(), wav()
    url = (await acme.get(f"/audio-management/audio/{made['id']}/playback-url")).body["url"]
    got = await answer(await acme.http.get(url, headers={"Range": asked}))
    assert got.status == status
    if part is None:
        assert got.headers["Content-Range"] == f"bytes */{len(whole)}"
        return
    assert (got.body, got.headers["Accept-Ranges"]) == (whole[part], "bytes")
    if status == 206:
        start = range(len(whole))[part].start
        expected = f"bytes {start}-{start + len(got.body) - 1}/{len(whole)}"
        assert got.headers["Content-Range"] == expected


async def test_the_waveform_of_a_clip(acme: Tenant) -> None:
    made = await acme.audio()
    path = f"/audio-management/audio/{made['id']}/waveform"
    shown = (await acme.get(f"{path}?points=20")).body
    assert set(shown) == {"durationMs", "peaks"}
    assert shown["durationMs"] == pytest.approx(200, abs=60)
    assert len(shown["peaks"]) == 20
    assert np.mean(shown["peaks"]) == pytest.approx(0.1, abs=0.05)
    assert len((await acme.get(path)).body["peaks"]) == 400
    assert (await acme.get(f"{path}?points=0")).status == 400
    assert (await acme.get(f"{path}?points=4001")).status == 400


async def test_dictionaries(acme: Tenant, pool: asyncpg.Pool) -> None:
    shipped = (await acme.get("/dictionaries")).body
    assert {found["language"] for found in shipped} >= {"ar", "fr", "en"}
    assert {found["organizationId"] for found in shipped} == {None}
    system = f"/dictionaries/{shipped[0]['id']}"
    assert (await acme.get(system)).body["isSystem"] is True
    keys = [entry["key"] for entry in (await acme.get(f"{system}/entries")).body]
    assert len(keys) == shipped[0]["entryCount"] > 100
    assert (await acme.get(f"{system}/entries/{keys[0]}")).body["durationMs"] > 0
    refused = await acme.delete(system)
    assert (refused.status, refused.body["code"]) == (403, "SYSTEM_DICTIONARY")
    made = await acme.made("/dictionaries", {"name": "Cities", "language": "fr-MA"})
    assert set(made) == FIELDS | {
        "id",
        "organizationId",
        "name",
        "description",
        "language",
        "isSystem",
        "entryCount",
    }
    path = f"/dictionaries/{made['id']}"
    entry = await acme.upload(f"{path}/entries", wav(), key="Fès")
    assert (entry.status, set(entry.body)) == (
        201,
        {"key", "durationMs", "createdAt", "updatedAt"},
    )
    await acme.upload(f"{path}/entries", wav(400), key="Fès")
    (only,) = (await acme.get(f"{path}/entries")).body
    assert only["durationMs"] == pytest.approx(400, abs=60)
    assert (await acme.get(f"{path}/entries/Fès")).body == only
    assert (await acme.get(path)).body["entryCount"] == 1
    async with pool.acquire() as connection:
        words = await clip.of_dictionaries(connection, acme.org_id, [UUID(made["id"])])
    assert [key for _, key in words] == ["Fès"]
    assert (await acme.delete(f"{path}/entries/Fès")).status == 204
    assert (await acme.get(f"{path}/entries/Fès")).status == 404
    assert (await acme.delete(path)).status == 204
    long = await acme.upload(f"{system}/entries", wav(), key="k" * 257)
    assert long.body["fieldDetails"]["key"][0] == {"code": "maxLength", "params": {"max": 256}}
