"""espeak-ng: a hundred languages by rule, small and quick, from Debian's package."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Final

import soundfile

from .engine import NoVoice, Spoken, run, tags

PROGRAM: Final = "espeak-ng"
WORDS_PER_MINUTE: Final = 150
"""The program's own 175 is fast for a telephone."""
_OTHERS: Final = re.compile(r"\((\S+) (\d+)\)")
"""``(fr 5)``: a voice that speaks another tag's language too; the lower, the better."""
_STAND_INS: Final = {"ary": "ar"}
"""Languages without a voice, and whose voice reads their script."""


class EspeakNg:
    name = "espeak-ng"

    def find(self, language: str, voice: str | None) -> str | None:
        """Voices are named as ``espeak-ng -v`` takes them: ``fr``, ``fr-be``, ``en-gb``."""
        known = voices()
        if voice is not None:
            return voice if voice in known.values() else None
        own = next((known[tag] for tag in tags(language) if tag in known), None)
        stand_in = _STAND_INS.get(language.lower().partition("-")[0])
        return own or known.get(stand_in or "")

    def speak(self, text: str, voice: str, words_per_minute: int = WORDS_PER_MINUTE) -> Spoken:
        """``[[`` would begin phonemes, which a text does not hold."""
        return say(text.replace("[[", " "), voice, words_per_minute)


def say(text: str, voice: str, words_per_minute: int) -> Spoken:
    """As the program reads it, phonemes in ``[[…]]`` too. Raises ``NoVoice``."""
    command = [PROGRAM, "-v", voice, "-s", str(words_per_minute), "-z", "-b", "1"]
    wave = run([*command, "--stdin", "--stdout"], text)
    try:
        samples, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    except soundfile.SoundFileError:
        raise NoVoice("voice_failed", f"{PROGRAM} gave no audio.") from None
    return samples, rate


@cache
def voices() -> Mapping[str, str]:
    """Voice by language tag in lower case; empty where the program is not installed."""
    if shutil.which(PROGRAM) is None:
        return {}
    listed = subprocess.run([PROGRAM, "--voices"], capture_output=True, check=True, text=True)
    own: dict[str, str] = {}
    besides: list[tuple[int, str, str]] = []
    for line in listed.stdout.splitlines()[1:]:
        _, tag, _, _, file, *others = line.split()
        if not file.startswith("mb/"):  # these need the voices of another program
            own.setdefault(tag.lower(), tag)
            found = _OTHERS.findall(" ".join(others))
            besides += [(int(rank), other.lower(), tag) for other, rank in found]
    return {**{other: tag for _, other, tag in sorted(besides, reverse=True)}, **own}


def version() -> str:
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True, text=True)
    return told.stdout.split()[3]
