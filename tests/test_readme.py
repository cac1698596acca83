"""What README says is true: its commands run, its settings exist, its map is the tree."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.commands.gomobile import gomobile
from engine.config import Settings, describe_settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(first: str) -> list[list[str]]:
    """The commands of the shell blocks that begin with that word, comments cut off."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).replace("\\\n", " ")
    split = [shlex.split(line, comments=True) for line in blocks.splitlines()]
    return [words for words in split if words and words[0] == first]


def test_the_operators_commands_run_as_they_stand(database: str) -> None:
    environment = {"GOMOBILE_DATABASE_URL": database}
    create = [words[1:] for words in commands("gomobile") if "create" in words]
    assert len(create) == 5
    for words in create:
        result = CliRunner().invoke(gomobile, words, env=environment)
        assert result.exit_code == 0, f"{words}: {result.output}"


@pytest.mark.parametrize("words", commands("gomobile"), ids=" ".join)
def test_every_command_is_known(words: list[str]) -> None:
    nouns = [word for word in words[1:3] if word.replace("-", "").isalpha()]
    result = CliRunner().invoke(gomobile, [*nouns, "--help"])
    assert result.exit_code == 0, result.output


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for words in commands("make"):
        assert f"\n{words[1]}:" in makefile


def test_the_settings_are_those_there_are() -> None:
    table = re.findall(r"^\| `(GOMOBILE_\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    shown = [(variable, default.strip("`"), about) for variable, default, about in table]
    assert shown == [
        (row["variable"], row["default"], row["about"]) for row in describe_settings(Settings())
    ]


def test_every_folder_of_the_map_is_there() -> None:
    mapped = README.partition("## Map")[2].partition("## ")[0]
    folders = re.findall(
        r"`([a-z/_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", mapped, re.MULTILINE))
    )
    assert folders
    for folder in folders:
        assert (ROOT / folder).is_dir(), folder
