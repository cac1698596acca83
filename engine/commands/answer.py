"""How a command answers: a table for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from engine.config import read_settings
from engine.errors import GomobileError, Invalid
from engine.store.database import open_store
from engine.store.pool import Connection, transaction
from engine.store.row import Row

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")]
R = TypeVar("R", bound=Row)


def create(work: Callable[[Connection], Awaitable[R]], as_json: bool) -> None:
    """Do one piece of work in one transaction of the configured database, and show the row."""
    with told(as_json):
        row = asyncio.run(_in_transaction(work))
        show(row.model_dump(mode="json", by_alias=True), as_json)


async def _in_transaction(work: Callable[[Connection], Awaitable[R]]) -> R:
    settings = read_settings(os.environ)
    async with (
        open_store(settings.data_dir, settings.database_url) as pool,
        transaction(pool) as connection,
    ):
        return await work(connection)


def show(value: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
        return
    show_table(["", ""], [(name, _plain(field)) for name, field in value.items()])


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*headings, box=None, show_header=any(headings), pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, soft_wrap=True).print(table)


@contextmanager
def told(as_json: bool) -> Iterator[None]:
    """An error of ours as a sentence (or as ``{code, message}``) and exit status 1."""
    try:
        yield
    except GomobileError as error:
        message = _sentence(error)
        typer.echo(
            json.dumps({"code": error.code, "message": message}, ensure_ascii=False)
            if as_json
            else f"gomobile: {message}",
            err=True,
        )
        raise typer.Exit(1) from None


def _sentence(error: GomobileError) -> str:
    if not isinstance(error, Invalid) or not error.fields:
        return str(error)
    found = (f"{field}: {p.message}" for field, problems in error.fields.items() for p in problems)
    return f"{error} {' '.join(found)}"


def _plain(value: object) -> str:
    if value is None:
        return "-"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
