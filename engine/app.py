"""A running engine node: SIP, media, speech and dialer, composed and taken down in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import numpy as np
import structlog

from engine.call import Caller, Catalogue, Speech, TapeRoom
from engine.call.ringing import Intent
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
from engine.sip import Endpoint
from engine.store import clip, trunk
from engine.store.pool import transaction
from media import MediaPlane
from media.g711 import Samples
from media.prompts import Library

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
        endpoint = await Endpoint.open(host, port)
        stack.push_async_callback(endpoint.close)
        plane = await MediaPlane.open(host, settings.rtp_ports)
        stack.push_async_callback(plane.close)
        tapes = TapeRoom(settings.data_dir)
        stack.callback(tapes.close)
        speech = Speech(StoredClips(pool), Library())
        caller = Caller(endpoint, plane, speech, tapes, clock, settings.max_call_seconds)
        secret = installation_secret(settings)
        async with transaction(pool) as connection:
            await trunk.keep_sealed(connection, secret)
        place = partial(_place, caller, secret)
        dialer = Dialer(pool, place, clock, _dialing(settings), ended=_counted(metrics))
        _measure(metrics, endpoint, plane)
        async with asyncio.TaskGroup() as group:
            group.create_task(dialer.run())
            yield dialer


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


class StoredClips:
    """Clips out of the database, for ``engine.call.speech``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def catalogue(
        self, org_id: UUID, audio: Collection[str], dictionaries: Collection[str]
    ) -> Catalogue:
        async with self._pool.acquire() as connection:
            files = await clip.of_audio(connection, org_id, _uuids(audio))
            words = await clip.of_dictionaries(connection, org_id, _uuids(dictionaries))
        return Catalogue(
            {str(audio_id): digest for audio_id, digest in files.items()},
            {(str(name), key): digest for (name, key), digest in words.items()},
        )

    async def samples(self, org_id: UUID, clips: Collection[bytes]) -> Mapping[bytes, Samples]:
        async with self._pool.acquire() as connection:
            found = await clip.samples(connection, org_id, clips)
        return {digest: np.frombuffer(data, "<i2") for digest, data in found.items()}


def _uuids(names: Collection[str]) -> list[UUID]:
    """A name that is no id names nothing."""
    found = []
    for name in names:
        with contextlib.suppress(ValueError):
            found.append(UUID(name))
    return found
