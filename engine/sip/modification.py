"""We change a session: hold, resume, another codec or port, or only a refresh (RFC 3261 §14).

One request at a time; the latest wish waits until it may go. A re-INVITE by rule; an UPDATE (RFC
3311) where the dialog is still early, or where nothing but the session timer is to be refreshed
and the far side takes UPDATE. Where both sides ask at once both get 491 and try again, the caller
later than the called side (§14.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from engine.sip import sdp
from engine.sip.core import ALLOW
from engine.sip.dialog_requests import DialogRequests
from engine.sip.headers import cseq
from engine.sip.message import Headers, Response
from engine.sip.offer_answer import OfferAnswer
from engine.sip.sdp import RemoteMedia
from engine.sip.session_timer import OPTION, SessionTimer
from engine.sip.transaction import TIMEOUT, Transaction, Trigger
from engine.sip.transaction_layer import Datagram

_GLARE, _ABANDON = "glare", "abandon"


class Modified(Protocol):
    """The session, as its modification sees it."""

    @property
    def may_modify(self) -> bool:
        """No offer of the far side is open, and the session lives."""

    @property
    def is_early(self) -> bool: ...

    @property
    def peer_takes_update(self) -> bool: ...

    def modified(self, success: Response, changed: bool, now: float) -> None: ...

    def unmodified(self, refusal: Response) -> None: ...

    def unanswerable(self, now: float) -> None:
        """The 2xx has no usable answer: nobody knows any more what holds."""

    def lost(self, now: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    media: RemoteMedia | None
    """``None``: a refresh."""


class Modification:
    __slots__ = (
        "_acks",
        "_current",
        "_is_caller",
        "_media",
        "_requests",
        "_session",
        "_timer",
        "_transaction",
        "_wish",
        "deadlines",
    )

    def __init__(
        self,
        session: Modified,
        requests: DialogRequests,
        media: OfferAnswer,
        timer: SessionTimer,
        is_caller: bool,
    ) -> None:
        self._session, self._requests = session, requests
        self._media, self._timer, self._is_caller = media, timer, is_caller
        self._wish: Wish | None = None
        self._current: Wish | None = None
        self._transaction: Transaction | None = None
        self._acks: dict[int, Datagram] = {}
        """Our ACKs of 2xx by CSeq, said again whenever the 2xx comes again."""
        self.deadlines: dict[str, float] = {}

    @property
    def underway(self) -> bool:
        return self._transaction is not None

    def ask(self, wish: Wish, now: float) -> None:
        if self._wish is None or wish.media is not None:
            self._wish = wish
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Send the wish that waits, if it may go now."""
        if self._wish is None or self.underway or self.deadlines or not self._session.may_modify:
            return
        self._current, self._wish = self._wish, None
        self._send(self._current, now)

    def stop(self, now: float) -> None:
        """The session is over: a re-INVITE that nobody answers must not stay for ever."""
        self._wish = None
        self.deadlines.clear()
        if self._transaction is not None and self._transaction.request.method == "INVITE":
            self._requests.core.layer.timers.arm(self, _ABANDON, now + TIMEOUT)

    def _send(self, wish: Wish, now: float) -> None:
        bare = wish.media is None and self._session.peer_takes_update
        method = "UPDATE" if bare or self._session.is_early else "INVITE"
        body = b"" if bare else self._media.offer(wish.media)
        self._transaction = self._requests.send(method, self, now, self._headers(body), body)

    def _headers(self, body: bytes) -> Headers:
        contact = self._requests.core.contact(self._requests.dialog.next_hop)
        headers = [contact, ("Allow", ALLOW), ("Supported", OPTION), *self._timer.proposal()]
        return [*headers, ("Content-Type", sdp.CONTENT_TYPE)] if body else headers

    # --- What comes back -----------------------------------------------------------------------

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if response.status < 300:
            self._on_success(transaction, response, now)
        elif transaction is self._transaction:
            self._on_refusal(transaction, response, now)

    def _on_success(self, transaction: Transaction, response: Response, now: float) -> None:
        number = cseq(transaction.request).number
        if transaction.request.method == "INVITE":
            again = number in self._acks
            self._acknowledge(transaction, response, number)
            if again:
                return
        if transaction is self._transaction:
            self._transaction = None
            self._take(transaction, response, now)
            self.go_on(now)

    def _take(self, transaction: Transaction, response: Response, now: float) -> None:
        self._requests.dialog.refresh_target(response, self._requests.dialog.peer)
        offered = bool(transaction.request.body)
        if offered and not self._media.take_answer(sdp.description_in(response)):
            self._media.withdraw()
            self._session.unanswerable(now)
            return
        changed = self._current is not None and self._current.media is not None
        self._session.modified(response, changed, now)

    def _acknowledge(self, transaction: Transaction, response: Response, number: int) -> None:
        """§13.2.2.4; the target the 2xx names is where the ACK goes."""
        layer, dialog = self._requests.core.layer, self._requests.dialog
        if number not in self._acks:
            dialog.refresh_target(response, dialog.peer)
            self._acks.clear()
            self._acks[number] = dialog.acknowledgement(transaction.request, layer)
        layer.send(*self._acks[number])

    def _on_refusal(self, transaction: Transaction, response: Response, now: float) -> None:
        self._transaction = None
        again = self._requests.again(transaction, response, self, now)
        if again is not None:
            self._transaction = again
            return
        self._media.withdraw()
        if response.status in (408, 481):
            self._session.lost(now)
        elif response.status == 491:
            self._wait(now)
        elif response.status == 422 and self._timer.raised_by(response) and self._current:
            self._send(self._current, now)
        else:
            self._session.unmodified(response)
            self.go_on(now)

    def _wait(self, now: float) -> None:
        """§14.1: 2.1 to 4 seconds for who made the Call-ID, up to 2 for the other, by 10 ms."""
        self._wish = self._wish or self._current
        chance = crc32(self._requests.core.token().encode()) / 2**32
        pause = 2.1 + 1.9 * chance if self._is_caller else 2.0 * chance
        self._requests.core.layer.timers.arm(self, _GLARE, now + round(pause, 2))

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        self._transaction = None
        self._session.lost(now)

    def expire(self, timer: str, now: float) -> None:
        if timer == _GLARE:
            self.go_on(now)
        elif self._transaction is not None:
            self._requests.core.layer.abandon(self._transaction)
            self._transaction = None
