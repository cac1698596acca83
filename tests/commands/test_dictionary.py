"""A script for a voice artist, and her takes brought back, against a real database."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result
from typer.testing import CliRunner

from engine.commands.gomobile import gomobile
from media.dictionaries import grammar
from media.dictionaries.parts import PAUSES
from tests.commands.test_operator import ACME, IN_MOROCCO, Run, answer

RATE = 44_100


@pytest.fixture
def run(database: str) -> Run:
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(gomobile, words, env={"GOMOBILE_DATABASE_URL": database})

    return invoke


def script(*words: str) -> list[dict[str, str]]:
    printed = CliRunner().invoke(gomobile, ("dictionary", "script", *words))
    assert printed.exit_code == 0, printed.output
    return list(csv.DictReader(io.StringIO(printed.stdout), delimiter="\t"))


def test_the_script_has_every_key_with_its_words_and_its_place() -> None:
    rows = script("fr-BE")
    assert {row["key"] for row in rows} == grammar("fr-BE").keys() - set(PAUSES)
    assert all(row["text"] and row["place"] for row in rows)
    assert {"key": "number.21", "text": "vingt et un", "place": "anywhere"} in rows


def test_the_script_can_ask_for_each_word_rising_and_falling() -> None:
    rows = script("en", "--tones")
    places = {row["key"]: row["place"] for row in rows}
    assert len(rows) == 3 * len(script("en"))
    assert places["number.7~rising"] == "rises before a pause"
    assert places["number.7~falling"] == "falls: nothing follows"


def test_a_language_nobody_knows_has_no_script() -> None:
    refused = CliRunner().invoke(gomobile, ("dictionary", "script", "tlh"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "tlh" in refused.stderr


def take(file: Path, seconds: float, level: float) -> None:
    """A word in a second of silence on either side."""
    word = level * np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * 220 / RATE)
    soundfile.write(file, np.concatenate([np.zeros(RATE), word, np.zeros(RATE)]), RATE)


def test_takes_are_imported_levelled_and_trimmed(run: Run, tmp_path: Path) -> None:
    answer(run(*ACME, *IN_MOROCCO, "--json"))
    owner = ("--organization", "acme-calls", "--email", "anna@acme.example")
    into = (*owner, "--name", "Anna", "--language", "fr", "--json")
    takes = tmp_path / "takes"
    takes.mkdir()
    empty = run("dictionary", "import", str(takes), *into)
    assert (empty.exit_code, "NOTHING_TO_IMPORT" in empty.stderr) == (1, True)
    take(takes / "number.7.wav", 0.4, 0.02)
    take(takes / "number.8~falling.flac", 0.5, 0.9)
    take(takes / "Fès.wav", 0.6, 0.5)
    take(takes / "silent.wav", 0.6, 0.0)
    (takes / "notes.txt").write_text("no audio")
    (takes / ".DS_Store").write_bytes(b"x")
    made = answer(run("dictionary", "import", str(takes), *into))
    assert (made["imported"], made["otherWords"]) == (3, 1)
    assert [told.partition(":")[0] for told in made["refused"]] == ["notes.txt", "silent.wav"]
    assert made["missing"] == len(script("fr")) - 1
    take(takes / "number.8.wav", 0.5, 0.3)
    again = answer(run("dictionary", "import", str(takes), *into))
    assert again["dictionaryId"] == made["dictionaryId"]
    assert (again["imported"], again["missing"]) == (4, made["missing"] - 1)
