"""A dialog: two tags, two sequence numbers, a remote target and a route (RFC 3261 §12)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.sip.headers import MAX_CSEQ, Address, address, addresses, cseq, required
from engine.sip.hop import Hop, hop_of
from engine.sip.message import MalformedMessage, Message, Request, Response
from engine.sip.transaction_layer import Datagram, TransactionLayer
from engine.sip.uri import Uri

_CREDENTIALS = ("Authorization", "Proxy-Authorization")


@dataclass(slots=True)
class Dialog:
    call_id: str
    local: str
    """Our From (or To) with our tag, as it goes on the wire."""
    remote: str
    remote_target: str
    """The far side's Contact: the Request-URI of what we send."""
    routes: tuple[str, ...]
    """Route header values, nearest proxy first."""
    peer: Hop
    """Where the far side was last seen; taken where a route or Contact holds no usable address."""
    local_seq: int
    remote_seq: int | None = None

    @classmethod
    def of_response(
        cls, request: Request, response: Response, peer: Hop, early: Dialog | None = None
    ) -> Dialog:
        """As the caller (§12.1.2): the Record-Route is reversed; the numbers of the ``early``
        dialog go on."""
        number = cseq(request).number
        return cls(
            call_id=required(request, "Call-ID"),
            local=required(request, "From"),
            remote=required(response, "To"),
            remote_target=contact_of(response) or request.uri,
            routes=tuple(reversed(_routes(response))),
            peer=peer,
            local_seq=max(number, early.local_seq) if early else number,
            remote_seq=early.remote_seq if early else None,
        )

    @classmethod
    def of_request(cls, request: Request, local: str, peer: Hop) -> Dialog:
        """As the called side (§12.1.1); ``local`` is the To with our tag."""
        return cls(
            call_id=required(request, "Call-ID"),
            local=local,
            remote=required(request, "From"),
            remote_target=contact_of(request) or address(request, "From").uri,
            routes=tuple(_routes(request)),
            peer=peer,
            local_seq=0,
            remote_seq=cseq(request).number,
        )

    @property
    def next_hop(self) -> Hop:
        first = Address.parse(self.routes[0]).uri if self.routes else self.remote_target
        return hop_of(Uri.parse(first), self.peer)

    def request(self, method: str, number: int | None = None) -> Request:
        """A request inside the dialog (§12.2.1.1); ``number`` repeats a CSeq, for the ACK."""
        if number is None:
            self.local_seq = number = self.local_seq % MAX_CSEQ + 1
        uri, routes = self._routed()
        headers = [("Route", route) for route in routes]
        headers += [("Max-Forwards", "70"), ("From", self.local), ("To", self.remote)]
        headers += [("Call-ID", self.call_id), ("CSeq", f"{number} {method}")]
        return Request(method, uri, headers)

    def _routed(self) -> tuple[str, list[str]]:
        """Request-URI and Route; a strict router wants itself in the Request-URI."""
        if not self.routes:
            return self.remote_target, []
        first = Address.parse(self.routes[0]).uri
        if Uri.parse(first).is_loose:
            return self.remote_target, list(self.routes)
        return first, [*self.routes[1:], f"<{self.remote_target}>"]

    def acknowledgement(self, invite: Request, layer: TransactionLayer) -> Datagram:
        """The ACK of a 2xx to ``invite``, with its credentials (RFC 3261 §13.2.2.4)."""
        ack = self.request("ACK", cseq(invite).number)
        ack.headers += [pair for pair in invite.headers if pair[0] in _CREDENTIALS]
        ack.headers.insert(0, ("Via", layer.new_via(self.next_hop)))
        return Datagram(ack.serialize(), self.next_hop)

    def in_order(self, request: Request) -> bool:
        """Note the CSeq; False: it is older than one we have seen (§12.2.2)."""
        number = cseq(request).number
        if self.remote_seq is not None and number <= self.remote_seq:
            return False
        self.remote_seq = number
        return True

    def refresh_target(self, message: Message, peer: Hop) -> None:
        """A re-INVITE or UPDATE, or its answer, may move the far side."""
        self.remote_target = contact_of(message) or self.remote_target
        self.peer = peer


def _routes(message: Message) -> list[str]:
    """The Record-Route; one that cannot be read is no route at all."""
    try:
        routes = addresses(message, "Record-Route")
        for route in routes:
            Uri.parse(route.uri)
    except MalformedMessage:
        return []
    return [str(route) for route in routes]


def contact_of(message: Message) -> str | None:
    try:
        contact = address(message, "Contact").uri
        Uri.parse(contact)
    except MalformedMessage:
        return None
    return contact
