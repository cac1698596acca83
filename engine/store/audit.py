"""The audit log: who changed what, appended in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from engine.org.wire import Instant
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Row

State: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose request it was, and where it came from."""

    member_id: UUID | None = None
    key_id: UUID | None = None
    session_id: UUID | None = None
    operator_id: UUID | None = None
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    at: datetime
    action: str
    """The route: ``PUT /api/contact/{id}``."""
    path: str
    resource_id: UUID | None = None
    before: State | None = None
    after: State | None = None


class AuditEntry(Row):
    id: UUID
    at: Instant
    member_id: UUID | None
    key_id: UUID | None
    session_id: UUID | None
    operator_id: UUID | None
    action: str
    path: str
    resource_id: UUID | None
    request_id: str | None
    address: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


INSERT = """
INSERT INTO audit_entry (org_id, at, member_id, key_id, session_id, operator_id, action, path,
    resource_id, request_id, address, before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def record(connection: Connection, org_id: UUID, actor: Actor, change: Change) -> None:
    await connection.execute(
        INSERT,
        org_id,
        change.at,
        actor.member_id,
        actor.key_id,
        actor.session_id,
        actor.operator_id,
        change.action,
        change.path,
        change.resource_id,
        actor.request_id,
        actor.address,
        change.before,
        change.after,
    )


INSERT_OPERATORS = """
INSERT INTO operator_audit_entry (at, operator_id, action, path, request_id, address, before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def record_operators(connection: Connection, actor: Actor, change: Change) -> None:
    """Of what belongs to no organization."""
    await connection.execute(
        INSERT_OPERATORS,
        change.at,
        actor.operator_id,
        change.action,
        change.path,
        actor.request_id,
        actor.address,
        change.before,
        change.after,
    )


LIST = Listing(
    AuditEntry,
    """id, at, member_id, key_id, session_id, operator_id, action, path, resource_id, request_id,
    address, before, after""",
    """audit_entry WHERE org_id = $1 AND ($2::text IS NULL OR action ILIKE $2 OR path ILIKE $2)
    AND ($3::uuid IS NULL OR resource_id = $3) AND ($4::uuid IS NULL OR member_id = $4)""",
    {"at": "at", "action": "action"},
)


async def page(
    connection: Connection,
    org_id: UUID,
    query: Query,
    *,
    resource_id: UUID | None = None,
    member_id: UUID | None = None,
) -> Page[AuditEntry]:
    return await LIST.fetch(connection, query, org_id, query.pattern, resource_id, member_id)


FORGET = """
UPDATE audit_entry SET before = NULL, after = NULL WHERE org_id = $1 AND resource_id = $2
"""


async def forget(connection: Connection, org_id: UUID, resource_id: UUID) -> None:
    """What a resource was is gone, that it was changed stays: for the erasure of a person."""
    await connection.execute(FORGET, org_id, resource_id)


LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


async def take_turns(connection: Connection, path: str) -> None:
    """Changes of one resource follow each other until their transactions end, so that what was
    before is what the change met."""
    await connection.fetchrow(LOCK, path)
