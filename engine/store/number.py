"""What is known of the numbers about to be called: one statement for all a claim took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from engine.program.contact_rules import Standing
from engine.store.pool import Connection
from engine.store.target import Claimed

STANDINGS = """
SELECT w.execution_id, w.contact_id,
    EXISTS (SELECT FROM do_not_call d
            WHERE d.org_id = $1 AND d.number = w.number AND d.deleted_at IS NULL
              AND (d.program_id IS NULL OR d.program_id = e.program_id)) AS do_not_call,
    (SELECT c.kind = 'given' FROM consent c
     WHERE c.org_id = $1 AND c.number = w.number AND c.kind <> 'refused'
     ORDER BY c.said_at DESC, c.created_at DESC LIMIT 1) IS TRUE AS consented,
    (SELECT max(c.said_at) FROM consent c
     WHERE c.org_id = $1 AND c.number = w.number AND c.kind = 'refused') AS refused_at,
    CASE WHEN w.since IS NULL THEN '{}' ELSE ARRAY(
        SELECT a.dialed_at FROM attempt a
        WHERE a.org_id = $1 AND a.to_number = w.number AND a.dialed_at > w.since
          AND a.cause IS DISTINCT FROM 'not_dialed'
        ORDER BY a.dialed_at) END AS calls,
    EXISTS (SELECT FROM target t
            WHERE t.org_id = $1 AND t.contact_id = w.contact_id
              AND t.dialing_at IS NOT NULL) AS in_call
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
    AS w (execution_id, contact_id, number, since)
JOIN execution e ON e.org_id = $1 AND e.id = w.execution_id
"""


async def standings(
    connection: Connection,
    org_id: UUID,
    claimed: Sequence[Claimed],
    since: Mapping[UUID, datetime],
) -> dict[tuple[UUID, UUID], Standing]:
    """By execution and contact. ``since``: by execution, from when on calls count, if they do."""
    if not claimed:
        return {}
    rows = await connection.fetch(
        STANDINGS,
        org_id,
        [one.execution_id for one in claimed],
        [one.contact_id for one in claimed],
        [one.to_number for one in claimed],
        [since.get(one.execution_id) for one in claimed],
    )
    return {(row["execution_id"], row["contact_id"]): _standing(row) for row in rows}


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        do_not_call=row["do_not_call"],
        consented=row["consented"],
        refused_at=row["refused_at"],
        calls=tuple(row["calls"]),
        in_call=row["in_call"],
    )
