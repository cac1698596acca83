"""What a socket tells the endpoint."""

from __future__ import annotations

from typing import Protocol

from engine.sip.hop import Hop


class Receiver(Protocol):
    def received(self, data: bytes, source: Hop) -> None:
        """One whole message, or a keep-alive."""

    def malformed(self) -> None:
        """A stream that is not SIP: for the counters."""

    def unsent(self) -> None:
        """Something could not be sent: for the counters."""

    def undelivered(self, data: bytes) -> None:
        """``data``, sent before, never reached the far side."""

    def disconnected(self, hop: Hop, worked: bool) -> None:
        """A connection is gone; ``worked``: something had come through it."""

    def drain(self) -> None:
        """Deal with all that was told: deliver events, send, re-arm the timer."""
