"""Structured logs: one event a line, and nobody's phone number above debug level."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor

_NUMBER_KEYS = frozenset({"to", "from_number", "to_number", "phone", "number", "primary_phone"})


def configure(level: str, format: str) -> None:
    """Set the process's logging up once, at start."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if numeric > logging.DEBUG:
        processors.append(shorten_numbers)
    processors.append(
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if format == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=max(numeric, logging.WARNING))


def shorten_numbers(_logger: object, _method: str, event: EventDict) -> EventDict:
    """``+212612345678`` → ``+2126…78`` under the keys that hold phone numbers."""
    for key in _NUMBER_KEYS & event.keys():
        text = str(event[key])
        if len(text) > 7:
            event[key] = f"{text[:5]}…{text[-2:]}"
    return event
