"""A carrier to practise on: called numbers answer, ring out, are busy, press keys and talk.

::

    persona   who answers at which number: one table (pure)
    ear       what a callee makes of the audio it hears: a prompt that ended, a beep (pure)
    callee    one task a call: acts its persona
    carrier   the SIP and RTP ports, the calls on them, and a log of every call

It speaks real SIP and RTP with the engine's own ``engine.sip`` and ``media``, in a process of its
own (``gomobile simulate-carrier``). Its log says what the far end saw, which tests hold against
what the engine accounts for. Imported by ``engine.commands`` and, for the script of its personas,
by ``engine.demo``.
"""

from engine.simulator.carrier import Carrier

__all__ = ["Carrier"]
