"""The audio of calls: prompts out, voices and keys in, one tick for all.

::

    prompts ──▶ playlist ──▶ row ──▶ phase ──▶ endpoint ──▶ the far side
    (g711, dictionaries)            (ticker)  (socket)
    recorder, voice_activity, answering_machine ◀── jitter ◀── hearing ◀── phase ◀── endpoint
    digits ◀── dtmf ◀────────────────────────────────────────────┘

What a call holds is a ``Stream`` (``stream``), taken from the ``MediaPlane`` (``ports``).

Pure, advancing by bytes, samples and instants that are handed in:

- ``g711``               µ-law and A-law
- ``wav``, ``prompts``   files to clips, encoded once and shared by every call
- ``loudness``           the level they are brought to
- ``text_to_speech``     texts to clips, by the voices of this machine
- ``dictionaries``       numbers, dates and words to clips, by language
- ``playlist``           clips joined without a gap, cut into packets
- ``row``                what a stream sends next, and what it has sent
- ``rtp``, ``rtcp``      packets and reports off the wire; loss and jitter
- ``hearing``            datagrams to audio, keys and figures
- ``dtmf``, ``inband``   keys by RFC 4733 and by their tones; one key counted once
- ``jitter``, ``concealment``    packets into samples in order, and what stands in for lost ones
- ``recorder``           one recording; ``recording_file`` is its WAV file, playable at any moment
- ``voice_activity``, ``answering_machine``    who speaks: a person, a machine, nobody
- ``socket_filter``      the kernel's program that drops what nobody listens to

Sockets and the loop:

- ``endpoint``           one stream's socket: source checks and latching
- ``phase``, ``ticker``  the rows that are served at one instant, and the timer that serves them
- ``ports``              the port pool and the plane

``media`` knows no call, no flow and no store; ``engine.call``, ``engine.simulator`` and
``engine.app`` import it.
"""

from media.ports import MediaPlane, NoPortLeft
from media.row import PlayedTo
from media.stream import Statistics, Stream

__all__ = ["MediaPlane", "NoPortLeft", "PlayedTo", "Statistics", "Stream"]
