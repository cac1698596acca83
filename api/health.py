"""``/health`` and ``/metrics``: for whoever watches the node; without a key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import asyncpg
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.site import SITE, Site

PATIENCE = 2.0
"""Seconds a part has to say that it is ready."""


async def live(asked: web.Request) -> web.Response:
    """The process runs and its loop turns."""
    return web.json_response({"status": "ok"})


async def ready(asked: web.Request) -> web.Response:
    """Whether every part can do its work; 503 names those that cannot."""
    site = asked.app[SITE]
    parts = {"database": await _database(site)}
    for name, probe in site.probes.items():
        parts[name] = await _within_patience(probe())
    fine = all(parts.values())
    shown = {name: "ok" if ok else "failing" for name, ok in parts.items()}
    body = {"status": "ok" if fine else "failing", "parts": shown}
    return web.json_response(body, status=200 if fine else 503)


async def metrics(asked: web.Request) -> web.Response:
    """Prometheus' text format."""
    body = generate_latest(asked.app[SITE].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _database(site: Site) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return bool(await site.pool.fetchval("SELECT true"))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def _within_patience(answer: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await answer
    except TimeoutError:
        return False
