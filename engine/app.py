"""A running engine node: SIP, media, speech and dialer, composed and taken down in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import asyncpg
import structlog

from engine.call import Caller, Intent, Signer, Speech, TapeRoom
from engine.clock import Clock
from engine.config import Settings
from engine.dial import Dialer, DialerSettings
from engine.errors import SettingError
from engine.metrics import Metrics
from engine.org.secret import Secret
from engine.org.trunk import PASSWORD
from engine.program.attempt import Attempt
from engine.program.report import CallReport
from engine.secret import installation_secret
from engine.sip import Endpoint, TlsSettings
from engine.store import trunk
from engine.store.clip import StoredClips
from engine.store.pool import transaction
from media import MediaPlane
from media.dictionaries.pack import preload
from media.prompts import Library
from media.text_to_speech import Studio

log = structlog.get_logger()


@asynccontextmanager
async def run_node(
    settings: Settings, pool: asyncpg.Pool, clock: Clock, metrics: Metrics
) -> AsyncIterator[Dialer]:
    """One engine node on ``pool``; it dials inside the block, and must be drained there.

    Raises ``SettingError`` where a port cannot be had, or a trunk's password not be read.
    """
    async with contextlib.AsyncExitStack() as stack:
        host, port = settings.sip
        endpoint = await Endpoint.open(
            host, port, tls_port=settings.sip_tls_port, tls=_tls(settings)
        )
        stack.push_async_callback(endpoint.close)
        plane = await MediaPlane.open(host, settings.rtp_ports)
        stack.push_async_callback(plane.close)
        tapes = TapeRoom(settings.data_dir)
        stack.callback(tapes.close)
        # Reading the packs takes tenths of a second that no call may wait for.
        await asyncio.to_thread(preload)
        studio = Studio.here(settings.data_dir)
        speech = Speech(StoredClips(pool.acquire), Library(), studio.render)
        caller = Caller(
            endpoint, plane, speech, tapes, clock, settings.max_call_seconds, _signer(settings)
        )
        secret = installation_secret(settings)
        async with transaction(pool) as connection:
            await trunk.keep_sealed(connection, secret)
        place = partial(_place, caller, secret)
        dialer = Dialer(pool, place, clock, _dialing(settings), ended=_counted(metrics))
        _measure(metrics, endpoint, plane)
        async with asyncio.TaskGroup() as group:
            group.create_task(dialer.run())
            yield dialer


def _tls(settings: Settings) -> TlsSettings:
    return TlsSettings(
        settings.sip_tls_authorities, settings.sip_tls_certificate, settings.sip_tls_key
    )


def _signer(settings: Settings) -> Signer | None:
    """Raises ``SettingError``: half of what signing needs is a mistake."""
    key, url = settings.stir_key, settings.stir_certificate_url
    if key is None and url is None:
        return None
    if key is None or url is None:
        raise SettingError("stir", "Signing needs both a key and its certificate's URL.")
    return Signer.of_file(key, url)


async def _place(caller: Caller, secret: Secret, attempt: Attempt, intent: Intent) -> CallReport:
    """With the trunk's password as the carrier knows it. One that was sealed elsewhere since the
    start is left out: the carrier then refuses the call, and its cause says so."""
    line = attempt.did.trunk
    if line.password is None:
        return await caller.place(attempt, intent)
    try:
        opened = secret.unseal(line.password, PASSWORD)
    except SettingError as problem:
        log.error("trunk_password_unreadable", trunk=line.name, reason=str(problem))
        opened = None
    did = replace(attempt.did, trunk=replace(line, password=opened))
    return await caller.place(replace(attempt, did=did), intent)


def raise_file_limit() -> None:
    """A call holds one socket; the soft limit is often a thousand."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _dialing(settings: Settings) -> DialerSettings:
    return DialerSettings(
        name=f"{socket.gethostname()}:{os.getpid()}",
        max_calls=settings.max_calls,
        calls_per_second=settings.calls_per_second,
        lease=timedelta(seconds=settings.lease_seconds),
        interrupted_rest=timedelta(seconds=settings.interrupted_retry_seconds),
    )


def _counted(metrics: Metrics) -> Callable[[Attempt, CallReport], None]:
    return lambda _attempt, report: metrics.ended(report)


def _measure(metrics: Metrics, endpoint: Endpoint, plane: MediaPlane) -> None:
    metrics.calls.set_function(lambda: plane.streams)
    metrics.tick_lag.set_function(lambda: plane.lag)
    metrics.counters("gomobile_sip", "SIP input that was not as it should be.",
                     lambda: endpoint.counters)  # fmt: skip
    metrics.counters("gomobile_rtp", "RTP packets, by what became of them.",
                     lambda: plane.counters)  # fmt: skip
