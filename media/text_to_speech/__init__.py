"""Text to speech: a text in, a clip out, by whatever voices are on this machine.

- ``engine.py``  the interface ``Engine``, an ``Utterance``, and the refusal ``NoVoice``
- ``espeak.py``  espeak-ng, the built-in one wherever Debian's package is installed
- ``piper.py``   piper, with the models in a folder
- ``studio.py``  ``Studio``: picks the engine, trims and levels what it says, keeps it by content

``Studio.render`` blocks for as long as an engine speaks, tens of milliseconds and more: it belongs
in a worker, before a call rings. What is rendered is kept in files named by voice and words, so a
text is spoken once a machine, and by processes side by side without a lock. An engine is added by
a class that answers ``Engine`` and a place in ``Studio.here``.

Imports ``media.wav``, ``media.loudness`` and ``media.dictionaries.clip``; ``engine.call``,
``engine.app`` and ``api`` import it.
"""

from media.text_to_speech.engine import Engine, NoVoice, Utterance
from media.text_to_speech.espeak import EspeakNg
from media.text_to_speech.piper import Piper
from media.text_to_speech.studio import Studio

__all__ = ["Engine", "EspeakNg", "NoVoice", "Piper", "Studio", "Utterance"]
