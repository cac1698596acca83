"""What the media plane costs: ``python -m benchmarks.media [--quick]``.

One process plays a prompt to N far ends; another receives every packet, with the kernel's time
stamps. In the same run a bare Python loop sends as many packets of the same size over as many
connected sockets, in as many phases: what remains above it is the engine's own share. Then the far
ends talk too, once while somebody listens and once while the kernel filter drops them. What a
packet costs to receive is measured apart, unpaced: a bare ``epoll`` and ``recv`` beside the sweep.

Columns: CPU µs per packet sent (process time, user and system); its ratio to the bare loop; the
part of one core; |gap − 20 ms| between packets of one stream in ms, by percentile; packets within
half a packet time; instants skipped; resident kB per call. On a machine that others use too,
``--nice -10`` (as root) keeps their load out of the gaps, for the bare loop and the engine alike.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import os
import resource
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import uvloop

from media import MediaPlane, Stream
from media.g711 import SAMPLE_RATE, Codec
from media.ticker import PHASES

HOST = "127.0.0.1"
PERIOD = 0.02
PACKET_BYTES = 172
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
WARM_UP = 0.5


@dataclass
class Spacing:
    packets: int
    p50: float
    p99: float
    p999: float
    worst: float
    """Milliseconds of |gap - 20 ms|."""
    within: float
    """Percent of the gaps between 10 and 30 ms."""


@dataclass
class Row:
    mode: str
    streams: int
    sent: int
    us_per_packet: float
    ratio: float
    """To the bare loop of the same run."""
    core: float
    spacing: Spacing
    skipped: int
    kb_per_stream: float | None


@dataclass
class Received:
    mode: str
    streams: int
    us_per_packet: float
    ratio: float


# --- The far ends, in a process of their own ----------------------------------------------------


class FarEnds:
    """One socket that plays every far end: stamps what comes, and talks to whom it has heard."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((HOST, 0))
        self.heard: dict[tuple[str, int], int] = {}
        self.ports: list[int] = []
        self.stamps: list[float] = []
        self.sequence = 0

    def receive(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                _, control, _, source = self.socket.recvmsg(2048, 64)
            except (TimeoutError, BlockingIOError):
                return
            seconds, nanoseconds = struct.unpack("qq", control[0][2])
            self.stamps.append(seconds + nanoseconds / 1e9)
            self.ports.append(source[1])
            if source not in self.heard:
                self.heard[source] = len(self.heard)
                self.socket.sendto(self.packet(), source)

    def packet(self) -> bytes:
        header = struct.pack("!BBHII", 0x80, 0, self.sequence, self.sequence * 160, 7)
        return header + bytes(160)

    def talk(self) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        packet = self.packet()
        for far in self.heard:
            self.socket.sendto(packet, far)

    def serve(self, control: multiprocessing.connection.Connection) -> None:
        talking = False
        due = time.monotonic()
        while True:
            due = max(due + PERIOD, time.monotonic() + PERIOD / 4)
            self.receive(due)
            if talking:
                self.talk()
            while control.poll():
                match control.recv():
                    case "begin":
                        self.ports, self.stamps = [], []
                    case "talk":
                        talking = True
                    case "end":
                        control.send(spacing(np.array(self.ports), np.array(self.stamps)))
                        talking = False
                        self.heard.clear()
                    case "stop":
                        return


def spacing(ports: np.ndarray, stamps: np.ndarray) -> Spacing:
    """Deviation of the gaps between packets of one source from the packet time."""
    order = np.lexsort((stamps, ports))
    same = np.diff(ports[order]) == 0
    gaps = np.diff(stamps[order])[same]
    if not len(gaps):
        return Spacing(len(ports), *[float("nan")] * 5)
    off = np.abs(gaps - PERIOD) * 1000
    percentiles = np.percentile(off, [50, 99, 99.9])
    within = 100 * float(np.mean(off <= PERIOD * 500))
    return Spacing(len(ports), *map(float, percentiles), float(off.max()), within)


def far_ends(control: multiprocessing.connection.Connection) -> None:
    ends = FarEnds()
    control.send(ends.socket.getsockname())
    ends.serve(control)


class FarProcess:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.control, theirs = context.Pipe()
        self.process = context.Process(target=far_ends, args=(theirs,), daemon=True)
        self.process.start()
        self.address: tuple[str, int] = self.control.recv()

    def tell(self, word: str) -> None:
        self.control.send(word)

    def end(self) -> Spacing:
        self.tell("end")
        measured: Spacing = self.control.recv()
        return measured

    def stop(self) -> None:
        self.tell("stop")
        self.process.join()


# --- The bare loop ------------------------------------------------------------------------------


def bare_loop(far: FarProcess, streams: int, seconds: float) -> Row:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(streams)]
    for sock in sockets:
        sock.setblocking(False)
        sock.bind((HOST, 0))
        sock.connect(far.address)
    sends = [sock.send for sock in sockets]
    packet = memoryview(bytearray(PACKET_BYTES))
    rounds = int(seconds / PERIOD)
    far.tell("begin")
    started = time.process_time()
    due = time.monotonic()
    for _ in range(rounds):
        for phase in range(PHASES):
            for send in sends[phase::PHASES]:
                send(packet)
            due += PERIOD / PHASES
            time.sleep(max(0.0, due - time.monotonic()))
    cpu = time.process_time() - started
    measured = far.end()
    for sock in sockets:
        sock.close()
    sent = streams * rounds
    each = cpu / sent * 1e6
    core = cpu / (rounds * PERIOD)
    return Row("bare send", streams, sent, each, 1.0, core, measured, 0, None)


# --- The engine ---------------------------------------------------------------------------------


def resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


async def playing(
    plane: MediaPlane, far: FarProcess, streams: int, clip: np.ndarray
) -> list[Stream]:
    """Streams set up at the pace of a busy dialer, each playing the same clip."""
    made = []
    for count in range(streams):
        stream = plane.stream()
        stream.connect(far.address, payload_type=0, codec=Codec.PCMU, telephone_event=101)
        stream.play([clip])
        made.append(stream)
        if count % 20 == 19:
            await asyncio.sleep(0.002)
    return made


async def tick(far: FarProcess, mode: str, streams: int, seconds: float, bare: float) -> Row:
    clip = np.zeros(int((seconds + 60) * SAMPLE_RATE), np.uint8)
    before_kb = resident_kb()
    plane = await MediaPlane.open(HOST)
    made = await playing(plane, far, streams, clip)
    await asyncio.sleep(WARM_UP)
    kb = (resident_kb() - before_kb) / streams
    if "listening" in mode:
        for stream in made:
            stream.on_audio = heard_nothing
    if "talking" in mode:
        far.tell("talk")
    await asyncio.sleep(WARM_UP)
    far.tell("begin")
    sent, skipped = plane.counters["sent"], plane.counters["skipped"]
    started, wall = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    cpu, wall = time.process_time() - started, time.monotonic() - wall
    sent, skipped = plane.counters["sent"] - sent, plane.counters["skipped"] - skipped
    measured = far.end()
    await plane.close()
    each = cpu / sent * 1e6
    return Row(mode, streams, sent, each, each / bare, cpu / wall, measured, skipped, kb)


def heard_nothing(sequence: int, timestamp: int, payload: bytes) -> None:
    """A listener that costs nothing, so that reception alone is measured."""


def run(sizes: list[int], seconds: float) -> list[Row]:
    rows: list[Row] = []
    far = FarProcess()
    for streams in sizes:
        bare = bare_loop(far, streams, seconds)
        rows.append(bare)
        rows += [
            uvloop.run(tick(far, mode, streams, seconds, bare.us_per_packet))
            for mode in ("playing", "playing, talking, listening", "playing, talking, filtered")
        ]
    far.stop()
    return rows


# --- Reception ----------------------------------------------------------------------------------


class Talkers:
    """One socket that speaks to any number of ports, and the CPU time of hearing it."""

    def __init__(self, ports: list[tuple[str, int]]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.ports = ports
        self.sequence = 0

    def cost(self, rounds: int, hear: Callable[[], None]) -> float:
        """CPU µs per packet."""
        spent = 0.0
        for _ in range(rounds):
            self.talk()
            started = time.process_time()
            hear()
            spent += time.process_time() - started
        return spent / rounds / len(self.ports) * 1e6

    def talk(self) -> None:
        self.sequence += 1
        header = struct.pack("!BBHII", 0x80, 0, self.sequence, self.sequence * 160, 7)
        for port in self.ports:
            self.socket.sendto(header + bytes(160), port)


def bare_reception(streams: int, rounds: int) -> Received:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(streams)]
    epoll = select.epoll()
    for sock in sockets:
        sock.bind((HOST, 0))
        epoll.register(sock, select.EPOLLIN)
    receives = {sock.fileno(): sock.recv for sock in sockets}

    def hear() -> None:
        while ready := epoll.poll(0):
            for fileno, _ in ready:
                receives[fileno](2048)

    talkers = Talkers([sock.getsockname() for sock in sockets])
    cost = talkers.cost(rounds, hear)
    for sock in (*sockets, talkers.socket, epoll):
        sock.close()
    return Received("bare epoll and recv", streams, cost, 1.0)


async def sweep(mode: str, streams: int, rounds: int, bare: float) -> Received:
    now = [0.0]
    plane = await MediaPlane.open(HOST, monotonic=lambda: now[0], ticking=False)
    made = [plane.stream() for _ in range(streams)]
    talkers = Talkers([stream.address for stream in made])
    for stream in made:
        far = talkers.socket.getsockname()
        stream.connect(far, payload_type=0, codec=Codec.PCMU, telephone_event=101)
        stream.on_audio = heard_nothing if mode == "sweep, listening" else None
        stream.hold()

    def hear() -> None:
        for _ in range(10):
            now[0] += PERIOD / 10
            plane.ticker.run_tick(now[0])

    talkers.cost(2, hear)
    cost = talkers.cost(rounds, hear)
    await plane.close()
    talkers.socket.close()
    return Received(mode, streams, cost, cost / bare)


def run_reception(sizes: list[int], rounds: int) -> list[Received]:
    rows: list[Received] = []
    for streams in sizes:
        bare = bare_reception(streams, rounds)
        rows.append(bare)
        rows += [
            asyncio.run(sweep(mode, streams, rounds, bare.us_per_packet))
            for mode in ("sweep, listening", "sweep, filtered")
        ]
    return rows


# --- The table ----------------------------------------------------------------------------------

HEAD = (
    f"{'mode':28} {'calls':>5} {'µs/sent':>8} {'ratio':>6} {'core':>5} "
    f"{'p50':>6} {'p99':>6} {'p99.9':>7} {'worst':>7} {'±10 ms':>8} {'skipped':>7} {'kB':>5}"
)
HEAD_RECEIVED = f"{'mode':28} {'calls':>5} {'µs/recv':>8} {'ratio':>6}"


def line(row: Row) -> str:
    off = row.spacing
    memory = "" if row.kb_per_stream is None else f"{row.kb_per_stream:5.1f}"
    return (
        f"{row.mode:28} {row.streams:5} {row.us_per_packet:8.2f} {row.ratio:6.2f} {row.core:5.2f} "
        f"{off.p50:6.2f} {off.p99:6.2f} {off.p999:7.2f} {off.worst:7.2f} {off.within:7.3f}% "
        f"{row.skipped:7} {memory:>5}"
    )


def line_received(row: Received) -> str:
    return f"{row.mode:28} {row.streams:5} {row.us_per_packet:8.2f} {row.ratio:6.2f}"


def raise_file_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes, under 20 s")
    parser.add_argument("--json", type=Path, default=Path("var/benchmarks/media.json"))
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    os.nice(arguments.nice)
    raise_file_limit()
    sizes, seconds = ([200, 500], 1.0) if arguments.quick else ([200, 500, 1000, 2000, 3000], 5.0)
    sent, received = run(sizes, seconds), run_reception(sizes[:3], 50)
    print(HEAD, *map(line, sent), "", HEAD_RECEIVED, *map(line_received, received), sep="\n")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    table = {"sent": [asdict(row) for row in sent], "received": [asdict(row) for row in received]}
    arguments.json.write_text(json.dumps(table, indent=2))
    print(f"\n{arguments.json}")


if __name__ == "__main__":
    main()
