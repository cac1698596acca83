"""``gomobile organization``: tenants, made by the operator."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError

from engine.commands.answer import Json, create, told
from engine.errors import FieldProblem, Invalid
from engine.org.organization import NewOrganization, Role, slug
from engine.org.plan import Plan
from engine.store import member, organization
from engine.store.pool import Connection

commands = typer.Typer(name="organization", help="Organizations.", no_args_is_help=True)


@commands.callback()
def _organization() -> None:
    """Organizations: who owns contacts, flows and programs."""


@commands.command("create")
def create_organization(
    name: Annotated[str, typer.Argument(help="3 to 64 characters.")],
    email: Annotated[str, typer.Option(help="Of its first member, an admin.")],
    country: Annotated[str, typer.Option(help="ISO 3166 alpha-2; how local numbers are read.")],
    timezone: Annotated[str, typer.Option(help="IANA name; what pause windows go by.")],
    currency: Annotated[str, typer.Option(help="ISO 4217.")],
    plan: Annotated[Plan, typer.Option()] = Plan.ENTERPRISE,
    slug_: Annotated[str, typer.Option("--slug", help="Made from the name if not given.")] = "",
    as_json: Json = False,
) -> None:
    """Create an organization and its first member."""
    with told(as_json):
        new = _read(
            name=name,
            slug=slug_ or slug(name),
            country=country,
            timezone=timezone,
            currency=currency,
            plan=plan,
        )

    async def work(connection: Connection) -> organization.Organization:
        made = await organization.create(connection, new)
        await member.create(connection, made.id, email, Role.ADMIN)
        return made

    create(work, as_json)


def _read(**fields: object) -> NewOrganization:
    try:
        return NewOrganization.model_validate(fields)
    except ValidationError as error:
        problems: dict[str, list[FieldProblem]] = {}
        for found in error.errors():
            name = ".".join(map(str, found["loc"]))
            problems.setdefault(name, []).append(FieldProblem(found["type"], found["msg"]))
        raise Invalid("The organization cannot be created.", fields=problems) from None
