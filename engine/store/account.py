"""The operating-system account the embedded server runs as.

PostgreSQL refuses to run as root. An ordinary user is its own account; root lends the server an
unprivileged one. What that account cannot reach (a folder under ``/root``, say) is asked of the
system by trying, because modes, ACLs and mounts together are not to be computed.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from errno import EPERM
from pathlib import Path
from typing import Any

from engine.errors import StoreUnavailable

UNPRIVILEGED = ("postgres", "nobody")
"""Tried in this order when root names no account."""

PASSED_ON = ("TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""With ``PATH``. The rest of the environment may hold secrets, or PG* variables that steer it."""


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int
    lent: bool
    """Root drops to it; otherwise it is who we are."""

    def run(
        self, command: Sequence[str | Path], *, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as this account and returns its output, whatever its exit status.

        The working folder is ``/`` because the account may not see ours.
        """
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd="/",
            env=_environment(),
            umask=0o077,
            start_new_session=True,
            timeout=timeout,
            check=False,
            **self._identity(),
        )

    def reaches(self, folder: Path) -> bool:
        """Whether the account can enter the folder."""
        return self.run(["test", "-x", folder]).returncode == 0

    def executes(self, program: Path) -> bool:
        """Whether the account can run ``program --version``."""
        try:
            return self.run([program, "--version"]).returncode == 0
        except OSError:
            return False

    def own(self, path: Path) -> None:
        """Hands over what we just made; never follows a link the account may have planted."""
        if self.lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def claim(self, folder: Path) -> None:
        """Makes a folder for the account alone. In ``/tmp`` anybody could have been here first."""
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            ours = found.st_uid in (self.uid, os.geteuid())
            if not ours or not stat.S_ISDIR(found.st_mode):
                raise PermissionError(EPERM, "belongs to somebody else", str(folder)) from None
            folder.chmod(0o700)
        self.own(folder)

    def _identity(self) -> dict[str, Any]:
        if not self.lent:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def open_folder(folder: Path) -> Path:
    """Makes a folder, and its missing parents, that everybody may enter, whatever the umask."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)
    return folder


def choose_account(name: str | None = None, owner_of: Path | None = None) -> Account:
    """Us; where we are root, the owner of an existing cluster, the named account or a usual one."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), lent=False)
    if owner_of is not None and owner_of.exists() and owner_of.stat().st_uid != 0:
        owner = owner_of.stat()
        return Account(owner.st_uid, owner.st_gid, lent=True)
    for candidate in (name,) if name else UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, lent=True)
    raise StoreUnavailable(
        "no_account",
        f"PostgreSQL does not run as root, and there is no account {name or 'postgres or nobody'}.",
    )


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = os.pathsep.join(filter(None, [os.environ.get("PATH"), os.defpath]))
    return {**passed, "PATH": path, "LC_ALL": "C"}
