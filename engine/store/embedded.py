"""The PostgreSQL that comes with the engine: found or started, shared, stopped by its last user.

::

    data_dir/
      starter.lock   exclusive while one process finds, makes, starts or stops the server
      users.lock     shared by every process that uses the server; the kernel lets go of it for a
                     process that was killed, so nobody is counted who is not there
      cluster/       the data, owned by the server's account
      socket/        the only way in, closed to everyone but that account (and root)
      postgres.log

The server lives in a session of its own: it outlives a user that is killed, and the next start
finds it by asking on its socket. Nothing else proves that it is there: a pid in a file may be
anybody's by now. Where root's account cannot reach ``data_dir``, ``data_dir/home`` is a link to the
folder under ``/var/lib/gomobile`` where cluster, socket and log are instead.

All waiting is done in worker threads; ``start`` and ``stop`` never hold the loop.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from engine.errors import StoreUnavailable
from engine.store.account import Account, choose_account, open_folder
from engine.store.binaries import find_binaries, runnable
from engine.store.cluster import DATABASE, PORT, SUPERUSER, Cluster

UNREACHED_HOMES = Path("/var/lib/gomobile/clusters")
LONGEST_SOCKET = 103
"""Bytes of a socket's path, on macOS; Linux allows 107."""
LOOK_EVERY = 1.0
"""Seconds between two looks of ``keep_running``."""


class EmbeddedPostgres:
    """``async with EmbeddedPostgres(folder) as postgres: await open_pool(postgres.url)``.

    ``settings`` go over ``cluster.SETTINGS``; they count for whoever starts the server.
    ``account`` names the user root drops to. ``patience`` is how long, in seconds, a start may
    take: after a crash a large database recovers first.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        account: str | None = None,
        patience: float = 120.0,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._settings = dict(settings or {})
        self._account_name = account
        self._patience = patience
        self._turn = threading.Lock()
        self._use: int | None = None
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The server's folder, account and programs; there after ``start``."""
        if self._cluster is None:
            raise RuntimeError("The embedded PostgreSQL was not started.")
        return self._cluster

    @property
    def url(self) -> str:
        """For ``open_pool``; the same after every restart."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Complete, so that no PG* variable has a say in it."""
        socket = quote(str(self.cluster.socket), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={socket}&port={PORT}"

    async def start(self) -> str:
        """Finds the server or starts it, and returns its URL. Again: revives it if it is gone."""
        await asyncio.to_thread(self._start)
        return self.url

    async def stop(self) -> None:
        """Lets go of the server, and shuts it down if nobody else uses it."""
        await asyncio.to_thread(self._stop)

    async def keep_running(self) -> None:
        """Revives a server that was killed, until cancelled; raises what a start raises."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if await asyncio.to_thread(self.cluster.find_postmaster) is None:
                await self.start()

    async def __aenter__(self) -> EmbeddedPostgres:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _start(self) -> None:
        with self._turn, _explained(self.data_dir):
            open_folder(self.data_dir)
            with self._alone():
                first = self._hold()
                try:
                    self._cluster = self._cluster or self._settle()
                    self._cluster.ensure_running(self._settings, self._patience)
                except BaseException:
                    if first:
                        self._let_go()
                    raise

    def _stop(self) -> None:
        with self._turn:
            if self._use is not None:
                with self._alone():
                    self._let_go()

    def _settle(self) -> Cluster:
        """Decides who runs what, where: all of it follows from what is on the disk already."""
        link = self.data_dir / "home"
        account = choose_account(self._account_name, owner_of=_home(self.data_dir) / "cluster")
        if not link.is_symlink() and not account.reaches(self.data_dir):
            link.symlink_to(_new_home())
        home = _home(self.data_dir)
        folder = home / "cluster"
        binaries = runnable(find_binaries(Cluster.major_of(folder)), account)
        return Cluster(
            folder=folder,
            socket=_socket_folder(home, account),
            log=home / "postgres.log",
            account=account,
            binaries=binaries,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = _open_lock(self.data_dir / "starter.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _hold(self) -> bool:
        """Whether this is our first start; a use is counted once."""
        if self._use is not None:
            return False
        self._use = _open_lock(self.data_dir / "users.lock")
        fcntl.flock(self._use, fcntl.LOCK_SH)
        return True

    def _let_go(self) -> None:
        if self._release() and self._cluster is not None:
            self._cluster.shut_down()

    def _release(self) -> bool:
        """Whether that was the last use. Unlocks first: a forked worker may share the handle."""
        assert self._use is not None
        fcntl.flock(self._use, fcntl.LOCK_UN)
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(self._use)
            self._use = None
        return True


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    """What the operating system refuses becomes an error an operator can act on."""
    try:
        yield
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreUnavailable(
            "disk_full" if full else "data_dir_unusable",
            f"The database folder {data_dir} cannot be used: {problem}",
        ) from problem


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _home(data_dir: Path) -> Path:
    link = data_dir / "home"
    return link.resolve() if link.is_symlink() else data_dir


def _new_home() -> Path:
    home = Path(tempfile.mkdtemp(dir=open_folder(UNREACHED_HOMES), prefix="cluster-"))
    home.chmod(0o755)
    return home


def _socket_folder(home: Path, account: Account) -> Path:
    """``home/socket``, or a short path that is the same every time."""
    folder = home / "socket"
    if len(os.fsencode(folder)) + len("/.s.PGSQL.5432.lock") <= LONGEST_SOCKET:
        return folder
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"gomobile-{account.uid}-{mark}"
