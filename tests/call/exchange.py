"""A caller and a simulated carrier on loopback, for tests that place real calls."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from engine.call import Caller, Catalogue, Speech, TapeRoom
from engine.clock import SystemClock
from engine.program.attempt import Attempt, Did, Trunk
from engine.program.report import CallReport
from engine.simulator import Carrier
from engine.sip import Endpoint
from flows import compile_flow
from media import MediaPlane
from media.g711 import SAMPLE_RATE, Samples
from media.prompts import Library


def speechlike(seconds: float, pitch: float = 140.0) -> Samples:
    """Something with the spectrum and the rhythm of a voice, at a telephone's level."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    voice = sum(np.sin(2 * np.pi * pitch * n * time + n) / n for n in range(1, 20))
    rhythm = np.clip(np.sin(2 * np.pi * 3 * time) + 0.7, 0, 1)
    return (4000 * voice * rhythm).astype(np.int16)


@dataclass
class Clips:
    """Audio by id, in memory: what the store is to a real caller."""

    audio: dict[str, Samples] = field(default_factory=dict)
    words: dict[tuple[str, str], Samples] = field(default_factory=dict)

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        return Catalogue(
            {name: name.encode() for name in audio if name in self.audio},
            {key: repr(key).encode() for key in self.words if key[0] in dictionaries},
        )

    async def samples(self, org_id: UUID, clips: Collection[bytes]) -> Mapping[bytes, Samples]:
        every = {name.encode(): samples for name, samples in self.audio.items()}
        every |= {repr(key).encode(): samples for key, samples in self.words.items()}
        return {clip: every[clip] for clip in clips}


def graph(*nodes: dict[str, Any], **outputs: dict[str, Any]) -> dict[str, Any]:
    """Nodes in a row, each ``default`` leading to the next; ``outputs`` by node id over that."""
    listed = [dict(node) for node in nodes]
    for node, following in pairwise(listed):
        node["outputs"] = {"default": following["id"], **outputs.get(node["id"], {})}
    return {"startNodeId": listed[0]["id"], "nodes": listed}


def dial(*, timeout: int = 5000, machines: bool = False) -> dict[str, Any]:
    return {"id": "dial", "type": "dial", "config": {"timeout": timeout, "enableAMD": machines}}


def play(*audio: str, id: str = "play", interruptible: bool = False) -> dict[str, Any]:
    items = [{"type": "audioFile", "audioId": name} for name in audio]
    config = {"audioItems": items, "interruptible": interruptible}
    return {"id": id, "type": "play", "config": config}


HANGUP: dict[str, Any] = {"id": "end", "type": "hangup", "config": {}}


class Exchange:
    def __init__(
        self,
        caller: Caller,
        plane: MediaPlane,
        carrier: tuple[str, int],
        clips: Clips,
        record: io.StringIO,
        folder: Path,
    ) -> None:
        self.caller, self.clips, self._plane = caller, clips, plane
        self.folder = folder
        self.intents: list[Attempt] = []
        self._carrier, self._record = carrier, record

    async def call(
        self,
        number: str,
        flow: dict[str, Any],
        *,
        allowed: bool = True,
        attributes: Mapping[str, object] | None = None,
    ) -> CallReport:
        async def intent(attempt: Attempt) -> bool:
            self.intents.append(attempt)
            return allowed

        return await self.caller.place(self.attempt(number, flow, attributes), intent)

    def attempt(
        self,
        number: str,
        flow: dict[str, Any],
        attributes: Mapping[str, object] | None = None,
    ) -> Attempt:
        host, port = self._carrier
        trunk = Trunk(uuid4(), "carrier", host, port, host, None, None, 100, 100, ("PCMA", "PCMU"))
        return Attempt(
            id=uuid4(),
            org_id=uuid4(),
            execution_id=uuid4(),
            program_id=None,
            contact_id=uuid4(),
            number=1,
            to_number=number,
            did=Did(uuid4(), "+212520000001", trunk),
            flow=compile_flow(flow),
            flow_id=uuid4(),
            flow_version=1,
            contact={"firstName": "Amina", "primaryPhone": number},
            attributes=attributes or {},
        )

    @property
    def streams(self) -> int:
        """RTP streams the caller holds."""
        return self._plane.streams

    @property
    def log(self) -> list[dict[str, Any]]:
        """What the simulated carrier saw."""
        return [json.loads(line) for line in self._record.getvalue().splitlines()]

    async def saw(self, name: str, calls: int = 1) -> list[dict[str, Any]]:
        """The events of that name, once the carrier has seen so many."""
        while len(self.events(name)) < calls:
            await asyncio.sleep(0.01)
        return self.events(name)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == name]


@asynccontextmanager
async def exchange(folder: Path, *, max_call_seconds: float = 60.0) -> AsyncIterator[Exchange]:
    record, clips = io.StringIO(), Clips({"welcome": speechlike(1.2), "bye": speechlike(0.5)})
    endpoint = await Endpoint.open("127.0.0.1")
    plane = await MediaPlane.open("127.0.0.1")
    caller = Caller(
        endpoint,
        plane,
        Speech(clips, Library()),
        TapeRoom(folder),
        SystemClock(),
        max_call_seconds,
    )
    try:
        async with await Carrier.open("127.0.0.1", 0, record=record) as carrier:
            yield Exchange(caller, plane, carrier.address, clips, record, folder)
    finally:
        await endpoint.close()
        await plane.close()
