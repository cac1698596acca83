"""Only the transport knows the loop, the clock, the sockets and chance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import engine.sip

SHELL = {"__init__.py"}
FORBIDDEN = {"asyncio", "time", "random", "secrets", "socket", "datetime", "os", "threading"}
FILES = sorted(Path(engine.sip.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", [p for p in FILES if p.name not in SHELL], ids=lambda p: p.stem)
def test_module_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    plain = [alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names]
    named = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert not FORBIDDEN & {name.partition(".")[0] for name in plain + named}


def test_public_names_exist() -> None:
    assert all(hasattr(engine.sip, name) for name in engine.sip.__all__)
