"""The configured database, opened: embedded or given by URL, and migrated."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from engine.store.embedded import EmbeddedPostgres
from engine.store.migrate import migrate
from engine.store.pool import open_pool

CONNECTIONS: Final = 12
FOLDER: Final = "postgres"
"""Of the embedded server, below the data folder."""


@asynccontextmanager
async def open_store(data_dir: Path, url: str | None) -> AsyncIterator[asyncpg.Pool]:
    """``url`` ``None``: the embedded PostgreSQL, revived if it dies.

    Raises ``StoreUnavailable``.
    """
    async with contextlib.AsyncExitStack() as stack:
        if url is None:
            embedded = EmbeddedPostgres(data_dir / FOLDER)
            await stack.enter_async_context(embedded)
            reviving = asyncio.create_task(embedded.keep_running())
            stack.callback(reviving.cancel)
            url = embedded.url
        pool = await open_pool(url, max_size=CONNECTIONS)
        stack.push_async_callback(pool.close)
        await migrate(pool)
        yield pool
