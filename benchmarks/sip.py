"""What signalling costs: ``python -m benchmarks.sip [--quick]``.

Messages: a parse and a serialization, in CPU µs, beside a bare split of the same bytes into header
names and values in the same run (goal: a 200 with SDP in 1.5 times of it).

Calls: an endpoint places calls to SIPp (INVITE, 180, 200, ACK, BYE, 200) at a rate; both sides'
process time, user and system, per call, and the ratio (goal: 5). The idle process's own share, for
the loop and the pacing, is in ours. ``lag`` is how late the pacing loop came to a call, in ms.

Memory: resident kB per call that is up, transactions forgotten, in the pure core (goal: 15).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from engine.sip import Answered, Ended, Endpoint, Failed, Hop, InviteRequest, sdp
from engine.sip.message import parse
from engine.sip.transport.call import Call
from tests.sip.far_end import ANSWER, FarEnd
from tests.sip.sipp import SCENARIOS, Sipp

HOST = "127.0.0.1"
OFFER = sdp.offer(HOST, 40000)
TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP_CALLS = 50


@dataclass
class MessageRow:
    message: str
    octets: int
    bare_us: float
    parse_us: float
    serialize_us: float
    ratio: float
    """Parse to bare split."""


@dataclass
class CallRow:
    rate: int
    calls: int
    us_per_call: float
    sipp_us_per_call: float
    ratio: float
    core: float
    lag_ms: float
    failed: int


# --- Messages -----------------------------------------------------------------------------------


def messages() -> dict[str, bytes]:
    """As they come in a call: what a far end and we say to each other."""
    far = FarEnd()
    call, invite = far.call()
    far.respond(invite, 200, body=ANSWER)
    [ack] = far.sent()
    call.finish(far.now)
    [bye] = far.sent()
    copied = [pair for pair in invite.headers if pair[0] in ("Via", "From", "Call-ID", "CSeq")]
    lines = [f"{name}: {value}" for name, value in copied]
    lines += ["To: <sip:bob@192.0.2.9>;tag=far", "Contact: <sip:bob@192.0.2.9:5060>"]
    lines += ["Allow: INVITE, ACK, CANCEL, BYE, OPTIONS", "Server: carrier"]
    head = "\r\n".join(lines).encode()
    length = f"\r\nContent-Type: application/sdp\r\nContent-Length: {len(ANSWER)}\r\n\r\n".encode()
    return {
        "INVITE with SDP": invite.serialize(),
        "180": b"SIP/2.0 180 Ringing\r\n" + head + b"\r\nContent-Length: 0\r\n\r\n",
        "200 with SDP": b"SIP/2.0 200 OK\r\n" + head + length + ANSWER,
        "ACK": ack.serialize(),
        "BYE": bye.serialize(),
    }


def bare_split(data: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """The least anyone can do: names and values, as text, and the body."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    fields = []
    for line in lines:
        name, _, value = line.partition(":")
        fields.append((name.strip(), value.strip()))
    return start, fields, body


def timed(act: Callable[[], object], times: int) -> float:
    """CPU µs of one ``act``: the best of five rounds, so that others on the machine count less."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            act()
        best = min(best, time.process_time() - began)
    return best / times * 1e6


def run_messages(times: int) -> list[MessageRow]:
    rows = []
    for name, data in messages().items():
        bare = timed(lambda data=data: bare_split(data), times)  # type: ignore[misc]
        parsed = timed(lambda data=data: parse(data), times)  # type: ignore[misc]
        message = parse(data)
        written = timed(message.serialize, times)
        rows.append(MessageRow(name, len(data), bare, parsed, written, parsed / bare))
    return rows


# --- Calls --------------------------------------------------------------------------------------


async def place(endpoint: Endpoint, hop: Hop, failed: list[int]) -> None:
    uri = f"sip:212600@{hop.host}:{hop.port}"
    call = endpoint.invite(InviteRequest(hop, uri, uri, "33100", HOST, OFFER))
    failed[0] += not await lived(call)


async def lived(call: Call) -> bool:
    while True:
        event = await call.next_event()
        if isinstance(event, Answered):
            call.bye()
        elif isinstance(event, Failed | Ended):
            return isinstance(event, Ended)


async def run_rate(rate: int, seconds: float) -> CallRow:
    calls = int(rate * seconds)
    endpoint = await Endpoint.open(HOST, tcp=False)
    async with Sipp.called(SCENARIOS / "answers.xml", calls + 10 * WARM_UP_CALLS) as sipp:
        hop, failed = Hop(*sipp.address), [0]
        await paced(endpoint, hop, WARM_UP_CALLS, rate, failed)
        sipp_began, began = cpu_of(sipp.pid), time.process_time()
        lag, took = await paced(endpoint, hop, calls, rate, failed)
        ours = (time.process_time() - began) / calls * 1e6
        theirs = (cpu_of(sipp.pid) - sipp_began) / calls * 1e6
    await endpoint.close()
    core = ours * calls / took / 1e6
    return CallRow(rate, calls, ours, theirs, ours / theirs, core, lag * 1e3, failed[0])


async def paced(
    endpoint: Endpoint, hop: Hop, calls: int, rate: int, failed: list[int]
) -> tuple[float, float]:
    """Worst lateness and the whole time, in seconds."""
    began, worst = time.monotonic(), 0.0
    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            early = began + number / rate - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)
            worst = max(worst, time.monotonic() - began - number / rate)
            group.create_task(place(endpoint, hop, failed))
    return worst, time.monotonic() - began


def cpu_of(pid: int) -> float:
    """Seconds of CPU a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# --- Memory -------------------------------------------------------------------------------------


def memory_per_call(calls: int) -> float:
    """kB; measured in the pure core, where nothing but calls grows."""
    agent = FarEnd()
    hold(agent, 200)
    before = resident()
    kept = hold(agent, calls)
    agent.pass_time(200)
    agent.sent(), agent.events()
    gc.collect()
    assert len(kept) == calls
    assert agent.agent.transactions == 0
    return (resident() - before) / calls


def hold(far: FarEnd, calls: int) -> list[object]:
    kept: list[object] = []
    for _ in range(calls):
        call, invite = far.call()
        far.respond(invite, 200, body=ANSWER)
        far.agent.datagrams(), far.agent.events()
        kept.append(call)
    return kept


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


# --- The table ----------------------------------------------------------------------------------

MESSAGES = (
    f"{'message':18} {'bytes':>6} {'bare µs':>8} {'parse µs':>9} {'ratio':>6} {'write µs':>9}"
)
CALLS = (
    f"{'calls/s':>7} {'calls':>6} {'µs/call':>8} {'SIPp µs':>8} {'ratio':>6} {'core':>5} "
    f"{'lag ms':>7} {'failed':>6}"
)


def line_of_message(row: MessageRow) -> str:
    return (
        f"{row.message:18} {row.octets:6} {row.bare_us:8.2f} {row.parse_us:9.2f} "
        f"{row.ratio:6.2f} {row.serialize_us:9.2f}"
    )


def line_of_call(row: CallRow) -> str:
    return (
        f"{row.rate:7} {row.calls:6} {row.us_per_call:8.0f} {row.sipp_us_per_call:8.0f} "
        f"{row.ratio:6.2f} {row.core:5.2f} {row.lag_ms:7.1f} {row.failed:6}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 20 s")
    parser.add_argument("--json", type=Path, default=Path("var/benchmarks/sip.json"))
    arguments = parser.parse_args()
    seconds, times, held = (3.0, 2_000, 2_000) if arguments.quick else (20.0, 20_000, 10_000)
    kilobytes = memory_per_call(held)
    parsed = run_messages(times)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        called = [runner.run(run_rate(rate, seconds)) for rate in (100, 300, 600)]
    print(MESSAGES, *map(line_of_message, parsed), "", CALLS, sep="\n")
    print(*map(line_of_call, called), "", f"{kilobytes:.1f} kB per call", sep="\n")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    table = {
        "messages": [asdict(row) for row in parsed],
        "calls": [asdict(row) for row in called],
        "kb_per_call": kilobytes,
    }
    arguments.json.write_text(json.dumps(table, indent=2))
    print(f"\n{arguments.json}")


if __name__ == "__main__":
    main()
