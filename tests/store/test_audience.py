"""The same rule in SQL and in Python decides the same, for any rule and any contact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.org import NewOrganization, Role
from engine.org.attribute import AttributeType
from engine.org.audience import NO_CALLS, Group, check_rules, holds
from engine.store import audience, contact, custom_attribute, member, organization
from engine.store.condition import condition
from engine.store.page import Query

TYPES = {
    "n": AttributeType.NUMBER,
    "t": AttributeType.TEXT,
    "d": AttributeType.DATE,
    "b": AttributeType.BOOLEAN,
}
texts = st.sampled_from(["", "a", "A", "ab", "%", "_", "é", "\\", "'", "10"])
numbers = st.sampled_from([0, 1, -1, 10, 10.0, 0.1, 1e17, 123456789.25])
dates = st.sampled_from(["2026-01-01", "2026-01-01T00:00:00Z", "2025-12-31", "2026-06-01"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "city": texts,
    "lastName": texts,
    "customAttributes.t": texts,
    "customAttributes.n": numbers,
    "customAttributes.d": dates,
    "customAttributes.b": st.booleans(),
    "calls.lastOutcome": (outcomes := st.sampled_from(["busy", "completed", "answered"])),
    "calls.lastCalledAt": dates,
    "calls.attempts": (attempts := st.sampled_from([0, 1, 2, 2.5])),
    "calls.pressed.00000000-0000-4000-8000-000000000000.choice": (
        keys := st.sampled_from(["1", "2", "12"])
    ),
}
PRESSED = "calls.pressed.00000000-0000-4000-8000-000000000000.choice"
TEXTUAL = ("city", "lastName", "customAttributes.t", "calls.lastOutcome", PRESSED)
ORDERED = ("customAttributes.n", "customAttributes.d", "calls.lastCalledAt", "calls.attempts")


@st.composite
def rule(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(VALUES)))
    operators = ["equals", "not_equals", "is_empty", "is_not_empty"]
    operators += ["contains", "not_contains"] if field in TEXTUAL else []
    operators += ["gt", "gte", "lt", "lte"] if field in ORDERED else []
    operator = draw(st.sampled_from(operators))
    made = {"field": field, "operator": operator}
    if "empty" not in operator:
        value = VALUES[field]
        made["value"] = draw(value.filter(bool) if "contains" in operator else value)
    return made


def group(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["AND", "OR"]),
            "rules": st.lists(inner, min_size=1, max_size=3),
        }
    )


rules = group(rule() | group(rule() | group(rule())))
people = st.fixed_dictionaries(
    {},
    optional={
        "city": texts,
        "last_name": texts,
        "custom_attributes": st.fixed_dictionaries(
            {},
            # A value may be left from an attribute of the same name that had another type.
            optional={"n": numbers | texts, "t": texts | numbers, "d": dates, "b": st.booleans()},
        ),
    },
)


histories = st.none() | st.fixed_dictionaries(
    {
        "calls.attempts": st.sampled_from([1, 2, 3]),
        "calls.lastOutcome": outcomes,
        "calls.lastCalledAt": st.sampled_from(["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"]),
    },
    optional={PRESSED: keys},
)
HISTORY = """
INSERT INTO call_history SELECT org_id, id, $3, $4, $5, $6 FROM contact
WHERE org_id = $1 AND primary_phone = $2
"""


async def remember(
    connection: asyncpg.Connection, org_id: UUID, phone: str, calls: dict[str, Any]
) -> None:
    pressed = {PRESSED.removeprefix("calls.pressed."): calls[PRESSED]} if PRESSED in calls else {}
    await connection.execute(
        HISTORY,
        org_id,
        phone,
        calls["calls.attempts"],
        calls["calls.lastOutcome"],
        calls["calls.lastCalledAt"],
        pressed,
    )


@pytest.fixture
async def org(pool: asyncpg.Pool) -> organization.Organization:
    async with pool.acquire() as connection:
        made = await organization.create(
            connection,
            NewOrganization.model_validate(
                {
                    "name": "Acme",
                    "slug": "acme",
                    "country": "MA",
                    "timezone": "Africa/Casablanca",
                    "currency": "MAD",
                    "plan": "enterprise",
                }
            ),
        )
        admin = await member.create(connection, made.id, "a@acme.example", Role.ADMIN)
        for name, kind in TYPES.items():
            await custom_attribute.create(
                connection,
                made.id,
                admin.id,
                name=name,
                display_name=name,
                description=None,
                kind=kind,
            )
    return made


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contacts=st.lists(st.tuples(people, histories), min_size=1, max_size=6), asked=rules)
async def test_sql_and_python_agree(
    pool: asyncpg.Pool,
    org: organization.Organization,
    contacts: list[tuple[dict[str, Any], dict[str, Any] | None]],
    asked: dict[str, Any],
) -> None:
    checked = check_rules(Group.model_validate(asked), TYPES, "MA")
    phones = [f"+2126{n:08}" for n in range(len(contacts))]
    named = [
        {"primary_phone": phone, "primary_phone_raw": phone, **columns}
        for phone, (columns, _) in zip(phones, contacts, strict=True)
    ]
    expected = {
        columns["primary_phone"]
        for columns, (_, calls) in zip(named, contacts, strict=True)
        if holds(
            checked,
            {"city": columns.get("city"), "lastName": columns.get("last_name")},
            columns.get("custom_attributes", {}),
            TYPES,
            calls or NO_CALLS,
        )
    }
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM call_history WHERE org_id = $1", org.id)
        await connection.execute("DELETE FROM contact WHERE org_id = $1", org.id)
        await contact.upsert(connection, org.id, org.id, named)
        for phone, (_, calls) in zip(phones, contacts, strict=True):
            if calls:
                await remember(connection, org.id, phone, calls)
        found = await audience.matching(connection, org.id, checked, Query(limit=100))
    assert {row.primary_phone for row in found.rows} == expected
    assert found.total == len(expected)


SEED = """
INSERT INTO contact (org_id, primary_phone, primary_phone_raw, city, custom_attributes)
SELECT $1, '+2126' || lpad(n::text, 8, '0'), '', 'City ' || n % 500,
    jsonb_build_object('t', 'value ' || n)
FROM generate_series(1, 30000) n
"""


async def test_rules_and_lists_use_their_indexes(
    pool: asyncpg.Pool, org: organization.Organization
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(SEED, org.id)
        await connection.execute("ANALYZE contact")
        rule = {"field": "customAttributes.t", "operator": "equals", "value": "value 7"}
        asked = Group.model_validate({"operator": "AND", "rules": [rule]})
        parameters: list[Any] = [org.id]
        where = condition(asked, TYPES, parameters)
        sql = f"SELECT id FROM contact WHERE org_id = $1 AND deleted_at IS NULL AND {where}"
        assert "contact_attributes" in await plan(connection, sql, *parameters)
        newest = (
            f"SELECT {contact.COLUMNS} FROM {contact.LIST.source} "
            f"ORDER BY {contact.LIST.order(Query())} LIMIT 20"
        )
        assert "contact_created" in await plan(connection, newest, org.id, None)
        key = "SELECT id FROM api_key WHERE secret_hash = $1"
        await connection.execute("SET enable_seqscan = off")
        assert "api_key_secret" in await plan(connection, key, b"x")


async def plan(connection: asyncpg.Connection, sql: str, *args: Any) -> str:
    records = await connection.fetch(f"EXPLAIN {sql}", *args)
    return "\n".join(record[0] for record in records)
