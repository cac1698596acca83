"""Where the installation's secret is: in the environment, or in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from engine.config import Settings
from engine.errors import SettingError
from engine.org.secret import KEY_BYTES, Secret

FILE = "secret.key"


def installation_secret(settings: Settings) -> Secret:
    """``GOMOBILE_SECRET_KEY``, which all nodes of one database must share; otherwise a key that is
    made once and kept beside the data, readable by its owner alone.

    Raises ``SettingError``.
    """
    if settings.secret_key is not None:
        return Secret(settings.secret_key.encode())
    path = settings.data_dir / FILE
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return Secret(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise SettingError("secret_key_file", f"{path} cannot be used: {problem}") from None


def _make(path: Path) -> None:
    """Whole or not at all, by whichever of two starters comes first."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
