"""A running engine node: SIP, media, speech and dialer, composed and taken down in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from engine.call import Caller, Signer, Speech, TapeRoom
from engine.clock import Clock
from engine.config import Settings
from engine.dial import Dialer, DialerSettings
from engine.errors import SettingError
from engine.metrics import Metrics
from engine.program.attempt import Attempt
from engine.program.report import CallReport
from engine.sip import Endpoint, TlsSettings
from engine.store.clip import StoredClips
from media import MediaPlane
from media.dictionaries.pack import preload
from media.prompts import Library
from media.text_to_speech import Studio


@asynccontextmanager
async def run_node(
    settings: Settings, pool: asyncpg.Pool, clock: Clock, metrics: Metrics
) -> AsyncIterator[Dialer]:
    """One engine node on ``pool``; it dials inside the block, and must be drained there.

    Raises ``SettingError`` where a port cannot be had.
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
        dialer = Dialer(pool, caller.place, clock, _dialing(settings), ended=_counted(metrics))
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
