"""The system dictionary of a language: one recorded clip per key, shipped with the engine.

On disk a pack is ``packs/LANGUAGE.ulaw.xz``, all clips one after another in µ-law, and
``packs/LANGUAGE.json``: where each key's clip lies, which voice spoke it, and the digest of the
script it was spoken from. Keys with the same words share their bytes. A pack is read once a
process, never changes, and is shared by all calls: what it gives out are read-only views.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from media.g711 import SAMPLE_RATE, Codec, Encoded, Samples, decode, encode

from .grammar import UnknownLanguage
from .parts import PAUSES

FOLDER: Final = Path(__file__).parent / "packs"
_PAUSE: Final = re.compile(r"pause-(\d{1,4})")


def pause_ms(key: str) -> int | None:
    """The length of a ``pause-N`` key; ``None`` for any other."""
    found = _PAUSE.fullmatch(key)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class SystemPack:
    language: str
    voice: str
    """What spoke it, for people."""
    script: str
    """``digest`` of the script it was spoken from."""
    keys: frozenset[str]
    """Every recorded key, and the pauses that grammars use."""
    _places: Mapping[str, tuple[int, int]] = field(repr=False)
    _recorded: Mapping[Codec, Encoded] = field(repr=False)

    @classmethod
    def load(cls, language: str) -> SystemPack:
        """The pack of a BCP 47 tag's language; ``UnknownLanguage`` if none is shipped."""
        known = shipped()
        primary = language.lower().replace("_", "-").partition("-")[0]
        if primary not in known:
            raise UnknownLanguage(language, known)
        return _load(primary)

    def __contains__(self, key: str) -> bool:
        return key in self.keys or pause_ms(key) is not None

    def samples(self, key: str) -> Samples:
        """Linear samples at 8 kHz, read-only; ``KeyError`` for a key that is not here."""
        samples = decode(self.encoded(key, Codec.PCMU), Codec.PCMU)
        samples.flags.writeable = False
        return samples

    def encoded(self, key: str, codec: Codec) -> Encoded:
        """The clip as it is sent: a read-only view of the shared recording, not a copy."""
        if (silence := pause_ms(key)) is not None:
            return _silence(codec)[: silence * SAMPLE_RATE // 1000]
        start, length = self._places[key]
        return self._recorded[codec][start : start + length]


@cache
def shipped() -> tuple[str, ...]:
    """The languages with a pack."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def preload() -> None:
    """Read every pack, which takes tenths of a second: in a thread, before the first call."""
    for language in shipped():
        _load(language)


@cache
def _load(language: str) -> SystemPack:
    index = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    recorded = lzma.decompress((FOLDER / f"{language}.ulaw.xz").read_bytes())
    mu_law = np.frombuffer(recorded, np.uint8)
    a_law = encode(decode(mu_law, Codec.PCMU), Codec.PCMA)
    a_law.flags.writeable = False
    places = {key: (start, length) for key, (start, length) in index["clips"].items()}
    return SystemPack(
        language=language,
        voice=index["voice"],
        script=index["script"],
        keys=frozenset(places) | frozenset(PAUSES),
        _places=places,
        _recorded={Codec.PCMU: mu_law, Codec.PCMA: a_law},
    )


@cache
def _silence(codec: Codec) -> Encoded:
    longest = encode(np.zeros(10_000 * SAMPLE_RATE // 1000, np.int16), codec)
    longest.flags.writeable = False
    return longest


def digest(script: Mapping[str, str]) -> str:
    """Of every key and what is said for it: a pack whose digest differs is out of date."""
    lines = "".join(f"{key}\t{said}\n" for key, said in sorted(script.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
