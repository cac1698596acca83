"""``gomobile serve``: the daemon."""

from __future__ import annotations

import os

import uvloop

from engine import log
from engine.commands.answer import told
from engine.config import read_settings


def serve() -> None:
    """Run the engine and the HTTP API until SIGTERM; live calls may finish then."""
    with told(as_json=False):
        settings = read_settings(os.environ)
        log.configure(settings.log_level, settings.log_format)
        # Here, so that the other commands need not load all that a daemon is made of.
        from engine.app import raise_file_limit
        from engine.commands import daemon

        raise_file_limit()
        uvloop.run(daemon.run(settings))
