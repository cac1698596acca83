"""A dialog in use: what both sides may do once (or just before) a call is up.

Caller and called side are alike here: BYE, INFO, OPTIONS, UPDATE and re-INVITE, each both ways. A
2xx to an INVITE is repeated until its ACK comes (RFC 3261 §13.3.1.4), and the called side holds
its BYE until then (§15). The session timer (RFC 4028) ends what nobody refreshes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.program.outcome import Cause
from engine.sip import cause, info, sdp
from engine.sip.core import ALLOW, EXTENSIONS, CallKey
from engine.sip.dialog import Dialog
from engine.sip.dialog_requests import DialogRequests
from engine.sip.events import Answered, ChangeRefused, Ended, KeyPressed, Side, Updated
from engine.sip.headers import Reason, cseq, reasons, tokens
from engine.sip.message import Headers, MalformedMessage, Request, Response
from engine.sip.modification import Modification, Wish
from engine.sip.offer_answer import OfferAnswer
from engine.sip.reliable_provisional import rseq_of
from engine.sip.repetition import Repetition
from engine.sip.sdp import Direction, RemoteMedia
from engine.sip.session_timer import MIN_SE, SessionTimer
from engine.sip.transaction import Transaction, Trigger
from engine.sip.transaction_layer import Datagram

_REFRESH, _SESSION_OVER = "refresh", "session over"


@dataclass(slots=True)
class Unacknowledged:
    """Our 2xx to an INVITE, on its way until the ACK comes."""

    repetition: Repetition
    number: int
    """The CSeq the ACK will carry."""
    offered: bool
    """We made the offer; the ACK brings the answer."""


class Session:
    __slots__ = (
        "_bye_reason",
        "_core",
        "_key",
        "_modification",
        "_requests",
        "_rseq",
        "_unacknowledged",
        "ack",
        "closed",
        "deadlines",
        "established",
        "is_caller",
        "media",
        "peer_takes_update",
        "timer",
    )

    def __init__(
        self,
        key: CallKey,
        requests: DialogRequests,
        media: OfferAnswer,
        timer: SessionTimer,
        is_caller: bool,
    ) -> None:
        self._core, self._key, self._requests = requests.core, key, requests
        self.media, self.timer, self.is_caller = media, timer, is_caller
        self.ack: Datagram | None = None
        """Our ACK of its 2xx, said again whenever the 2xx comes again."""
        self.established = False
        """``Answered`` has been told."""
        self.closed = False
        self.peer_takes_update = False
        self.deadlines: dict[str, float] = {}
        self._rseq: int | None = None
        """The last reliable provisional we acknowledged."""
        self._unacknowledged: Unacknowledged | None = None
        self._modification: Modification | None = None
        self._bye_reason: Reason | None = None

    @property
    def dialog(self) -> Dialog:
        return self._requests.dialog

    @dialog.setter
    def dialog(self, dialog: Dialog) -> None:
        self._requests.dialog = dialog

    # --- The far side asks ---------------------------------------------------------------------

    def receive(self, request: Request, transaction: Transaction, now: float) -> None:
        if self.closed:
            self._receive_when_closed(request, transaction, now)
        elif not self.dialog.in_order(request):
            self.respond(transaction, 500, now)
        elif unknown := [tag for tag in tokens(request, "Require") if tag not in EXTENSIONS]:
            self.respond(transaction, 420, now, [("Unsupported", ", ".join(unknown))])
        else:
            _HANDLERS.get(request.method, Session._refuse_method)(self, request, transaction, now)

    def _receive_when_closed(self, request: Request, transaction: Transaction, now: float) -> None:
        """We hung up before the ACK came; the far side may hang up too, and then all is said."""
        self.respond(transaction, 200 if request.method == "BYE" else 481, now)
        if request.method == "BYE":
            self._stop_repeating()
            self._core.forget(self._key)

    def _on_bye(self, request: Request, transaction: Transaction, now: float) -> None:
        self.respond(transaction, 200, now)
        self._stop_repeating()
        self._close("remote", cause.of_bye(reasons(request)), now)

    def _on_options(self, request: Request, transaction: Transaction, now: float) -> None:
        self.respond(transaction, 200, now, [("Allow", ALLOW), ("Accept", sdp.CONTENT_TYPE)])

    def _on_info(self, request: Request, transaction: Transaction, now: float) -> None:
        key = info.parse(request.first("Content-Type") or "", request.body)
        if key is None and request.body:
            self.respond(transaction, 415, now, [("Accept", f"{info.DTMF_RELAY}, {info.DTMF}")])
            return
        self.respond(transaction, 200, now)
        if key is not None:
            self._core.emit(self._key, KeyPressed(*key))

    def _on_refer(self, request: Request, transaction: Transaction, now: float) -> None:
        self.respond(transaction, 603, now)

    def _refuse_method(self, request: Request, transaction: Transaction, now: float) -> None:
        self.respond(transaction, 405, now, [("Allow", ALLOW)])

    def _on_invite(self, request: Request, transaction: Transaction, now: float) -> None:
        if not self.established or self._offers_cross:
            self.respond(transaction, 491, now)
        elif self._accepts_timer(request, transaction, now):
            self._accept_change(request, transaction, now)

    def _on_update(self, request: Request, transaction: Transaction, now: float) -> None:
        """RFC 3311 §5.2; without a body it refreshes the session and the target only."""
        if not request.body:
            if self._accepts_timer(request, transaction, now):
                self.dialog.refresh_target(request, transaction.destination)
                self.respond(transaction, 200, now, self._accepting(request, now))
        elif not self.media.local:
            self.respond(transaction, 500, now, [("Retry-After", "5")])
        elif self.media.remote is None or self._offers_cross:
            self.respond(transaction, 491, now)
        elif self._accepts_timer(request, transaction, now):
            self._accept_change(request, transaction, now)

    @property
    def _offers_cross(self) -> bool:
        """A change is underway already (§14.2); ours, or one that waits for its ACK."""
        ours = self._modification is not None and self._modification.underway
        return ours or self._unacknowledged is not None

    def _accepts_timer(self, request: Request, transaction: Transaction, now: float) -> bool:
        brief = self.timer.is_too_brief(request)
        if brief:
            self.respond(transaction, 422, now, [("Min-SE", str(MIN_SE))])
        return not brief

    def _accept_change(self, request: Request, transaction: Transaction, now: float) -> None:
        body = self.description_for(request)
        if body is None:
            self.respond(transaction, 488, now)
            return
        self.dialog.refresh_target(request, transaction.destination)
        headers = [*self._accepting(request, now), ("Content-Type", sdp.CONTENT_TYPE)]
        data = self.respond(transaction, 200, now, headers, body)
        if request.method == "INVITE":
            self.await_ack(data, transaction, now)
        if request.body and self.established and self.media.remote is not None:
            self._core.emit(self._key, Updated(self.media.remote))

    def description_for(self, request: Request) -> bytes | None:
        """Our answer to its offer, or an offer where it has none; ``None``: nothing in common."""
        if not request.body:
            return self.media.offer(self.media.capable)
        try:
            return self.media.answer(sdp.description_in(request))
        except MalformedMessage:
            return None

    def _accepting(self, request: Request, now: float) -> Headers:
        self.note_abilities(request)
        headers = [self._core.contact(self.dialog.peer), ("Allow", ALLOW)]
        return headers + self.decide_timer(request, now)

    def respond(
        self,
        transaction: Transaction,
        status: int,
        now: float,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> bytes:
        return self._core.respond(
            transaction, status, now, tag=self._key, headers=headers, body=body
        )

    # --- Our 2xx until its ACK -----------------------------------------------------------------

    def await_ack(self, data: bytes, transaction: Transaction, now: float) -> None:
        request = transaction.request
        datagram = Datagram(data, transaction.destination)
        repetition = Repetition(self._core.layer, datagram, now, self._on_no_ack)
        first_offer = not request.body and self.media.remote is None
        self._unacknowledged = Unacknowledged(
            repetition, cseq(request).number, first_offer or self.media.waits
        )

    def acknowledge(self, ack: Request, now: float) -> None:
        """The ACK of our 2xx came; in it the answer, where the offer was ours."""
        waiting = self._unacknowledged
        if waiting is None or cseq(ack).number != waiting.number:
            return
        self._stop_repeating()
        if self.closed:
            self._send_bye(now)
            self._core.forget(self._key)
        elif waiting.offered and not self.media.take_answer(sdp.description_in(ack)):
            self.hang_up(cause.MEDIA_INCOMPATIBLE, now)
        else:
            self._tell_media(waiting.offered)
            self._go_on(now)

    def _tell_media(self, changed: bool) -> None:
        if self.media.remote is None:
            return
        if not self.established:
            self.established = True
            self._core.emit(self._key, Answered(self.media.remote))
        elif changed:
            self._core.emit(self._key, Updated(self.media.remote))

    def _on_no_ack(self, now: float) -> None:
        """§13.3.1.4: without an ACK the session should be ended with a BYE."""
        self._stop_repeating()
        if self.closed:
            self._send_bye(now)
            self._core.forget(self._key)
        else:
            self.hang_up(cause.ACK_TIMEOUT, now)

    def _stop_repeating(self) -> None:
        if self._unacknowledged is not None:
            self._unacknowledged.repetition.stop()
            self._unacknowledged = None

    # --- The session timer ---------------------------------------------------------------------

    def note_abilities(self, message: Request | Response) -> None:
        """What the far side's Allow says it takes; without one, what it said before holds."""
        if allowed := tokens(message, "Allow"):
            self.peer_takes_update = "UPDATE" in allowed

    def decide_timer(self, request: Request, now: float) -> Headers:
        """As the called side of ``request``, which we accept; the fields for the 2xx."""
        headers = self.timer.decide(request)
        self._arm_timer(now)
        return headers

    def heed_timer(self, success: Response, now: float) -> None:
        """As the asking side."""
        self.note_abilities(success)
        self.timer.decided_by(success)
        self._arm_timer(now)

    def _arm_timer(self, now: float) -> None:
        self.deadlines.clear()
        for timer, after in (
            (_REFRESH, self.timer.refresh_after),
            (_SESSION_OVER, self.timer.over_after),
        ):
            if after is not None:
                self._core.layer.timers.arm(self, timer, now + after)

    def expire(self, timer: str, now: float) -> None:
        if timer == _SESSION_OVER:
            self.hang_up(cause.SESSION_EXPIRED, now)
        else:
            self._modify(Wish(None), now)

    # --- We ask --------------------------------------------------------------------------------

    def hold(self, now: float) -> None:
        """The far side shall not send; it hears what we send (RFC 3264 §8.4)."""
        self.media.direction = Direction.SENDONLY
        self.offer(self.media.capable, now)

    def resume(self, now: float) -> None:
        self.media.direction = Direction.SENDRECV
        self.offer(self.media.capable, now)

    def offer(self, media: RemoteMedia, now: float) -> None:
        """Change codec, port or address to ``media``; ``Updated`` or ``ChangeRefused`` follows."""
        self._modify(Wish(media), now)

    def _modify(self, wish: Wish, now: float) -> None:
        if self.closed:
            return
        if self._modification is None:
            self._modification = Modification(
                self, self._requests, self.media, self.timer, self.is_caller
            )
        self._modification.ask(wish, now)

    def _go_on(self, now: float) -> None:
        if self._modification is not None:
            self._modification.go_on(now)

    @property
    def may_modify(self) -> bool:
        return not self.closed and self._unacknowledged is None and self.media.remote is not None

    @property
    def is_early(self) -> bool:
        return not self.established

    def modified(self, success: Response, changed: bool, now: float) -> None:
        if self.closed:
            return
        self.heed_timer(success, now)
        if changed and self.media.remote is not None:
            self._core.emit(self._key, Updated(self.media.remote))

    def unmodified(self, refusal: Response) -> None:
        if not self.closed:
            self._core.emit(self._key, ChangeRefused(refusal.status, refusal.reason))

    def unanswerable(self, now: float) -> None:
        self.hang_up(cause.MEDIA_INCOMPATIBLE, now)

    def acknowledge_provisional(self, response: Response, now: float) -> bool:
        """PRACK it, if it is reliable; False: it came before, or out of order (RFC 3262 §4)."""
        number = rseq_of(response)
        if number is None:
            return True
        if self._rseq is not None and number != self._rseq + 1:
            return False
        self._rseq = number
        rack = f"{number} {cseq(response)}"
        self._requests.send("PRACK", self, now, [("RAck", rack)])
        return True

    def hang_up(self, why: Cause, now: float, reason: Reason | None = None) -> None:
        """The call is over for its owner at once; the BYE goes now, or after the ACK we await."""
        if self.closed:
            return
        self._bye_reason = reason
        self._close("local", why, now)
        if self._unacknowledged is None:
            self._send_bye(now)

    def hang_up_silently(self, now: float) -> None:
        """BYE a dialog the owner never heard of: a lost fork, an answer that crossed a CANCEL."""
        self.closed = True
        self._send_bye(now)

    def send_key(self, key: str, duration_ms: int, now: float) -> None:
        if not self.closed:
            body = info.relay_body(key, duration_ms)
            self._requests.send("INFO", self, now, [("Content-Type", info.DTMF_RELAY)], body)

    def _send_bye(self, now: float) -> None:
        reason = [("Reason", str(self._bye_reason))] if self._bye_reason else []
        self._requests.send("BYE", self, now, reason)

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None:
        if self._requests.again(transaction, response, self, now) is not None:
            return
        if response.status in (408, 481) and self.established:
            self.lost(now)

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        """§12.2.1.2: a dialog whose far side no longer answers is over."""
        if self.established:
            self.lost(now)

    def lost(self, now: float) -> None:
        if not self.closed:
            self._stop_repeating()
            self._close("remote", cause.CALL_LOST, now)

    def discard(self, now: float) -> None:
        """The call ends before this dialog was ever up: nothing of it may stay behind."""
        self.closed = True
        self.deadlines.clear()
        if self._modification is not None:
            self._modification.stop(now)

    def _close(self, by: Side, why: Cause, now: float) -> None:
        self.discard(now)
        self._core.emit(self._key, Ended(by, why))
        if self._unacknowledged is None:
            self._core.forget(self._key)


_Handler = Callable[[Session, Request, Transaction, float], None]
_HANDLERS: dict[str, _Handler] = {
    "BYE": Session._on_bye,
    "INFO": Session._on_info,
    "INVITE": Session._on_invite,
    "OPTIONS": Session._on_options,
    "REFER": Session._on_refer,
    "UPDATE": Session._on_update,
}
