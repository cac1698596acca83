"""The fuzz target over its corpus, always; and for ten minutes of mutations, by ``-m long``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sip.fuzz.target import feed

CORPUS = Path(__file__).parent / "corpus"
TORTURE = Path(__file__).parent.parent / "torture"
MINUTES = 10


@pytest.mark.parametrize(
    "path", [*sorted(CORPUS.iterdir()), *sorted(TORTURE.glob("*.dat"))], ids=lambda path: path.stem
)
def test_corpus(path: Path) -> None:
    feed(path.read_bytes())


QUADRATIC = {
    "folded lines": b"OPTIONS sip:a SIP/2.0\r\nVia: x" + b"\r\n " * 20_000 + b"\r\n\r\n",
    "escaped quotes": b'OPTIONS sip:a SIP/2.0\r\nFrom: "' + b"\\" * 60_000 + b"\r\n\r\n",
    "commas": b"OPTIONS sip:a SIP/2.0\r\nVia: " + b'",' * 30_000 + b"\r\n\r\n",
    "brackets": b"OPTIONS sip:a SIP/2.0\r\nTo: " + b"<;" * 30_000 + b"\r\n\r\n",
    "parts": b"OPTIONS sip:a SIP/2.0\r\nContent-Type: multipart/x;boundary=-\r\n\r\n"
    + b"-" * 60_000,
    "blank lines": b"OPTIONS sip:a SIP/2.0" + b"\r\n" * 30_000,
    "description": b"OPTIONS sip:a SIP/2.0\r\n\r\n" + b"m=audio 1 RTP/AVP 0\n" * 3_000,
    "blanks": b"OPTIONS sip:a SIP/2.0\r\nTo:" + b" \t" * 30_000 + b"x\r\n\r\n",
}


@pytest.mark.parametrize("name", QUADRATIC)
def test_nothing_is_quadratic(name: str) -> None:
    feed(QUADRATIC[name])


@pytest.mark.long
@pytest.mark.timeout(MINUTES * 60 + 120)
def test_ten_minutes(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="FUZZING IS SKIPPED: no atheris for this Python")
    command = [sys.executable, "-m", "tests.sip.fuzz", str(tmp_path), str(CORPUS)]
    command += [str(TORTURE), f"-max_total_time={MINUTES * 60}", "-max_len=65535", "-timeout=10"]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-4000:].decode("utf-8", "replace")
