"""The pool of RTP ports, and the plane from which a call takes its stream."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from media import endpoint
from media.endpoint import Endpoint, Network
from media.row import Row
from media.stream import Stream
from media.ticker import PHASES, Ticker

QUARANTINE_S: Final = 5.0
"""How long a freed port rests, so that the late packets of one call never reach the next."""
_BIND_ATTEMPTS: Final = 64


class NoPortLeft(Exception):
    """Every port is in use or in quarantine: a limit of this node, not a fault of the call."""


class PortPool:
    """Ports in the order in which they were freed (pure)."""

    def __init__(self, ports: Iterable[int], quarantine: float = QUARANTINE_S) -> None:
        self._quarantine = quarantine
        self._free = deque((port, float("-inf")) for port in ports)

    def __len__(self) -> int:
        return len(self._free)

    def take(self, now: float) -> int:
        """The port that has rested longest; raises ``NoPortLeft``."""
        if not self._free or self._free[0][1] > now:
            raise NoPortLeft(f"{len(self._free)} ports in quarantine, the others in use")
        return self._free.popleft()[0]

    def give(self, port: int, now: float) -> None:
        self._free.append((port, now + self._quarantine))


class MediaPlane:
    """Everything that the streams of one process share."""

    def __init__(
        self,
        host: str,
        pool: PortPool | None,
        *,
        advertised_host: str | None = None,
        nat_networks: Sequence[Network] = (),
        phases: int = PHASES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._pool = pool
        self._advertised_host = advertised_host or host
        self._nat_networks = tuple(nat_networks)
        self._monotonic = monotonic
        self._counters: Counter[str] = Counter()
        self._streams: dict[Stream, int] = {}
        self.ticker = Ticker(self._counters, _report, phases=phases)

    @classmethod
    async def open(
        cls,
        host: str,
        ports: range | None = None,
        *,
        advertised_host: str | None = None,
        nat_networks: Sequence[Network] = (),
        quarantine: float = QUARANTINE_S,
        phases: int = PHASES,
        monotonic: Callable[[], float] = time.monotonic,
        ticking: bool = True,
    ) -> MediaPlane:
        """Bind streams to the IP address ``host``, on the even ports of ``ports``, or on any even
        port where that is ``None``.

        ``advertised_host`` is what SDP says where that differs. ``nat_networks`` may send beside
        the host that SDP names, until one has latched; 0.0.0.0/0 trusts everybody. With ``ticking``
        off the owner calls ``plane.ticker.run_tick(now)`` itself, by its own clock.
        """
        pool = None if ports is None else PortPool(_even(ports), quarantine)
        plane = cls(
            host,
            pool,
            advertised_host=advertised_host,
            nat_networks=nat_networks,
            phases=phases,
            monotonic=monotonic,
        )
        if ticking:
            plane.ticker.start(monotonic)
        return plane

    @property
    def counters(self) -> Mapping[str, int]:
        """Of all streams since the start: ``sent, late, skipped, refused, unsent, received, keys,
        strangers, malformed, unexpected, comfort_noise, reports``. A name that is missing is 0."""
        counters = Counter(self._counters)
        for stream in self._streams:
            _add_heard(counters, stream)
        return counters

    @property
    def streams(self) -> int:
        return len(self._streams)

    @property
    def lag(self) -> float:
        """Seconds by which the tick is late; dialing slows by it."""
        return self.ticker.lag

    def stream(self) -> Stream:
        """A stream on a port of its own; raises ``NoPortLeft``. Whoever takes it closes it."""
        sock, port = self._bind()
        bound = Endpoint(sock, self._nat_networks)
        row = Row(secrets.randbits(32), secrets.randbits(16), secrets.randbits(32), send=bound.send)
        stream = Stream(
            bound,
            self.ticker,
            row,
            address=(self._advertised_host, port),
            clock=self._monotonic,
            counters=self._counters,
            closed=self._give_back,
        )
        self._streams[stream] = port
        return stream

    async def close(self) -> None:
        """Close every stream and stop ticking."""
        for stream in list(self._streams):
            stream.close()
        self.ticker.close()

    def _give_back(self, stream: Stream) -> None:
        port = self._streams.pop(stream)
        _add_heard(self._counters, stream)
        if self._pool is not None:
            self._pool.give(port, self._monotonic())

    def _bind(self) -> tuple[socket.socket, int]:
        if self._pool is None:
            return _bind_any(self._host)
        for _ in range(len(self._pool)):
            port = self._pool.take(self._monotonic())
            try:
                return endpoint.bind(self._host, port), port
            except OSError:
                # Another program has it; it may be free again some day.
                self._counters["port_taken"] += 1
                self._pool.give(port, self._monotonic())
        raise NoPortLeft("no port is left")


def _even(ports: range) -> list[int]:
    """In random order, so that a stranger cannot guess where the next call listens."""
    even = [port for port in ports if port % 2 == 0]
    secrets.SystemRandom().shuffle(even)
    return even


def _bind_any(host: str) -> tuple[socket.socket, int]:
    """Bound twice: a port that the kernel chose is lost when the socket is unconnected."""
    for _ in range(_BIND_ATTEMPTS):
        with endpoint.bind(host, 0) as probe:
            port = int(probe.getsockname()[1])
        if port % 2:
            continue
        try:
            return endpoint.bind(host, port), port
        except OSError:
            continue
    raise NoPortLeft("the system has no even port left")


def _add_heard(counters: Counter[str], stream: Stream) -> None:
    """What a stream counts by itself, since it would cost each packet too much to count twice."""
    counters["received"] += stream.received
    counters["strangers"] += stream.strangers
    counters["refused"] += stream.refused


def _report(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "a listener of a media stream failed", "exception": error}
    )
