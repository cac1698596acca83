"""What the API was given at its start, and what one request carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry

from api.rate import Meter, Rates
from api.workers import Workers
from engine.clock import Clock
from engine.org.secret import Secret
from engine.store.holder import Holder
from engine.store.pool import Connection
from media.prompts import Library
from media.text_to_speech import Studio

Probe: TypeAlias = Callable[[], Awaitable[bool]]
"""Whether one part of the node is ready."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes."""

    body: int = 8 << 20
    """A JSON body: a thousand contacts with their attributes."""
    audio: int = 50 << 20
    table: int = 512 << 20
    """A CSV of a million rows, and reserve."""


@dataclass(frozen=True, slots=True)
class Site:
    pool: asyncpg.Pool
    clock: Clock
    data_dir: Path
    """Recordings and uploads lie below it."""
    registry: CollectorRegistry
    workers: Workers
    """Audio is prepared there, tables are checked."""
    studio: Studio
    """Text to speech, for previews."""
    library: Library
    """Clips that previews have played."""
    secret: Secret
    """Access tokens and playback addresses are signed with keys of it."""
    passwords: Executor
    """Threads that hash them, few, because a hash takes 19 MiB."""
    probes: Mapping[str, Probe] = field(default_factory=dict)
    limits: Limits = Limits()
    rates: Rates = field(default_factory=Rates)
    meter: Meter = field(default_factory=Meter)


SITE = web.AppKey("site", Site)
REQUEST_ID = web.RequestKey("request_id", str)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a key's holder, inside its transaction."""

    web: web.Request
    site: Site
    holder: Holder
    connection: Connection
    """In a transaction under the organization's row-level security."""

    @property
    def org_id(self) -> UUID:
        return self.holder.org_id

    @property
    def member_id(self) -> UUID:
        return self.holder.member_id

    @property
    def now(self) -> datetime:
        return self.site.clock.now()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is not known yet. What it needs of the database it asks for by
    the engine's role, in as many transactions as it takes."""

    web: web.Request
    site: Site

    @property
    def now(self) -> datetime:
        return self.site.clock.now()


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of an operator, in a transaction by the engine's role."""

    web: web.Request
    site: Site
    operator_id: UUID
    """Of the key that was shown."""
    connection: Connection

    @property
    def now(self) -> datetime:
        return self.site.clock.now()


def address(request: web.Request) -> str:
    """Where the connection comes from; behind a proxy, the proxy's."""
    return request.remote or ""
