"""A row that knows its names on the wire: what a store function returns and the API sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from engine.org.wire import Instant
from flows.wire import Wire

Columns: TypeAlias = Mapping[str, Any]
"""Values by column, ready for JSON: what a client gave, checked."""


class Row(Wire):
    """Frozen; columns the row does not name are not for its reader."""

    model_config = ConfigDict(
        extra="ignore", validate_by_name=True, validate_by_alias=True, str_max_length=None
    )

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        return cls.model_validate(dict(record))

    @classmethod
    def of_found(cls, record: Mapping[str, Any] | None) -> Self | None:
        return None if record is None else cls.of(record)


class Owned(Row):
    """A row of one organization."""

    id: UUID
    org_id: UUID = Field(alias="organizationId")


class Authored(Owned):
    """A resource: who made it, who changed it, when, and whether it is gone."""

    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None
    created_by: UUID | None = None
    updated_by: UUID | None = None
    deleted_by: UUID | None = None


def instant(value: str | datetime | None) -> datetime | None:
    """A column's JSON form as what the driver takes."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
