"""What a call set-up costs: ``python -m benchmarks.calls [--quick]``.

SIPp takes the calls, rings, answers and is hung up on: INVITE, 180, 200, ACK, BYE, 200. They are
placed by the user agent alone (``engine.sip.Endpoint``) and as whole calls
(``engine.call.Caller``: attempt, flow, RTP port, stream, journal, report), first at a steady rate,
then so many at once, the next beginning when one ends.

Columns: calls a second; CPU ms per call of this process; of SIPp, which handles the same six
messages; the ratio of the two; the part of one core that we took; calls that did not end as they
should. SIPp polls: what it takes to start and to wait for as long is measured apart and taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias
from uuid import uuid4

import structlog
import uvloop

from engine.program.attempt import Attempt
from engine.program.outcome import Result
from engine.sip import Answered, Failed, Hop, InviteRequest
from engine.sip.sdp import offer
from tests.call.switchboard import HANGUP, HOST, Switchboard, attempt, dial, graph, switchboard
from tests.sip.sipp import PROGRAM, SCENARIOS, Sipp

SCENARIO: Final = SCENARIOS / "answers.xml"
NUMBER: Final = "+212600000001"
PATIENCE: Final = 60.0
RTP_PORTS: Final = range(30_000, 50_000)

PlaceOne: TypeAlias = Callable[[], Awaitable[bool]]
"""Places a call and waits for its end; False: it did not end as it should."""
PlaceAll: TypeAlias = Callable[[PlaceOne], Awaitable[int]]
"""Places every call by its pace; how many went wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    mode: str
    pace: str
    calls: int
    a_second: float
    cpu_ms: float
    sipp_cpu_ms: float
    ratio: float
    core: float
    wrong: int


# --- Paces -------------------------------------------------------------------------------------


def steadily(calls: int, rate: float) -> PlaceAll:
    async def place(one: PlaceOne) -> int:
        began = time.monotonic()
        placed = []
        for position in range(calls):
            await asyncio.sleep(max(0.0, began + position / rate - time.monotonic()))
            placed.append(asyncio.ensure_future(one()))
        return calls - sum(await asyncio.gather(*placed))

    return place


def crowded(calls: int, at_once: int) -> PlaceAll:
    async def place(one: PlaceOne) -> int:
        left = iter(range(calls))

        async def worker() -> int:
            return sum([await one() for _ in left])

        return calls - sum(await asyncio.gather(*(worker() for _ in range(at_once))))

    return place


# --- Callers -----------------------------------------------------------------------------------


def by_endpoint(board: Switchboard, to: tuple[str, int]) -> PlaceOne:
    uri = f"sip:{NUMBER}@{HOST}"
    request = InviteRequest(Hop(*to), uri, uri, "+212520000001", HOST, offer(HOST, 4000))

    async def one() -> bool:
        call = board.endpoint.invite(request)
        while not isinstance(event := await call.next_event(), Answered):
            if isinstance(event, Failed):
                return False
        call.bye()
        await call.next_event()
        return True

    return one


def by_caller(board: Switchboard, to: tuple[str, int]) -> PlaceOne:
    pattern = attempt(to, NUMBER, graph(dial(), HANGUP))

    async def intent(_attempt: Attempt) -> bool:
        return True

    async def one() -> bool:
        report = await board.caller.place(replace(pattern, id=uuid4()), intent)
        return report.outcome.result is Result.COMPLETED

    return one


MODES: Final = {"user agent": by_endpoint, "whole call": by_caller}


# --- Measuring ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    wall: float
    cpu: float
    sipp_cpu: float
    wrong: int = 0


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def placing(mode: str, place: PlaceAll, calls: int, board: Switchboard) -> Spent:
    before = children_cpu()
    async with Sipp.called(SCENARIO, calls) as sipp:
        one = MODES[mode](board, sipp.address)
        cpu, wall = time.process_time(), time.monotonic()
        wrong = await place(one)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        await sipp.finished(PATIENCE)
    return Spent(wall, cpu, children_cpu() - before, wrong)


async def waiting(seconds: float) -> float:
    """SIPp's CPU seconds when nobody calls it for so long."""
    before = children_cpu()
    async with Sipp.called(SCENARIO):
        await asyncio.sleep(seconds)
    return children_cpu() - before


async def measure(mode: str, pace: str, place: PlaceAll, calls: int) -> Row:
    with tempfile.TemporaryDirectory(prefix="gomobile-benchmark-") as folder:
        async with switchboard(Path(folder), rtp_ports=RTP_PORTS) as board:
            spent = await placing(mode, place, calls, board)
    sipp_cpu = spent.sipp_cpu - await waiting(spent.wall)
    return Row(
        mode=mode,
        pace=pace,
        calls=calls,
        a_second=calls / spent.wall,
        cpu_ms=spent.cpu / calls * 1000,
        sipp_cpu_ms=sipp_cpu / calls * 1000,
        ratio=spent.cpu / sipp_cpu,
        core=spent.cpu / spent.wall,
        wrong=spent.wrong,
    )


async def run(quick: bool) -> list[Row]:
    calls, rate, at_once = (300, 100.0, 20) if quick else (3000, 100.0, 50)
    paces = {f"{rate:.0f}/s": steadily(calls, rate), f"{at_once} at once": crowded(calls, at_once)}
    return [
        await measure(mode, pace, place, calls) for mode in MODES for pace, place in paces.items()
    ]


# --- The table ---------------------------------------------------------------------------------

HEAD = (
    f"{'mode':12} {'pace':>12} {'calls':>6} {'calls/s':>8} {'CPU ms':>7} {'SIPp ms':>8} "
    f"{'ratio':>6} {'core':>5} {'wrong':>5}"
)


def line(row: Row) -> str:
    return (
        f"{row.mode:12} {row.pace:>12} {row.calls:6} {row.a_second:8.0f} {row.cpu_ms:7.3f} "
        f"{row.sipp_cpu_ms:8.3f} {row.ratio:6.2f} {row.core:5.2f} {row.wrong:5}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="300 calls a row, under 20 s")
    parser.add_argument("--json", type=Path, default=Path("var/benchmarks/calls.json"))
    arguments = parser.parse_args()
    if PROGRAM is None:
        raise SystemExit("SIPp is not installed (Debian: sip-tester)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    rows = uvloop.run(run(arguments.quick))
    print(HEAD, *map(line, rows), sep="\n")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    print(f"\n{arguments.json}")


if __name__ == "__main__":
    main()
