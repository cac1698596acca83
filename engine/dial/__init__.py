"""Due rows into calls.

- ``dialer``    the loop: rounds of reload, gates, reserve, claim
- ``floor``     the calls under way, one task each
- ``gates``     what a contact must pass before its number is dialed (pure)
- ``snapshot``  the executions that may dial, in memory; flows compiled once
- ``lines``     the places a call takes: organization, process, number, trunk
- ``intents``   leave to dial, committed before the INVITE;  ``call``  how far one call came
- ``outbox``    outcomes kept until they are written
- ``lease``     this process as a node;  ``reaper``  contacts whose node is gone

In: due targets from ``engine.store``. Out: ``Place`` (``engine.call.place``) for each, and its
report back to ``engine.store``. Imported by ``engine.app`` alone.
"""

from engine.dial.dialer import Dialer, DialerSettings
from engine.dial.floor import Intend, Place
from engine.dial.gates import Gate, Verdict

__all__ = ["Dialer", "DialerSettings", "Gate", "Intend", "Place", "Verdict"]
