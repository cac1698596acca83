"""The demo from start to end."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from engine.demo import campaign, processes, screen, summary
from engine.demo.client import connect
from engine.demo.processes import command, free_port, ready, running

NUMBERS: Final = ("+212520000001", "+212520000002", "+212520000003", "+212520000004")
OWNER: Final = "admin@atlas.example"
SLUG: Final = "atlas-bank"


async def run(folder: Path, console: Console) -> bool:
    """The whole campaign, its traces in ``folder`` (emptied first); True where every contact ended
    as the simulator's script says."""
    data = _emptied(folder)
    ports = [free_port(kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_DGRAM)]
    http, sip, carrier = ports
    environment = processes.environment(data, http, sip)
    url = f"http://127.0.0.1:{http}"
    daemon_log, carrier_log = folder / "daemon.log", folder / "carrier.log"
    listen, record = f"127.0.0.1:{carrier}", str(folder / "carrier.jsonl")
    simulate = ("simulate-carrier", "--listen", listen, "--log", record)
    console.print("Starting PostgreSQL, the engine, the API and the simulated carrier ...")
    async with (
        running(environment, carrier_log, *simulate),
        running(environment, daemon_log, "serve") as daemon,
    ):
        await ready(url, daemon, daemon_log)
        key = await _set_up(environment, carrier)
        async with connect(url, key) as client:
            console.print("Loading contacts, prompts and the flow ...")
            prepared = await campaign.prepare(client)
            console.print(
                f"{prepared.contacts} contacts, {prepared.refused} refused; "
                f"{len(NUMBERS)} numbers to call from. Launching ...\n"
            )
            began = time.monotonic()
            execution_id = await campaign.launch(client, prepared, list(NUMBERS))
            ended = await screen.watch(client, execution_id, console)
            findings = await summary.find(client, ended)
    written = summary.write(findings, folder, time.monotonic() - began)
    summary.show(written, folder, data / "recordings", console)
    return written["status"] == "completed" and not findings.surprises


async def _set_up(environment: Mapping[str, str], carrier_port: int) -> str:
    """What the operator does before there is a key; the key."""
    await command(
        environment,
        *("organization", "create", "Atlas Bank", "--slug", SLUG, "--email", OWNER),
        *("--country", "MA", "--timezone", "Africa/Casablanca", "--currency", "MAD"),
    )
    key = await command(environment, "key", "create", "--organization", SLUG, "--email", OWNER)
    await command(
        environment,
        *("trunk", "create", "simulator", "--host", "127.0.0.1", "--port", str(carrier_port)),
    )
    lend = ("--organization", SLUG, "--trunk", "simulator")
    await asyncio.gather(
        *(command(environment, "did", "create", number, *lend) for number in NUMBERS)
    )
    return str(key["secret"])


def _emptied(folder: Path) -> Path:
    """A new folder, and where in it the engine keeps its data."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return (folder / "data").absolute()
