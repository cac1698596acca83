"""A dialog in use: what both sides may do once (or just before) a call is up.

Caller and called side are alike here: BYE, INFO, OPTIONS, UPDATE and re-INVITE, each both ways as
far as we send them. A 2xx to an INVITE is repeated until its ACK comes (RFC 3261 §13.3.1.4), and
the called side holds its BYE until then (§15).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.program.outcome import Cause
from engine.sip import cause, info, sdp
from engine.sip.core import ALLOW, EXTENSIONS, CallKey, Core
from engine.sip.dialog import Dialog
from engine.sip.digest import Authenticator
from engine.sip.events import Answered, Ended, KeyPressed, Side, Updated
from engine.sip.headers import Reason, challenges, cseq, reasons, tokens
from engine.sip.message import Headers, MalformedMessage, Request, Response
from engine.sip.transaction import T1, T2, TIMEOUT, Transaction, Trigger
from engine.sip.transaction_layer import Datagram

_REPEAT, _ACK_WAIT = "repeat 2xx", "ACK wait"


@dataclass(slots=True)
class Unacknowledged:
    """Our 2xx to an INVITE, on its way until the ACK comes."""

    datagram: Datagram
    number: int
    """The CSeq the ACK will carry."""
    offered: bool
    """We made the offer; the ACK brings the answer."""
    interval: float = T1


class Session:
    __slots__ = (
        "_authenticator",
        "_bye_reason",
        "_changes",
        "_core",
        "_key",
        "_tag",
        "_unacknowledged",
        "ack",
        "closed",
        "deadlines",
        "dialog",
        "established",
        "local_sdp",
        "remote",
    )

    def __init__(
        self,
        core: Core,
        key: CallKey,
        dialog: Dialog,
        local_sdp: bytes,
        authenticator: Authenticator | None = None,
    ) -> None:
        self._core, self._key, self.dialog = core, key, dialog
        self.local_sdp = local_sdp
        """Our offer or answer: where we listen."""
        self.remote: sdp.RemoteMedia | None = None
        self.ack: Datagram | None = None
        """Our ACK of its 2xx, said again whenever the 2xx comes again."""
        self.established = False
        """``Answered`` has been told."""
        self.closed = False
        self.deadlines: dict[str, float] = {}
        self._authenticator = authenticator
        self._unacknowledged: Unacknowledged | None = None
        self._bye_reason: Reason | None = None
        self._changes = 0
        """Descriptions we sent after the first: raises the version in ``o=``."""

    # --- The far side asks ---------------------------------------------------------------------

    def receive(self, request: Request, transaction: Transaction, now: float) -> None:
        if self.closed:
            self._receive_when_closed(request, transaction, now)
        elif not self.dialog.in_order(request):
            self._respond(transaction, 500, now)
        elif unknown := [tag for tag in tokens(request, "Require") if tag not in EXTENSIONS]:
            self._respond(transaction, 420, now, [("Unsupported", ", ".join(unknown))])
        else:
            _HANDLERS.get(request.method, Session._refuse_method)(self, request, transaction, now)

    def _receive_when_closed(self, request: Request, transaction: Transaction, now: float) -> None:
        """We hung up before the ACK came; the far side may hang up too, and then all is said."""
        self._respond(transaction, 200 if request.method == "BYE" else 481, now)
        if request.method == "BYE":
            self._stop_repeating()
            self._core.forget(self._key)

    def _on_bye(self, request: Request, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 200, now)
        self._stop_repeating()
        self._close("remote", cause.of_bye(reasons(request)))

    def _on_options(self, request: Request, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 200, now, [("Allow", ALLOW), ("Accept", sdp.CONTENT_TYPE)])

    def _on_info(self, request: Request, transaction: Transaction, now: float) -> None:
        key = info.parse(request.first("Content-Type") or "", request.body)
        if key is None and request.body:
            self._respond(transaction, 415, now, [("Accept", f"{info.DTMF_RELAY}, {info.DTMF}")])
            return
        self._respond(transaction, 200, now)
        if key is not None:
            self._core.emit(self._key, KeyPressed(*key))

    def _on_refer(self, request: Request, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 603, now)

    def _refuse_method(self, request: Request, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 405, now, [("Allow", ALLOW)])

    def _on_invite(self, request: Request, transaction: Transaction, now: float) -> None:
        if self._unacknowledged is not None or not self.established:
            self._respond(transaction, 491, now)
        elif body := self._renegotiate(request, transaction, now):
            data = self._accept(transaction, body, now)
            self.await_ack(data, transaction, now)

    def _on_update(self, request: Request, transaction: Transaction, now: float) -> None:
        """RFC 3311; without a body it refreshes the session and the target only."""
        if not request.body:
            self.dialog.refresh_target(request, transaction.destination)
            self._respond(
                transaction, 200, now, [self._core.contact(self.dialog.peer), ("Allow", ALLOW)]
            )
        elif self.remote is None:
            self._respond(transaction, 491, now)
        elif body := self._renegotiate(request, transaction, now):
            self._accept(transaction, body, now)

    def _renegotiate(self, request: Request, transaction: Transaction, now: float) -> bytes | None:
        """Our next description; ``None``: the change was refused with 488."""
        try:
            body = self._description(request.body)
        except MalformedMessage:
            body = None
        if body is None:
            self._respond(transaction, 488, now)
            return None
        self.dialog.refresh_target(request, transaction.destination)
        return body

    def _description(self, offered: bytes) -> bytes | None:
        ours = sdp.parse(self.local_sdp)
        session_id, version = sdp.origin(self.local_sdp)
        version += self._changes + 1
        if not offered:
            return sdp.describe(ours, session_id, version)
        theirs = sdp.parse(offered)
        names = [codec.name for codec in ours.codecs]
        where = ours.address, ours.port
        body = sdp.answer(theirs, *where, names, session_id=session_id, version=version)
        self.remote = theirs if body else self.remote
        return body

    def _accept(self, transaction: Transaction, body: bytes, now: float) -> bytes:
        headers = [
            self._core.contact(self.dialog.peer),
            ("Allow", ALLOW),
            ("Content-Type", sdp.CONTENT_TYPE),
        ]
        data = self._respond(transaction, 200, now, headers, body)
        self._changes += 1
        if transaction.request.body and self.established and self.remote is not None:
            self._core.emit(self._key, Updated(self.remote))
        return data

    def _respond(
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
        self._unacknowledged = Unacknowledged(
            Datagram(data, transaction.destination), cseq(request).number, not request.body
        )
        timers = self._core.layer.timers
        timers.arm(self, _REPEAT, now + T1)
        timers.arm(self, _ACK_WAIT, now + TIMEOUT)

    def acknowledge(self, ack: Request, now: float) -> None:
        """The ACK of our 2xx came; in it the answer, where the offer was ours."""
        waiting = self._unacknowledged
        if waiting is None or cseq(ack).number != waiting.number:
            return
        self._stop_repeating()
        if self.closed:
            self._send_bye(now)
            self._core.forget(self._key)
        elif waiting.offered and not self._take_answer(ack.body):
            self.hang_up(cause.MEDIA_INCOMPATIBLE, now)
        else:
            self._tell_media(waiting.offered)

    def _take_answer(self, body: bytes) -> bool:
        try:
            remote = sdp.parse(body)
        except MalformedMessage:
            return False
        self.remote = remote
        return sdp.negotiate(self.local_sdp, remote) is not None

    def _tell_media(self, changed: bool) -> None:
        if self.remote is None:
            return
        if not self.established:
            self.established = True
            self._core.emit(self._key, Answered(self.remote))
        elif changed:
            self._core.emit(self._key, Updated(self.remote))

    def expire(self, timer: str, now: float) -> None:
        waiting = self._unacknowledged
        if waiting is None:
            return
        if timer == _REPEAT:
            self._core.layer.send(*waiting.datagram)
            waiting.interval = min(waiting.interval * 2, T2)
            self._core.layer.timers.arm(self, _REPEAT, now + waiting.interval)
        else:
            self._give_up_waiting(now)

    def _give_up_waiting(self, now: float) -> None:
        """§13.3.1.4: without an ACK the session should be ended with a BYE."""
        self._stop_repeating()
        if self.closed:
            self._send_bye(now)
            self._core.forget(self._key)
        else:
            self.hang_up(cause.ACK_TIMEOUT, now)

    def _stop_repeating(self) -> None:
        self._unacknowledged = None
        self.deadlines.clear()

    # --- We ask --------------------------------------------------------------------------------

    def hang_up(self, why: Cause, now: float, reason: Reason | None = None) -> None:
        """The call is over for its owner at once; the BYE goes now, or after the ACK we await."""
        if self.closed:
            return
        self._bye_reason = reason
        self._close("local", why)
        if self._unacknowledged is None:
            self._send_bye(now)

    def hang_up_silently(self, now: float) -> None:
        """BYE a dialog the owner never heard of: a lost fork, an answer that crossed a CANCEL."""
        self.closed = True
        self._send_bye(now)

    def send_key(self, key: str, duration_ms: int, now: float) -> None:
        if not self.closed:
            body = info.relay_body(key, duration_ms)
            self._send("INFO", now, [("Content-Type", info.DTMF_RELAY)], body)

    def _send_bye(self, now: float) -> None:
        self._send("BYE", now, [("Reason", str(self._bye_reason))] if self._bye_reason else [])

    def _send(
        self, method: str, now: float, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        request = self.dialog.request(method)
        request.headers += [("User-Agent", self._core.user_agent), *(headers or [])]
        request.body = body
        self._core.layer.request(request, self.dialog.next_hop, self, now)

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None:
        request = transaction.request
        if response.status in (401, 407) and self._authenticator is not None:
            self._authorize(self._authenticator, request, response, now)
        elif response.status in (408, 481) and not self.closed:
            self._close("remote", cause.CALL_LOST)

    def _authorize(
        self, authenticator: Authenticator, request: Request, response: Response, now: float
    ) -> None:
        answers = authenticator.answer(
            challenges(response), request.method, request.uri, request.body, self._core.token()
        )
        if answers:
            kept = [pair for pair in request.headers if pair[0] in ("Content-Type", "Reason")]
            self._send(request.method, now, kept + answers, request.body)

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        """§12.2.1.2: a dialog whose far side no longer answers is over."""
        if not self.closed:
            self._stop_repeating()
            self._close("remote", cause.CALL_LOST)

    def _close(self, by: Side, why: Cause) -> None:
        self.closed = True
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
