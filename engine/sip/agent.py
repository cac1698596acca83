"""The user agent: datagrams and a clock in; datagrams, events and the next timer out.

Pure. Whoever owns the socket does the same three things after any call into it: take ``events``,
send ``datagrams``, and come back with ``handle_timer`` at ``next_timer``. Instants are seconds on
one monotonic clock. Input that makes no sense is counted in ``counters`` and never raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from engine.sip import sdp
from engine.sip.core import ALLOW, EXTENSIONS, CallKey, Core, response_to
from engine.sip.events import CallEvent
from engine.sip.headers import address, check, tokens, top_via
from engine.sip.hop import Hop, SentBy, SocketAddress
from engine.sip.incoming import IncomingInvite
from engine.sip.message import Headers, MalformedMessage, Request, Response, parse
from engine.sip.outgoing import InviteRequest, OutgoingCall
from engine.sip.session_timer import MIN_SE, SessionTimer
from engine.sip.transaction import Transaction
from engine.sip.transaction_layer import Datagram, Tokens, response_hop
from engine.sip.uri import Uri

MAX_CALLS = 20_000
"""More incoming calls at once are answered 503."""
AgentEvent: TypeAlias = CallEvent | IncomingInvite


class Agent:
    """``address`` is what we tell others about ourselves, in Via and Contact; ``sent_by`` says it
    by the hop, where several transports or families have addresses of their own."""

    def __init__(
        self,
        address: SocketAddress,
        tokens: Tokens,
        user_agent: str = "Gomobile",
        *,
        sent_by: SentBy | None = None,
    ) -> None:
        self._core = Core(sent_by or (lambda _: address), user_agent, tokens)
        self._incoming: list[IncomingInvite] = []

    @property
    def counters(self) -> Counter[str]:
        """``malformed, malformed_sdp, unmatched_response, unmatched_request, unmatched_ack,
        request_again, undelivered, keepalive, overloaded``."""
        return self._core.counters

    @property
    def calls(self) -> int:
        """Calls that are not over."""
        return len(self._core.calls)

    @property
    def transactions(self) -> int:
        """Transactions that still wait, or remember."""
        return len(self._core.layer)

    @property
    def busy(self) -> bool:
        """A call is up, or a request of ours still waits for its answer."""
        return bool(self._core.calls) or self._core.layer.waits

    # --- Calls ---------------------------------------------------------------------------------

    def invite(self, request: InviteRequest, now: float) -> OutgoingCall:
        """Send an INVITE; what becomes of it comes as events under the call's ``key``."""
        call = OutgoingCall(self._core, request, now)
        self._core.calls[call.key] = call
        return call

    def finish(self, now: float) -> None:
        """End every call: CANCEL, BYE or 503."""
        for call in list(self._core.calls.values()):
            call.finish(now)

    # --- The shell's side ----------------------------------------------------------------------

    def receive(self, data: bytes, source: Hop, now: float) -> None:
        if len(data) <= 4 and not data.strip(b"\r\n\0 "):
            self.counters["keepalive"] += 1  # RFC 5626 §3.5.1, and what NAT boxes are fed with
            return
        try:
            message = parse(data)
            if isinstance(message, Response):
                check(message)
                self._core.layer.receive_response(message, now)
            else:
                self._receive_request(message, source, now)
        except MalformedMessage:
            self.counters["malformed"] += 1

    def undelivered(self, data: bytes, now: float) -> None:
        """The network says that ``data``, which we sent, could not be delivered (ICMP)."""
        self._core.layer.undelivered(data, now)

    def disconnected(self, hop: Hop, again: bool, now: float) -> None:
        """A connection is gone; ``again``: what it carried without an answer is sent once more."""
        self._core.layer.disconnected(hop, again, now)

    def next_timer(self) -> float | None:
        return self._core.layer.timers.next()

    def handle_timer(self, now: float) -> None:
        self._core.layer.timers.expire(now)

    def datagrams(self) -> list[Datagram]:
        """What is to be sent, once."""
        outbox, self._core.layer.outbox = self._core.layer.outbox, []
        return outbox

    def events(self) -> list[tuple[CallKey, CallEvent]]:
        """What happened, once, in order."""
        events, self._core.events = self._core.events, []
        return events

    def incoming(self) -> list[IncomingInvite]:
        """Calls that came in, once; take them before ``events``, which may tell of them."""
        incoming, self._incoming = self._incoming, []
        return incoming

    # --- Requests ------------------------------------------------------------------------------

    def _receive_request(self, request: Request, source: Hop, now: float) -> None:
        try:
            check(request)
        except MalformedMessage as problem:
            self._refuse_malformed(request, problem.status, source)
            raise
        to_tag = address(request, "To").tag
        if request.method == "ACK":
            self._receive_ack(request, to_tag, now)
        elif transaction := self._core.layer.receive_request(request, source, now):
            self._receive_new(request, to_tag, transaction, now)

    def _refuse_malformed(self, request: Request, status: int, source: Hop) -> None:
        """Answer without a transaction what lacks the fields to make one of."""
        if request.method == "ACK":
            return
        try:
            response = response_to(request, status, None, self._core.token())
            via = top_via(request)
        except MalformedMessage:
            return
        response.headers[0] = ("Via", str(via.received_from(source.address)))
        self._core.layer.send(response.serialize(), response_hop(via, source))

    def _receive_ack(self, ack: Request, to_tag: str, now: float) -> None:
        if self._core.layer.absorbs_ack(ack, now):
            return
        call = self._core.calls.get(CallKey(to_tag))
        if call is None or not call.acknowledge(ack, now):
            self.counters["unmatched_ack"] += 1

    def _receive_new(
        self, request: Request, to_tag: str, transaction: Transaction, now: float
    ) -> None:
        if request.method == "CANCEL":
            self._on_cancel(request, transaction, now)
        elif to_tag:
            call = self._core.calls.get(CallKey(to_tag))
            if call is None or not call.receive(request, transaction, now):
                self.counters["unmatched_request"] += 1
                self._core.respond(transaction, 481, now)
        elif self._core.layer.merges(transaction):
            self._respond(transaction, 482, now)  # §8.2.2.2: the same request by another path
        elif refusal := _refusal_of_uri(request.uri):
            self._respond(transaction, refusal, now)
        elif unknown := [tag for tag in tokens(request, "Require") if tag not in EXTENSIONS]:
            self._respond(transaction, 420, now, [("Unsupported", ", ".join(unknown))])
        else:
            _OUTSIDE_DIALOG.get(request.method, Agent._refuse_method)(self, transaction, now)

    def _on_cancel(self, cancel: Request, transaction: Transaction, now: float) -> None:
        invite = self._core.layer.invite_of(cancel)
        if invite is None:
            self.counters["unmatched_request"] += 1
            self._core.respond(transaction, 481, now)
            return
        self._core.respond(transaction, 200, now)
        if isinstance(invite.served_by, IncomingInvite):
            invite.served_by.cancelled(cancel, now)

    def _on_invite(self, transaction: Transaction, now: float) -> None:
        if self.calls >= MAX_CALLS:
            self.counters["overloaded"] += 1
            self._respond(transaction, 503, now, [("Retry-After", "10")])
            return
        if refusal := _refusal_of(transaction.request):
            status, headers = refusal
            self._respond(transaction, status, now, headers)
            return
        try:
            call = IncomingInvite(self._core, transaction, now)
        except MalformedMessage as problem:
            self._respond(transaction, problem.status, now)
            raise
        self._core.calls[call.key] = call
        self._incoming.append(call)

    def _on_options(self, transaction: Transaction, now: float) -> None:
        headers = [
            ("Allow", ALLOW),
            ("Accept", sdp.CONTENT_TYPE),
            self._core.contact(transaction.destination),
        ]
        self._respond(transaction, 200, now, headers)

    def _refuse_method(self, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 405, now, [("Allow", ALLOW)])

    def _on_refer(self, transaction: Transaction, now: float) -> None:
        self._respond(transaction, 603, now)

    def _respond(
        self, transaction: Transaction, status: int, now: float, headers: Headers | None = None
    ) -> None:
        self._core.respond(transaction, status, now, headers=headers)


def _refusal_of_uri(uri: str) -> int | None:
    """416 for a scheme we do not speak, 400 for an address that is none."""
    if uri.partition(":")[0].lower() not in ("sip", "sips", "tel"):
        return 416
    try:
        Uri.parse(uri)
    except MalformedMessage:
        return 400
    return None


def _refusal_of(invite: Request) -> tuple[int, Headers] | None:
    """What we cannot even ring for: a body of a kind we do not speak, or who takes none that we
    do; a session timer shorter than anybody may ask for. ``None``: nothing of the kind."""
    if invite.body and not sdp.description_in(invite):
        return 415, [("Accept", sdp.CONTENT_TYPE)]
    if accepted := tokens(invite, "Accept"):
        kinds = {kind.partition(";")[0].strip().lower() for kind in accepted}
        if not kinds & {sdp.CONTENT_TYPE, "application/*", "*/*"}:
            return 406, []
    if SessionTimer().is_too_brief(invite):
        return 422, [("Min-SE", str(MIN_SE))]
    return None


_Handler = Callable[[Agent, Transaction, float], None]
_OUTSIDE_DIALOG: dict[str, _Handler] = {
    "INVITE": Agent._on_invite,
    "OPTIONS": Agent._on_options,
    "REFER": Agent._on_refer,
}
