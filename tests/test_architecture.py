"""The house, checked: layers by import-linter, and a map in every room."""

import ast
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "api", "flows", "media")


def test_imports_keep_to_the_layers() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == EXIT_STATUS_SUCCESS


def test_every_package_has_a_map() -> None:
    packages = [path for room in ROOMS for path in (ROOT / room).rglob("__init__.py")]
    bare = [str(path) for path in packages if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not bare


def test_top_level_folders_are_the_design_s() -> None:
    ignored = {"var"}
    folders = {
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
    }
    expected = {"engine", "api", "flows", "media", "tests", "benchmarks", "deploy"}
    assert folders - ignored - {"__pycache__"} == expected
