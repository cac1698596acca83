"""``gomobile serve``: the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvloop
from aiohttp import web

from api import create_app
from engine import log
from engine.app import open_store, raise_file_limit, run_node
from engine.clock import SystemClock
from engine.commands.answer import told
from engine.config import Settings, read_settings
from engine.dial import Dialer
from engine.errors import SettingError
from engine.metrics import Metrics

events = structlog.get_logger()


def serve() -> None:
    """Run the engine and the HTTP API until SIGTERM; live calls may finish then."""
    with told(as_json=False):
        settings = read_settings(os.environ)
        log.configure(settings.log_level, settings.log_format)
        raise_file_limit()
        uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stops, ready = _stop_signals(), asyncio.Event()
    metrics, clock = Metrics(), SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)

    async def engine_ready() -> bool:
        return ready.is_set()

    async with open_store(settings) as pool:
        app = create_app(
            pool,
            data_dir=settings.data_dir,
            registry=metrics.registry,
            clock=clock,
            probes={"engine": engine_ready},
        )
        async with (
            _listening(app, settings.http),
            run_node(settings, pool, clock, metrics) as dialer,
        ):
            ready.set()
            events.info("ready", http=settings.http, sip=settings.sip)
            await stops.get()
            ready.clear()
            events.info("draining", calls=dialer.live)
            await _drain(dialer, settings.drain_seconds, stops)


async def _drain(dialer: Dialer, bound: float, stops: asyncio.Queue[None]) -> None:
    """Live calls finish within ``bound`` seconds; a second signal ends them at once."""
    impatient = asyncio.create_task(stops.get())
    impatient.add_done_callback(lambda task: None if task.cancelled() else dialer.kill())
    try:
        await dialer.drain(bound)
    finally:
        impatient.cancel()


def _stop_signals() -> asyncio.Queue[None]:
    stops: asyncio.Queue[None] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stops.put_nowait, None)
    return stops


@asynccontextmanager
async def _listening(app: web.Application, address: tuple[str, int]) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        host, port = address
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as problem:
            raise SettingError("http_address", f"cannot bind {host}:{port}: {problem}") from None
        yield
    finally:
        await runner.cleanup()
