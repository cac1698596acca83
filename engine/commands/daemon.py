"""The daemon: one engine node and the HTTP API on one database, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

import structlog

from api import Certificate, Rates, create_app, listening
from engine.app import run_node
from engine.clock import SystemClock
from engine.config import Settings
from engine.dial import Dialer
from engine.errors import SettingError
from engine.metrics import Metrics
from engine.secret import installation_secret
from engine.store.database import open_store

events = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; raises ``StoreUnavailable`` or ``SettingError`` at the start."""
    stops, ready = _stop_signals(), asyncio.Event()
    metrics, clock = Metrics(), SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)

    async def engine_ready() -> bool:
        return ready.is_set()

    async with open_store(settings.data_dir, settings.database_url) as pool:
        app = create_app(
            pool,
            data_dir=settings.data_dir,
            registry=metrics.registry,
            clock=clock,
            secret=installation_secret(settings),
            rates=Rates(holder=settings.requests_per_minute),
            probes={"engine": engine_ready},
        )
        async with (
            listening(app, settings.http, _certificate(settings)),
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


def _certificate(settings: Settings) -> Certificate | None:
    """Read anew with every SIGHUP; one that cannot be used then leaves the old one in use."""
    if settings.tls_certificate is None or settings.tls_key is None:
        if settings.tls_certificate is not settings.tls_key:
            told = "GOMOBILE_TLS_CERTIFICATE and GOMOBILE_TLS_KEY are given together"
            raise SettingError("tls_certificate", told)
        return None
    certificate = Certificate(settings.tls_certificate, settings.tls_key)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, certificate)
    return certificate


def _reload(certificate: Certificate) -> None:
    try:
        certificate.load()
    except SettingError as problem:
        events.error("certificate_not_reloaded", reason=str(problem))
    else:
        events.info("certificate_reloaded")
