"""``gomobile trunk``: the operator's lines to carriers."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from engine.commands.answer import Json, create, told
from engine.config import read_settings
from engine.org.secret import Secret
from engine.org.trunk import PASSWORD
from engine.program.presentation import Identity, NumberFormat
from engine.secret import installation_secret
from engine.store import trunk
from engine.store.pool import Connection

commands = typer.Typer(name="trunk", help="Trunks.", no_args_is_help=True)


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@commands.callback()
def _trunk() -> None:
    """Trunks: where calls leave for the telephone network."""


@commands.command("create")
def create_trunk(
    name: Annotated[str, typer.Argument()],
    host: Annotated[str, typer.Option(help="The carrier's SIP server: a name or an address.")],
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="What DNS says if not given, else 5060.")
    ] = None,
    transport: Annotated[
        Transport | None, typer.Option(help="What DNS says if not given, else udp.")
    ] = None,
    large_over_tcp: Annotated[
        bool, typer.Option("--large-over-tcp", help="Requests over 1,300 bytes go by TCP.")
    ] = False,
    domain: Annotated[str | None, typer.Option(help="In From and To; the host if not given.")] = (
        None
    ),
    username: Annotated[str | None, typer.Option(help="For digest authentication.")] = None,
    password: Annotated[str | None, typer.Option(envvar="TRUNK_PASSWORD", show_envvar=True)] = None,
    channels: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 1000,
    calls_per_second: Annotated[float, typer.Option(min=0.01)] = 50.0,
    codec: Annotated[list[str] | None, typer.Option(help="PCMA or PCMU, liked best first.")] = None,
    number_format: Annotated[
        NumberFormat, typer.Option(help="How the carrier wants numbers.")
    ] = NumberFormat.E164,
    country: Annotated[str | None, typer.Option(help="What national means: MA, FR...")] = None,
    prefix_rule: Annotated[
        list[str] | None, typer.Option(help="PREFIX=REPLACEMENT, as in +212=0; before the format.")
    ] = None,
    identity: Annotated[
        Identity, typer.Option(help="P-Asserted-Identity or P-Preferred-Identity.")
    ] = Identity.NONE,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Show callees no number.")] = False,
    diversion: Annotated[str | None, typer.Option(help="E.164, in Diversion.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="NAME: VALUE; {callId}, {contactId}... are filled in.")
    ] = None,
    user_to_user: Annotated[str | None, typer.Option(help="In User-to-User, likewise.")] = None,
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
            transport=transport.value if transport else None,
            large_over_tcp=large_over_tcp,
            number_format=number_format,
            country=country,
            prefix_rules=prefix_rule or (),
            identity=identity,
            anonymous=anonymous,
            diversion=diversion,
            headers=header or (),
            user_to_user=user_to_user,
        )

    create(work, as_json)


def _secret() -> Secret:
    return installation_secret(read_settings(os.environ))
