"""Fuzz until stopped: ``python -m tests.sip.fuzz [libFuzzer options and corpus folders]``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["engine.sip"]):
    from tests.sip.fuzz.target import feed

atheris.Setup(sys.argv, feed)
atheris.Fuzz()
