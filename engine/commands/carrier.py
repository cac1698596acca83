"""``gomobile simulate-carrier``: somebody to call who is not real."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import IO, Annotated

import typer

from engine.commands.answer import told
from engine.config import read_endpoint, read_port_range
from engine.errors import SettingError


def simulate_carrier(
    listen: Annotated[str, typer.Option(help="ADDRESS:PORT for SIP.")] = "127.0.0.1:5070",
    rtp_ports: Annotated[str, typer.Option(help="LOW-HIGH.")] = "40000-49999",
    record: Annotated[
        Path | None, typer.Option("--log", help="Every event of every call, one JSON line each.")
    ] = None,
    personas: Annotated[bool, typer.Option(help="Print who answers at which number.")] = False,
) -> None:
    """Be a carrier to practise on: who answers depends on the last digits that are called."""
    from engine.simulator import persona

    if personas:
        typer.echo(persona.__doc__)
        return
    with told(as_json=False):
        try:
            (host, port), ports = read_endpoint(listen), read_port_range(rtp_ports)
        except ValueError as problem:
            raise SettingError("setting_invalid", str(problem)) from None
        sink = record.open("a", encoding="utf-8") if record else None
        asyncio.run(_serve(host, port, ports, sink))


async def _serve(host: str, port: int, ports: range, sink: IO[str] | None) -> None:
    from engine.simulator import Carrier

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with await Carrier.open(host, port, ports, sink) as carrier:
        address, bound = carrier.address
        typer.echo(f"The simulated carrier takes calls at {address}:{bound}.")
        await stopped.wait()
