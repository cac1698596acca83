"""Speak the system packs: ``python -m media.dictionaries.record [LANGUAGE…]``.

Needs Debian's ``espeak-ng``; the same version speaks the same bytes. Only developers run it, after
a change of words: the packs are shipped. ``packs/LICENSE.md`` says under which terms.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from media.g711 import Codec, Samples, encode
from media.text_to_speech import espeak

from . import ar, ary, en, fr
from .clip import clip
from .pack import FOLDER, digest


@dataclass(frozen=True, slots=True)
class Voice:
    name: str
    """As ``espeak-ng -v`` takes it."""
    words_per_minute: int
    script: Mapping[str, str]
    """Key → what the voice is given."""


VOICES: Final[Mapping[str, Voice]] = {
    "ar": Voice("ar", 185, {**ar.TEXT, **ar.SAY}),
    "ary": Voice("ar", 185, {**ary.TEXT, **ary.SAY}),
    "en": Voice("en-gb", 160, {**en.TEXT, **en.SAY}),
    "fr": Voice("fr", 160, {**fr.TEXT, **fr.SAY}),
}
_PACKING: Final = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}]


def record(language: str, folder: Path = FOLDER) -> int:
    """Speak and write one pack; answers its size in bytes. The same words give the same bytes."""
    voice = VOICES[language]
    clips = {said: speak(voice, said) for said in sorted(set(voice.script.values()))}
    recording = encode(np.concatenate(list(clips.values())), Codec.PCMU).tobytes()
    packed = lzma.compress(recording, filters=_PACKING)
    (folder / f"{language}.ulaw.xz").write_bytes(packed)
    (folder / f"{language}.json").write_text(_index(language, voice, clips), "utf-8")
    return len(packed)


def speak(voice: Voice, said: str) -> Samples:
    return clip(*espeak.say(said, voice.name, voice.words_per_minute))


def _index(language: str, voice: Voice, clips: Mapping[str, Samples]) -> str:
    starts = np.cumsum([0, *map(len, clips.values())]).tolist()
    place = {
        said: [start, len(clips[said])] for said, start in zip(clips, starts[:-1], strict=True)
    }
    index = {
        "language": language,
        "voice": f"espeak-ng {espeak.version()}, {voice.name}",
        "script": digest(voice.script),
        "clips": {key: place[said] for key, said in sorted(voice.script.items())},
    }
    return json.dumps(index, ensure_ascii=False, separators=(",", ":")).replace("],", "],\n") + "\n"


def main(languages: list[str]) -> None:
    for language in languages or list(VOICES):
        size = record(language)
        print(f"{language}: {len(VOICES[language].script)} keys, {size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
