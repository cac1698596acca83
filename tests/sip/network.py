"""A network of pure agents on a virtual clock: loses, doubles, delays and reorders by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from engine.sip import sdp
from engine.sip.agent import Agent
from engine.sip.events import CallEvent
from engine.sip.hop import Hop
from engine.sip.incoming import IncomingInvite
from engine.sip.outgoing import InviteRequest, OutgoingCall

ALICE = Hop("192.0.2.1", 5060)
BOB = Hop("192.0.2.2", 5060)
NAMES = {ALICE: "a", BOB: "b"}


class CountedTokens:
    """Tokens that are the same in every run."""

    def __init__(self, name: str) -> None:
        self._name, self._count = name, 0

    def token(self) -> str:
        self._count += 1
        return f"{self._name}{self._count}"


@dataclass(frozen=True, slots=True)
class Weather:
    loss: float = 0.0
    duplication: float = 0.0
    delay: tuple[float, float] = (0.01, 0.01)
    """Seconds, least and most: a wide range reorders."""


class Network:
    def __init__(self, seed: int = 0, weather: Weather | None = None) -> None:
        self.now = 0.0
        self.weather = weather or Weather()
        self.random = Random(seed)
        self.agents = {
            ALICE: Agent(ALICE.address, CountedTokens("a")),
            BOB: Agent(BOB.address, CountedTokens("b")),
        }
        self.events: dict[str, list[CallEvent]] = {}
        """By call key."""
        self.incoming: list[IncomingInvite] = []
        self.on_incoming: Callable[[IncomingInvite], None] = lambda call: None
        self.on_event: Callable[[str, CallEvent], None] = lambda key, event: None
        self.passes: Callable[[bytes, Hop], bool] = lambda data, destination: True
        """A script's own losses."""
        self.damages: Callable[[bytes], bytes] = lambda data: data
        self.carried: list[bytes] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    @property
    def alice(self) -> Agent:
        return self.agents[ALICE]

    @property
    def bob(self) -> Agent:
        return self.agents[BOB]

    def call(self, **changes: object) -> OutgoingCall:
        fields: dict[str, object] = {
            "target": BOB,
            "request_uri": "sip:bob@192.0.2.2",
            "to_uri": "sip:bob@192.0.2.2",
            "from_user": "alice",
            "from_domain": "192.0.2.1",
            "sdp": sdp.offer("192.0.2.1", 4000),
        }
        call = self.alice.invite(InviteRequest(**(fields | changes)), self.now)  # type: ignore[arg-type]
        self.drain()
        return call

    def at(self, delay: float, action: Callable[[], object]) -> None:
        self._count += 1
        heappush(self._due, (self.now + delay, self._count, lambda: action() and None))

    def run(self, seconds: float) -> None:
        """Let ``seconds`` pass, with everything that falls due in them."""
        end = self.now + seconds
        while (when := self._next()) is not None and when <= end:
            self.now = max(self.now, when)
            while self._due and self._due[0][0] <= self.now:
                heappop(self._due)[2]()
                self.drain()
            for agent in self.agents.values():
                agent.handle_timer(self.now)
            self.drain()
        self.now = end

    def _next(self) -> float | None:
        timers = [t for agent in self.agents.values() if (t := agent.next_timer()) is not None]
        return min(timers + [entry[0] for entry in self._due[:1]], default=None)

    def drain(self) -> None:
        for address, agent in self.agents.items():
            for call in agent.incoming():
                self.incoming.append(call)
                self.on_incoming(call)
            for key, event in agent.events():
                self.events.setdefault(key, []).append(event)
                self.on_event(key, event)
            for data, destination in agent.datagrams():
                self._carry(data, address, destination)

    def _carry(self, data: bytes, source: Hop, destination: Hop) -> None:
        self.carried.append(data)
        weather, chance = self.weather, self.random
        if destination not in self.agents or not self.passes(data, destination):
            return
        agent, damaged = self.agents[destination], self.damages(data)
        copies = 1 + (chance.random() < weather.duplication)
        for _ in range(copies):
            if chance.random() >= weather.loss:
                delay = chance.uniform(*weather.delay)
                self.at(delay, lambda: agent.receive(damaged, source, self.now))
