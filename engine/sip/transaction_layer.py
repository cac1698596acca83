"""Matches messages to transactions and performs their steps (RFC 3261 §17.1.3, §17.2.3).

Below it are datagrams, above it the calls: ``request`` and ``respond`` come from above,
``receive_*`` and ``undelivered`` from below, timers from the shell's clock. What is to be sent
gathers in ``outbox``.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple, Protocol

from engine.sip.headers import (
    MAGIC_COOKIE,
    Address,
    Via,
    address,
    branch_of,
    cseq,
    required,
    split_list,
    top_via,
)
from engine.sip.hop import Hop, SentBy
from engine.sip.message import Request, Response
from engine.sip.timers import Timers
from engine.sip.transaction import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    Action,
    State,
    Step,
    Table,
    Transaction,
    TransactionUser,
    Trigger,
)
from engine.sip.uri import host_port

MAX_SERVER_TRANSACTIONS = 50_000
"""More at once is an attack or a disaster: further requests are counted and dropped."""
_OUR_REQUEST = re.compile(rb"([A-Z]+) [^\r\n]+\r\nVia: [^\r\n]*;branch=([A-Za-z0-9]+)[;\r]")
_COPIED_TO_ACK = ("From", "Call-ID", "Route", "Authorization", "Proxy-Authorization")


class Datagram(NamedTuple):
    data: bytes
    destination: Hop


class Tokens(Protocol):
    """Where branches, tags, Call-IDs and client nonces come from."""

    def token(self) -> str:
        """A word nobody can guess, never the same twice, of letters and digits."""


class TransactionLayer:
    def __init__(self, sent_by: SentBy, tokens: Tokens) -> None:
        self.sent_by = sent_by
        """What our Via states: where responses come back to."""
        self.tokens = tokens
        self.timers = Timers()
        self.counters: Counter[str] = Counter()
        self.outbox: list[Datagram] = []
        self._clients: dict[tuple[object, ...], Transaction] = {}
        self._servers: dict[tuple[object, ...], Transaction] = {}
        self._origins: dict[tuple[object, ...], Transaction] = {}
        """Requests outside dialogs, by what every copy of them has in common."""

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def waits(self) -> bool:
        """A request of ours has no final response yet."""
        waiting = (State.CALLING, State.TRYING, State.PROCEEDING)
        return any(client.state in waiting for client in self._clients.values())

    # --- From above ----------------------------------------------------------------------------

    def request(
        self, request: Request, destination: Hop, user: TransactionUser, now: float
    ) -> Transaction:
        """Put our Via on top and send ``request`` in a transaction of its own."""
        branch = self._new_branch()
        request.headers.insert(0, ("Via", self._via(branch, destination)))
        return self._start(request, branch, destination, user, now)

    def cancel(self, invite: Transaction, user: TransactionUser, now: float) -> Transaction:
        """Send the CANCEL of ``invite``: same branch, same route (RFC 3261 §9.1)."""
        original = invite.request
        kept = ("From", "To", "Call-ID", "Route", "Max-Forwards")
        headers = [("Via", original.headers[0][1])]
        headers += [pair for pair in original.headers if pair[0] in kept]
        headers.append(("CSeq", f"{cseq(original).number} CANCEL"))
        cancel = Request("CANCEL", original.uri, headers)
        return self._start(cancel, str(invite.key[0]), invite.destination, user, now)

    def respond(self, transaction: Transaction, response: Response, now: float) -> None:
        transaction.data = response.serialize()
        self.advance(transaction, _class_of(response), now, response)

    def send(self, data: bytes, destination: Hop) -> None:
        """Send outside any transaction: the ACK of a 2xx, a 2xx again."""
        self.outbox.append(Datagram(data, destination))

    def abandon(self, transaction: Transaction) -> None:
        """Forget a client transaction whose end nobody waits for any more."""
        transaction.state = State.TERMINATED
        self._drop(transaction)

    def new_via(self, destination: Hop) -> str:
        """For a request outside any transaction: the ACK of a 2xx has a branch of its own."""
        return self._via(self._new_branch(), destination)

    def _via(self, branch: str, destination: Hop) -> str:
        where = host_port(*self.sent_by(destination))
        return f"SIP/2.0/{destination.transport.value} {where};branch={branch};rport"

    def _new_branch(self) -> str:
        return MAGIC_COOKIE + self.tokens.token()

    # --- From below ----------------------------------------------------------------------------

    def receive_response(self, response: Response, now: float) -> None:
        key = (branch_of(response), cseq(response).method)
        transaction = self._clients.get(key)
        if transaction is None:
            self.counters["unmatched_response"] += 1
        else:
            self.advance(transaction, _class_of(response), now, response)

    def receive_request(self, request: Request, source: Hop, now: float) -> Transaction | None:
        """A new server transaction, or ``None`` where the request was one that came again."""
        via = top_via(request)
        key = _server_key(request, via, request.method)
        if known := self._servers.get(key):
            self.counters["request_again"] += 1
            self.advance(known, Trigger.REQUEST, now)
            return None
        if len(self._servers) >= MAX_SERVER_TRANSACTIONS:
            self.counters["overloaded"] += 1
            return None
        _note_source(request, via, source)
        table = INVITE_SERVER if request.method == "INVITE" else SERVER
        answer_to = response_hop(via, source)
        transaction = Transaction(self, table, key, request, answer_to, None)
        self._servers[key] = transaction
        return transaction

    def merges(self, transaction: Transaction) -> bool:
        """Whether the same request came by another path and is being served (§8.2.2.2).

        Asked once of a new request outside any dialog; the first one of its kind is noted.
        """
        request = transaction.request
        number, tag = cseq(request), address(request, "From").tag
        origin = (required(request, "Call-ID"), number.number, number.method, tag)
        first = self._origins.setdefault(origin, transaction)
        if first is transaction:
            transaction.origin = origin
        return first is not transaction

    def absorbs_ack(self, ack: Request, now: float) -> bool:
        """Whether ``ack`` belongs to a refusal; the ACK of a 2xx belongs to its dialog."""
        invite = self._servers.get(_server_key(ack, top_via(ack), "INVITE"))
        return invite is not None and Action.DELIVER not in (
            self.advance(invite, Trigger.ACK, now).actions
        )

    def invite_of(self, cancel: Request) -> Transaction | None:
        """The INVITE that a CANCEL means (RFC 3261 §9.2)."""
        return self._servers.get(_server_key(cancel, top_via(cancel), "INVITE"))

    def undelivered(self, quoted: bytes, now: float) -> None:
        """The network returned a datagram of ours as undeliverable (§18.4).

        ICMP quotes only its beginning (RFC 1812 §4.3.2.3), often less than our Via: then it is
        counted and the timers decide.
        """
        self.counters["undelivered"] += 1
        found = _OUR_REQUEST.match(quoted)
        key = (found[2].decode(), found[1].decode()) if found else ()
        if transaction := self._clients.get(key):
            self.advance(transaction, Trigger.UNDELIVERED, now)

    def disconnected(self, hop: Hop, again: bool, now: float) -> None:
        """The connection to ``hop`` is gone. What has no answer yet is sent ``again``, over a new
        one, or has failed (§18.4)."""
        waiting = (State.CALLING, State.TRYING)
        for client in list(self._clients.values()):
            if client.destination == hop and client.state in waiting:
                if again:
                    self._transmit(client)
                else:
                    self.advance(client, Trigger.UNDELIVERED, now)

    # --- Steps ---------------------------------------------------------------------------------

    def advance(
        self,
        transaction: Transaction,
        trigger: Trigger,
        now: float,
        response: Response | None = None,
    ) -> Step:
        step = transaction.step(trigger)
        for timer in step.timers:
            self._arm(transaction, timer, now)
        if step.state is State.TERMINATED:
            self._drop(transaction)
        for action in step.actions:
            self._perform(action, transaction, trigger, now, response)
        return step

    def _perform(
        self,
        action: Action,
        transaction: Transaction,
        trigger: Trigger,
        now: float,
        response: Response | None,
    ) -> None:
        match action:
            case Action.REPEAT | Action.TRANSMIT:
                self._transmit(transaction)
            case Action.ACKNOWLEDGE if response is not None:
                transaction.data = _ack_of_refusal(transaction.request, response).serialize()
                self._transmit(transaction)
            case Action.DELIVER if response is not None and transaction.user is not None:
                transaction.user.on_response(transaction, response, now)
            case Action.FAIL if transaction.user is not None:
                transaction.user.on_failure(transaction, trigger, now)
            case _:
                pass

    def _start(
        self,
        request: Request,
        branch: str,
        destination: Hop,
        user: TransactionUser,
        now: float,
    ) -> Transaction:
        table, timers = _CLIENT_MACHINES.get(request.method, (CLIENT, (Trigger.E, Trigger.F)))
        key = (branch, request.method)
        transaction = Transaction(self, table, key, request, destination, user)
        transaction.data = request.serialize()
        self._clients[key] = transaction
        for timer in timers:
            self._arm(transaction, timer, now)
        self._transmit(transaction)
        return transaction

    def _transmit(self, transaction: Transaction) -> None:
        if transaction.data:
            self.outbox.append(Datagram(transaction.data, transaction.destination))

    def _arm(self, transaction: Transaction, timer: Trigger, now: float) -> None:
        if (pause := transaction.wait(timer)) is not None:
            self.timers.arm(transaction, timer, now + pause)

    def _drop(self, transaction: Transaction) -> None:
        transaction.deadlines.clear()
        for table in (self._clients, self._servers):
            if table.get(transaction.key) is transaction:
                del table[transaction.key]
        if transaction.origin:
            self._origins.pop(transaction.origin, None)


_CLIENT_MACHINES: dict[str, tuple[Table, tuple[Trigger, ...]]] = {
    "INVITE": (INVITE_CLIENT, (Trigger.A, Trigger.B))
}


def _class_of(response: Response) -> Trigger:
    if response.status < 200:
        return Trigger.PROVISIONAL
    return Trigger.SUCCESS if response.status < 300 else Trigger.FAILURE


def _server_key(request: Request, via: Via, method: str) -> tuple[object, ...]:
    if via.branch.startswith(MAGIC_COOKIE) and via.branch != MAGIC_COOKIE:
        return via.branch, via.host, via.port, method
    # A client of RFC 2543 has no unique branch: the whole request tells (RFC 3261 §17.2.3).
    tag = Address.parse(required(request, "From")).tag
    return str(via), required(request, "Call-ID"), cseq(request).number, tag, method


def response_hop(via: Via, source: Hop) -> Hop:
    """Where a response goes: the same connection, or by the Via (§18.2.2, RFC 3581 §4)."""
    if source.transport.reliable:
        return source
    return Hop(*via.response_address(source.address), source.transport)


def _note_source(request: Request, via: Via, source: Hop) -> None:
    at = next(i for i, (name, _) in enumerate(request.headers) if name == "Via")
    _, *others = split_list(request.headers[at][1])
    noted = [("Via", str(via.received_from(source.address))), *(("Via", other) for other in others)]
    request.headers[at : at + 1] = noted


def _ack_of_refusal(invite: Request, response: Response) -> Request:
    """RFC 3261 §17.1.1.3: the INVITE's Via and route, the response's To."""
    headers = [("Via", invite.headers[0][1]), ("Max-Forwards", "70")]
    headers += [pair for pair in invite.headers if pair[0] in _COPIED_TO_ACK]
    headers += [("To", required(response, "To")), ("CSeq", f"{cseq(invite).number} ACK")]
    return Request("ACK", invite.uri, headers)
