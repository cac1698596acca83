"""A playlist is one stream of samples: clips joined without a gap, cut into packets (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from media.g711 import Encoded

Playlist: TypeAlias = Sequence[Encoded]
"""Clips in the order they are heard: one-dimensional, contiguous, in the codec of the stream. They
are read and never copied, so a thousand calls share them; nobody may change them any more."""

Frame: TypeAlias = memoryview | bytes


def samples(playlist: Playlist) -> int:
    """Length in samples, which for G.711 are bytes."""
    return sum(len(clip) for clip in playlist)


def frames(playlist: Playlist, size: int, silence: int) -> Iterator[Frame]:
    """Frames of ``size`` bytes; one that lies across a border holds the end of one clip and the
    start of the next, and the last one is filled up with the byte ``silence``."""
    carried = b""
    for clip in playlist:
        view = clip.data
        start = 0
        if carried:
            start = size - len(carried)
            carried += view[:start]
            if len(carried) < size:
                continue
            yield carried
        end = len(view) - (len(view) - start) % size
        for at in range(start, end, size):
            yield view[at : at + size]
        carried = bytes(view[end:])
    if carried:
        yield carried.ljust(size, bytes([silence]))
