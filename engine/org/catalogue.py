"""Which clips an organization's audio and dictionaries are now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

ClipHash: TypeAlias = bytes
"""The digest of a clip's original, under which it is kept."""


def word_hash(original: ClipHash) -> ClipHash:
    """Of a word of a dictionary: the same file as a prompt is prepared otherwise."""
    return hashlib.sha256(b"word" + original).digest()


@dataclass(frozen=True, slots=True)
class Catalogue:
    audio: Mapping[str, ClipHash]
    """By audio id."""
    words: Mapping[tuple[str, str], ClipHash]
    """By dictionary id and key."""

    def clips(self) -> set[ClipHash]:
        return {*self.audio.values(), *self.words.values()}
