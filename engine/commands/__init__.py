"""The ``gomobile`` command: one module a noun, composed here.

What the operator does before there is a key (``organization``, ``key``, ``trunk``, ``did``), what
runs (``serve``, ``simulate-carrier``, ``demo``) and what explains (``settings``). Each command
prints for people, or with ``--json`` one JSON value for programs; errors go to the error stream as
one sentence, with ``--json`` as ``{code, message}``, and the exit status is 1. Imported by
``engine.__main__`` alone.
"""

from __future__ import annotations

import typer

from engine.commands import (
    carrier,
    demonstration,
    did,
    key,
    organization,
    serve,
    settings,
    trunk,
)

gomobile = typer.Typer(
    name="gomobile",
    help="An outbound voice campaign engine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
gomobile.command("serve")(serve.serve)
gomobile.command("simulate-carrier")(carrier.simulate_carrier)
gomobile.command("demo")(demonstration.demo)
gomobile.command("settings")(settings.settings)
for noun in (organization, key, trunk, did):
    gomobile.add_typer(noun.commands)

__all__ = ["gomobile"]
