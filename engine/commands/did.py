"""``gomobile did``: the numbers an organization may call from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from engine.commands.answer import Json, create
from engine.store import did, organization, trunk
from engine.store.pool import Connection

commands = typer.Typer(name="did", help="Numbers to call from.", no_args_is_help=True)


class Attestation(StrEnum):
    """RFC 8588 §4."""

    A = "A"
    B = "B"
    C = "C"


@commands.callback()
def _did() -> None:
    """DIDs: numbers to call from, each on a trunk, lent to an organization."""


@commands.command("create")
def create_did(
    number: Annotated[str, typer.Argument(help="E.164, or as dialed in the organization.")],
    organization_slug: Annotated[str, typer.Option("--organization", help="Its slug.")],
    trunk_name: Annotated[str, typer.Option("--trunk", help="Its name.")],
    description: Annotated[str | None, typer.Option()] = None,
    max_concurrent: Annotated[int | None, typer.Option(min=1, help="Calls at once.")] = None,
    calls_per_second: Annotated[float | None, typer.Option(min=0.01)] = None,
    daily_cap: Annotated[int | None, typer.Option(min=1, help="Calls a day.")] = None,
    attestation: Annotated[
        Attestation | None, typer.Option(help="Calls are signed (STIR/SHAKEN) with this.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a number and lend it to an organization."""

    async def work(connection: Connection) -> did.Did:
        owner = await organization.by_slug(connection, organization_slug)
        line = await trunk.by_name(connection, trunk_name)
        return await did.create(
            connection,
            owner.id,
            number=number,
            trunk_id=line.id,
            description=description,
            max_concurrent=max_concurrent,
            calls_per_second=calls_per_second,
            daily_cap=daily_cap,
            attestation=attestation,
        )

    create(work, as_json)
