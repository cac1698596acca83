"""The simulated carrier: one SIP port, a pool of RTP ports, and a log of every call it saw."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import IO, Any

import structlog

from engine.simulator.callee import Callee, understands
from engine.simulator.persona import persona
from engine.sip import Endpoint, IncomingCall
from media import MediaPlane, NoPortLeft

log = structlog.get_logger()


class Carrier:
    """``async with await Carrier.open(...)``: answers until the block ends."""

    def __init__(self, endpoint: Endpoint, plane: MediaPlane, record: IO[str] | None) -> None:
        self._endpoint, self._plane, self._record = endpoint, plane, record
        self._calls: Counter[str] = Counter()
        """INVITEs by called number."""
        self._tasks: set[asyncio.Task[None]] = set()
        endpoint.on_incoming = self._take

    @classmethod
    async def open(
        cls, host: str, port: int, rtp_ports: range | None = None, record: IO[str] | None = None
    ) -> Carrier:
        """Listen at ``host:port`` (0: any). ``record`` gets one JSON line for each event of a
        call: ``{at, event, callId, from, to, attempt, ...}``, where
        ``attempt`` is the caller's X-Gomobile-Call header."""
        endpoint = await Endpoint.open(host, port, user_agent="Gomobile simulated carrier")
        return cls(endpoint, await MediaPlane.open(host, rtp_ports), record)

    @property
    def address(self) -> tuple[str, int]:
        return self._endpoint.address

    async def __aenter__(self) -> Carrier:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._endpoint.on_incoming = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._endpoint.close()
        await self._plane.close()

    def _take(self, call: IncomingCall) -> None:
        number = call.to_user
        self._note(call, "invite")
        if not understands(call.sdp):
            call.reject(488)
            return
        try:
            stream = self._plane.stream()
        except NoPortLeft:
            call.reject(503)
            return
        callee = Callee(call, stream, lambda event, **data: self._note(call, event, **data))
        task = asyncio.create_task(callee.act(persona(number, self._calls[number])))
        self._calls[number] += 1
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            log.error("callee_broken", exc_info=problem)

    def _note(self, call: IncomingCall, event: str, **data: Any) -> None:
        if self._record is None:
            return
        line = {
            "at": datetime.now(UTC).isoformat(),
            "event": event,
            "callId": call.call_id,
            "from": call.from_user,
            "to": call.to_user,
            "attempt": _header(call, "X-Gomobile-Call"),
            **data,
        }
        self._record.write(json.dumps(line) + "\n")
        self._record.flush()


def _header(call: IncomingCall, name: str) -> str | None:
    wanted = name.lower()
    return next((value for found, value in call.headers if found.lower() == wanted), None)
