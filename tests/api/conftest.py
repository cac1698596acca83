"""A real server on loopback and organizations on it.

One database serves all tests of the API: each has organizations of its own, and that one never
sees another's is what the API promises.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from api import Limits, Workers, create_app
from engine.clock import VirtualClock
from tests.api.tenant import NOW, Tenant, found


@pytest.fixture(scope="session")
def database(database_server: Any) -> Iterator[str]:
    """The URL of a migrated database that all tests share."""
    url = asyncio.run(database_server.create())
    yield url
    asyncio.run(database_server.drop(url))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
async def http(
    pool: asyncpg.Pool, tmp_path: Path, clock: VirtualClock
) -> AsyncIterator[TestClient[Any, Any]]:
    app = create_app(
        pool,
        data_dir=tmp_path,
        registry=CollectorRegistry(),
        clock=clock,
        workers=Workers(lambda: ThreadPoolExecutor(1)),
        limits=Limits(body=1 << 20, audio=1 << 20, table=1 << 20),
    )
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def acme(http: TestClient[Any, Any], pool: asyncpg.Pool) -> Tenant:
    return await found(http, pool, "acme")


@pytest.fixture
async def rival(http: TestClient[Any, Any], pool: asyncpg.Pool) -> Tenant:
    return await found(http, pool, "rival")
