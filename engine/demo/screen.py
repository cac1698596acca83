"""What is shown while the campaign runs: counters that add up, and what calls came to."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from engine.demo.client import Client

FINAL: Final = frozenset({"completed", "stopped", "cancelled"})
EVERY_S: Final = 0.5
OUTCOMES: Final = (
    ("answered", "green"),
    ("voicemail", "cyan"),
    ("noAnswer", "yellow"),
    ("busy", "yellow"),
    ("rejected", "red"),
    ("failed", "red"),
)


async def watch(client: Client, execution_id: str, console: Console) -> dict[str, Any]:
    """Show the execution until it has ended; its last state."""
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            execution: dict[str, Any] = await client.get(f"/program-executions/{execution_id}")
            calls = await client.get(f"/program-execution/{execution_id}/call-metrics")
            live.update(_screen(execution, calls))
            if execution["status"] in FINAL:
                return execution
            await asyncio.sleep(EVERY_S)


def _screen(execution: dict[str, Any], calls: dict[str, Any]) -> Group:
    done = sum(execution[name] for name in ("contactsCompleted", "contactsFailed"))
    done += execution["contactsSkipped"]
    total = max(execution["totalContacts"], 1)
    return Group(ProgressBar(total=total, completed=done, width=72), _table(execution, calls))


def _table(execution: dict[str, Any], calls: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("contacts", "", "calls", ""):
        table.add_column(name, justify="left" if name else "right")
    contacts = [
        (name.lower(), str(execution[f"contacts{name}"]))
        for name in ("Completed", "Failed", "Pending", "InProgress", "Skipped")
    ]
    contacts.append(("total", str(execution["totalContacts"])))
    for (name, count), (outcome, colour) in zip(contacts, OUTCOMES, strict=True):
        table.add_row(name, count, f"[{colour}]{outcome}[/]", str(calls[outcome]))
    return table
