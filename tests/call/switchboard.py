"""The calling side of a test: a ``Caller`` with all it stands on, and flows to call with.

``switchboard`` opens one on loopback; ``Switchboard.call`` places a real call to any address: SIPp,
the simulated carrier (``exchange``), a scripted callee (``handset``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from engine.call import Caller, Speech, TapeRoom
from engine.clock import SystemClock
from engine.org.catalogue import Catalogue
from engine.program.attempt import Attempt, Did, Trunk
from engine.program.report import CallReport
from engine.sip import Endpoint
from flows import compile_flow
from media import MediaPlane
from media.g711 import SAMPLE_RATE, Samples
from media.prompts import Library
from media.text_to_speech import Studio

HOST = "127.0.0.1"


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
    """By dictionary id and key."""

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        return Catalogue(
            {name: digest(self.audio[name]) for name in audio if name in self.audio},
            {key: digest(clip) for key, clip in self.words.items() if key[0] in dictionaries},
        )

    async def samples(self, org_id: UUID, clips: Collection[bytes]) -> Mapping[bytes, Samples]:
        every = {digest(clip): clip for clip in (*self.audio.values(), *self.words.values())}
        return {clip: every[clip] for clip in clips}


def digest(clip: Samples) -> bytes:
    return clip.tobytes()


# --- Flows -------------------------------------------------------------------------------------


def graph(*nodes: dict[str, Any], **outputs: dict[str, Any]) -> dict[str, Any]:
    """Nodes in a row, each ``default`` leading to the next; ``outputs`` by node id over that."""
    listed = [dict(node) for node in nodes]
    for node, following in pairwise(listed):
        node["outputs"] = {"default": following["id"], **outputs.get(node["id"], {})}
    return {"startNodeId": listed[0]["id"], "nodes": listed}


def dial(*, timeout: int = 5000, machines: bool = False) -> dict[str, Any]:
    return {"id": "dial", "type": "dial", "config": {"timeout": timeout, "enableAMD": machines}}


def audio(*names: str) -> list[dict[str, Any]]:
    return [{"type": "audioFile", "audioId": name} for name in names]


def attribute(name: str) -> dict[str, Any]:
    return {"source": "customAttribute", "attributeName": name}


def say(*items: dict[str, Any], id: str = "play", interruptible: bool = False) -> dict[str, Any]:
    config = {"audioItems": list(items), "interruptible": interruptible}
    return {"id": id, "type": "play", "config": config}


def play(*names: str, id: str = "play", interruptible: bool = False) -> dict[str, Any]:
    return say(*audio(*names), id=id, interruptible=interruptible)


def menu(*names: str, **config: Any) -> dict[str, Any]:
    """One key into ``choice``, asked for by the clips of these names."""
    asked = {"mode": "single_digit", "variable": "choice", "timeout": 4000}
    return {
        "id": "menu",
        "type": "dtmf",
        "config": {**asked, "audioItems": audio(*(names or ("welcome",))), **config},
    }


HANGUP: dict[str, Any] = {"id": "end", "type": "hangup", "config": {}}
HELLO = graph(dial(), play("welcome"), HANGUP)


# --- The calling side --------------------------------------------------------------------------


class Switchboard:
    def __init__(
        self, endpoint: Endpoint, plane: MediaPlane, folder: Path, max_call_seconds: float
    ) -> None:
        self.endpoint, self.plane, self.folder = endpoint, plane, folder
        self.clips = Clips({"welcome": speechlike(1.2), "bye": speechlike(0.5)})
        self.intents: list[Attempt] = []
        self.recordings = TapeRoom(folder)
        self.caller = Caller(
            endpoint,
            plane,
            Speech(self.clips, Library(), Studio.here(folder).render),
            self.recordings,
            SystemClock(),
            max_call_seconds,
        )

    async def call(
        self,
        to: tuple[str, int],
        number: str,
        flow: dict[str, Any],
        *,
        allowed: bool = True,
        attributes: Mapping[str, object] | None = None,
        codecs: Sequence[str] = ("PCMA", "PCMU"),
    ) -> CallReport:
        """Call ``number`` by way of the carrier at ``to``."""

        async def intent(attempt: Attempt) -> bool:
            self.intents.append(attempt)
            return allowed

        return await self.caller.place(attempt(to, number, flow, attributes, codecs), intent)


def attempt(
    to: tuple[str, int],
    number: str,
    flow: dict[str, Any],
    attributes: Mapping[str, object] | None = None,
    codecs: Sequence[str] = ("PCMA", "PCMU"),
) -> Attempt:
    host, port = to
    trunk = Trunk(uuid4(), "carrier", host, port, host, None, None, 100, 100, tuple(codecs))
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


@asynccontextmanager
async def switchboard(
    folder: Path, *, max_call_seconds: float = 60.0, rtp_ports: range | None = None
) -> AsyncIterator[Switchboard]:
    endpoint = await Endpoint.open(HOST)
    plane = await MediaPlane.open(HOST, rtp_ports)
    made = Switchboard(endpoint, plane, folder, max_call_seconds)
    try:
        yield made
    finally:
        await endpoint.close()
        await plane.close()
        made.recordings.close()
