"""``gomobile operator-key``: keys to the operator's routes of the API."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands.answer import Json, create
from engine.errors import NotFound
from engine.store import operator_key
from engine.store.pool import Connection

commands = typer.Typer(name="operator-key", help="Operator keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Who has it.")]


@commands.callback()
def _operator_key() -> None:
    """Operator keys: they open /api/operator, and nothing of any organization's."""


@commands.command("create")
def create_key(name: Name, as_json: Json = False) -> None:
    """Create an operator key. Its secret is shown this once."""

    async def work(connection: Connection) -> operator_key.NewOperatorKey:
        return await operator_key.create(connection, name)

    create(work, as_json)


@commands.command("revoke")
def revoke_key(name: Name, as_json: Json = False) -> None:
    """Revoke every key of that name; it is refused at once."""

    async def work(connection: Connection) -> operator_key.OperatorKey:
        revoked = await operator_key.revoke(connection, name)
        if not revoked:
            raise NotFound("OperatorKeyNotFoundError", f"There is no open key {name!r}.")
        return revoked[0]

    create(work, as_json)
