"""``gomobile key``: API keys, the first of which nobody could ask the API for."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands.answer import Json, create
from engine.org.organization import Role
from engine.store import api_key, member, organization
from engine.store.pool import Connection

commands = typer.Typer(name="key", help="API keys.", no_args_is_help=True)


@commands.callback()
def _key() -> None:
    """API keys: what a client shows to act for an organization."""


@commands.command("create")
def create_key(
    organization_slug: Annotated[str, typer.Option("--organization", help="Its slug.")],
    email: Annotated[str, typer.Option(help="The member it acts for.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    prefix: Annotated[str, typer.Option(help="Its first characters; they are not secret.")] = "gm",
    role: Annotated[Role, typer.Option()] = Role.ADMIN,
    as_json: Json = False,
) -> None:
    """Create an API key. Its secret is shown this once."""

    async def work(connection: Connection) -> api_key.NewApiKey:
        owner = await organization.by_slug(connection, organization_slug)
        holder = await member.by_email(connection, owner.id, email)
        return await api_key.create(
            connection, owner.id, holder.id, name=name, prefix=prefix, role=role
        )

    create(work, as_json)
