"""Requests of ours inside one dialog, with credentials where the far side has asked for them."""

from __future__ import annotations

from engine.sip.core import Core
from engine.sip.dialog import Dialog
from engine.sip.digest import Authenticator
from engine.sip.message import Headers, Response
from engine.sip.transaction import Transaction, TransactionUser

_MADE_ANEW = frozenset({"Via", "Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq"}) | {
    "User-Agent",
    "Authorization",
    "Proxy-Authorization",
}


class DialogRequests:
    __slots__ = ("authenticator", "core", "dialog")

    def __init__(self, core: Core, dialog: Dialog, authenticator: Authenticator | None) -> None:
        self.core, self.dialog, self.authenticator = core, dialog, authenticator

    def send(
        self,
        method: str,
        user: TransactionUser,
        now: float,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> Transaction:
        request = self.dialog.request(method)
        request.headers += [("User-Agent", self.core.user_agent), *(headers or [])]
        request.body = body
        if self.authenticator is not None:
            request.headers += self.authenticator.fields(
                method, request.uri, body, self.core.token()
            )
        return self.core.layer.request(request, self.dialog.next_hop, user, now)

    def again(
        self, challenged: Transaction, response: Response, user: TransactionUser, now: float
    ) -> Transaction | None:
        """The same request with credentials; ``None``: ``response`` asks for nothing new."""
        if self.authenticator is None:
            return None
        if response.status not in (401, 407):
            self.authenticator.accepted()
            return None
        if not self.authenticator.learns(response):
            return None
        request = challenged.request
        kept = [pair for pair in request.headers if pair[0] not in _MADE_ANEW]
        return self.send(request.method, user, now, kept, request.body)
