"""``gomobile trunk``: the operator's lines to carriers."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from engine.commands.answer import Json, create, told
from engine.config import read_settings
from engine.org.secret import Secret
from engine.org.trunk import PASSWORD
from engine.secret import installation_secret
from engine.store import trunk
from engine.store.pool import Connection

commands = typer.Typer(name="trunk", help="Trunks.", no_args_is_help=True)


@commands.callback()
def _trunk() -> None:
    """Trunks: where calls leave for the telephone network."""


@commands.command("create")
def create_trunk(
    name: Annotated[str, typer.Argument()],
    host: Annotated[str, typer.Option(help="Address of the carrier's SIP server.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 5060,
    domain: Annotated[str | None, typer.Option(help="In From and To; the host if not given.")] = (
        None
    ),
    username: Annotated[str | None, typer.Option(help="For digest authentication.")] = None,
    password: Annotated[str | None, typer.Option(envvar="TRUNK_PASSWORD", show_envvar=True)] = None,
    channels: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 1000,
    calls_per_second: Annotated[float, typer.Option(min=0.01)] = 50.0,
    codec: Annotated[list[str] | None, typer.Option(help="PCMA or PCMU, liked best first.")] = None,
    as_json: Json = False,
) -> None:
    """Create a trunk."""

    with told(as_json):
        sealed = password and _secret().seal(password, PASSWORD)

    async def work(connection: Connection) -> trunk.Trunk:
        return await trunk.create(
            connection,
            name=name,
            host=host,
            port=port,
            domain=domain,
            username=username,
            password=sealed,
            channels=channels,
            calls_per_second=calls_per_second,
            codecs=codec or ("PCMA", "PCMU"),
        )

    create(work, as_json)


def _secret() -> Secret:
    return installation_secret(read_settings(os.environ))
