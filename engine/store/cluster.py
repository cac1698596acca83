"""One PostgreSQL cluster on this machine: made, started, asked, shut down.

Blocking, and for one caller at a time; ``embedded`` sees to both.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from engine.errors import StoreUnavailable
from engine.store.account import Account
from engine.store.binaries import Binaries

PORT = 5432
"""Only a part of the socket's name."""

SETTINGS: Mapping[str, str] = {
    # The machine is shared with thousands of media streams: small, steady, and never on a port.
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",  # at most once: an intent to dial is on disk before the INVITE
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_min_duration_statement": "1s",
    "log_checkpoints": "off",
}

SUPERUSER = "gomobile"
DATABASE = "gomobile"
LONGEST_LOG = 16 << 20
"""Bytes; looked at when the server starts."""
PAUSE = 0.05
"""Seconds between two questions to a server that is starting or stopping."""


@dataclass(frozen=True, slots=True)
class Cluster:
    folder: Path
    socket: Path
    log: Path
    account: Account
    binaries: Binaries

    @staticmethod
    def major_of(folder: Path) -> int | None:
        """The version that wrote the data; ``None`` where there is none yet."""
        try:
            return int((folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def find_postmaster(self) -> int | None:
        """The server's pid; ``None`` if the process that its file names is another by now."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._is_postmaster(pid) else None

    async def answers(self) -> bool:
        """Whether sessions are served. Not so while it starts, recovers or shuts down."""
        try:
            connection = await self._connect("postgres")
        except asyncpg.TooManyConnectionsError:
            return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    def ensure_running(self, settings: Mapping[str, str], patience: float) -> None:
        deadline = time.monotonic() + patience
        if not self.folder.exists():
            self._make(sync=settings.get("fsync") != "off")
        while not asyncio.run(self.answers()):
            if self.find_postmaster() is None:
                self._launch(settings, deadline)
            self._wait(deadline)
        try:
            asyncio.run(self._ensure_database())
        except (OSError, asyncpg.PostgresError) as problem:
            raise StoreUnavailable(
                "start_failed", f"PostgreSQL runs, but serves no session: {problem}"
            ) from problem

    def shut_down(self) -> None:
        """Fast: sessions are ended, what they committed stays. Nothing to do if it is not there."""
        for mode in ("fast", "immediate"):
            if self.find_postmaster() is not None:
                self._control("stop", "-m", mode, "-w", "-t", "30")
        if self.find_postmaster() is not None:
            raise _failed("PostgreSQL did not stop", self._logged(since=0))
        if self.socket.parent != self.folder.parent and self.socket.exists():
            shutil.rmtree(self.socket)

    def _make(self, *, sync: bool) -> None:
        """In a folder beside, then renamed: a start that dies half way leaves no half cluster."""
        for leftover in self.folder.parent.glob("cluster.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)  # its initdb may still be writing
        fresh = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix="cluster.new-"))
        self.account.own(fresh)
        made = self.account.run([self.binaries.program("initdb"), *self._make_options(sync), fresh])
        if made.returncode != 0:
            shutil.rmtree(fresh)
            raise _failed("PostgreSQL could not make its data folder", made.stdout)
        fresh.rename(self.folder)

    def _make_options(self, sync: bool) -> list[str]:
        """Sorted and matched by code point on every platform: the wheel comes without ICU."""
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        durability = [] if sync else ["--no-sync"]
        return [
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            *locale,
            "--auth=trust",  # the socket's folder is the lock on this door
            "--data-checksums",
            "--no-instructions",
            *durability,
            "-D",
        ]

    def _launch(self, settings: Mapping[str, str], deadline: float) -> None:
        self._forget_stranger()
        self._configure({**SETTINGS, "unix_socket_directories": str(self.socket), **settings})
        self.account.claim(self.socket)
        written = self._open_log()
        seconds = str(max(1, round(deadline - time.monotonic())))
        if self._control("start", "-w", "-t", seconds, "-l", self.log) is None:
            return
        said = self._logged(since=written)
        # Held back by sessions that have not noticed their server's death yet, or still recovering.
        if "still in use" not in said and self.find_postmaster() is None:
            raise _failed("PostgreSQL did not start", said)

    def _control(self, *arguments: str | Path) -> str | None:
        """What ``pg_ctl`` said if it failed."""
        command = [self.binaries.program("pg_ctl"), *arguments, "-D", self.folder]
        done = self.account.run(command)
        return None if done.returncode == 0 else done.stdout

    def _forget_stranger(self) -> None:
        """PostgreSQL takes any live process of its account for its predecessor, a zombie too."""
        if self.find_postmaster() is None:
            for stale in (self.folder / "postmaster.pid", self.socket / f".s.PGSQL.{PORT}.lock"):
                stale.unlink(missing_ok=True)

    def _is_postmaster(self, pid: int) -> bool:
        """A postmaster works in its data folder; a zombie works nowhere."""
        if not Path("/proc/self").exists():
            said = self.account.run(["ps", "-o", "stat=,command=", "-p", str(pid)]).stdout
            return "postgres" in said and not said.startswith("Z")
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.folder)
        except OSError:
            return False

    def _configure(self, settings: Mapping[str, str]) -> None:
        """The whole file, replaced; what an operator sets by ``ALTER SYSTEM`` goes over it."""
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
        ]
        handle, path = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(["# Written by gomobile at every start.", *lines, ""]))
        self.account.own(Path(path))
        os.replace(path, self.folder / "postgresql.conf")

    def _open_log(self) -> int:
        """Its length. A long one makes room for a new one; the one before is kept."""
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.rename(self.log.with_suffix(".log.1"))
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            return os.fstat(handle).st_size
        finally:
            os.close(handle)
            self.account.own(self.log)

    def _logged(self, since: int) -> str:
        """The end of what was logged since the log had that length."""
        with self.log.open("rb") as file:
            file.seek(max(since, file.seek(0, os.SEEK_END) - 2000))
            return file.read().decode(errors="replace")

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                "start_timeout",
                f"PostgreSQL is still not ready. Its log ends:\n{self._logged(since=0)}",
            )
        time.sleep(PAUSE)

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=str(self.socket),
            port=PORT,
            user=SUPERUSER,
            database=database,
            timeout=5,
        )

    async def _ensure_database(self) -> None:
        connection = await self._connect("postgres")
        try:
            if not await connection.fetchval(DATABASE_EXISTS, DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()


DATABASE_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"


def _failed(what: str, said: str) -> StoreUnavailable:
    full = "No space left on device" in said or "Disk quota exceeded" in said
    return StoreUnavailable("disk_full" if full else "start_failed", f"{what}:\n{said.strip()}")
