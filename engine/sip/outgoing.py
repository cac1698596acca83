"""A call we make: from its INVITE to the dialog it ends up in, or to the reason why not.

One INVITE transaction at a time, and never a second one but with credentials. Its answers:

- provisional: told as ``Progress``; each To tag is a fork with an early session of its own;
- first 2xx: acknowledged, told as ``Answered``; a 2xx from another fork: acknowledged, then BYE;
- a 2xx again: the same ACK again (RFC 3261 §13.2.2.4);
- a reliable provisional: acknowledged by PRACK (RFC 3262);
- 401, 407: tried again with credentials; 422: with a longer session (RFC 4028 §7.3);
- another refusal: ``Failed``.

A CANCEL waits for a provisional (§9.1). Where a 2xx crosses it, ACK then BYE. Once a provisional
came nothing here ends the ringing: how long it may ring is the owner's to say, by ``cancel``.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.program.outcome import Cause
from engine.sip import cause, sdp
from engine.sip.core import ALLOW, SUPPORTED, UNHEEDED, CallKey, Core
from engine.sip.dialog import Dialog
from engine.sip.dialog_requests import DialogRequests
from engine.sip.digest import Authenticator, Credentials
from engine.sip.events import Answered, CallEvent, Ended, Failed, Progress
from engine.sip.headers import Address, address, reasons
from engine.sip.hop import Hop, Transport
from engine.sip.message import Headers, MalformedMessage, Request, Response
from engine.sip.offer_answer import OfferAnswer
from engine.sip.session import Session
from engine.sip.session_timer import DEFAULT_INTERVAL, OPTION, SessionTimer
from engine.sip.transaction import TIMEOUT, Transaction, Trigger

_CANCEL_WAIT = "CANCEL wait"
MTU_MARGIN = 1300
"""Bytes a request may have over UDP where nobody knows the path's MTU (RFC 3261 §18.1.1)."""
VIA_SIZE = 100
"""Bytes our Via will add, at most: with an IPv6 address."""


@dataclass(frozen=True, slots=True)
class InviteRequest:
    target: Hop
    """The next hop: the trunk's address."""
    request_uri: str
    to_uri: str
    from_user: str
    from_domain: str
    sdp: bytes
    from_display: str = ""
    credentials: Credentials | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """More header fields, each already as it goes on the wire."""
    session_interval: int = DEFAULT_INTERVAL
    """Seconds without a refresh that we propose (RFC 4028); 0: no session timer."""
    reliable_provisionals: bool = True
    """Offer 100rel (RFC 3262)."""
    large_over_tcp: bool = False
    """An INVITE beyond the MTU's margin goes over TCP; over UDP still, where TCP cannot be had."""


class OutgoingCall:
    __slots__ = (
        "_answered",
        "_authenticator",
        "_cancel_cause",
        "_cancel_sent",
        "_core",
        "_cseq",
        "_invite",
        "_request",
        "_rings",
        "_sessions",
        "_target",
        "_timer",
        "_widens",
        "call_id",
        "closed",
        "deadlines",
        "key",
    )

    def __init__(self, core: Core, request: InviteRequest, now: float) -> None:
        self._core, self._request = core, request
        self.key = CallKey(core.token())
        """Our From tag."""
        self.call_id = core.token()
        self.closed = False
        self.deadlines: dict[str, float] = {}
        self._cseq = 0
        credentials = request.credentials
        self._authenticator = Authenticator(credentials) if credentials else None
        self._sessions: dict[str, Session] = {}
        """By remote tag: one a fork."""
        self._answered: Session | None = None
        self._rings = False
        """A provisional came, so a CANCEL may go."""
        self._cancel_cause: Cause | None = None
        self._cancel_sent = False
        self._target = request.target
        self._widens = request.large_over_tcp and not request.target.transport.reliable
        self._timer = SessionTimer(request.session_interval)
        self._invite = self._send_invite(now)

    # --- The owner's wishes --------------------------------------------------------------------

    def cancel(self, why: Cause, now: float) -> None:
        """Stop it wherever it is: CANCEL while it rings, BYE once it is answered."""
        if self._answered is not None:
            self._answered.hang_up(why, now)
        elif not self.closed and self._cancel_cause is None:
            self._cancel_cause = why
            if self._rings:
                self._send_cancel(now)

    def finish(self, now: float) -> None:
        self.cancel(cause.SHUTDOWN, now)

    @property
    def session(self) -> Session | None:
        """The answered dialog."""
        return self._answered

    def _send_invite(self, now: float) -> Transaction:
        self._cseq += 1
        self._target = self._request.target
        invite = self._new_invite()
        if self._widens and len(invite.serialize()) + VIA_SIZE > MTU_MARGIN:
            self._target = self._target._replace(transport=Transport.TCP)
            invite = self._new_invite()
        return self._core.layer.request(invite, self._target, self, now)

    def _new_invite(self) -> Request:
        core, request = self._core, self._request
        local = Address(f"sip:{request.from_user}@{request.from_domain}", request.from_display)
        invite = Request("INVITE", request.request_uri, body=request.sdp)
        invite.headers = [
            ("Max-Forwards", "70"),
            ("From", f"{local};tag={self.key}"),
            ("To", f"<{request.to_uri}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._cseq} INVITE"),
            core.contact(self._target, request.from_user),
            ("Allow", ALLOW),
            ("Supported", SUPPORTED if request.reliable_provisionals else OPTION),
            ("User-Agent", core.user_agent),
            *self._timer.proposal(),
            *request.headers,
            *self._credentials(),
            ("Content-Type", sdp.CONTENT_TYPE),
        ]
        return invite

    def _credentials(self) -> Headers:
        if self._authenticator is None:
            return []
        request = self._request
        return self._authenticator.fields(
            "INVITE", request.request_uri, request.sdp, self._core.token()
        )

    def _send_cancel(self, now: float) -> None:
        self._cancel_sent = True
        self._core.layer.cancel(self._invite, UNHEEDED, now)
        self._core.layer.timers.arm(self, _CANCEL_WAIT, now + TIMEOUT)

    # --- What comes back -----------------------------------------------------------------------

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status >= 300:
            self._on_refusal(response, now)
        elif response.status >= 200:
            self._on_success(transaction.request, response, now)
        else:
            self._on_provisional(transaction.request, response, now)

    def _on_provisional(self, invite: Request, response: Response, now: float) -> None:
        self._rings = True
        if self._cancel_cause is not None:
            if not self._cancel_sent:
                self._send_cancel(now)
            return
        if response.status == 100 or self.closed:
            return
        tag = address(response, "To").tag
        if tag and not self._session_of(invite, response).acknowledge_provisional(response, now):
            return
        media = self._media(response)
        if tag and media is not None:
            self._sessions[tag].media.remote = media
        self._core.emit(self.key, Progress(response.status, response.reason, media, tag))

    def _on_success(self, invite: Request, response: Response, now: float) -> None:
        session = self._session_of(invite, response)
        if session.ack is not None:
            self._core.layer.send(*session.ack)
            return
        self._confirm(session, invite, response)
        if self._answered is not None or self.closed or self._cancel_cause is not None:
            session.hang_up_silently(now)
        else:
            self._establish(session, response, now)
        if self._cancel_cause is not None:
            self._close(Ended("local", self._cancel_cause))

    def _confirm(self, session: Session, invite: Request, response: Response) -> None:
        """The 2xx has the last word on route and target (§12.1.2); acknowledge it (§13.2.2.4)."""
        session.dialog = Dialog.of_response(invite, response, self._target, session.dialog)
        session.ack = session.dialog.acknowledgement(invite, self._core.layer)
        self._core.layer.send(*session.ack)

    def _establish(self, session: Session, response: Response, now: float) -> None:
        """The answer stands in the 2xx, or stood in an 18x of the same fork (§13.2.1)."""
        session.media.remote = media = self._media(response) or session.media.remote
        if media is None or sdp.negotiate(session.media.local, media) is None:
            session.hang_up_silently(now)
            result = cause.result_of(cause.MEDIA_INCOMPATIBLE)
            reason = "no usable answer in the 2xx"
            self._close(Failed(response.status, reason, cause.MEDIA_INCOMPATIBLE, result))
            return
        self._answered = session
        session.established = True
        if self._authenticator is not None:
            self._authenticator.accepted()
        session.heed_timer(response, now)
        self._discard_forks(session, now)
        self.deadlines.clear()
        self._core.emit(self.key, Answered(media))

    def _discard_forks(self, answered: Session | None, now: float) -> None:
        for session in self._sessions.values():
            if session is not answered and session.ack is None:
                session.discard(now)

    def _on_refusal(self, response: Response, now: float) -> None:
        if self.closed or self._try_again(response, now):
            return
        result, why = cause.of_response(response.status, reasons(response))
        if response.status == 487 and self._cancel_cause is not None:
            why = self._cancel_cause
            result = cause.result_of(why)
        self._close(Failed(response.status, response.reason, why, result))

    def _try_again(self, response: Response, now: float) -> bool:
        """With credentials, or with a longer session: the same call, the next CSeq."""
        if self._cancel_cause is not None or not self._learns(response):
            return False
        self._discard_forks(None, now)
        self._sessions.clear()
        self._rings = False
        self._invite = self._send_invite(now)
        return True

    def _learns(self, response: Response) -> bool:
        if response.status == 422:
            return self._timer.raised_by(response)
        if response.status not in (401, 407) or self._authenticator is None:
            return False
        return self._authenticator.learns(response)

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        if self.closed:
            return
        unreachable = why is Trigger.UNDELIVERED
        if unreachable and self._target != self._request.target and self._cancel_cause is None:
            self._widens = False
            self._invite = self._send_invite(now)
            return
        ours = cause.UNREACHABLE if unreachable else cause.SIP_TIMEOUT
        told = self._cancel_cause or ours
        self._close(Failed(None, ours.detail or "", told, cause.result_of(told)))

    def expire(self, timer: str, now: float) -> None:
        """No final answer to the INVITE after our CANCEL: it is as good as cancelled (§9.1)."""
        why = self._cancel_cause or cause.CANCELLED
        self._core.layer.abandon(self._invite)
        self._close(Failed(None, "no answer to the CANCEL", why, cause.result_of(why)))

    # --- Requests inside its dialogs -----------------------------------------------------------

    def receive(self, request: Request, transaction: Transaction, now: float) -> bool:
        session = self._sessions.get(address(request, "From").tag)
        if session is None or request.first("Call-ID") != self.call_id:
            return False
        if request.method == "BYE" and not session.established:
            return False  # Only the caller may end an early dialog with a BYE (§15).
        session.receive(request, transaction, now)
        return True

    def acknowledge(self, ack: Request, now: float) -> bool:
        session = self._sessions.get(address(ack, "From").tag)
        if session is not None:
            session.acknowledge(ack, now)
        return session is not None

    def _session_of(self, invite: Request, response: Response) -> Session:
        tag = address(response, "To").tag
        if tag not in self._sessions:
            dialog = Dialog.of_response(invite, response, self._target)
            requests = DialogRequests(self._core, dialog, self._authenticator)
            media, timer = OfferAnswer(self._request.sdp), SessionTimer(self._timer.interval)
            session = Session(self.key, requests, media, timer, is_caller=True)
            session.note_abilities(response)
            self._sessions[tag] = session
        return self._sessions[tag]

    def _media(self, response: Response) -> sdp.RemoteMedia | None:
        if not response.body:
            return None
        try:
            return sdp.parse(sdp.description_in(response))
        except MalformedMessage:
            self._core.counters["malformed_sdp"] += 1
            return None

    def _close(self, last: CallEvent) -> None:
        if not self.closed:
            self.closed = True
            self.deadlines.clear()
            self._core.emit(self.key, last)
            self._core.forget(self.key)
