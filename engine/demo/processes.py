"""The daemon and the simulated carrier as processes of their own, and commands beside them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.demo.client import is_ready

PATIENCE_S = 60.0
LEAVE_S = 20.0
COMMAND = (sys.executable, "-m", "engine")


class DemoFailed(Exception):
    """A process did not start or ended too soon; the message names its log."""


async def command(environment: Mapping[str, str], *words: str) -> dict[str, Any]:
    """Run ``gomobile WORDS --json``; its answer."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        "--json",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, complaint = await process.communicate()
    if process.returncode:
        raise DemoFailed(f"gomobile {' '.join(words)}: {complaint.decode().strip()}")
    found: dict[str, Any] = json.loads(answer)
    return found


@asynccontextmanager
async def running(
    environment: Mapping[str, str], log: Path, *words: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``gomobile WORDS`` until the block ends; then SIGTERM, and SIGKILL where that is ignored."""
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *words, env=environment, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until the daemon says it is ready."""
    for _ in range(int(PATIENCE_S / 0.2)):
        if process.returncode is not None:
            raise DemoFailed(f"the daemon ended at once; see {log}:\n{_end_of(log)}")
        if await is_ready(url):
            return
        await asyncio.sleep(0.2)
    raise DemoFailed(f"the daemon was not ready after {PATIENCE_S:.0f} seconds; see {log}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def free_port(kind: socket.SocketKind) -> int:
    """A port of 127.0.0.1 nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, http_port: int, sip_port: int) -> dict[str, str]:
    """Of this process, without its own GOMOBILE settings, with those of the demo."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOMOBILE_")}
    return kept | {
        "GOMOBILE_DATA_DIR": str(data_dir),
        "GOMOBILE_HTTP": f"127.0.0.1:{http_port}",
        "GOMOBILE_SIP": f"127.0.0.1:{sip_port}",
        "GOMOBILE_LOG_FORMAT": "console",
    }
