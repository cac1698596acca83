"""Numbers, dates, money and words, spoken right: a value in, recorded clips to play out.

- ``grammar.py``  the protocol ``Grammar`` every language answers, and its refusals
- ``parts.py``    values taken apart before a language speaks them
- ``ar ary en fr``   one package a language: its grammar, and the words of every key
- ``pack.py``     ``SystemPack``: the recorded clip of every key, shipped with the engine
- ``packs/``      the clips: one µ-law blob and one index a language
- ``coverage.py`` which keys a range of values can need
- ``prosody.py``  which clip by its place, where a dictionary has rising and falling ones
- ``script.py``   what a voice artist reads to replace the clips
- ``clip.py``     a take made into a clip: trimmed, levelled, silent at both ends
- ``record.py``   makes ``packs/`` from the words (``python -m media.dictionaries.record``)

``grammar(tag).number(value)`` gives keys; ``SystemPack.load(tag).samples(key)`` the audio of each.
Grammars are pure and know no audio: whoever plays (``engine.call``) looks each key up in the
organization's own dictionary or in the system pack. A key is readable and stable: ``number.21``,
``month.3``, ``currency.MAD.other``, ``and.number.20``, ``letter.é``; the words of ``word`` items
are bare, in their own script. ``pause-N`` is N milliseconds of silence.

A language is added as a package beside ``en`` (the shortest example): a class that answers
``Grammar``, the ``TEXT`` of every key and what to ``SAY`` where its spelling would mislead the
voice; an entry in ``_EVERY`` here and in ``record.VOICES``. ``tests/dictionaries/`` then takes it
through the conformance tests, and asks for its golden table.

May be imported by anyone above ``media``; imports nobody but ``media.g711``,
``media.wav`` and ``media.loudness``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .ar import Arabic, Calendar
from .ary import Darija
from .en import English
from .fr import BELGIAN, SWISS, French
from .grammar import LIMIT, CannotSpeak, Gender, Grammar, UnknownLanguage

_EVERY: Final[tuple[Grammar, ...]] = (
    Arabic(),
    Arabic("ar-MA", Calendar.MOROCCO),
    *(Arabic(tag, Calendar.ALGERIA) for tag in ("ar-DZ", "ar-TN")),
    *(Arabic(tag, Calendar.LEVANT) for tag in ("ar-IQ", "ar-JO", "ar-LB", "ar-PS", "ar-SY")),
    Darija(),
    English(),
    English("en-US", american=True),
    French(),
    French("fr-BE", BELGIAN),
    French("fr-CH", SWISS),
)
_GRAMMARS: Final[Mapping[str, Grammar]] = {each.language.lower(): each for each in _EVERY}
LANGUAGES: Final = tuple(sorted(each.language for each in _GRAMMARS.values()))
"""The tags with a grammar of their own."""


def grammar(language: str) -> Grammar:
    """The grammar of a BCP 47 tag, or of the longest beginning of it that has one.

    ``fr-MA`` is spoken as ``fr``; ``UnknownLanguage`` where not even the language is known.
    """
    tag = language.lower().replace("_", "-")
    while tag:
        if found := _GRAMMARS.get(tag):
            return found
        tag = tag.rpartition("-")[0]
    raise UnknownLanguage(language, LANGUAGES)


__all__ = [
    "LANGUAGES",
    "LIMIT",
    "CannotSpeak",
    "Gender",
    "Grammar",
    "UnknownLanguage",
    "grammar",
]
