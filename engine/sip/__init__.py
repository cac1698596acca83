"""Signalling: a pure SIP user agent, and one thin shell around its socket.

::

    transport   Endpoint, Call, IncomingCall: the sockets (UDP, TCP, TLS), the loop and the clock
    agent       Agent: datagrams and a clock in; datagrams, events and the next timer out
    outgoing    a call we make, until it is answered or has failed
    incoming    a call that comes in, until it is answered, refused or cancelled
    session     a dialog in use: BYE, INFO, OPTIONS, UPDATE, re-INVITE
    modification, offer_answer, session_timer
                our hold, resume and change; what both said about media; who refreshes, and when
    reliable_provisional, repetition
                provisionals with PRACK; responses said again until they are acknowledged
    core        what all calls of an agent share
    dialog, dialog_requests
                tags, sequence numbers, remote target, route set; requests with credentials
    transaction, transaction_layer, timers
                the four machines as tables; matching and retransmission; one heap of timers
    message, framing, headers, uri, hop, sdp, digest, info
                the wire: bytes to values and back
    events      what a call tells its owner
    cause       SIP status and Q.850 into result, cause and fault: one table

A datagram goes up ``transport → agent → transaction_layer → outgoing | session`` and comes out as
an event in a ``Call``'s queue; a wish (``invite``, ``cancel``, ``bye``) goes down the same way and
comes out as a datagram. Everything but ``transport`` is pure: it is handed the time and its random
words. ``engine.call`` makes calls, ``engine.simulator`` answers them; nobody else imports this.
"""

from engine.sip.agent import Agent
from engine.sip.cause import (
    CANCELLED,
    MEDIA_INCOMPATIBLE,
    NORMAL_CLEARING,
    RING_TIMEOUT,
    SHUTDOWN,
    SIP_TIMEOUT,
    UNREACHABLE,
    dial_result,
    result_of,
)
from engine.sip.digest import Credentials
from engine.sip.events import (
    Answered,
    CallEvent,
    ChangeRefused,
    Ended,
    Failed,
    KeyPressed,
    Progress,
    Updated,
)
from engine.sip.headers import Reason
from engine.sip.hop import Hop, Transport
from engine.sip.outgoing import InviteRequest
from engine.sip.sdp import Codec, Direction, Negotiation, RemoteMedia, negotiate
from engine.sip.transport import Call, Endpoint, IncomingCall, TlsSettings
from engine.sip.uri import Uri

__all__ = [
    "CANCELLED",
    "MEDIA_INCOMPATIBLE",
    "NORMAL_CLEARING",
    "RING_TIMEOUT",
    "SHUTDOWN",
    "SIP_TIMEOUT",
    "UNREACHABLE",
    "Agent",
    "Answered",
    "Call",
    "CallEvent",
    "ChangeRefused",
    "Codec",
    "Credentials",
    "Direction",
    "Ended",
    "Endpoint",
    "Failed",
    "Hop",
    "IncomingCall",
    "InviteRequest",
    "KeyPressed",
    "Negotiation",
    "Progress",
    "Reason",
    "RemoteMedia",
    "TlsSettings",
    "Transport",
    "Updated",
    "Uri",
    "dial_result",
    "negotiate",
    "result_of",
]
