"""Keys by SIP INFO, as carriers send them: ``application/dtmf-relay`` and ``application/dtmf``."""

from __future__ import annotations

DTMF_RELAY = "application/dtmf-relay"
DTMF = "application/dtmf"
KEYS = "0123456789*#ABCD"
DEFAULT_DURATION = 160
"""Milliseconds, where the body states none."""
MAX_DURATION = 10_000
_EVENT_NUMBERS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


def relay_body(key: str, duration_ms: int = DEFAULT_DURATION) -> bytes:
    return f"Signal={key}\r\nDuration={duration_ms}\r\n".encode()


def parse(content_type: str, body: bytes) -> tuple[str, int] | None:
    """Key and duration in milliseconds; ``None``: the body tells no key."""
    text = body.decode("ascii", "replace")
    match content_type.partition(";")[0].strip().lower():
        case "application/dtmf-relay":
            values = _values(text)
            key = values.get("signal", "")
            duration = _milliseconds(values.get("duration", ""))
        case "application/dtmf":
            key, duration = text.strip(), DEFAULT_DURATION
        case _:
            return None
    key = _EVENT_NUMBERS.get(key, key).upper()
    return (key, duration) if len(key) == 1 and key in KEYS else None


def _values(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _milliseconds(text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= 6
    return min(int(text), MAX_DURATION) if plain else DEFAULT_DURATION
