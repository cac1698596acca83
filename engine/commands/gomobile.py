"""All commands, put together."""

from __future__ import annotations

import typer

from engine.commands import (
    carrier,
    demonstration,
    dictionary,
    did,
    key,
    member,
    operator_key,
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
for noun in (organization, member, key, trunk, did, dictionary, operator_key):
    gomobile.add_typer(noun.commands)

__all__ = ["gomobile"]
