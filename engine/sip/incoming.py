"""A call that comes in: from its INVITE until it is answered, refused or cancelled.

The agent answers 100 at once; the owner rings, answers or rejects when it likes. After the answer
everything is the session's.
"""

from __future__ import annotations

from engine.program.outcome import Cause
from engine.sip import cause, sdp
from engine.sip.core import ALLOW, CallKey, Core, tagged
from engine.sip.dialog import Dialog
from engine.sip.events import Ended, Side
from engine.sip.headers import Reason, address, reasons, required
from engine.sip.message import Headers, MalformedMessage, Request
from engine.sip.session import Session
from engine.sip.transaction import Transaction
from engine.sip.uri import Uri


class IncomingInvite:
    __slots__ = (
        "_core",
        "_dialog",
        "_over",
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
        self._dialog = Dialog.of_request(request, local, transaction.destination)
        self._session: Session | None = None
        self._over = False
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
        return self._dialog.call_id

    @property
    def sdp(self) -> bytes | None:
        return self.request.body or None

    @property
    def session(self) -> Session | None:
        return self._session

    # --- The owner's wishes --------------------------------------------------------------------

    def ring(self, status: int, body: bytes, now: float) -> None:
        """A provisional; with ``body`` there is early media."""
        if not self._over and self._session is None:
            self._respond(status, now, body=body)

    def answer(self, body: bytes, now: float) -> None:
        """200, repeated until the ACK; ``Answered`` follows that."""
        if self._over or self._session is not None:
            return
        data = self._respond(200, now, [("Allow", ALLOW)], body)
        self._session = session = Session(self._core, self.key, self._dialog, body)
        session.remote = _media(self.request.body)
        session.await_ack(data, self._transaction, now)

    def reject(self, status: int, reason: str | None, headers: Headers, now: float) -> None:
        if not self._over and self._session is None:
            self._refuse(status, reason, headers, now)
            self._end("local", cause.of_response(status)[1])

    def hang_up(self, why: Cause, now: float, reason: Reason | None = None) -> None:
        if self._session is None:
            self.reject(480, None, [], now)
        else:
            self._session.hang_up(why, now, reason)

    def finish(self, now: float) -> None:
        if self._session is None:
            self.reject(503, None, [], now)
        else:
            self._session.hang_up(cause.SHUTDOWN, now)

    # --- The far side's ------------------------------------------------------------------------

    def cancelled(self, cancel: Request, now: float) -> None:
        """The caller gave up (§9.2); once answered, a CANCEL changes nothing."""
        if not self._over and self._session is None:
            self._refuse(487, None, [], now)
            self._end("remote", cause.of_cancel(reasons(cancel)))

    def receive(self, request: Request, transaction: Transaction, now: float) -> bool:
        if not self._knows(request):
            return False
        if self._session is not None:
            self._session.receive(request, transaction, now)
        elif request.method == "BYE":
            # The caller may end an early dialog with a BYE (§15); its INVITE gets 487.
            self._core.respond(transaction, 200, now, tag=self.key)
            self.cancelled(request, now)
        else:
            self._core.respond(transaction, 491, now, tag=self.key)
        return True

    def acknowledge(self, ack: Request, now: float) -> bool:
        if self._session is None or not self._knows(ack):
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
        more = [
            *routes,
            self._core.contact(self._transaction.destination),
            *(headers or []),
            *described,
        ]
        return self._core.respond(
            self._transaction, status, now, tag=self.key, headers=more, body=body
        )

    def _refuse(self, status: int, reason: str | None, headers: Headers, now: float) -> None:
        self._core.respond(
            self._transaction, status, now, reason=reason, tag=self.key, headers=headers
        )

    def _end(self, by: Side, why: Cause) -> None:
        self._over = True
        self._core.emit(self.key, Ended(by, why))
        self._core.forget(self.key)


def _media(body: bytes) -> sdp.RemoteMedia | None:
    if not body:
        return None
    try:
        return sdp.parse(body)
    except MalformedMessage:
        return None
