"""The RTP stream that a call holds: it plays, presses keys, and hears both from the far side."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Final, TypeVar

from media import dtmf, socket_filter
from media.endpoint import Address, Endpoint
from media.g711 import Codec, silence
from media.hearing import Hearing, OnAudio, OnKey
from media.phase import Phase
from media.playlist import Playlist
from media.row import Keying, Playback, PlayedTo, Row, Tally
from media.ticker import Ticker

_Result = TypeVar("_Result")
_PTIMES_MS: Final = (10, 20, 30, 40, 50, 60)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Packets and seconds since the stream was opened."""

    sent: int
    late: int
    """Sent more than a quarter of a packet time after their instant."""
    skipped: int
    """Instants without a packet, because the engine stalled."""
    refused: int
    """ICMP answers to what was sent: nobody listens there."""
    unsent: int
    """Not sent: our own host kept them back."""
    received: int
    """RTP packets of the payload types agreed that reached us."""
    lost: int
    filtered: int
    """Dropped by the kernel, nearly always because nobody listened."""
    sampled: bool
    """The filter was on: ``lost`` is an estimate and ``jitter`` that of every 32nd packet."""
    jitter: float
    """Interarrival jitter in seconds (RFC 3550 A.8), seen at the resolution of the sweep."""
    keys: int
    strangers: int
    malformed: int
    unexpected: int
    """RTP of a payload type that was not agreed."""
    reports: int
    """RTCP packets received."""
    remote_loss: float | None
    """Fraction of our packets that the far side missed, from its last report."""


class Stream:
    """Made by ``MediaPlane.stream``; every method belongs to the thread of the event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        ticker: Ticker,
        row: Row,
        *,
        address: Address,
        clock: Callable[[], float],
        counters: Counter[str],
        closed: Callable[[Stream], None],
    ) -> None:
        self.address = address
        """Host and port for SDP."""
        self._endpoint = endpoint
        self._ticker = ticker
        self._row = row
        self._clock = clock
        self._closed = closed
        self._hearing = Hearing(row.ssrc, counters)
        self._phase: Phase | None = None
        self._codec: Codec | None = None
        self._event_type: int | None = None
        self._filter = b""
        self._sampled = False
        self._open = True

    # --- Connection ----------------------------------------------------------------------------

    def connect(
        self,
        remote: Address,
        *,
        payload_type: int,
        codec: Codec,
        telephone_event: int | None,
        offered_event: int | None = None,
        ptime_ms: int = 20,
    ) -> None:
        """Begin to send, silence where nothing plays; after a re-INVITE, go on as it says.

        ``remote`` is an IP address and a port; 0.0.0.0 holds (RFC 3264 section 8.4).
        ``telephone_event`` is the payload type to send, ``offered_event`` the one to receive where
        we offered another. A packet time that is not a multiple of ten from 10 to 60 ms becomes the
        nearest. A hold ends. Latching begins anew; SSRC, sequence and timestamps go on. What plays
        goes on too, unless codec or packet time change: then it ends as interrupted. Raises
        ``ValueError`` for an address that cannot be sent to, before anything has changed.
        """
        if not self._open:
            return
        host = ip_address(remote[0])
        if host.is_multicast or not 0 < remote[1] < 65536:
            raise ValueError(f"{remote[0]}:{remote[1]} is not the port of one host")
        self._endpoint.aim((str(host), remote[1]))
        self._agree(payload_type, codec, telephone_event, offered_event)
        self._row.send = self._endpoint.send
        self._row.held = host.is_unspecified
        self._seat(min(_PTIMES_MS, key=lambda known: abs(known - ptime_ms)))

    def hold(self) -> None:
        """Send nothing (the far side said ``sendonly`` or ``inactive``); a prompt waits."""
        self._row.held = True
        self._update()

    def resume(self) -> None:
        """Send again; a prompt goes on where it was."""
        self._row.held = False
        self._update()

    def close(self) -> None:
        """Stop everything and give the port back. Harmless when repeated."""
        if not self._open:
            return
        self._open = False
        self._unseat()
        self._row.interrupt()
        self._row.release_keys()
        self._endpoint.close()
        self._closed(self)

    # --- What the far side hears ---------------------------------------------------------------

    def play(self, playlist: Playlist) -> asyncio.Future[PlayedTo]:
        """Play clips of the stream's codec as one stream of samples; resolved when the last has
        been sent, or with ``interrupted``. Takes the place of what plays; waits for ``connect``
        where that has not come. Cancelling the future stops it. Raises ``TypeError`` for samples
        that have not been encoded.
        """
        played: asyncio.Future[PlayedTo] = asyncio.get_running_loop().create_future()
        playback = Playback(playlist, partial(_resolve, played))
        self._interrupt()
        if playback.ended or not self._open:
            playback.finish(interrupted=not self._open)
        else:
            self._row.playback = playback
            played.add_done_callback(partial(self._abandon, playback))
        self._update()
        return played

    def stop(self) -> None:
        """Stop what plays (barge-in); silence follows."""
        self._interrupt()
        self._update()

    def send_digits(
        self, keys: str, *, duration_ms: int = 160, gap_ms: int = 80
    ) -> asyncio.Future[bool]:
        """Press keys (RFC 4733), after those that are still being pressed; audio waits meanwhile.
        Resolved with True when the last has been sent, with False where the stream was closed.
        Raises ``ValueError`` for what is no key, and where telephone events were not agreed.
        """
        if self._event_type is None or self._phase is None:
            raise ValueError("the far side has not agreed to telephone events")
        pressed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        payloads = _payloads(keys, duration_ms, gap_ms, self._phase.ptime_ms)
        keying = Keying(payloads, self._event_type, partial(_resolve, pressed))
        if keying.ended or not self._open:
            keying.finished(self._open)
        else:
            self._row.keyings.append(keying)
            self._update()
        return pressed

    @property
    def first_audio_at(self) -> float | None:
        """Monotonic instant at which the first packet of a prompt left."""
        return self._row.first_audio_at

    # --- What we hear --------------------------------------------------------------------------

    @property
    def on_audio(self) -> OnAudio | None:
        """Gets sequence number, RTP timestamp and payload of every audio packet. Set it only while
        somebody listens: without it the kernel drops audio before it costs anything."""
        return self._hearing.on_audio

    @on_audio.setter
    def on_audio(self, listener: OnAudio | None) -> None:
        self._hearing.on_audio = listener
        self._filter_audio()

    @property
    def on_key(self) -> OnKey | None:
        """Gets each key of RFC 4733 once, when its first packet has come."""
        return self._hearing.on_key

    @on_key.setter
    def on_key(self, listener: OnKey | None) -> None:
        self._hearing.on_key = listener

    @property
    def heard_at(self) -> float | None:
        """Monotonic instant of the last valid packet, for an RTP timeout. Where nobody listens to
        audio, up to 0.64 s behind."""
        return self._hearing.heard_at

    @property
    def latched(self) -> bool:
        """The far side has sent a valid packet and is now the only one heard."""
        return self._endpoint.latched

    @property
    def received(self) -> int:
        """RTP packets of the payload types agreed that reached us."""
        return self._hearing.received

    @property
    def strangers(self) -> int:
        """Datagrams from sources that were not allowed."""
        return self._endpoint.strangers

    @property
    def refused(self) -> int:
        """ICMP answers that receiving came upon; sending comes upon the others."""
        return self._endpoint.refused

    @property
    def statistics(self) -> Statistics:
        row, phase = self._row, self._phase
        sequence = phase.position(row)[0] if phase else row.sequence
        tally = (phase.tally(row) if phase else row.tally).tolist()
        heard, filtered = self._hearing.counted, self._endpoint.dropped
        return Statistics(
            sent=sequence - row.first_sequence - tally[Tally.REFUSED] - tally[Tally.UNSENT],
            late=tally[Tally.LATE],
            skipped=tally[Tally.SKIPPED],
            refused=tally[Tally.REFUSED] + self.refused,
            unsent=tally[Tally.UNSENT],
            received=self.received,
            lost=max(0, self._hearing.lost - filtered),
            filtered=filtered,
            sampled=self._sampled,
            jitter=self._hearing.jitter,
            keys=heard["keys"],
            strangers=self.strangers,
            malformed=heard["malformed"],
            unexpected=heard["unexpected"],
            reports=heard["reports"],
            remote_loss=self._hearing.remote_loss,
        )

    # --- Inside --------------------------------------------------------------------------------

    def _agree(
        self, payload_type: int, codec: Codec, event: int | None, offered_event: int | None
    ) -> None:
        if self._codec is not None and codec is not self._codec:
            self._interrupt()
        self._codec, self._event_type = codec, event
        self._row.payload_type, self._row.silence = payload_type, silence(codec)
        events = sorted({kind for kind in (event, offered_event) if kind is not None})
        self._hearing.agree(payload_type, frozenset(events))
        self._filter = socket_filter.program(tuple(events))

    def _seat(self, ptime_ms: int) -> None:
        if self._phase is not None and self._phase.ptime_ms == ptime_ms:
            self._update()
            return
        if self._phase is None:
            self._endpoint.discard()
        else:
            self._unseat()
            self._row.interrupt()
        self._phase = self._ticker.phase(ptime_ms)
        self._phase.add(self._row, self._clock())
        self._phase.listen(self._endpoint.fileno(), self._receive)
        self._ticker.wake()

    def _unseat(self) -> None:
        if self._phase is not None:
            self._phase.unlisten(self._endpoint.fileno())
            self._phase.remove(self._row)
            self._phase = None

    def _update(self) -> None:
        if self._phase is not None:
            self._phase.update(self._row)

    def _interrupt(self) -> None:
        if self._phase is not None:
            self._phase.note_progress(self._row)
        self._row.interrupt()

    def _abandon(self, playback: Playback, played: asyncio.Future[PlayedTo]) -> None:
        if played.cancelled() and self._row.playback is playback:
            self.stop()

    def _receive(self, now: float) -> None:
        datagram = self._endpoint.receive()
        if datagram is not None and self._hearing.feed(datagram, now) and not self.latched:
            self._latch(now)

    def _latch(self, now: float) -> None:
        if not self._open:
            return
        for datagram in self._endpoint.latch():
            self._hearing.feed(datagram, now)
        self._row.send = self._endpoint.send
        self._update()
        self._filter_audio()

    def _filter_audio(self) -> None:
        if not self._endpoint.latched or not self._open:
            return
        if self._hearing.on_audio is None:
            self._sampled |= self._endpoint.pass_only(self._filter)
        else:
            self._endpoint.pass_all()


def _resolve(future: asyncio.Future[_Result], result: _Result) -> None:
    if not future.done():
        future.set_result(result)


def _payloads(keys: str, duration_ms: int, gap_ms: int, ptime_ms: int) -> Iterator[bytes | None]:
    """One press after another, each followed by its gap but the last."""
    for position, key in enumerate(keys):
        if position:
            yield from [None] * max(1, gap_ms // ptime_ms)
        yield from dtmf.event_payloads(key, duration_ms, packet_ms=ptime_ms)
