"""What an engine is: it knows its voices, and speaks a text with one of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from media.wav import FloatSamples

Spoken: TypeAlias = tuple[FloatSamples, int]
"""Mono samples, full scale ±1, and their rate in Hz."""

LONGEST_S: Final = 30.0
"""An engine that takes longer for one text hangs."""


@dataclass(frozen=True, slots=True)
class Utterance:
    text: str
    language: str
    """BCP 47 tag."""
    voice: str | None = None
    """``ENGINE:NAME``; ``None``: the first engine that speaks the language."""


class NoVoice(Exception):
    """``code``: ``no_voice`` (nothing here speaks so) or ``voice_failed``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class Engine(Protocol):
    @property
    def name(self) -> str: ...

    def find(self, language: str, voice: str | None) -> str | None:
        """The name of the voice for a language, or of the one asked for; ``None``: not here."""
        ...

    def speak(self, text: str, voice: str) -> Spoken:
        """Raises ``NoVoice``."""
        ...


def tags(language: str) -> Iterator[str]:
    """The tag and what it begins with: ``fr-MA``, then ``fr``; in lower case."""
    tag = language.lower().replace("_", "-")
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def run(command: Sequence[str], text: str) -> bytes:
    """What a program says to the text on its standard input. Raises ``NoVoice``."""
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, check=True, timeout=LONGEST_S
        )
    except (OSError, subprocess.SubprocessError) as problem:
        said = getattr(problem, "stderr", None) or str(problem).encode()
        reason = said.decode(errors="replace").strip()[:200]
        raise NoVoice("voice_failed", f"{command[0]} did not speak: {reason}") from None
    return done.stdout
