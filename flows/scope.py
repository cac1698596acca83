"""What a running flow can read: the call, the contact and the variables set so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
"""The values of a flow are those of JSON; ``None`` is a value that is missing."""


class Direction(StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"


class CallStatus(StrEnum):
    """``sys.callStatus``: where the call stands, as the session has been told."""

    NEW = "new"
    """Neither dialed nor answered."""
    DIALING = "dialing"
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    ERROR = "error"
    HUNG_UP = "hung_up"


UP = (CallStatus.ANSWERED, CallStatus.VOICEMAIL)
"""Somebody or something listens: media can be played."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call, as it is known before it starts. All values are JSON's."""

    call_id: str
    organization_id: str
    contact_id: str | None = None
    contact_phone: str | None = None
    """E.164, the number that is called."""
    program_id: str | None = None
    direction: Direction = Direction.OUTBOUND
    contact: Mapping[str, Scalar] = field(default_factory=dict)
    """The contact's fields by their wire names: ``firstName``, ``city``…"""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    """The contact's custom attributes by slug."""

    @property
    def contact_name(self) -> str | None:
        full = self.contact.get("fullName")
        parts = (self.contact.get("firstName"), self.contact.get("lastName"))
        return str(full) if full else " ".join(str(part) for part in parts if part) or None


@dataclass(slots=True)
class Scope:
    """The mutable part of a session that nodes see."""

    context: CallContext
    variables: dict[str, Scalar] = field(default_factory=dict)
    status: CallStatus = CallStatus.NEW
    answered_by: str = "none"
    retries: int = 0
    """How often the node that is running has asked again; 0 at its entry."""


class NodeFault(Exception):
    """A node cannot do its work with the values it was given: it leaves by ``onError``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
