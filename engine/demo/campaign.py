"""Contacts, prompts, flow and program in over the API; a running execution out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.demo.client import Client
from engine.demo.expectation import ATTEMPTS

MATERIAL = Path(__file__).parent
RETRY_SECONDS = (16, 32)
"""After launch: whoever was not reached before is known by then. One fewer than attempts."""
COLUMNS = {
    "phone": "primaryPhone",
    "first_name": "firstName",
    "last_name": "lastName",
    "language": "customAttributes.language",
    "balance": "customAttributes.balance",
}
AUDIO = "audio:"
"""In ``flow.json`` an audio id is this and the prompt's name."""


@dataclass(frozen=True, slots=True)
class Prepared:
    flow_id: str
    audience_id: str
    contacts: int
    refused: int


async def prepare(client: Client) -> Prepared:
    for name, type_ in (("Language", "text"), ("Balance", "number")):
        await client.post("/custom-attributes", {"displayName": name, "type": type_})
    audience = await client.post("/audience", {"name": "Customers", "type": "static"})
    counts = await _import_contacts(client, audience["id"])
    flow = await client.post("/flows", await _flow(client))
    return Prepared(flow["id"], audience["id"], counts["created"], counts["failed"])


async def launch(client: Client, prepared: Prepared, numbers: list[str]) -> str:
    """Launch the program; the execution's id."""
    now = datetime.now(UTC)
    dates = [now + timedelta(seconds=seconds) for seconds in RETRY_SECONDS[: ATTEMPTS - 1]]
    program = await client.post(
        "/programs",
        {
            "name": "Balance campaign",
            "flowId": prepared.flow_id,
            "audienceId": prepared.audience_id,
            "startAt": now.isoformat(),
            "stopAt": (now + timedelta(hours=1)).isoformat(),
            "didPool": numbers,
            "retryStrategy": {
                "type": "scheduled",
                "retryDates": [date.isoformat() for date in dates],
            },
            "mode": "batch",
        },
    )
    launched = await client.post(f"/programs/{program['id']}/launch")
    return str(launched["executionId"])


async def _import_contacts(client: Client, audience_id: str) -> dict[str, int]:
    file = MATERIAL / "contacts.csv"
    session = await client.upload(
        "/contact/ingestion/upload",
        file.name,
        file.read_bytes(),
        previewRows="3",
        hasHeaderRow="true",
        audienceId=audience_id,
    )
    mappings = [{"column": column, "field": field} for column, field in COLUMNS.items()]
    chosen = {"sessionId": session["sessionId"], "columnMappings": mappings}
    await client.post("/contact/ingestion/validate", chosen)
    counts: dict[str, int] = await client.post(
        "/contact/ingestion/execute", {"sessionId": session["sessionId"]}
    )
    return counts


async def _flow(client: Client) -> dict[str, Any]:
    """The flow with each prompt's name replaced by the id it got."""
    prompts = _prompts()
    uploaded = await asyncio.gather(*(_upload(client, *prompt) for prompt in prompts.items()))
    text = (MATERIAL / "flow.json").read_text(encoding="utf-8")
    for name, audio_id in zip(prompts, uploaded, strict=True):
        text = text.replace(f'"{AUDIO}{name}"', f'"{audio_id}"')
    flow: dict[str, Any] = json.loads(text)
    return flow


def _prompts() -> dict[str, bytes]:
    """Content by name."""
    files = sorted((MATERIAL / "prompts").glob("*.wav"))
    return {file.stem: file.read_bytes() for file in files}


async def _upload(client: Client, name: str, content: bytes) -> str:
    path, file = "/audio-management/upload", f"{name}.wav"
    audio = await client.upload(path, file, content, title=name, usageType="prompt")
    return str(audio["id"])
