from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import Workers
from api.errors import Unavailable
from engine.org.contact import Refused, settle_many
from media.prompts import prepare
from media.wav import AudioRejected
from tests.api.tenant import wav


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    workers.close()


async def test_what_the_api_sends_there_goes_and_comes_back(
    workers: Workers, tmp_path: Path
) -> None:
    good, bad = await workers.run(settle_many, [{"primaryPhone": "0612345678"}, {}], {}, "MA")
    assert isinstance(good, dict)
    assert good["primary_phone"] == "+212612345678"
    assert isinstance(bad, Refused)
    file = tmp_path / "a.wav"
    file.write_bytes(wav())
    assert (await workers.run(prepare, file)).source.sample_rate == 8000
    file.write_bytes(b"no audio")
    with pytest.raises(AudioRejected) as rejected:
        await workers.run(prepare, file)
    assert rejected.value.code == "audio_unreadable"


async def test_a_process_that_dies_is_replaced(workers: Workers) -> None:
    with pytest.raises(Unavailable):
        await workers.run(os._exit, 1)
    assert await workers.run(os.getppid) == os.getpid()


ORPHAN = """
import asyncio, os, signal
from api import Workers

async def main():
    print(await Workers().run(os.getpid), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    # The pipe ends when the last process that holds it does, and that is the worker: had it
    # stayed, this would run into the timeout.
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout) > 0
