"""``gomobile dictionary``: what a voice artist reads, and the takes brought back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.answer import Json, create, told
from engine.errors import Invalid
from engine.org.catalogue import word_hash
from engine.store import dictionary, member, organization
from engine.store.audio import Clip
from engine.store.pool import Connection
from engine.store.row import Row
from media.dictionaries import Grammar, UnknownLanguage, grammar
from media.dictionaries.prosody import TONES, bare
from media.dictionaries.script import lines
from media.prompts import prepare_word
from media.wav import AudioRejected

commands = typer.Typer(
    name="dictionary", help="Recorded words, number by number.", no_args_is_help=True
)


@commands.callback()
def _dictionary() -> None:
    """Dictionaries: the words that numbers, dates and amounts are spoken with."""


@commands.command("script")
def script(
    language: Annotated[str, typer.Argument(help="BCP 47 tag: ar, ary, fr-BE…")],
    tones: Annotated[
        bool, typer.Option(help="Also each word as it rises before a pause and falls at the end.")
    ] = False,
) -> None:
    """Print what a voice artist reads: key, words and their place, tab by tab.

    Each line becomes one recording, named KEY.wav (or .flac, .mp3, .ogg) in a folder.
    """
    with told(as_json=False):
        read = lines(_grammar(language))
        typer.echo("key\ttext\tplace")
        for line in read:
            typer.echo(f"{line.key}\t{line.text}\t{line.place}")
            for tone in TONES if tones else ():
                typer.echo(f"{line.key}{tone}\t{line.text}\t{tone.about}")


class Imported(Row):
    dictionary_id: str
    imported: int
    refused: list[str]
    """FILE: why."""
    other_words: int
    """Keys that the language's grammar never asks for: words of one's own."""
    missing: int
    """Keys that the system's dictionary still speaks."""


@commands.command("import")
def import_takes(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    organization_slug: Annotated[str, typer.Option("--organization", help="Its slug.")],
    email: Annotated[str, typer.Option(help="The member who does it.")],
    name: Annotated[str, typer.Option(help="The dictionary's; made where there is none.")],
    language: Annotated[str, typer.Option(help="BCP 47 tag.")],
    as_json: Json = False,
) -> None:
    """Bring a folder of takes into a dictionary, each levelled, and trimmed to its word."""

    async def work(connection: Connection) -> Imported:
        spoken = _grammar(language)
        owner = await organization.by_slug(connection, organization_slug)
        by = await member.by_email(connection, owner.id, email)
        takes = _takes(folder)
        into = await dictionary.by_name(connection, owner.id, name)
        if into is None:
            columns = {"name": name, "description": None, "language": language}
            into = await dictionary.create(connection, owner.id, by.id, columns)
        for take in takes:
            if take.clip is not None:
                await dictionary.put_entry(
                    connection, owner.id, into.id, take.key, take.clip, take.duration_ms
                )
        entries = await dictionary.entries(connection, owner.id, into.id)
        return _summary(str(into.id), takes, {entry.key for entry in entries}, spoken)

    create(work, as_json)


@dataclass(frozen=True, slots=True)
class Take:
    key: str
    file: str
    clip: Clip | None = None
    duration_ms: int = 0
    refused: str | None = None


def _takes(folder: Path) -> list[Take]:
    """Raises ``Invalid`` where no file can be used."""
    files = (file for file in folder.iterdir() if file.is_file() and file.name[0] != ".")
    takes = [_take(file) for file in sorted(files)]
    if not any(take.clip for take in takes):
        raise Invalid(f"There is no audio to import in {folder}.", code="NOTHING_TO_IMPORT")
    return takes


def _take(file: Path) -> Take:
    try:
        prepared = prepare_word(file)
    except AudioRejected as rejected:
        return Take(file.stem, file.name, refused=str(rejected))
    original = file.read_bytes()
    digest = word_hash(hashlib.sha256(original).digest())
    clip = Clip(digest, original, prepared.samples.astype("<i2").tobytes())
    return Take(file.stem, file.name, clip, prepared.duration_ms)


def _summary(id: str, takes: Sequence[Take], held: set[str], spoken: Grammar) -> Imported:
    wanted = {line.key for line in lines(spoken)}
    imported = [take.key for take in takes if take.clip]
    return Imported(
        dictionary_id=id,
        imported=len(imported),
        refused=[f"{take.file}: {take.refused}" for take in takes if take.refused],
        other_words=sum(bare(key) not in wanted for key in imported),
        missing=len(wanted - held),
    )


def _grammar(language: str) -> Grammar:
    try:
        return grammar(language)
    except UnknownLanguage as problem:
        raise Invalid(str(problem), code="UNKNOWN_LANGUAGE") from None
