"""Utterances into clips, once each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np

from media import wav
from media.dictionaries.clip import Silent, clip
from media.g711 import Samples

from .engine import Engine, NoVoice, Utterance
from .espeak import EspeakNg
from .piper import Piper

MOST_BYTES: Final = 1 << 30
_TRIMMED_EVERY: Final = 256
"""Renderings between two looks at the cache's size."""


@dataclass(slots=True)
class Studio:
    """The engines of a machine, the best first, and what they have said."""

    cache: Path
    engines: Sequence[Engine]
    most_bytes: int = MOST_BYTES
    _rendered: int = 0

    @classmethod
    def here(cls, data_dir: Path) -> Studio:
        """piper with the models in ``voices``, then espeak-ng; clips in ``spoken``."""
        return cls(data_dir / "spoken", (Piper(data_dir / "voices"), EspeakNg()))

    def find(self, language: str, voice: str | None = None) -> tuple[Engine, str]:
        """Who would speak. Raises ``NoVoice``."""
        wanted, _, name = (voice or "").partition(":")
        for engine in self.engines:
            asked = voice is None or engine.name == wanted
            if asked and (found := engine.find(language, name or None)):
                return engine, found
        raise NoVoice("no_voice", _nobody(language, voice))

    def render(self, utterance: Utterance) -> Samples:
        """8 kHz, trimmed and at the level of prompts. Blocks; raises ``NoVoice``."""
        engine, voice = self.find(utterance.language, utterance.voice)
        kept = self.cache / f"{_digest(engine.name, voice, utterance.text)}.wav"
        if (held := _read(kept)) is not None:
            return held
        samples, rate = engine.speak(utterance.text, voice)
        try:
            made = clip(samples, rate)
        except Silent:
            raise NoVoice("voice_failed", f"{engine.name} has no sound for the text.") from None
        self._keep(kept, made)
        return made

    def _keep(self, file: Path, samples: Samples) -> None:
        """Whole or not at all, whoever else renders the same."""
        self.cache.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{uuid4().hex}")
        part.write_bytes(wav.to_wav(samples))
        part.replace(file)
        self._rendered += 1
        if self._rendered % _TRIMMED_EVERY == 0:
            self.trim()

    def trim(self) -> None:
        """The clips that nobody has asked for longest leave when there are too many bytes."""
        files = [(entry.stat(), entry.path) for entry in os.scandir(self.cache)]
        excess = sum(stat.st_size for stat, _ in files) - self.most_bytes
        for stat, path in sorted(files, key=lambda found: found[0].st_mtime):
            if excess <= 0:
                return
            Path(path).unlink(missing_ok=True)
            excess -= stat.st_size


def _read(file: Path) -> Samples | None:
    try:
        held = np.frombuffer(file.read_bytes()[len(wav.header(0)) :], "<i2")
        os.utime(file)
    except FileNotFoundError:
        return None
    return held


def _digest(*told: str) -> str:
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _nobody(language: str, voice: str | None) -> str:
    if voice is not None:
        return f"There is no voice {voice!r} on this machine."
    return (
        f"No voice here speaks {language!r}: install espeak-ng, or piper with a model in the folder"
        " voices of the data folder."
    )
