"""A contact as a person with a past: two that are one, and one who wants to be forgotten.

What was counted stays counted: rows of executions and calls are kept, with nothing in those of a
forgotten person that says who it was. Calls of a merged contact stay with the deleted row.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from engine.errors import Conflict, Invalid
from engine.store import audit, contact
from engine.store.contact import Contact
from engine.store.pool import Connection

# Two merges that name each other's contacts would wait for each other: one order for all.
LOCK = """
SELECT id FROM contact WHERE org_id = $1 AND id = ANY ($2) AND deleted_at IS NULL
ORDER BY id FOR UPDATE
"""
IN_CALL = """
SELECT EXISTS (SELECT FROM target
               WHERE state = 'leased' AND org_id = $1 AND contact_id = ANY ($2))
"""
FILLED = (
    *("first_name", "last_name", "full_name", "primary_email", "address", "city", "state", "zip"),
    *("occupation", "preferred_channel", "gender"),
)
FIRST = "(array_agg({0} ORDER BY place) FILTER (WHERE {0} IS NOT NULL))[1] AS {0}"
# What the kept contact does not say, the others say, the first named first.
MERGE = f"""
WITH ordered AS (
    SELECT c.*, array_position($4::uuid[], c.id) AS place FROM contact c
    WHERE c.org_id = $1 AND c.id = ANY ($4) AND c.deleted_at IS NULL
), said AS (
    SELECT {", ".join(map(FIRST.format, FILLED))} FROM ordered
), attributes AS (
    SELECT jsonb_object_agg(key, value ORDER BY place DESC) AS whole
    FROM ordered, jsonb_each(custom_attributes)
), phones AS (
    SELECT array_agg(phone ORDER BY earliest) AS whole FROM (
        SELECT phone, min(place * 100 + at) AS earliest
        FROM ordered, unnest(primary_phone || other_phones) WITH ORDINALITY AS p (phone, at)
        GROUP BY phone
    ) one
), channels AS (
    SELECT array_agg(DISTINCT channel) AS whole FROM ordered, unnest(channels) AS channel
)
UPDATE contact k
SET {", ".join(f"{name} = coalesce(k.{name}, s.{name})" for name in FILLED)},
    custom_attributes = coalesce(a.whole, '{{}}') || k.custom_attributes,
    other_phones = p.whole[2:], channels = coalesce(h.whole, '{{}}'),
    updated_at = now(), updated_by = $2
FROM said s, attributes a, phones p, channels h
WHERE k.org_id = $1 AND k.id = $3
"""
JOIN_AUDIENCES = """
INSERT INTO audience_contact (org_id, audience_id, contact_id)
SELECT DISTINCT org_id, audience_id, $2::uuid FROM audience_contact
WHERE org_id = $1 AND contact_id = ANY ($3)
ON CONFLICT DO NOTHING
"""


async def merge(
    connection: Connection, org_id: UUID, member_id: UUID, kept_id: UUID, others: Sequence[UUID]
) -> Contact:
    """The kept contact with all that the others had; these are deleted then.

    Raises ``NotFound``, ``Invalid`` (``CONTACT_MERGED_WITH_ITSELF``), or ``Conflict``
    (``CONTACT_IN_CALL``) while one of them is called.
    """
    if kept_id in others:
        raise Invalid("A contact cannot be merged with itself.", code="CONTACT_MERGED_WITH_ITSELF")
    everybody = [kept_id, *others]
    await _hold(connection, org_id, everybody)
    await connection.execute(MERGE, org_id, member_id, kept_id, everybody)
    await connection.execute(JOIN_AUDIENCES, org_id, kept_id, others)
    for other in others:
        await contact.delete(connection, org_id, member_id, other)
    return await contact.get(connection, org_id, kept_id)


async def _hold(connection: Connection, org_id: UUID, contacts: Sequence[UUID]) -> None:
    found = {record["id"] for record in await connection.fetch(LOCK, org_id, contacts)}
    for contact_id in contacts:
        if contact_id not in found:
            raise contact.missing()
    if await connection.fetchval(IN_CALL, org_id, contacts):
        raise Conflict("CONTACT_IN_CALL", "The contact is being called now.")


ERASE = f"""
UPDATE contact
SET primary_phone = '', primary_phone_raw = '', other_phones = '{{}}', channels = '{{}}',
    custom_attributes = '{{}}', {", ".join(f"{name} = NULL" for name in FILLED)},
    deleted_at = now(), deleted_by = $3, updated_at = now(), updated_by = $3
WHERE org_id = $1 AND id = $2
"""
FORGET_CALLS = """
WITH called AS (
    UPDATE attempt SET to_number = '', detail = NULL WHERE org_id = $1 AND contact_id = $2
    RETURNING id
), told AS (
    UPDATE call_trace t SET variables = '{}', events = '[]' FROM called c
    WHERE t.org_id = $1 AND t.call_id = c.id
)
DELETE FROM recording r USING called c
WHERE r.org_id = $1 AND r.call_id = c.id
RETURNING r.path
"""
LEAVE = "DELETE FROM audience_contact WHERE org_id = $1 AND contact_id = $2"
FORGET_HISTORY = "DELETE FROM call_history WHERE org_id = $1 AND contact_id = $2"
# An answer that is kept for its idempotency key may tell of the contact.
FORGET_ANSWERS = """
DELETE FROM idempotency_key
WHERE org_id = $1 AND position(convert_to($2::text, 'UTF8') IN response) > 0
"""


async def erase(
    connection: Connection, org_id: UUID, member_id: UUID, contact_id: UUID
) -> list[str]:
    """Leaves no word of the person; returns the recordings' files, below the data folder.

    Raises ``NotFound``, or ``Conflict`` (``CONTACT_IN_CALL``) while the contact is called.
    """
    await _hold(connection, org_id, [contact_id])
    await connection.execute(ERASE, org_id, contact_id, member_id)
    await connection.execute(LEAVE, org_id, contact_id)
    await connection.execute(FORGET_HISTORY, org_id, contact_id)
    await audit.forget(connection, org_id, contact_id)
    await connection.execute(FORGET_ANSWERS, org_id, str(contact_id))
    records = await connection.fetch(FORGET_CALLS, org_id, contact_id)
    return [record["path"] for record in records]
