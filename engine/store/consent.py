"""Consent records: what a number's owner said, where and when. Added, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from engine.org.wire import Instant
from engine.program.contact_rules import CALL_CONSENT, Said
from engine.program.report import CallReport
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Owned

Kind: TypeAlias = Literal["given", "withdrawn", "refused"]

COLUMNS = "id, org_id, number, kind, source, said_at, call_id, program_id, created_at, created_by"


class Consent(Owned):
    number: str
    """E.164."""
    kind: Kind
    source: str
    """Where it was said: a form, a contract, `call`."""
    said_at: Instant
    call_id: UUID | None
    program_id: UUID | None
    created_at: Instant
    created_by: UUID | None


INSERT = f"""
INSERT INTO consent (org_id, number, kind, source, said_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING {COLUMNS}
"""


async def record(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    number: str,
    kind: Kind,
    source: str,
    said_at: datetime,
) -> Consent:
    """``number`` in E.164."""
    row = await connection.fetchrow(INSERT, org_id, number, kind, source, said_at, member_id)
    return Consent.of(row)


LIST = Listing(
    Consent,
    COLUMNS,
    "consent WHERE org_id = $1 AND ($2::text IS NULL OR number LIKE $2)",
    {"saidAt": "said_at", "createdAt": "created_at", "number": "number"},
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[Consent]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


# A withdrawal is kept twice: as what was said, and as an entry of the list that stops calls.
SAID_IN_CALLS = """
WITH said AS (
    SELECT a.to_number AS number, a.id AS call_id, e.program_id, w.said, w.said_at
    FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::timestamptz[])
        AS w (call_id, dialed_at, said, said_at)
    JOIN attempt a ON a.org_id = $1 AND a.id = w.call_id AND a.dialed_at = w.dialed_at
    JOIN execution e ON e.org_id = $1 AND e.id = a.execution_id
), noted AS (
    INSERT INTO consent (org_id, number, kind, source, said_at, call_id, program_id)
    SELECT $1, number, CASE said WHEN 'given' THEN 'given' WHEN 'withdrawn' THEN 'withdrawn'
                       ELSE 'refused' END,
           'call', said_at, call_id, program_id
    FROM said
)
INSERT INTO do_not_call (org_id, number, program_id, reason, call_id)
SELECT $1, number, CASE said WHEN 'withdrawn_from_program' THEN program_id END, 'callConsent',
       call_id
FROM said WHERE said LIKE 'withdrawn%'
ON CONFLICT DO NOTHING
"""

SaidInCall: TypeAlias = tuple[UUID, datetime, Said, datetime]
"""Call, instant of its intent, what was said, and when the call ended."""


async def record_calls(connection: Connection, org_id: UUID, said: Sequence[SaidInCall]) -> None:
    """What callees said in calls, with the entries of the do-not-call list that follow."""
    if said:
        await connection.execute(SAID_IN_CALLS, org_id, *map(list, zip(*said, strict=True)))


def said_in(report: CallReport) -> Said | None:
    """What the flow left in ``callConsent``."""
    value = (report.variables or {}).get(CALL_CONSENT)
    return Said(value) if isinstance(value, str) and value in set(Said) else None
