"""A table on its way into contacts: read by a worker, written here, a part a transaction.

While one part is written, the worker reads the next. Each part is committed with the place it
ends at, so an intake that is cut off, with its process or by a lost database, goes on there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

import structlog
from aiohttp import web

from api.site import Site
from api.table import Part, RefusedRow, RefusedRows, read_part, rows_of
from engine.errors import Conflict
from engine.org.attribute import AttributeType
from engine.org.ingestion import Mapped, Table
from engine.org.plan import Limit, limit_reached
from engine.store import ingestion
from engine.store.ingestion import IngestionSession, IngestionStatus, Place
from engine.store.pool import Connection, as_tenant
from engine.store.staging import Duplicates, Taken, staging, take

FOLDER = "ingestion"
MOST_AT_ONCE = 2
"""Intakes of a process: each holds a connection, and its request one more."""
log = structlog.get_logger(__name__)
COUNTS = ("total", "created", "updated", "skipped", "failed")


def table_of(session: IngestionSession) -> Table:
    columns = tuple(session.columns)
    return Table("utf-8", session.delimiter, columns, session.has_header_row)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of a session's table become contacts."""

    session: IngestionSession
    mapped: Mapped
    types: Mapping[str, AttributeType]
    region: str
    duplicates: Duplicates = Duplicates.UPDATE

    async def parts(self, site: Site, place: Place) -> AsyncGenerator[Part, None]:
        """From ``place`` to the end; the next is read while one is used."""
        ahead = asyncio.ensure_future(self._part(site, place))
        try:
            while True:
                part = await ahead
                if not part.is_last:
                    ahead = asyncio.ensure_future(self._part(site, part.end))
                yield part
                if part.is_last:
                    return
        finally:
            ahead.cancel()

    async def _part(self, site: Site, place: Place) -> Part:
        return await site.workers.run(
            read_part,
            site.data_dir / self.session.path,
            table_of(self.session),
            place,
            self.mapped,
            self.types,
            self.region,
            self.duplicates,
        )


@dataclass(frozen=True, slots=True)
class Intake:
    site: Site
    reading: Reading
    member_id: UUID
    dry: bool = False
    """Nothing is written, everything is counted."""

    async def run(self) -> IngestionSession:
        """The session as it is afterwards. Raises ``Conflict`` while somebody executes it."""
        session = self.reading.session
        place = (None if self.dry else session.place) or Place()
        counts = Counter(dict.fromkeys(COUNTS, 0))
        if not self.dry:
            counts.update(session.counts or {})
        async with (
            self.site.pool.acquire() as connection,
            staging(connection, session.id),
            aclosing(self.reading.parts(self.site, place)) as parts,
        ):
            with self._refused(place) as refused:
                async for part in parts:
                    async with as_tenant(connection, session.org_id):
                        session = await self._write(connection, part, counts, refused)
        if self.dry:
            refused.path.unlink(missing_ok=True)
        return session

    def _refused(self, place: Place) -> RefusedRows:
        name = f"{self.reading.session.id}.{'foreseen' if self.dry else 'refused'}.csv"
        path = self.site.data_dir / FOLDER / name
        return RefusedRows(path, self.reading.session.columns, place.refused_bytes)

    async def _write(
        self, connection: Connection, part: Part, counts: Counter[str], refused: RefusedRows
    ) -> IngestionSession:
        """One part, in a transaction that has begun."""
        session, duplicates = self.reading.session, self.reading.duplicates
        taken = await take(
            connection,
            session.org_id,
            self.member_id,
            part.staged,
            duplicates=duplicates,
            audience_id=session.audience_id,
            dry=self.dry,
        )
        beyond = await self._beyond_plan(part, taken)
        refused.add(sorted([*part.refused, *beyond], key=attrgetter("number")))
        failed = len(part.refused) + len(beyond)
        known = part.rows - failed - taken.created
        fate = "updated" if duplicates is Duplicates.UPDATE else "skipped"
        counts.update({"total": part.rows, "created": taken.created, fate: known, "failed": failed})
        return await self._advance(connection, part, counts, refused)

    async def _beyond_plan(self, part: Part, taken: Taken) -> list[RefusedRow]:
        if not taken.refused:
            return []
        numbers = {n for first in taken.refused for n in (first, *part.again.get(first, ()))}
        session = self.reading.session
        path = self.site.data_dir / session.path
        cells = await self.site.workers.run(rows_of, path, table_of(session), part.begin, numbers)
        over = limit_reached(Limit.CONTACTS, taken.limit or 0, taken.limit or 0)
        return [RefusedRow(number, row, over.code, str(over)) for number, row in cells.items()]

    async def _advance(
        self, connection: Connection, part: Part, counts: Counter[str], refused: RefusedRows
    ) -> IngestionSession:
        session = self.reading.session
        path = f"{FOLDER}/{refused.path.name}" if refused.size else None
        if self.dry:
            return session.model_copy(update={"counts": dict(counts), "refused_path": path})
        return await ingestion.advance(
            connection,
            session.org_id,
            session.id,
            status=IngestionStatus.EXECUTED if part.is_last else IngestionStatus.EXECUTING,
            place=part.end.model_copy(update={"refused_bytes": refused.size}),
            counts=counts,
            refused_path=path,
            now=self.site.clock.now(),
        )


class Intakes:
    """What runs in this process; a client that goes away ends nothing."""

    def __init__(self) -> None:
        self._running: dict[UUID, asyncio.Task[IngestionSession]] = {}

    def start(self, intake: Intake) -> asyncio.Task[IngestionSession]:
        """Raises ``Conflict`` (``INGESTION_EXECUTING``, ``INGESTIONS_BUSY``)."""
        session_id = intake.reading.session.id
        if session_id in self._running:
            raise Conflict("INGESTION_EXECUTING", "The session is being executed.")
        if len(self._running) >= MOST_AT_ONCE:
            raise Conflict("INGESTIONS_BUSY", f"{MOST_AT_ONCE} tables are being taken in now.")
        task = asyncio.create_task(intake.run(), name=f"intake {session_id}")
        self._running[session_id] = task
        task.add_done_callback(lambda done: self._forget(session_id, done))
        return task

    def _forget(self, session_id: UUID, task: asyncio.Task[IngestionSession]) -> None:
        del self._running[session_id]
        if not task.cancelled() and task.exception() is not None:
            log.warning("intake_failed", session=str(session_id), error=str(task.exception()))

    async def close(self) -> None:
        """Each stops after what it has committed."""
        for task in (running := list(self._running.values())):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


INTAKES = web.AppKey("intakes", Intakes)


async def open_intakes(app: web.Application) -> AsyncIterator[None]:
    app[INTAKES] = Intakes()
    yield
    await app[INTAKES].close()
