"""Everybody's telephone as a process of its own.

A dial is one datagram, the end of its call another. The log has a line for each dial, written
before anything is answered: what rang, from which engine, when, and how its call will end.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.program.outcome import Result

ENDS = (Result.COMPLETED, Result.COMPLETED, Result.COMPLETED, Result.NO_ANSWER, Result.BUSY)
SHORTEST_CALL, LONGEST_CALL = 0.02, 0.6
"""Seconds."""
ROOM = 4 << 20
"""Bytes of datagrams that may wait while this process is not scheduled."""


@dataclass(frozen=True, slots=True)
class Ring:
    """One line of the log."""

    attempt: str
    contact: str
    number: int
    engine: str
    left_at: float
    """When it left its engine: seconds of the machine's monotonic clock."""
    result: str


def read_log(path: Path) -> list[Ring]:
    return [Ring(**json.loads(line)) for line in path.read_bytes().splitlines()]


class Phones(asyncio.DatagramProtocol):
    def __init__(self, log: BinaryIO) -> None:
        self.log = log

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        dial = json.loads(data)
        end = random.Random(dial["attempt"])
        result = end.choice(ENDS)
        self.log.write(json.dumps(dial | {"result": result}).encode() + b"\n")
        answer = json.dumps({"attempt": dial["attempt"], "result": result}).encode()
        lasts = end.uniform(SHORTEST_CALL, LONGEST_CALL)
        asyncio.get_running_loop().call_later(lasts, self.transport.sendto, answer, address)


async def serve(port: int, path: Path) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    line.bind(("127.0.0.1", port))
    with path.open("ab", buffering=0) as log:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Phones(log), sock=line)
        await asyncio.Event().wait()


class Exchange(asyncio.DatagramProtocol):
    """An engine's end of the line."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.calls: dict[str, asyncio.Future[Result]] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _address: Any) -> None:
        end = json.loads(data)
        call = self.calls.get(end["attempt"])
        if call is not None and not call.done():
            call.set_result(Result(end["result"]))

    def dial(self, attempt: str, contact: str, number: int) -> asyncio.Future[Result]:
        """Leaves before anything else happens; done when the call has ended."""
        call = asyncio.get_running_loop().create_future()
        self.calls[attempt] = call
        call.add_done_callback(lambda _call: self.calls.pop(attempt))
        dial = {"attempt": attempt, "contact": contact, "number": number, "engine": self.engine}
        self.transport.sendto(json.dumps(dial | {"left_at": time.monotonic()}).encode())
        return call


def run(port: int, log: Path) -> None:
    """The whole process."""
    asyncio.run(serve(port, log))
