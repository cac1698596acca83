"""Contacts as CSV, written by the database itself: no row passes through this process's objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from engine.org.attribute import AttributeType
from engine.org.audience import ATTRIBUTE_ROOT
from engine.store import custom_attribute
from engine.store.audience import Audience, as_engine
from engine.store.condition import condition
from engine.store.contact import WRITTEN
from engine.store.pool import Connection

FIELDS = tuple(name.strip() for name in WRITTEN.split(","))
# As ``api.table.harmless``: no spreadsheet takes the cell for a formula.
HARMLESS = r"""CASE WHEN {0} ~ '^[=@\t\r\n]'
    OR ({0} ~ '^[+-]' AND {0} !~ '^[+-][0-9 .]*[0-9][0-9 .]*$') THEN '''' || {0} ELSE {0} END"""
MEMBERS = "id IN (SELECT contact_id FROM audience_contact WHERE org_id = $1 AND audience_id = $2)"


async def export(
    connection: Connection, org_id: UUID, audience: Audience | None, path: Path
) -> int:
    """Every contact of the organization, or of one audience; how many there are.

    The columns bear the names a mapping of an ingestion takes; the order is that of creation.
    """
    types = await custom_attribute.types(connection, org_id)
    parameters: list[Any] = [org_id]
    belongs = _belongs(audience, types, parameters)
    sql = (
        f"SELECT {', '.join(_columns(types))} FROM contact "
        f"WHERE org_id = $1 AND deleted_at IS NULL AND {belongs} ORDER BY created_at, id"
    )
    async with as_engine(connection):
        done: str = await connection.copy_from_query(
            sql, *parameters, output=path, format="csv", header=True
        )
    return int(done.split()[-1])


def _belongs(
    audience: Audience | None, types: Mapping[str, AttributeType], parameters: list[Any]
) -> str:
    if audience is None:
        return "true"
    if audience.rules is None:
        parameters.append(audience.id)
        return MEMBERS
    return condition(audience.rules, types, parameters)


def _columns(types: Mapping[str, AttributeType]) -> list[str]:
    named = [(to_camel(name), name) for name in FIELDS]
    named += [
        ("otherPhones", "array_to_string(other_phones, ' ')"),
        ("channels", "array_to_string(channels, ' ')"),
    ]
    # A slug has letters, digits and underscores alone.
    named += [(f"{ATTRIBUTE_ROOT}{slug}", f"(custom_attributes ->> '{slug}')") for slug in types]
    harmless = [f'{HARMLESS.format(value)} AS "{name}"' for name, value in named]
    return [*harmless, 'created_at AS "createdAt"']
