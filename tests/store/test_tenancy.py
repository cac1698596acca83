"""What the operator makes before there is a key, and the refusals of each."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.org import NewOrganization, Role
from engine.store import api_key, did, holder, member, organization, trunk
from engine.store.organization import Organization
from engine.store.pool import Connection, transaction

ACME = NewOrganization.model_validate(
    {
        "name": "Acme",
        "slug": "acme",
        "country": "MA",
        "timezone": "Africa/Casablanca",
        "currency": "MAD",
        "plan": "free",
    }
)


@pytest.fixture
async def acme(pool: asyncpg.Pool) -> Organization:
    async with transaction(pool) as connection:
        return await organization.create(connection, ACME)


async def test_an_organization_is_found_by_its_slug(pool: asyncpg.Pool, acme: Organization) -> None:
    assert (acme.plan, acme.status, acme.industry) == ("free", "active", None)
    async with pool.acquire() as connection:
        assert await organization.by_slug(connection, "acme") == acme
        with pytest.raises(NotFound):
            await organization.by_slug(connection, "nobody")
        with pytest.raises(Conflict) as taken:
            await organization.create(connection, ACME)
    assert taken.value.code == "SLUG_TAKEN"


async def test_members_are_one_an_address_and_as_many_as_the_plan_allows(
    pool: asyncpg.Pool, acme: Organization
) -> None:
    async with pool.acquire() as connection:
        made = await member.create(connection, acme.id, "A@acme.example", Role.ADMIN)
        assert await member.by_email(connection, acme.id, "a@ACME.example") == made
        with pytest.raises(Conflict) as taken:
            await member.create(connection, acme.id, "a@acme.example", Role.AGENT)
        assert taken.value.code == "EMAIL_TAKEN"
        for n in range(2):
            await member.create(connection, acme.id, f"{n}@acme.example", Role.AGENT)
        with pytest.raises(Forbidden) as full:
            await member.create(connection, acme.id, "d@acme.example", Role.AGENT)
    assert full.value.params == {"limit": 3, "used": 3}


async def test_a_key_is_kept_as_its_hash(pool: asyncpg.Pool, acme: Organization) -> None:
    async with pool.acquire() as connection:
        owner = await member.create(connection, acme.id, "a@acme.example", Role.ADMIN)
        made = await api_key.create(
            connection, acme.id, owner.id, name="n", prefix="live", role=Role.AGENT
        )
        assert made.secret.startswith("live_")
        assert len(made.secret) > 40
        row = await connection.fetchrow("SELECT * FROM api_key")
        assert made.secret not in str(dict(row))
        assert row["secret_hash"] == api_key.digest(made.secret)
        found = await holder.by_secret(connection, made.secret)
        assert found is not None
        assert (found.org_id, found.member_id, found.role) == (acme.id, owner.id, Role.AGENT)
        assert await holder.by_secret(connection, made.secret + "x") is None
        with pytest.raises(NotFound):
            await api_key.create(
                connection, acme.id, uuid4(), name="n", prefix="p", role=Role.AGENT
            )


async def line(connection: Connection) -> trunk.Trunk:
    return await trunk.create(connection, name="main", host="127.0.0.1", password="secret")


async def test_trunks_and_numbers(pool: asyncpg.Pool, acme: Organization) -> None:
    async with pool.acquire() as connection:
        made = await line(connection)
        assert "secret" not in made.model_dump_json()
        assert await trunk.by_name(connection, "main") == made
        with pytest.raises(Conflict):
            await line(connection)
        with pytest.raises(NotFound):
            await trunk.by_name(connection, "other")
        number = await did.create(
            connection, acme.id, number="0520 00 00 01", trunk_id=made.id, daily_cap=5
        )
        assert (number.number, number.country, number.daily_cap) == ("+212520000001", "MA", 5)
        abroad = await did.create(connection, acme.id, number="+33170000001", trunk_id=made.id)
        assert abroad.country == "FR"
        with pytest.raises(Conflict):
            await did.create(connection, acme.id, number="+212520000001", trunk_id=made.id)
        with pytest.raises(Invalid):
            await did.create(connection, acme.id, number="12", trunk_id=made.id)
        with pytest.raises(NotFound):
            await did.create(connection, acme.id, number="+212520000003", trunk_id=uuid4())
        with pytest.raises(NotFound):
            await did.create(connection, uuid4(), number="+212520000003", trunk_id=made.id)
        named = ["+33 1 70 00 00 01", str(number.id), "0520000001", "0520999999", "x"]
        ids, unknown = await did.resolve(connection, acme.id, named)
    assert (ids, unknown) == ([abroad.id, number.id], [3, 4])
