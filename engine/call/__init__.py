"""One task a call: from an attempt to its report.

::

    Dialer ─▶ Caller.place ─▶ Session.resume ─▶ Performer.perform ─▶ Line (SIP leg, RTP stream)
                   ▲               (flows)            │
                   └────────── CallReport ◀───────────┘

- ``place``       the coroutine that holds a call, and the one place that gives everything back
- ``perform``     effects into work, the end of each wait into the next input
- ``line``        one call's SIP leg and RTP stream as one thing;  ``keypad``  the callee's keys
- ``ringing``     the dial effect: intent, INVITE, answer, who answered
- ``invitation``  an attempt's INVITE, as its trunk wants it (pure)
- ``passport``    the caller's identity, signed (STIR/SHAKEN; pure)
- ``naming``      from a trunk's host to its hops;  ``records``  what DNS said, by TTL
- ``reachability``  which of them to take: those that fail rest (pure)
- ``speech``      what is to be heard, as clips in the call's codec; texts are rendered beforehand
- ``tape``        the record effect, and the recordings a call leaves
- ``journal``     events and milestones;  ``conclusion``  how it ended, as one outcome (pure)

Knows no store: the intent is committed by a function the dialer hands in, clips come from a source
that ``engine.app`` hands in. Imported by ``engine.dial``, ``engine.app`` and tests.
"""

from engine.call.passport import Signer
from engine.call.place import Caller
from engine.call.ringing import Intent
from engine.call.speech import ClipSource, Speech
from engine.call.tape import TapeRoom

__all__ = ["Caller", "ClipSource", "Intent", "Signer", "Speech", "TapeRoom"]
