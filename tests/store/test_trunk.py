"""What an operator says of a trunk, and what a dialer makes of it."""

from __future__ import annotations

import asyncpg
import pytest

from engine.errors import Invalid
from engine.org import NewOrganization
from engine.program.attempt import Trunk
from engine.program.presentation import AS_IT_IS, Presentation
from engine.store import did, organization, snapshot, trunk
from engine.store.pool import Connection

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


async def dialed_with(connection: Connection, made: trunk.Trunk) -> Trunk:
    """The trunk as a dialer knows it, through a number that is on it."""
    acme = await organization.create(connection, ACME)
    number = await did.create(connection, acme.id, number="0520000001", trunk_id=made.id)
    found = await snapshot.dids(connection, [acme.id], [number.id])
    return found[number.id].trunk


async def test_what_is_not_said_is_left_to_dns(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        made = await trunk.create(connection, name="main", host="carrier.example")
        known = await dialed_with(connection, made)
    assert (known.host, known.port, known.transport) == ("carrier.example", None, None)
    assert (known.domain, known.large_over_tcp) == ("carrier.example", False)
    assert (known.channels, known.codecs) == (1000, ("PCMA", "PCMU"))
    assert known.presentation == AS_IT_IS


async def test_everything_said_reaches_the_dialer(pool: asyncpg.Pool) -> None:
    presented = {
        "number_format": "national",
        "country": "MA",
        "prefix_rules": ["+2125=05"],
        "identity": "asserted",
        "anonymous": True,
        "diversion": "+212520000099",
        "headers": ["X-Call: {callId}"],
        "user_to_user": "{callId}",
    }
    async with pool.acquire() as connection:
        made = await trunk.create(
            connection,
            name="main",
            host="192.0.2.1",
            port=5061,
            transport="tls",
            domain="carrier.example",
            username="u",
            password="p",
            channels=7,
            calls_per_second=2.5,
            codecs=["PCMU"],
            large_over_tcp=True,
            **presented,  # type: ignore[typeddict-item]
        )
        known = await dialed_with(connection, made)
    assert known == Trunk(
        id=made.id,
        name="main",
        host="192.0.2.1",
        port=5061,
        domain="carrier.example",
        username="u",
        password="p",
        channels=7,
        calls_per_second=2.5,
        codecs=("PCMU",),
        transport="tls",
        large_over_tcp=True,
        presentation=Presentation.stated(**presented),  # type: ignore[arg-type]
    )


async def test_attestation_is_the_numbers_own(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        acme = await organization.create(connection, ACME)
        line = await trunk.create(connection, name="main", host="192.0.2.1")
        lend = {"trunk_id": line.id}
        plain = await did.create(connection, acme.id, number="0520000001", **lend)
        vouched = await did.create(
            connection, acme.id, number="0520000002", **lend, attestation="A"
        )
        found = await snapshot.dids(connection, [acme.id], [plain.id, vouched.id])
    assert (found[plain.id].attestation, found[vouched.id].attestation) == (None, "A")


async def test_what_cannot_be_presented_is_refused(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(Invalid):
            await trunk.create(connection, name="main", host="x", headers=["Via: me"])
        with pytest.raises(asyncpg.CheckViolationError):
            await trunk.create(connection, name="main", host="x", transport="sctp")
