"""What speech costs: ``python -m benchmarks.speech [--quick]``.

Numbers into keys, beside num2words for the same numbers in the same run (the library gives text,
which would still have to become clips), then keys into frames as a stream takes them. That no audio
is copied is checked, not supposed: the frames inside a clip share the pack's memory.

Columns: µs for one number, best of several rounds; its ratio to num2words' French.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from num2words import num2words

from engine.call.speech import Voice
from flows.effects import Audible, SpokenCurrency
from media import playlist
from media.dictionaries import grammar
from media.dictionaries.pack import SystemPack, preload
from media.g711 import SAMPLE_RATE, Codec, silence

FRAME = SAMPLE_RATE // 50
LIMIT = 0.5
"""Of num2words' time, that French may take."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    us: float
    ratio: float


def best(work: Callable[[int], object], numbers: Sequence[int], rounds: int) -> float:
    """µs for one of the numbers, in the quickest round."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        for number in numbers:
            work(number)
        took.append(time.perf_counter() - start)
    return min(took) / len(numbers) * 1e6


def amount(number: int) -> Audible:
    return SpokenCurrency(Decimal(number), "MAD", "fr")


def heard(number: int) -> int:
    """Every frame of an amount, from the value to the bytes that a socket is given."""
    clips = Voice({}, {}).playlist((amount(number),), Codec.PCMA)
    return sum(1 for _ in playlist.frames(clips, FRAME, silence(Codec.PCMA)))


def copied(numbers: Sequence[int]) -> float:
    """The part of the audio that is copied on its way to the frames: those across two clips."""
    pack = SystemPack.load("fr")
    owners = {id(clip.base) for clip in (pack.encoded(key, Codec.PCMA) for key in pack.keys)}
    copies = frames = 0
    for number in numbers:
        clips = Voice({}, {}).playlist((amount(number),), Codec.PCMA)
        assert {id(clip.base) for clip in clips} <= owners, "a clip was copied"
        made = list(playlist.frames(clips, FRAME, silence(Codec.PCMA)))
        frames += len(made)
        copies += sum(isinstance(frame, bytes) for frame in made)
        assert all(shared(frame, clips) for frame in made), "a frame was copied"
    return copies / frames


def shared(frame: playlist.Frame, clips: playlist.Playlist) -> bool:
    if isinstance(frame, bytes):
        return True
    return any(np.shares_memory(np.frombuffer(frame, np.uint8), clip) for clip in clips)


def measure(count: int, rounds: int) -> tuple[list[Figure], float]:
    preload()
    numbers = random.Random(6).sample(range(10**6), count)
    library = best(lambda n: num2words(n, lang="fr"), numbers, rounds)
    figures = [Figure("num2words, fr: text", library, 1.0)]
    for tag in ("fr", "en", "ar", "ary"):
        us = best(grammar(tag).number, numbers, rounds)
        figures.append(Figure(f"{tag}: number to keys", us, us / library))
    for tag in ("fr", "ar"):
        spoken = grammar(tag)
        us = best(lambda n, spoken=spoken: spoken.currency(n, "MAD"), numbers, rounds)  # type: ignore[misc]
        figures.append(Figure(f"{tag}: dirhams to keys", us, us / library))
    few = numbers[: count // 10]
    us = best(lambda n: Voice({}, {}).playlist((amount(n),), Codec.PCMA), few, rounds)
    figures.append(Figure("fr: dirhams to clips", us, us / library))
    us = best(heard, few, rounds)
    figures.append(Figure("fr: dirhams to every frame", us, us / library))
    return figures, copied(few[:50])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 5 s")
    parser.add_argument("--json", type=Path, default=Path("var/benchmarks/speech.json"))
    arguments = parser.parse_args()
    figures, copies = measure(*((2_000, 3) if arguments.quick else (20_000, 5)))
    print(f"{'':28} {'µs':>8} {'ratio':>7}")
    for figure in figures:
        print(f"{figure.name:28} {figure.us:8.2f} {figure.ratio:7.3f}")
    print(f"\nFrames that are views of the shared recording: {1 - copies:.1%};")
    print("the others lie across two clips and are put together, 160 bytes each.")
    french = figures[1]
    print(f"French takes {french.ratio:.3f} of num2words' time (at most {LIMIT}).")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    table = {"figures": [asdict(figure) for figure in figures], "copied": copies}
    arguments.json.write_text(json.dumps(table, indent=2))
    print(f"\n{arguments.json}")
    raise SystemExit(french.ratio > LIMIT)


if __name__ == "__main__":
    main()
