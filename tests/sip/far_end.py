"""A far end that says exactly what a test's script says, to one pure agent on a virtual clock."""

from __future__ import annotations

from engine.sip import sdp
from engine.sip.agent import Agent
from engine.sip.events import CallEvent
from engine.sip.headers import cseq
from engine.sip.hop import Hop
from engine.sip.incoming import IncomingInvite
from engine.sip.message import Message, Request, Response, parse
from engine.sip.outgoing import InviteRequest, OutgoingCall
from tests.sip.network import CountedTokens

OUR = ("192.0.2.1", 5060)
THEIR = Hop("192.0.2.9", 5060)
OFFER = sdp.offer("192.0.2.1", 4000)
ANSWER = sdp.offer("192.0.2.9", 6000, ("PCMA",))


class FarEnd:
    def __init__(self) -> None:
        self.agent = Agent(OUR, CountedTokens("t"))
        self.now = 0.0
        self._branches = 0

    # --- Time and what the agent did ---

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (when := self.agent.next_timer()) is not None and when <= end:
            self.now = max(self.now, when)
            self.agent.handle_timer(self.now)
        self.now = end

    def sent(self) -> list[Message]:
        """What the agent sent since the last time."""
        return [parse(data) for data, _ in self.agent.datagrams()]

    def sent_lines(self) -> list[str]:
        """The same, each as ``INVITE`` or ``200 BYE``."""
        return [line_of(message) for message in self.sent()]

    def events(self) -> list[CallEvent]:
        return [event for _, event in self.agent.events()]

    # --- The agent calls ---

    def call(self, **changes: object) -> tuple[OutgoingCall, Request]:
        fields: dict[str, object] = {
            "target": THEIR,
            "request_uri": "sip:bob@192.0.2.9",
            "to_uri": "sip:bob@192.0.2.9",
            "from_user": "alice",
            "from_domain": "192.0.2.1",
            "sdp": OFFER,
        }
        call = self.agent.invite(InviteRequest(**(fields | changes)), self.now)  # type: ignore[arg-type]
        [invite] = self.sent()
        assert isinstance(invite, Request)
        return call, invite

    def respond(
        self,
        request: Request,
        status: int,
        *,
        tag: str = "far",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        contact: str = "<sip:bob@192.0.2.9:5060>",
    ) -> None:
        copied = [h for h in request.headers if h[0] in ("Via", "From", "Call-ID", "CSeq")]
        to = request.first("To") or ""
        to += f";tag={tag}" if tag and ";tag=" not in to else ""
        more = [("To", to), ("Contact", contact), *headers]
        more += [("Content-Type", "application/sdp")] if body else []
        self.receive(Response(status, "Scripted", copied + more, body))

    def answered(self) -> tuple[OutgoingCall, Request]:
        """An outgoing call that is up; nothing of it left to read."""
        call, invite = self.call()
        self.respond(invite, 200, body=ANSWER)
        self.sent(), self.events()
        return call, invite

    # --- The far end asks ---

    def request(
        self,
        method: str,
        *,
        to: str = "<sip:alice@192.0.2.1>",
        sender: str = "<sip:bob@192.0.2.9>;tag=far",
        call_id: str = "far-call",
        number: int = 1,
        branch: str | None = None,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Request:
        self._branches += 1
        branch = branch or f"z9hG4bKfar{self._branches}"
        fields = [("Via", f"SIP/2.0/UDP 192.0.2.9:5060;branch={branch};rport")]
        fields += [("Max-Forwards", "70"), ("From", sender), ("To", to), ("Call-ID", call_id)]
        fields += [("CSeq", f"{number} {method}"), ("Contact", "<sip:bob@192.0.2.9:5060>")]
        request = Request(method, "sip:alice@192.0.2.1", [*fields, *headers], body)
        self.receive(request)
        return request

    def request_in(self, invite: Request, method: str, number: int = 1, **more: object) -> Request:
        """A request inside the dialog of a call the agent made."""
        return self.request(
            method,
            to=invite.first("From") or "",
            sender=f"{invite.first('To')};tag=far",
            call_id=invite.first("Call-ID") or "",
            number=number,
            **more,  # type: ignore[arg-type]
        )

    def incoming(self, **more: object) -> tuple[IncomingInvite, Request]:
        body = more.pop("body", OFFER)
        invite = self.request("INVITE", body=body, **more)  # type: ignore[arg-type]
        [call] = self.agent.incoming()
        return call, invite

    def receive(self, message: Message | bytes) -> None:
        data = message if isinstance(message, bytes) else message.serialize()
        self.agent.receive(data, THEIR, self.now)


def line_of(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {cseq(message).method}"
