from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.errors import StoreUnavailable
from engine.store import binaries, embedded
from engine.store.account import Account, choose_account
from engine.store.binaries import find_binaries, runnable
from engine.store.embedded import EmbeddedPostgres
from engine.store.migrate import migrate, read_migrations
from engine.store.pool import open_pool

FAST = {"fsync": "off", "shared_buffers": "16MB"}
AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="only root drops to another account")
as_ordinary_user = pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")

USER = """
import asyncio, sys
from pathlib import Path
from engine.store import EmbeddedPostgres

async def use(folder):
    async with EmbeddedPostgres(folder, settings={"fsync": "off"}) as postgres:
        print(postgres.cluster.find_postmaster(), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(use(Path(sys.argv[1])))
"""


class User:
    """Another process that uses the server until it is told to leave, or killed."""

    def __init__(self, folder: Path, **identity: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **identity,
        )

    def postmaster(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def users() -> Iterator[list[User]]:
    """Whoever is still here at the end is killed."""
    present: list[User] = []
    yield present
    for user in present:
        if user.process.returncode is None:
            user.kill()


def open_folder(parent: Path | None) -> Path:
    """Not below pytest's own folder, which is closed to the server's account."""
    folder = Path(tempfile.mkdtemp(prefix="gomobile-embedded-", dir=parent))
    folder.chmod(0o755)
    return folder


def clear(folder: Path) -> None:
    """The folder and whatever server a failed test left in it."""
    for cluster in folder.glob("**/postmaster.pid"):
        with suppress(OSError, ValueError):
            pid = int(cluster.read_text().split()[0])
            if Path(f"/proc/{pid}/cwd").samefile(cluster.parent):
                os.kill(pid, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def folder(memory: Path | None) -> Iterator[Path]:
    """One data folder for all: made by the first test, stopped by each."""
    folder = open_folder(memory)
    yield folder
    clear(folder)


@pytest.fixture
def fresh_folder(memory: Path | None) -> Iterator[Path]:
    folder = open_folder(memory)
    yield folder
    clear(folder)


def postgres_in(folder: Path, **options: Any) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, settings=FAST, **options)


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def pid_of(postgres: EmbeddedPostgres) -> int:
    pid = postgres.cluster.find_postmaster()
    assert pid is not None
    return pid


# --- One user ----------------------------------------------------------------------------------


async def test_a_start_gives_a_database_and_a_stop_ends_the_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    postgres = postgres_in(folder)
    url = await postgres.start()
    assert await ask(url, "SELECT current_database()") == "gomobile"
    assert await ask(url, "SELECT lower('ÉTÉ') || (SELECT 'é' > 'z')::text") == "été" + "true"
    await postgres.stop()
    assert postgres.cluster.find_postmaster() is None
    assert not await postgres.cluster.answers()
    await postgres.stop()


async def test_the_only_way_in_is_a_private_socket(folder: Path) -> None:
    async with postgres_in(folder) as postgres:
        assert await ask(postgres.url, "SHOW listen_addresses") == ""
        assert postgres.cluster.socket.stat().st_mode & 0o777 == 0o700
        assert postgres.cluster.folder.stat().st_mode & 0o777 == 0o700


async def test_given_settings_go_over_the_defaults(folder: Path) -> None:
    async with EmbeddedPostgres(folder, settings={**FAST, "search_path": "it''s"}) as postgres:
        assert await ask(postgres.url, "SHOW shared_buffers") == "16MB"
        assert await ask(postgres.url, "SHOW synchronous_commit") == "on"
        assert await ask(postgres.url, "SHOW search_path") == "it''s"


async def test_a_start_does_not_hold_the_loop(folder: Path) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    async with postgres_in(folder):
        during = turns
    turning.cancel()
    assert 100 < during < turns


async def test_a_start_that_is_cancelled_leaves_no_server(folder: Path) -> None:
    postgres = postgres_in(folder)

    async def use() -> None:
        async with postgres:
            raise AssertionError("cancelled before it was there")

    using = asyncio.create_task(use())
    await asyncio.sleep(0.01)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert postgres.cluster.find_postmaster() is None


# --- Several users -----------------------------------------------------------------------------


async def test_the_last_user_stops_the_server(folder: Path) -> None:
    one, other = postgres_in(folder), postgres_in(folder)
    assert await one.start() == await other.start()
    assert await one.start() == one.url
    await one.stop()
    assert await ask(other.url, "SELECT 1") == 1
    await other.stop()
    assert other.cluster.find_postmaster() is None


def test_several_starters_at_once_share_one_server(fresh_folder: Path, users: list[User]) -> None:
    users.extend(User(fresh_folder) for _ in range(4))
    assert len({user.postmaster() for user in users}) == 1
    for user in users:
        user.leave()
    assert not (fresh_folder / "cluster" / "postmaster.pid").exists()


async def test_a_server_outlives_its_killed_user_and_is_found(
    folder: Path, users: list[User]
) -> None:
    users.append(User(folder))
    pid = users[0].postmaster()
    users[0].kill()
    async with postgres_in(folder) as postgres:
        assert pid_of(postgres) == pid
        assert await ask(postgres.url, "SELECT 1") == 1
    assert postgres.cluster.find_postmaster() is None


def test_a_user_killed_while_it_starts_leaves_nothing_in_the_way(
    fresh_folder: Path, users: list[User]
) -> None:
    users.append(User(fresh_folder))
    while not list(fresh_folder.glob("cluster.new-*")):
        assert users[0].process.poll() is None
    users[0].kill()
    users.append(User(fresh_folder))
    assert users[1].postmaster() > 0
    users[1].leave()
    assert not list(fresh_folder.glob("cluster.new-*"))


# --- Killed servers ----------------------------------------------------------------------------


async def test_a_killed_postmaster_is_revived_with_its_data(folder: Path) -> None:
    async with postgres_in(folder) as postgres:
        await ask(postgres.url, "CREATE TABLE kept AS SELECT 7 AS number")
        killed = pid_of(postgres)
        os.kill(killed, signal.SIGKILL)
        url = await postgres.start()
        assert pid_of(postgres) != killed
        assert await ask(url, "SELECT number FROM kept") == 7


async def test_a_killed_postmaster_is_revived_by_whoever_keeps_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LOOK_EVERY", 0.01)
    async with postgres_in(folder) as postgres:
        keeping = asyncio.create_task(postgres.keep_running())
        os.kill(pid_of(postgres), signal.SIGKILL)
        while not await postgres.cluster.answers():
            await asyncio.sleep(0.02)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping


async def test_a_killed_session_takes_the_others_down_and_a_start_waits_for_them(
    folder: Path,
) -> None:
    async with postgres_in(folder) as postgres:
        before = pid_of(postgres)
        connection = await asyncpg.connect(postgres.url)
        os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await connection.fetchval("SELECT pg_sleep(30)")
        connection.terminate()
        assert await ask(await postgres.start(), "SELECT 1") == 1
        assert pid_of(postgres) == before


async def test_a_pid_that_is_somebody_elses_by_now_is_not_believed(folder: Path) -> None:
    async with postgres_in(folder) as postgres:
        account = postgres.cluster.account
    identity = {"user": account.uid, "group": account.gid} if account.lent else {}
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **identity)
    try:
        stale = postgres.cluster.folder / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{postgres.cluster.folder}\n0\n5432\n\n\n0 0\n")
        async with postgres:
            assert pid_of(postgres) != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


# --- Whose server, and where -------------------------------------------------------------------


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


@as_root
async def test_root_drops_to_an_ordinary_account(folder: Path) -> None:
    async with postgres_in(folder) as postgres:
        status = status_of(pid_of(postgres))
        account = postgres.cluster.account
        assert account.uid != 0
        assert set(status["Uid"]) == {str(account.uid)}
        assert set(status["Gid"]) == {str(account.gid)}
        assert status["Groups"] == []
        environment = Path(f"/proc/{pid_of(postgres)}/environ").read_bytes()
        assert b"PYTEST_CURRENT_TEST" not in environment


@as_root
async def test_root_may_name_the_account(fresh_folder: Path) -> None:
    async with postgres_in(fresh_folder, account="nobody") as postgres:
        assert postgres.cluster.account == choose_account("nobody")
    assert (fresh_folder / "cluster").owner() == "nobody"
    async with postgres_in(fresh_folder) as again:
        assert again.cluster.account == choose_account("nobody"), "the cluster's owner stays"


@as_root
def test_an_ordinary_user_runs_the_server_itself(fresh_folder: Path, users: list[User]) -> None:
    nobody = choose_account("nobody")
    if not nobody.executes(Path(sys.executable)):
        pytest.skip("the virtual environment is closed to others")
    os.chown(fresh_folder, nobody.uid, nobody.gid)
    users.append(User(fresh_folder, user=nobody.uid, group=nobody.gid, extra_groups=[]))
    assert status_of(users[0].postmaster())["Uid"][0] == str(nobody.uid)
    users[0].leave()


@as_root
async def test_a_folder_the_account_cannot_reach_has_its_home_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    homes = open_folder(None)
    monkeypatch.setattr(embedded, "UNREACHED_HOMES", homes / "clusters")
    try:
        async with postgres_in(tmp_path / "data") as postgres:
            await ask(postgres.url, "CREATE TABLE kept ()")
            assert postgres.cluster.folder.is_relative_to(homes)
            assert (tmp_path / "data" / "home").resolve() == postgres.cluster.folder.parent
        async with postgres_in(tmp_path / "data") as again:
            assert await ask(again.url, "SELECT to_regclass('kept')::text") == "kept"
    finally:
        clear(homes)


async def test_a_long_path_has_a_short_socket(fresh_folder: Path) -> None:
    folder = fresh_folder / ("é" * 30) / ("x" * 60)
    async with postgres_in(folder) as postgres:
        assert postgres.cluster.socket.parent == Path("/tmp")
        assert postgres.cluster.socket.stat().st_mode & 0o777 == 0o700
        assert await ask(postgres.url, "SELECT 1") == 1
    assert not postgres.cluster.socket.exists()


async def test_a_socket_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "socket").symlink_to(target)
    with pytest.raises(PermissionError, match="somebody else"):
        choose_account().claim(tmp_path / "socket")
    assert target.owner() == tmp_path.owner()


@as_root
def test_programs_the_account_cannot_run_are_copied_once(fresh_folder: Path) -> None:
    found = find_binaries()
    if found.wheel is None:
        pytest.skip("the wheel is not installed")
    account = choose_account()
    closed = hide_wheel(found.wheel, fresh_folder / "closed")
    hidden = binaries.Binaries(closed / "bin", found.major, closed)
    copies = fresh_folder / "made" / "copies"
    with ThreadPoolExecutor() as pool:
        made = set(pool.map(lambda _: runnable(hidden, account, copies), range(2)))
    assert len(made) == 1
    assert account.executes(made.pop().program("initdb"))
    assert len(list(copies.iterdir())) == 1


def hide_wheel(installation: Path, folder: Path) -> Path:
    """The wheel's layout, closed to everyone else."""
    package = installation.parent
    ignored = shutil.ignore_patterns("*.a", "include")
    for part in (f"{package.name}.libs", f"{package.name}/{installation.name}"):
        shutil.copytree(package.parent / part, folder / part, symlinks=True, ignore=ignored)
    folder.chmod(0o700)
    return folder / package.name / installation.name


async def test_debians_programs_serve_as_well(
    fresh_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "WHEEL_PACKAGE", "no_such_wheel")
    try:
        found = find_binaries()
    except StoreUnavailable:
        pytest.skip("no PostgreSQL but the wheel's is installed")
    async with postgres_in(fresh_folder) as postgres:
        assert postgres.cluster.binaries == found
        assert await ask(postgres.url, "SELECT lower('ÉTÉ')") == "été"
        pool = await open_pool(postgres.url)
        assert await migrate(pool) == read_migrations()
        await pool.close()


# --- Refusals ----------------------------------------------------------------------------------


async def refusal(folder: Path) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as refused:
        await postgres_in(folder).start()
    return refused.value


async def test_no_programs(
    fresh_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "WHEEL_PACKAGE", "no_such_wheel")
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await refusal(fresh_folder)).code == "no_binaries"


async def test_data_of_another_version(fresh_folder: Path) -> None:
    (fresh_folder / "cluster").mkdir()
    (fresh_folder / "cluster" / "PG_VERSION").write_text("12\n")
    refused = await refusal(fresh_folder)
    assert refused.code == "version_mismatch"
    assert "PostgreSQL 12" in str(refused)


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    assert (await refusal(tmp_path / "data")).code == "data_dir_unusable"


@as_ordinary_user
async def test_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert (await refusal(tmp_path / "data")).code == "data_dir_unusable"


async def test_a_setting_postgres_refuses_is_told_in_its_words(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder, settings={"shared_buffers": "much"})
    with pytest.raises(StoreUnavailable, match='invalid value for parameter "shared_buffers"'):
        await postgres.start()
    async with postgres_in(folder):
        pass


@as_root
async def test_a_full_disk(fresh_folder: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", fresh_folder])
    if mounted.returncode != 0:
        pytest.skip("may not mount here")
    try:
        fresh_folder.chmod(0o755)
        assert (await refusal(fresh_folder)).code == "disk_full"
        assert not list(fresh_folder.glob("cluster*"))
    finally:
        subprocess.run(["umount", fresh_folder], check=True)


def test_an_ordinary_account_is_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getegid", lambda: 4712)
    assert choose_account("postgres") == Account(4711, 4712, lent=False)
