"""``gomobile member``: the people of an organization, the first of whom nobody could invite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from engine.commands.answer import Json, create, told
from engine.errors import FieldProblem, Invalid
from engine.org.organization import Role
from engine.org.password import LONGEST, SHORTEST, hashed
from engine.store import member, organization, session
from engine.store.pool import Connection

commands = typer.Typer(name="member", help="Members.", no_args_is_help=True)

Slug = Annotated[str, typer.Option("--organization", help="Its slug.")]


@commands.callback()
def _member() -> None:
    """Members: the people of an organization."""


@commands.command("create")
def create_member(
    email: Annotated[str, typer.Argument()],
    organization_slug: Slug,
    role: Annotated[Role, typer.Option()] = Role.AGENT,
    first_name: Annotated[str | None, typer.Option()] = None,
    last_name: Annotated[str | None, typer.Option()] = None,
    as_json: Json = False,
) -> None:
    """Create a member, within the plan's limit."""

    async def work(connection: Connection) -> member.Member:
        owner = await organization.by_slug(connection, organization_slug)
        return await member.create(
            connection, owner.id, email, role, first_name=first_name, last_name=last_name
        )

    create(work, as_json)


@commands.command("password")
def set_password(
    email: Annotated[str, typer.Argument()],
    organization_slug: Slug,
    password: Annotated[
        str,
        typer.Option(envvar="MEMBER_PASSWORD", show_envvar=True, prompt=True, hide_input=True),
    ],
    as_json: Json = False,
) -> None:
    """Set a member's password, asked for where it is not given; its sessions end."""
    with told(as_json):
        _check(password)

    async def work(connection: Connection) -> member.Member:
        owner = await organization.by_slug(connection, organization_slug)
        found = await member.by_email(connection, owner.id, email)
        now = datetime.now(UTC)
        await session.set_password(connection, owner.id, found.id, hashed(password), now)
        return found

    create(work, as_json)


def _check(password: str) -> None:
    if SHORTEST <= len(password) <= LONGEST:
        return
    problem = FieldProblem("length", f"{SHORTEST} to {LONGEST} characters.")
    raise Invalid("The password cannot be set.", fields={"password": [problem]})
