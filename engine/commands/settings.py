"""``gomobile settings``: every setting there is, and what it is now."""

from __future__ import annotations

import json
import os

import typer

from engine.commands.answer import Json, show_table, told
from engine.config import describe_settings, read_settings


def settings(as_json: Json = False) -> None:
    """List every setting: its environment variable, its value, and what it is for."""
    with told(as_json):
        rows = describe_settings(read_settings(os.environ))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    show_table(
        ["variable", "value", "about"],
        [(row["variable"], row["value"] or "-", row["about"]) for row in rows],
    )
