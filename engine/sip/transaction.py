"""The four transaction machines (RFC 3261 §17, RFC 6026) as tables.

Theory of operation. A transaction is one request and its responses. Over UDP it makes the exchange
reliable: whoever waits sends again, whoever has answered answers again. A machine is a table from
(state, trigger) to (next state, what to do, timers to start). Triggers are responses by class, the
request coming again, the ACK, timers by the RFC's letters, and word that a datagram could not be
delivered. In the client tables a response trigger means that one *came*, in the server tables that
the user of the transaction *sends* one. A timer lives only in the states whose rows name it, so
entering any other state stops it.

INVITE client      CALLING ─1xx→ PROCEEDING ─2xx→ ACCEPTED ─M→ ∎   (2xx again and again: delivered,
                          └──────────┴─3xx-6xx→ COMPLETED ─D→ ∎     the dialog acknowledges them)
                   PROCEEDING has no timer: a phone may ring longer than timer B.
other client       TRYING ─1xx→ PROCEEDING ─final→ COMPLETED ─K→ ∎
INVITE server      PROCEEDING ─2xx→ ACCEPTED ─L→ ∎    (the dialog repeats its 2xx until the ACK)
                          └─3xx-6xx→ COMPLETED ─ACK→ CONFIRMED ─I→ ∎
other server       TRYING ─1xx→ PROCEEDING ─final→ COMPLETED ─J→ ∎

A pair that no row names and that the network may cause (an old provisional after the final one) is
a row that stays and does nothing; a pair that only our own code could cause is ``IllegalStep``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from engine.sip.hop import Hop
from engine.sip.message import Request, Response

T1 = 0.5
"""Seconds: the assumed round trip (RFC 3261 §17.1.1.1)."""
T2 = 4.0
T4 = 5.0


class State(StrEnum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Trigger(StrEnum):
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx-6xx"
    REQUEST = "request again"
    ACK = "ACK"
    UNDELIVERED = "undelivered"
    A = "timer A"
    B = "timer B"
    D = "timer D"
    E = "timer E"
    F = "timer F"
    G = "timer G"
    H = "timer H"
    I = "timer I"  # noqa: E741 - the RFC's letter
    J = "timer J"
    K = "timer K"
    L = "timer L"
    M = "timer M"


class Action(StrEnum):
    REPEAT = "send the last datagram again"
    TRANSMIT = "send the response at hand"
    ACKNOWLEDGE = "send the ACK of a refusal"
    DELIVER = "hand the response to the user"
    FAIL = "tell the user that no answer will come"


_S, _T, _A = State, Trigger, Action


class Step(NamedTuple):
    state: State
    actions: tuple[Action, ...] = ()
    timers: tuple[Trigger, ...] = ()


Table: TypeAlias = Mapping[tuple[State, Trigger], Step]

_REFUSED = Step(_S.COMPLETED, (_A.ACKNOWLEDGE, _A.DELIVER), (_T.D,))
_ACCEPTED = Step(_S.ACCEPTED, (_A.DELIVER,), (_T.M,))
_RINGS = Step(_S.PROCEEDING, (_A.DELIVER,))
_FAILED = Step(_S.TERMINATED, (_A.FAIL,))
_OVER = Step(_S.TERMINATED)

INVITE_CLIENT: Table = {
    (_S.CALLING, _T.A): Step(_S.CALLING, (_A.REPEAT,), (_T.A,)),
    (_S.CALLING, _T.B): _FAILED,
    (_S.CALLING, _T.UNDELIVERED): _FAILED,
    (_S.CALLING, _T.PROVISIONAL): _RINGS,
    (_S.CALLING, _T.SUCCESS): _ACCEPTED,
    (_S.CALLING, _T.FAILURE): _REFUSED,
    (_S.PROCEEDING, _T.UNDELIVERED): Step(_S.PROCEEDING),
    (_S.PROCEEDING, _T.PROVISIONAL): _RINGS,
    (_S.PROCEEDING, _T.SUCCESS): _ACCEPTED,
    (_S.PROCEEDING, _T.FAILURE): _REFUSED,
    (_S.ACCEPTED, _T.PROVISIONAL): Step(_S.ACCEPTED),
    (_S.ACCEPTED, _T.SUCCESS): Step(_S.ACCEPTED, (_A.DELIVER,)),
    (_S.ACCEPTED, _T.FAILURE): Step(_S.ACCEPTED),
    (_S.ACCEPTED, _T.UNDELIVERED): Step(_S.ACCEPTED),
    (_S.ACCEPTED, _T.M): _OVER,
    (_S.COMPLETED, _T.PROVISIONAL): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.SUCCESS): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.FAILURE): Step(_S.COMPLETED, (_A.REPEAT,)),
    (_S.COMPLETED, _T.UNDELIVERED): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.D): _OVER,
}

_ANSWERED = Step(_S.COMPLETED, (_A.DELIVER,), (_T.K,))
_WAITS = Step(_S.PROCEEDING, (_A.DELIVER,), (_T.E,))

CLIENT: Table = {
    (_S.TRYING, _T.E): Step(_S.TRYING, (_A.REPEAT,), (_T.E,)),
    (_S.TRYING, _T.F): _FAILED,
    (_S.TRYING, _T.UNDELIVERED): _FAILED,
    (_S.TRYING, _T.PROVISIONAL): _WAITS,
    (_S.TRYING, _T.SUCCESS): _ANSWERED,
    (_S.TRYING, _T.FAILURE): _ANSWERED,
    (_S.PROCEEDING, _T.E): Step(_S.PROCEEDING, (_A.REPEAT,), (_T.E,)),
    (_S.PROCEEDING, _T.F): _FAILED,
    (_S.PROCEEDING, _T.UNDELIVERED): _FAILED,
    (_S.PROCEEDING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.DELIVER,)),
    (_S.PROCEEDING, _T.SUCCESS): _ANSWERED,
    (_S.PROCEEDING, _T.FAILURE): _ANSWERED,
    (_S.COMPLETED, _T.PROVISIONAL): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.SUCCESS): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.FAILURE): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.UNDELIVERED): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.K): _OVER,
}

INVITE_SERVER: Table = {
    (_S.PROCEEDING, _T.REQUEST): Step(_S.PROCEEDING, (_A.REPEAT,)),
    (_S.PROCEEDING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.TRANSMIT,)),
    (_S.PROCEEDING, _T.SUCCESS): Step(_S.ACCEPTED, (_A.TRANSMIT,), (_T.L,)),
    (_S.PROCEEDING, _T.FAILURE): Step(_S.COMPLETED, (_A.TRANSMIT,), (_T.G, _T.H)),
    (_S.PROCEEDING, _T.ACK): Step(_S.PROCEEDING),
    (_S.ACCEPTED, _T.REQUEST): Step(_S.ACCEPTED),
    (_S.ACCEPTED, _T.ACK): Step(_S.ACCEPTED, (_A.DELIVER,)),
    (_S.ACCEPTED, _T.L): _OVER,
    (_S.COMPLETED, _T.REQUEST): Step(_S.COMPLETED, (_A.REPEAT,)),
    (_S.COMPLETED, _T.ACK): Step(_S.CONFIRMED, (), (_T.I,)),
    (_S.COMPLETED, _T.G): Step(_S.COMPLETED, (_A.REPEAT,), (_T.G,)),
    (_S.COMPLETED, _T.H): _OVER,
    (_S.CONFIRMED, _T.REQUEST): Step(_S.CONFIRMED),
    (_S.CONFIRMED, _T.ACK): Step(_S.CONFIRMED),
    (_S.CONFIRMED, _T.I): _OVER,
}

_SENT = Step(_S.COMPLETED, (_A.TRANSMIT,), (_T.J,))

SERVER: Table = {
    (_S.TRYING, _T.REQUEST): Step(_S.TRYING),
    (_S.TRYING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.TRANSMIT,)),
    (_S.TRYING, _T.SUCCESS): _SENT,
    (_S.TRYING, _T.FAILURE): _SENT,
    (_S.PROCEEDING, _T.REQUEST): Step(_S.PROCEEDING, (_A.REPEAT,)),
    (_S.PROCEEDING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.TRANSMIT,)),
    (_S.PROCEEDING, _T.SUCCESS): _SENT,
    (_S.PROCEEDING, _T.FAILURE): _SENT,
    (_S.COMPLETED, _T.REQUEST): Step(_S.COMPLETED, (_A.REPEAT,)),
    (_S.COMPLETED, _T.J): _OVER,
}

REPEATING = {_T.A: float("inf"), _T.E: T2, _T.G: T2}
"""Timers that double each time, with the longest pause they reach (seconds)."""
TIMEOUT = 64 * T1
"""Seconds: how long anything is tried (timers B, F, H) or remembered (D, J, L, M)."""
LASTING = {
    **dict.fromkeys((_T.B, _T.D, _T.F, _T.H, _T.J, _T.L, _T.M), TIMEOUT),
    _T.I: T4,
    _T.K: T4,
}
"""Timers that run once, in seconds (RFC 3261 table 4; RFC 6026 §7.1, §8.4)."""
ABSORBING = frozenset({_T.D, _T.I, _T.J, _T.K})
"""These wait for late datagrams only: zero over a reliable transport."""


class IllegalStep(Exception):
    """Our own code asked a transaction for something its state does not allow."""


class TransactionUser(Protocol):
    """Who started a client transaction; a server transaction has no user to tell."""

    def on_response(self, transaction: Transaction, response: Response, now: float) -> None: ...

    def on_failure(self, transaction: Transaction, why: Trigger, now: float) -> None:
        """No final response came (timers B, F) or the request could not be delivered."""


class Performer(Protocol):
    """Who performs the actions of a step: the transaction layer."""

    def advance(self, transaction: Transaction, trigger: Trigger, now: float) -> Step: ...


class Transaction:
    """One machine at work."""

    __slots__ = (
        "data",
        "deadlines",
        "destination",
        "interval",
        "key",
        "origin",
        "performer",
        "request",
        "served_by",
        "state",
        "table",
        "user",
    )

    def __init__(
        self,
        performer: Performer,
        table: Table,
        key: tuple[object, ...],
        request: Request,
        destination: Hop,
        user: TransactionUser | None,
    ) -> None:
        self.performer, self.table, self.key = performer, table, key
        self.request, self.destination, self.user = request, destination, user
        self.served_by: object | None = None
        """Of an INVITE that came in: the call, for the CANCEL that may follow."""
        self.origin: tuple[object, ...] = ()
        """Of a request outside any dialog: what its copies by other paths have too."""
        self.state = State.CALLING if table is INVITE_CLIENT else State.TRYING
        if table is INVITE_SERVER:
            self.state = State.PROCEEDING
        self.data = b""
        """What was sent last."""
        self.interval = T1
        self.deadlines: dict[str, float] = {}

    def step(self, trigger: Trigger) -> Step:
        """Advance; the caller performs the step's actions and starts its timers."""
        step = self.table.get((self.state, trigger))
        if step is None:
            raise IllegalStep(f"{self.request.method}: {trigger} in state {self.state}")
        if step.state is not self.state:
            self._enter(step.state)
        return step

    def _enter(self, state: State) -> None:
        self.state = state
        self.interval = T2 if state is State.PROCEEDING else T1
        for timer in [t for t in self.deadlines if (state, t) not in self.table]:
            del self.deadlines[timer]

    def wait(self, timer: Trigger) -> float | None:
        """How long ``timer`` runs, in seconds; ``None``: not at all over a reliable transport."""
        reliable = self.destination.transport.reliable
        if timer in REPEATING:
            pause = self.interval
            self.interval = min(pause * 2, REPEATING[timer])
            return None if reliable else pause
        return 0.0 if reliable and timer in ABSORBING else LASTING[timer]

    def expire(self, timer: str, now: float) -> None:
        self.performer.advance(self, Trigger(timer), now)
