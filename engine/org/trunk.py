"""Trunks: what the operator says of a line to a carrier."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from engine.org.wire import optional
from flows.wire import Wire

PASSWORD: Final = "trunk password"
"""The purpose trunk passwords are sealed for."""

Codec = Literal["PCMA", "PCMU"]


def _distinct(codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
    if len(set(codecs)) < len(codecs):
        raise PydanticCustomError("unique", "A codec is named twice.")
    return codecs


Name = Annotated[str, Field(min_length=1, max_length=64, examples=["carrier"])]
Host = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$",
        max_length=253,
        description="Address or name of the carrier's SIP server",
        examples=["192.0.2.10"],
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Credential = Annotated[str, Field(min_length=1, max_length=256)]
Channels = Annotated[int, Field(ge=1, le=1_000_000, description="Calls at once")]
Pace = Annotated[float, Field(ge=0.01, le=10_000, description="Calls a second")]
Codecs = Annotated[tuple[Codec, ...], Field(min_length=1), AfterValidator(_distinct)]
Status = Literal["active", "inactive"]


class NewTrunk(Wire):
    name: Name
    host: Host
    port: Port = 5060
    domain: Host | None = None
    """In From and To; the host where it is left out."""
    username: Credential | None = None
    password: Credential | None = None
    """For digest authentication; never answered."""
    channels: Channels = 1000
    calls_per_second: Pace = 50.0
    codecs: Codecs = ("PCMA", "PCMU")
    """Liked best first."""


class TrunkChange(Wire):
    """Only what is given changes; calls under way are left alone."""

    name: Name = optional()
    host: Host = optional()
    port: Port = optional()
    domain: Host | None = None
    username: Credential | None = None
    password: Credential | None = None
    channels: Channels = optional()
    calls_per_second: Pace = optional()
    codecs: Codecs = optional()
    status: Status = optional()
    """An inactive trunk takes no new call."""
