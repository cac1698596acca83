"""A call that comes in: from its INVITE until it is answered, refused or cancelled.

The agent answers 100 at once; the owner rings, answers or rejects when it likes. Its early dialog
is a session already: UPDATE, INFO and OPTIONS are served while it rings. A provisional goes
reliably (RFC 3262) where the caller insists, or where it brings early media and the caller can
take it so; what follows waits for its PRACK. After the answer everything is the session's.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from engine.program.outcome import Cause
from engine.sip import cause, sdp
from engine.sip.core import ALLOW, SUPPORTED, CallKey, Core, tagged
from engine.sip.dialog import Dialog
from engine.sip.dialog_requests import DialogRequests
from engine.sip.events import Ended, Side
from engine.sip.headers import Reason, address, cseq, reasons, required
from engine.sip.message import Headers, MalformedMessage, Request
from engine.sip.offer_answer import OfferAnswer
from engine.sip.reliable_provisional import OPTION, ReliableProvisionals, asks_for, rack_of
from engine.sip.repetition import UNBOUNDED, Repetition
from engine.sip.session import Session
from engine.sip.session_timer import SessionTimer
from engine.sip.transaction import Transaction
from engine.sip.transaction_layer import Datagram
from engine.sip.uri import Uri


class IncomingInvite:
    __slots__ = (
        "_answered",
        "_core",
        "_over",
        "_provisionals",
        "_session",
        "_transaction",
        "from_user",
        "key",
        "to_user",
    )

    def __init__(self, core: Core, transaction: Transaction, now: float) -> None:
        self._core, self._transaction = core, transaction
        self.key = CallKey(core.token())
        """Our To tag."""
        request = transaction.request
        local = tagged(required(request, "To"), self.key)
        dialog = Dialog.of_request(request, local, transaction.destination)
        requests = DialogRequests(core, dialog, None)
        self._session = Session(self.key, requests, OfferAnswer(), SessionTimer(), is_caller=False)
        self._session.note_abilities(request)
        self._provisionals: ReliableProvisionals | None = None
        self._answered = self._over = False
        self.from_user = Uri.parse(address(request, "From").uri).user
        """Who calls, as the From says: nobody has checked it."""
        self.to_user = Uri.parse(request.uri).user
        """Whom the Request-URI names."""
        transaction.served_by = self
        core.respond(transaction, 100, now)

    @property
    def request(self) -> Request:
        return self._transaction.request

    @property
    def call_id(self) -> str:
        return self._session.dialog.call_id

    @property
    def sdp(self) -> bytes | None:
        return sdp.description_in(self.request) or None

    @property
    def session(self) -> Session | None:
        """The answered dialog."""
        return self._session if self._answered else None

    @property
    def _rings(self) -> bool:
        return not self._over and not self._answered

    # --- The owner's wishes --------------------------------------------------------------------

    def ring(self, status: int, body: bytes, now: float) -> None:
        """A provisional; with ``body`` there is early media."""
        if self._rings:
            self._after_prack(lambda then: self._ring(status, body, then), now)

    def answer(self, body: bytes, now: float) -> None:
        """200, repeated until the ACK; ``Answered`` follows that."""
        if self._rings:
            self._after_prack(lambda then: self._answer(body, then), now)

    def reject(self, status: int, reason: str | None, headers: Headers, now: float) -> None:
        if self._rings:
            self._refuse(status, reason, headers, now)
            self._end("local", cause.of_response(status)[1], now)

    def hang_up(self, why: Cause, now: float, reason: Reason | None = None) -> None:
        if self._answered:
            self._session.hang_up(why, now, reason)
        else:
            self.reject(480, None, [], now)

    def finish(self, now: float) -> None:
        if self._answered:
            self._session.hang_up(cause.SHUTDOWN, now)
        else:
            self.reject(503, None, [], now)

    def _ring(self, status: int, body: bytes, now: float) -> None:
        if not self._rings:
            return
        self._describe(body)
        understood, required = asks_for(self.request)
        if required or (understood and body):
            self._ring_reliably(status, body, now)
        else:
            self._respond(status, now, body=body)

    def _ring_reliably(self, status: int, body: bytes, now: float) -> None:
        """RFC 3262 §3; without a PRACK the call is given up."""
        if self._provisionals is None:
            first = crc32(self._core.token().encode()) // 2
            self._provisionals = ReliableProvisionals(first)
        number = str(self._provisionals.next_rseq())
        headers = [("Require", OPTION), ("RSeq", number), ("Allow", ALLOW)]
        data = self._respond(status, now, headers, body)
        datagram = Datagram(data, self._transaction.destination)
        self._provisionals.sent(
            Repetition(self._core.layer, datagram, now, self._on_no_prack, UNBOUNDED)
        )

    def _answer(self, body: bytes, now: float) -> None:
        if not self._rings:
            return
        self._describe(body)
        self._answered = True
        self._stop_provisionals()
        session = self._session
        timer = session.decide_timer(self.request, now)
        headers = [("Allow", ALLOW), ("Supported", SUPPORTED), *timer]
        data = self._respond(200, now, headers, body)
        session.await_ack(data, self._transaction, now)

    def _describe(self, body: bytes) -> None:
        """Our first description; it answers the INVITE's, where that has one."""
        media = self._session.media
        if body:
            media.local = body
            media.remote = media.remote or _media(sdp.description_in(self.request))

    def _after_prack(self, act: Callable[[float], None], now: float) -> None:
        if self._provisionals is not None and self._provisionals.waits:
            self._provisionals.then(act)
        else:
            act(now)

    # --- The far side's ------------------------------------------------------------------------

    def cancelled(self, cancel: Request, now: float) -> None:
        """The caller gave up (§9.2); once answered, a CANCEL changes nothing."""
        if self._rings:
            self._refuse(487, None, [], now)
            self._end("remote", cause.of_cancel(reasons(cancel)), now)

    def receive(self, request: Request, transaction: Transaction, now: float) -> bool:
        if not self._knows(request):
            return False
        if request.method == "PRACK":
            self._on_prack(request, transaction, now)
        elif request.method == "BYE" and not self._answered:
            # The caller may end an early dialog with a BYE (§15); its INVITE gets 487.
            self._session.respond(transaction, 200, now)
            self.cancelled(request, now)
        else:
            self._session.receive(request, transaction, now)
        return True

    def _on_prack(self, prack: Request, transaction: Transaction, now: float) -> None:
        """Its RAck names what we said; its body answers our offer, or offers anew (§5)."""
        session, provisionals = self._session, self._provisionals
        number = cseq(self.request).number
        if not session.dialog.in_order(prack):
            session.respond(transaction, 500, now)
        elif provisionals is None or not provisionals.acknowledged(rack_of(prack), number):
            session.respond(transaction, 481, now)
        else:
            self._take_prack(prack, transaction, now)
            provisionals.go_on(now)

    def _take_prack(self, prack: Request, transaction: Transaction, now: float) -> None:
        session, body = self._session, b""
        if prack.body and session.media.remote is None:
            session.media.take_answer(sdp.description_in(prack))
        elif prack.body:
            body = session.description_for(prack) or b""
            if not body:
                session.respond(transaction, 488, now)
                return
        described = [("Content-Type", sdp.CONTENT_TYPE)] if body else []
        session.respond(transaction, 200, now, described, body)

    def _on_no_prack(self, now: float) -> None:
        """RFC 3262 §3: a provisional nobody acknowledges ends the call."""
        self._refuse(504, None, [], now)
        self._end("local", cause.PRACK_TIMEOUT, now)

    def acknowledge(self, ack: Request, now: float) -> bool:
        if not self._answered or not self._knows(ack):
            return False
        self._session.acknowledge(ack, now)
        return True

    def _knows(self, request: Request) -> bool:
        same_caller = address(request, "From").tag == address(self.request, "From").tag
        return same_caller and request.first("Call-ID") == self.call_id

    def _respond(
        self, status: int, now: float, headers: Headers | None = None, body: bytes = b""
    ) -> bytes:
        """A response that makes the dialog: Contact and Record-Route (§12.1.1)."""
        routes = [("Record-Route", route) for route in self.request.all("Record-Route")]
        described = [("Content-Type", sdp.CONTENT_TYPE)] if body else []
        contact = self._core.contact(self._transaction.destination)
        more = [*routes, contact, *(headers or []), *described]
        return self._core.respond(
            self._transaction, status, now, tag=self.key, headers=more, body=body
        )

    def _refuse(self, status: int, reason: str | None, headers: Headers, now: float) -> None:
        self._stop_provisionals()
        self._core.respond(
            self._transaction, status, now, reason=reason, tag=self.key, headers=headers
        )

    def _stop_provisionals(self) -> None:
        if self._provisionals is not None:
            self._provisionals.stop()

    def _end(self, by: Side, why: Cause, now: float) -> None:
        self._over = True
        self._session.discard(now)
        self._core.emit(self.key, Ended(by, why))
        self._core.forget(self.key)


def _media(body: bytes) -> sdp.RemoteMedia | None:
    if not body:
        return None
    try:
        return sdp.parse(body)
    except MalformedMessage:
        return None
