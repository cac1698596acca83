"""What audience rules know of a contact's calls: one row a contact, written with its outcomes.

It is told from the attempts themselves each time, so an outcome that replaces another, or comes
twice, leaves it right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from engine.program.report import CallReport
from engine.store.pool import Connection

KEYS = re.compile(r"[0-9*#]{1,32}")
LONGEST_VARIABLE = 64

REMEMBER = """
INSERT INTO call_history AS h (org_id, contact_id, attempts, last_outcome, last_called_at, pressed)
SELECT $1, c.id, a.attempts, a.last_outcome,
    to_char(a.last_called_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), c.pressed
FROM (SELECT key::uuid AS id, value AS pressed FROM jsonb_each($2::jsonb) ORDER BY 1) c
CROSS JOIN LATERAL (
    SELECT count(*) AS attempts, max(t.dialed_at) AS last_called_at,
        (array_agg(t.result ORDER BY t.dialed_at DESC))[1] AS last_outcome
    FROM attempt t
    WHERE t.org_id = $1 AND t.contact_id = c.id AND t.result <> 'cancelled'
) a
WHERE a.attempts > 0
ON CONFLICT (org_id, contact_id) DO UPDATE
SET attempts = EXCLUDED.attempts, last_outcome = EXCLUDED.last_outcome,
    last_called_at = EXCLUDED.last_called_at, pressed = h.pressed || EXCLUDED.pressed
"""


async def remember(
    connection: Connection,
    org_id: UUID,
    ended: Sequence[tuple[UUID, UUID | None, CallReport]],
) -> None:
    """Contact, flow and report of each call that ended, in the order they did.

    In the transaction that closes their attempts.
    """
    pressed: dict[str, dict[str, str]] = {}
    for contact_id, flow_id, report in ended:
        pressed.setdefault(str(contact_id), {}).update(_pressed(flow_id, report))
    if pressed:
        await connection.execute(REMEMBER, org_id, pressed)


def _pressed(flow_id: UUID | None, report: CallReport) -> dict[str, str]:
    """``FLOW.VARIABLE`` to the keys it held at the call's end."""
    return {
        f"{flow_id}.{name}": value
        for name, value in (report.variables or {}).items()
        if len(name) <= LONGEST_VARIABLE and isinstance(value, str) and KEYS.fullmatch(value)
    }
