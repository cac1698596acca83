"""The rows that are served at one instant of each packet time.

N rows of 12 + payload bytes stand in one numpy matrix, whose sequence numbers and timestamps
advance by vector operations; then each row leaves by the ``send`` of its own socket, and one
``epoll`` over the sockets of the rows takes in what has come: a datagram waits 20 ms at most, which
no listener and no key notices.

Time is on a grid. A phase that is late by less than half a packet time still serves its slot; one
that is later takes the nearest slot and skips those between: the next frame, sequence + 1,
timestamp by elapsed time, marker set since a gap went before (RFC 3551 section 4.1). So two packets
of a stream are never closer than half a packet time. What is played goes on where it was: a stall
delays a prompt and takes nothing out of it.
"""

from __future__ import annotations

import select
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from media import rtp
from media.row import BLOCK, Keying, Playback, Row, Send, Tally

SAMPLES_PER_MS: Final = 8
_ROUNDS: Final = 8
"""Datagrams taken from one socket in one sweep; a flood beyond that is the kernel's to drop."""

Receive: TypeAlias = Callable[[float], None]
Report: TypeAlias = Callable[[Exception], None]


class Phase:
    """The rows that are served at one instant of each packet time."""

    def __init__(self, ptime_ms: int, offset: float, counters: Counter[str], report: Report):
        self.ptime_ms = ptime_ms
        self.period = ptime_ms / 1000
        self.frame_bytes = ptime_ms * SAMPLES_PER_MS
        self.due = 0.0
        """The next slot; without meaning while there are no rows."""
        self.lateness = 0.0
        """Of the last tick, in seconds, before slots were skipped."""
        self._offset = offset
        self._counters = counters
        self._report = report
        self.rows: dict[int, Row] = {}
        self._sending: dict[Row, tuple[Send, memoryview]] = {}
        self._playing: set[Row] = set()
        self._playing_at: npt.NDArray[np.intp] | None = None
        """Their indices, until the set changes."""
        self._keying: dict[Row, Keying] = {}
        self._marking = False
        self._starting: list[Row] = []
        self._epoll = select.epoll()
        self._receivers: dict[int, Receive] = {}
        self._free: list[int] = []
        self._ticks = 0
        self._turns: dict[int, list[Row]] = {}
        """By tick, the rows whose block is used up then, unless they have been dismissed since."""
        self._allocate(16)

    # --- Rows ----------------------------------------------------------------------------------

    def add(self, row: Row, now: float) -> None:
        """Seat a row; its first packet leaves in the next slot, with the marker."""
        if self.rows:
            self._catch_up(now)
        else:
            self.due = self._slot_after(now)
        if not self._free:
            self._grow()
        row.index = self._free.pop()
        self.rows[row.index] = row
        self._bind(row)
        self._sequence[row.index] = row.sequence
        self._timestamp[row.index] = row.timestamp
        self._tally[:, row.index] = row.tally
        self._matrix["flags"][row.index] = rtp.VERSION << 6
        self._matrix["ssrc"][row.index] = row.ssrc
        self.update(row)

    def remove(self, row: Row) -> None:
        """Free a row; what it has counted goes with it, and nothing of it is sent again."""
        row.sequence, row.timestamp = self.position(row)
        row.tally = self.tally(row)
        self._dismiss(row)
        self._active[row.index] = 0
        del self.rows[row.index]
        self._free.append(row.index)
        row.index = -1

    def update(self, row: Row) -> None:
        """Take over what changed on a row: payload type, address, playback, keys or hold."""
        was_active = bool(self._active[row.index])
        self._active[row.index] = not row.held
        self._dismiss(row)
        if row.held:
            return
        self._kind[row.index] = row.payload_type
        if not was_active:
            self._marker[row.index] = rtp.MARKER
            self._marking = True
        self._quiet(row)
        if row.keyings:
            self._keying[row] = row.keyings[0]
        elif row.playback is not None:
            self._play(row, row.playback)

    def position(self, row: Row) -> tuple[int, int]:
        """Sequence number and timestamp of the packet sent last, neither of them wrapped."""
        return int(self._sequence[row.index]), int(self._timestamp[row.index])

    def note_progress(self, row: Row) -> None:
        """Write down on a row's playback how far it is."""
        if row.playback is not None and row in self._playing:
            row.playback.served = int(self._cursor[row.index]) - row.index * BLOCK

    def tally(self, row: Row) -> npt.NDArray[np.int64]:
        tally: npt.NDArray[np.int64] = self._tally[:, row.index].copy()
        return tally

    def listen(self, fileno: int, receive: Receive) -> None:
        self._receivers[fileno] = receive
        self._epoll.register(fileno, select.EPOLLIN)

    def unlisten(self, fileno: int) -> None:
        del self._receivers[fileno]
        self._epoll.unregister(fileno)

    def close(self) -> None:
        self._epoll.close()

    # --- The tick ------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send one packet of every row, then take in what has come; ``now``: monotonic seconds."""
        self._ticks += 1
        self._catch_up(now)
        self._advance(now)
        self._load_frames()
        self._load_events()
        self._send()
        self.due += self.period
        self._settle(now)
        self._sweep(now)

    def _catch_up(self, now: float) -> None:
        self.lateness = now - self.due
        slots = int(self.lateness / self.period + 0.5)
        if slots <= 0:
            return
        self.due += slots * self.period
        self._timestamp += slots * self.frame_bytes
        self._tally[Tally.SKIPPED] += slots * self._active
        self._counters["skipped"] += slots * len(self._sending)
        self._marker[:] = rtp.MARKER
        self._marking = True

    def _advance(self, now: float) -> None:
        self._sequence += self._active
        self._timestamp += self.frame_bytes
        self._matrix["kind"] = self._kind | self._marker
        self._matrix["sequence"] = self._sequence
        self._matrix["timestamp"] = self._timestamp
        self._counters["sent"] += len(self._sending)
        if now - self.due > self.period / 4:
            self._tally[Tally.LATE] += self._active
            self._counters["late"] += len(self._sending)

    def _load_frames(self) -> None:
        """The next frame of each row that plays, out of its block, in one gather: 0.05 us a row,
        where a slice and a copy for each take 0.65."""
        if not self._playing:
            return
        if self._playing_at is None:
            self._playing_at = np.array([row.index for row in self._playing], np.intp)
        at = self._playing_at
        self._matrix["payload"][at] = self._blocks[self._cursor[at]]
        self._cursor += 1

    def _load_events(self) -> None:
        for row, keying in self._keying.items():
            clock = int(self._timestamp[row.index]) & 0xFFFFFFFF
            payload, timestamp, marker = keying.advance(clock)
            if payload is None:
                self._quiet(row)
                continue
            self._matrix["kind"][row.index] = keying.payload_type | (rtp.MARKER if marker else 0)
            self._matrix["timestamp"][row.index] = timestamp
            row.body[: len(payload)] = payload
            packet = row.packet[: rtp.HEADER_BYTES + len(payload)]
            self._sending[row] = (row.send, packet)

    def _send(self) -> None:
        for row, (send, packet) in self._sending.items():
            try:
                send(packet)
            except OSError as error:
                self._unsent(row, error)

    def _unsent(self, row: Row, error: OSError) -> None:
        refused = isinstance(error, ConnectionRefusedError)
        self._tally[Tally.REFUSED if refused else Tally.UNSENT, row.index] += 1
        self._counters["refused" if refused else "unsent"] += 1
        self._counters["sent"] -= 1

    def _settle(self, now: float) -> None:
        """What the packets that just left have begun or ended."""
        if self._marking:
            self._marker[:] = 0
            self._marking = False
        for row in self._starting:
            if row in self._playing and row.first_audio_at is None:
                row.first_audio_at = now
        self._starting.clear()
        for row in self._turns.pop(self._ticks, ()):
            if row.turn == self._ticks and row in self._playing:
                self._turn_block(row)
        for row in [row for row, keying in self._keying.items() if keying.ended]:
            self._end_keying(row)

    def _turn_block(self, row: Row) -> None:
        """The last frame of a row's block has left: load the next, or end."""
        playback = row.playback
        assert playback is not None
        playback.served = playback.block_frames
        if not playback.ended:
            self._load(row, playback)
            return
        row.playback = None
        self.update(row)
        playback.finish(interrupted=False)

    def _end_keying(self, row: Row) -> None:
        keying = row.keyings.popleft()
        self.update(row)
        keying.finished(True)

    def _sweep(self, now: float) -> None:
        """Take one datagram of every ready socket, until none is ready: no socket is read in vain,
        since an EAGAIN costs as much as a packet, and none is served twice before the others."""
        for _ in range(_ROUNDS):
            ready = self._epoll.poll(0)
            if not ready:
                return
            for fileno, _ in ready:
                receive = self._receivers.get(fileno)
                if receive is None:
                    continue
                try:
                    receive(now)
                except Exception as error:  # noqa: BLE001 - one listener's bug stays with its call
                    self._report(error)

    # --- The matrix ----------------------------------------------------------------------------

    def _slot_after(self, now: float) -> float:
        slots = int((now - self._offset) / self.period) + 1
        return self._offset + slots * self.period

    def _dismiss(self, row: Row) -> None:
        """Send nothing of a row; its playback keeps its place."""
        self.note_progress(row)
        self._sending.pop(row, None)
        self._keying.pop(row, None)
        if row in self._playing:
            self._playing.remove(row)
            self._playing_at = None

    def _play(self, row: Row, playback: Playback) -> None:
        self._playing.add(row)
        self._playing_at = None
        self._starting.append(row)
        if playback.block_frames:
            self._seek(row, playback)
        else:
            playback.cut(self.frame_bytes, row.silence)
            self._load(row, playback)

    def _load(self, row: Row, playback: Playback) -> None:
        block = playback.load()
        start = row.index * BLOCK * self.frame_bytes
        self._block_bytes[start : start + len(block)] = block
        self._seek(row, playback)

    def _seek(self, row: Row, playback: Playback) -> None:
        self._cursor[row.index] = row.index * BLOCK + playback.served
        row.turn = self._ticks + playback.block_frames - playback.served
        self._turns.setdefault(row.turn, []).append(row)

    def _quiet(self, row: Row) -> None:
        """A packet of silence, until something is loaded over it."""
        row.body[:] = bytes([row.silence]) * self.frame_bytes
        self._sending[row] = (row.send, row.packet)

    def _bind(self, row: Row) -> None:
        length = rtp.HEADER_BYTES + self.frame_bytes
        row.packet = self._bytes[row.index * length : (row.index + 1) * length]
        row.body = row.packet[rtp.HEADER_BYTES :]

    def _allocate(self, capacity: int) -> None:
        """A matrix of that many rows, in place of the one there is."""
        self._free += range(capacity - 1, len(self.rows) - 1, -1)
        self._matrix = np.zeros(capacity, self._layout())
        self._bytes = self._matrix.view(np.uint8).data
        self._kind = np.zeros(capacity, np.uint8)
        self._marker = np.zeros(capacity, np.uint8)
        """Set on those whose next packet follows a gap."""
        self._sequence = np.zeros(capacity, np.int64)
        self._timestamp = np.zeros(capacity, np.int64)
        self._active = np.zeros(capacity, np.int64)
        self._blocks = np.zeros(capacity * BLOCK, f"V{self.frame_bytes}")
        self._block_bytes = self._blocks.view(np.uint8).data
        self._cursor = np.zeros(capacity, np.intp)
        self._tally = np.zeros((len(Tally), capacity), np.int64)

    def _layout(self) -> np.dtype[Any]:
        """Network byte order, as it stands on the wire (RFC 3550 section 5.1)."""
        header = [("flags", "u1"), ("kind", "u1"), ("sequence", ">u2"), ("timestamp", ">u4")]
        return np.dtype([*header, ("ssrc", ">u4"), ("payload", f"V{self.frame_bytes}")])

    def _vectors(self) -> tuple[npt.NDArray[Any], ...]:
        return self._kind, self._marker, self._sequence, self._timestamp, self._active, self._cursor

    def _grow(self) -> None:
        matrix, count = self._matrix, len(self._matrix)
        vectors, tally, blocks = self._vectors(), self._tally, self._blocks
        self._allocate(2 * count)
        self._matrix[:count] = matrix
        self._tally[:, :count] = tally
        self._blocks[: len(blocks)] = blocks
        for new, old in zip(self._vectors(), vectors, strict=True):
            new[:count] = old
        for row in self.rows.values():
            self._bind(row)
            if row in self._sending:
                self._sending[row] = (row.send, row.packet)
