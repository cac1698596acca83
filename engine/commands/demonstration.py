"""``gomobile demo``: a campaign that really rings, on this machine alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def demo(
    folder: Annotated[Path, typer.Option(help="Where its traces are written.")] = Path("var/demo"),
) -> None:
    """Run a whole campaign over real SIP and RTP on loopback, and check every contact."""
    from engine.demo.client import ApiRefused
    from engine.demo.processes import DemoFailed
    from engine.demo.run import run

    console = Console(highlight=False)
    try:
        as_expected = asyncio.run(run(folder, console))
    except (DemoFailed, ApiRefused) as problem:
        typer.echo(f"gomobile demo: {problem}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if as_expected else 1)
