"""What every call of one user agent shares: its name, its transactions, its events out.

A call is known by its local tag, which we chose and nobody can guess; so a message that names the
tag, the Call-ID and a remote tag we have seen belongs to it.
"""

from __future__ import annotations

from collections import Counter
from typing import NewType, Protocol

from engine.sip.events import CallEvent
from engine.sip.headers import Address, Params, required
from engine.sip.hop import Hop, SentBy
from engine.sip.message import Headers, Request, Response
from engine.sip.transaction import Transaction, Trigger
from engine.sip.transaction_layer import Tokens, TransactionLayer
from engine.sip.uri import host_port

CallKey = NewType("CallKey", str)
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"
EXTENSIONS = frozenset({"100rel", "timer"})
"""Option tags we understand in Require (RFC 3261 §8.2.2.3)."""
SUPPORTED = "100rel, timer"

REASON_PHRASES = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    607: "Unwanted",
}


class LiveCall(Protocol):
    """A call as the agent sees it: someone to whom requests inside its dialog are handed."""

    def receive(self, request: Request, transaction: Transaction, now: float) -> bool:
        """False: no dialog of this call has the request's tags."""

    def acknowledge(self, ack: Request, now: float) -> bool:
        """The ACK of a 2xx; False as above."""

    def finish(self, now: float) -> None:
        """Give up, as politely as its state allows: the engine stops."""


class Core:
    def __init__(self, sent_by: SentBy, user_agent: str, tokens: Tokens) -> None:
        self.user_agent = user_agent
        self.layer = TransactionLayer(sent_by, tokens)
        self.events: list[tuple[CallKey, CallEvent]] = []
        self.calls: dict[CallKey, LiveCall] = {}

    @property
    def counters(self) -> Counter[str]:
        return self.layer.counters

    def token(self) -> str:
        return self.layer.tokens.token()

    def contact(self, towards: Hop, user: str = "") -> tuple[str, str]:
        where = host_port(*self.layer.sent_by(towards)) + towards.transport.uri_parameter
        return "Contact", f"<sip:{user}@{where}>" if user else f"<sip:{where}>"

    def emit(self, key: CallKey, event: CallEvent) -> None:
        self.events.append((key, event))

    def forget(self, key: CallKey) -> None:
        """No request can reach the call any more; its transactions still repeat what they must."""
        self.calls.pop(key, None)

    def respond(
        self,
        transaction: Transaction,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        tag: str | None = None,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> bytes:
        """Answer in ``transaction``; the bytes come back for who must send them again."""
        request = transaction.request
        to_tag = tag or ("" if status == 100 else self.token())
        response = response_to(request, status, reason, to_tag)
        response.headers += headers or []
        response.headers.append(("Server", self.user_agent))
        response.body = body
        self.layer.respond(transaction, response, now)
        return transaction.data


class Unheeded:
    """The user of a transaction whose end changes nothing: CANCEL, the BYE of a lost fork."""

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None:
        pass

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        pass


UNHEEDED = Unheeded()


def response_to(request: Request, status: int, reason: str | None, to_tag: str) -> Response:
    """RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq are the request's; the To gets our tag."""
    headers: Headers = [("Via", via) for via in request.all("Via")]
    headers.append(("From", required(request, "From")))
    headers.append(("To", tagged(required(request, "To"), to_tag)))
    headers += [(name, required(request, name)) for name in ("Call-ID", "CSeq")]
    return Response(status, reason or REASON_PHRASES.get(status, "Status"), headers)


def tagged(to: str, tag: str) -> str:
    """``to`` with ``tag``, unless it has one already (or ``tag`` is empty)."""
    parsed = Address.parse(to)
    if not tag or parsed.tag:
        return to
    params: Params = {**parsed.params, "tag": tag}
    return str(Address(parsed.uri, parsed.display, params))
