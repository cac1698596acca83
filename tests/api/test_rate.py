"""Budgets: counted, told, and used up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from api import Rates, Workers, create_app
from api.rate import MOST_COUNTED, Meter, TooManyRequests, network
from engine.clock import VirtualClock
from tests.api.tenant import Tenant, answer, found


@pytest.fixture
async def tight(pool: asyncpg.Pool, tmp_path: Path, clock: VirtualClock) -> Any:
    app = create_app(
        pool,
        data_dir=tmp_path,
        registry=CollectorRegistry(),
        clock=clock,
        workers=Workers(lambda: ThreadPoolExecutor(1)),
        rates=Rates(holder=2, guest=3, login=2, unknown=2),
    )
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def acme(tight: TestClient[Any, Any], pool: asyncpg.Pool) -> Tenant:
    return await found(tight, pool, "acme")


async def test_a_key_has_a_budget_for_each_route(acme: Tenant, clock: VirtualClock) -> None:
    clock.advance(timedelta(seconds=15))
    left = [(await acme.get("/contact")).headers["X-RateLimit-Remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = await acme.get("/contact")
    assert (refused.status, refused.body["code"]) == (429, "RATE_LIMITED")
    assert (refused.body["error"], refused.body["statusCode"]) == ("TOO_MANY_REQUESTS", 429)
    told = {name: refused.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")}
    assert told == {"Limit": "2", "Remaining": "0"}
    assert refused.headers["X-RateLimit-Reset"] == refused.headers["Retry-After"] == "45"
    assert (await acme.get("/flows")).status == 200
    refusal = await acme.get("/contact/not-an-id")
    assert (refusal.status, refusal.headers["X-RateLimit-Remaining"]) == (400, "1")
    clock.advance(timedelta(seconds=45))
    assert (await acme.get("/contact")).status == 200


async def test_logins_are_few_for_an_address_and_for_an_account(acme: Tenant) -> None:
    body = {"email": "somebody@acme.example", "password": "guess"}
    got = [await answer(await acme.http.post("/api/auth/login", json=body)) for _ in range(3)]
    assert [one.status for one in got] == [401, 401, 429]
    other = await answer(await acme.http.post("/api/auth/login", json=body | {"email": "b@c.de"}))
    assert (other.status, other.headers["X-RateLimit-Limit"]) == (429, "3")


async def test_wrong_keys_are_few_for_an_address(acme: Tenant) -> None:
    wrong = {"x-api-key": "gm_guess"}
    got = [(await acme.get("/users/me", headers=wrong)).status for _ in range(3)]
    assert got == [401, 401, 429]


def test_the_meter_forgets_the_oldest_before_it_grows() -> None:
    meter = Meter()
    for who in range(MOST_COUNTED + 1):
        meter.take(who, 1, 0.0)
    assert meter.take(0, 1, 0.0).remaining == 0
    with pytest.raises(TooManyRequests):
        meter.take(MOST_COUNTED, 1, 59.9)
    assert meter.take(MOST_COUNTED, 1, 60.0).reset == 60


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, counted: str) -> None:
    assert network(address) == counted
