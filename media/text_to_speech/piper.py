"""piper: neural voices, one model a file, where its program and models are on the machine.

A model is ``LANGUAGE_COUNTRY-NAME-QUALITY.onnx`` with ``….onnx.json`` beside it, as piper's voices
are published; the latter names its language and its rate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from .engine import NoVoice, Spoken, run, tags

PROGRAM: Final = "piper"


@dataclass(frozen=True, slots=True)
class Piper:
    folder: Path
    """Where the models are."""
    name: str = "piper"

    def find(self, language: str, voice: str | None) -> str | None:
        """Voices are named by their models' files, without ``.onnx``."""
        if shutil.which(PROGRAM) is None:
            return None
        models = list(self._models())
        if voice is not None:
            return voice if voice in models else None
        for tag in tags(language):
            for model in models:
                if tag in tags(model.partition("-")[0]):
                    return model
        return None

    def speak(self, text: str, voice: str) -> Spoken:
        model = self.folder / f"{voice}.onnx"
        try:
            rate = int(
                json.loads(model.with_suffix(".onnx.json").read_text())["audio"]["sample_rate"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise NoVoice("voice_failed", f"{model}.json does not name its rate.") from None
        raw = run([PROGRAM, "--model", str(model), "--output_raw"], f"{text}\n")
        samples = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2")
        return samples.astype(np.float32) / np.float32(32768), rate

    def _models(self) -> Iterator[str]:
        """In the order of their names, so that the choice among several is the same everywhere."""
        for model in sorted(self.folder.glob("*.onnx")):
            if model.with_suffix(".onnx.json").is_file():
                yield model.stem
