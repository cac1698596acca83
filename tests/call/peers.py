"""What a test needs of the machine: a program, a permission.

Where it is missing the test is skipped and says why; in continuous integration (``CI`` is set)
nothing may be left out, so there the test fails.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

PCAPS = Path("/usr/share/sip-tester")
"""Recorded RFC 4733 events, with Debian's sip-tester."""


def demand(present: bool, reason: str) -> None:
    """Go on only where it is ``present``."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def demand_program(name: str, package: str) -> None:
    demand(shutil.which(name) is not None, f"{name} is not installed (Debian: {package})")


def demand_raw_sockets(who: str) -> None:
    """Raw and packet sockets, which belong to root and to who has CAP_NET_RAW."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError:
        demand(False, f"{who} needs CAP_NET_RAW: run as root")
