"""The do-not-call list: numbers that no program calls any more, or that one does not."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from engine.errors import Conflict, NotFound
from engine.store.page import Listing, Page, Query
from engine.store.pool import Connection
from engine.store.row import Authored

COLUMNS = """id, org_id, number, program_id, reason, call_id, created_at, updated_at, deleted_at,
    created_by, updated_by, deleted_by"""


class DoNotCall(Authored):
    number: str
    """E.164."""
    program_id: UUID | None
    """`null`: by none of the organization's programs."""
    reason: str | None
    call_id: UUID | None
    """The call in which it was asked for."""


INSERT = f"""
INSERT INTO do_not_call (org_id, number, program_id, reason, created_by, updated_by)
VALUES ($1, $2, $3, $4, $5, $5)
RETURNING {COLUMNS}
"""


async def add(
    connection: Connection,
    org_id: UUID,
    member_id: UUID,
    *,
    number: str,
    program_id: UUID | None,
    reason: str | None,
) -> DoNotCall:
    """``number`` in E.164. Raises ``Conflict`` (``DO_NOT_CALL_EXISTS``) and ``NotFound``
    (``ProgramNotFoundError``)."""
    try:
        record = await connection.fetchrow(INSERT, org_id, number, program_id, reason, member_id)
    except asyncpg.UniqueViolationError:
        raise Conflict("DO_NOT_CALL_EXISTS", f"{number} is on the list already.") from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("ProgramNotFoundError", "There is no such program.") from None
    return DoNotCall.of(record)


LIST = Listing(
    DoNotCall,
    COLUMNS,
    """do_not_call WHERE org_id = $1 AND deleted_at IS NULL
       AND ($2::text IS NULL OR number LIKE $2)""",
    {"createdAt": "created_at", "number": "number"},
)


async def page(connection: Connection, org_id: UUID, query: Query) -> Page[DoNotCall]:
    return await LIST.fetch(connection, query, org_id, query.pattern)


GET = f"""
SELECT {COLUMNS} FROM do_not_call WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL
"""


async def get(connection: Connection, org_id: UUID, entry_id: UUID) -> DoNotCall:
    record = await connection.fetchrow(GET, org_id, entry_id)
    if record is None:
        raise _missing()
    return DoNotCall.of(record)


DELETE = """
UPDATE do_not_call SET deleted_at = now(), deleted_by = $2
WHERE org_id = $1 AND id = $3 AND deleted_at IS NULL
RETURNING id
"""


async def delete(connection: Connection, org_id: UUID, member_id: UUID, entry_id: UUID) -> None:
    """The number may be called again."""
    if await connection.fetchval(DELETE, org_id, member_id, entry_id) is None:
        raise _missing()


def _missing() -> NotFound:
    return NotFound("DoNotCallNotFoundError", "There is no such entry.")
