"""What became of every contact, held against what had to; written down and printed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.demo.client import Client
from engine.demo.expectation import expectation


@dataclass(frozen=True, slots=True)
class Findings:
    execution: dict[str, Any]
    calls: list[dict[str, Any]]
    recordings: list[dict[str, Any]]
    surprises: list[str] = field(default_factory=list)
    """One sentence for each contact that did not end as the simulator's script says."""


async def find(client: Client, execution: dict[str, Any]) -> Findings:
    calls = await client.pages("/calls", sortBy="createdAt", sortOrder="asc")
    recordings = await client.get("/recordings", limit=100, offset=0)
    return Findings(execution, calls, recordings, surprises(execution, calls, recordings))


def surprises(
    execution: dict[str, Any], calls: list[dict[str, Any]], recordings: list[dict[str, Any]]
) -> list[str]:
    recorded = {recording["callId"] for recording in recordings}
    by_number: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in calls:
        by_number[call["to"]].append(call)
    found = [_surprise(number, by_number[number], recorded) for number in sorted(by_number)]
    if len(by_number) != execution["totalContacts"]:
        found.append(f"{execution['totalContacts']} contacts, but {len(by_number)} were called")
    return [sentence for sentence in found if sentence]


def _surprise(number: str, calls: list[dict[str, Any]], recorded: set[str]) -> str | None:
    wanted = expectation(number)
    results = tuple(call["status"] for call in calls)
    if results != wanted.results:
        return f"{number}: {', '.join(map(str, results))} instead of {', '.join(wanted.results)}"
    if wanted.recorded != any(call["id"] in recorded for call in calls):
        return f"{number}: {'no recording' if wanted.recorded else 'a recording nobody left'}"
    return None


def write(findings: Findings, folder: Path, seconds: float) -> dict[str, Any]:
    """``summary.json`` and ``calls.json`` in ``folder``; the summary."""
    execution = findings.execution
    names = ("total", "completed", "failed", "pending", "inProgress", "skipped")
    fields = ("totalContacts", *(f"contacts{name[0].upper()}{name[1:]}" for name in names[1:]))
    summary = {
        "executionId": execution["id"],
        "status": execution["status"],
        "totals": {name: execution[field] for name, field in zip(names, fields, strict=True)},
        "outcomes": dict(Counter(call["status"] for call in findings.calls)),
        "attempts": len(findings.calls),
        "recordings": len(findings.recordings),
        "durationSeconds": round(seconds, 1),
        "surprises": findings.surprises,
    }
    _write(folder / "summary.json", summary)
    _write(folder / "calls.json", findings.calls)
    return summary


def show(summary: dict[str, Any], folder: Path, recordings: Path, console: Console) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, value in summary["outcomes"].items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(
        f"\n[bold]{summary['attempts']} calls[/] to {summary['totals']['total']} contacts"
    )
    console.print(table)
    console.print(f"\nsummary     {folder / 'summary.json'}")
    console.print(f"call report {folder / 'calls.json'}")
    console.print(f"recordings  {recordings}  ({summary['recordings']} WAV)")
    for sentence in summary["surprises"]:
        console.print(f"[red]surprise[/]    {sentence}")


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
