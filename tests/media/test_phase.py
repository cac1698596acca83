"""Calls that come, play, hold, are transferred and go, at random: no row ever tells of another."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

ROWS_AT_MOST = 40


class Caller:
    """One call, and what its far end must have heard in the end."""

    def __init__(self, studio, chance: random.Random) -> None:
        self.studio, self.chance = studio, chance
        self.stream, self.far = studio.call()
        self.played = []
        self.packets = []

    def act(self) -> None:
        action = self.chance.choice(
            (self.play, self.play, self.stream.stop, self.hold, self.press, self.reconnect)
        )
        action()

    def play(self) -> None:
        lengths = [self.chance.randrange(9000) for _ in range(self.chance.randrange(1, 4))]
        start = self.chance.randrange(255)
        clips = [((np.arange(n) + start) % 255).astype(np.uint8) for n in lengths]
        self.played.append((b"".join(map(bytes, clips)), self.stream.play(clips)))

    def hold(self) -> None:
        self.chance.choice((self.stream.hold, self.stream.resume, self.stream.resume))()

    def press(self) -> None:
        self.stream.send_digits(self.chance.choice("12#"), duration_ms=60)

    def reconnect(self) -> None:
        self.far.say(self.stream)
        self.studio.connect(self.stream, self.far)

    def hear(self) -> None:
        self.packets += self.far.packets()

    def end(self) -> None:
        self.stream.close()
        self.hear()
        spoken = b"".join(p.payload for p in self.packets if p.payload_type == 0)
        expected = b"".join(whole[: to.result().samples] for whole, to in self.played)
        assert spoken.replace(b"\xff", b"") == expected
        assert self.stream.statistics.sent == len(self.packets)
        assert len({packet.ssrc for packet in self.packets}) <= 1
        for before, after in pairwise(self.packets):
            assert after.sequence == (before.sequence + 1) & 0xFFFF


@pytest.mark.parametrize("phases", [1, 3])
async def test_rows_come_and_go(studios, phases):
    studio = await studios(phases=phases)
    chance = random.Random(phases)
    callers: list[Caller] = []
    for _ in range(600):
        if len(callers) < ROWS_AT_MOST and chance.random() < 0.3:
            callers.append(Caller(studio, chance))
        if callers and chance.random() < 0.15:
            callers.pop(chance.randrange(len(callers))).end()
        for caller in chance.sample(callers, min(2, len(callers))):
            caller.act()
        if chance.random() < 0.02:
            studio.stall(chance.randrange(200))
        studio.run(2 * chance.randrange(1, 20))
        for caller in callers:
            caller.hear()
    for caller in callers:
        caller.end()
