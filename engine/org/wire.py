"""How bodies say "not given", and how instants look: the manner of every resource."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, WithJsonSchema

from flows.wire import Wire


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


Instant = Annotated[
    datetime,
    PlainSerializer(iso, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""What a resource answers; bodies take any aware date-time (``pydantic.AwareDatetime``)."""


def optional() -> Any:
    """The default of a field that may be left out of a change and never be ``null``."""
    return Field(default=None, json_schema_extra=_without_default)


def given(body: Wire) -> dict[str, Any]:
    """The fields a client sent, by their Python names, as JSON; inner bodies by wire names."""
    dumped = body.model_dump(mode="json", by_alias=True, include=body.model_fields_set)
    fields = type(body).model_fields
    return {name: dumped[fields[name].alias or name] for name in body.model_fields_set}


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)
