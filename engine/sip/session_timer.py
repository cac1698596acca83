"""How long a session lives without a refresh, and who refreshes it (RFC 4028).

A call whose BYE was lost would stay up for ever. So both sides agree on an interval: the refresher
sends a re-INVITE or UPDATE at half of it, and whoever sees no refresh hangs up shortly before it
is over (§10). The caller proposes, the called side decides; every refresh decides anew.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.sip.headers import parameters, tokens
from engine.sip.message import Headers, Message, Request, Response

MIN_SE = 90
"""Seconds: the least interval anyone may ask of us (§4)."""
DEFAULT_INTERVAL = 1800
"""Seconds (§4)."""
OPTION = "timer"


class SessionExpires(NamedTuple):
    interval: int
    """Seconds."""
    refresher: str
    """``uac`` or ``uas``, seen from the request; empty: not said."""


def session_expires(message: Message) -> SessionExpires | None:
    """What ``Session-Expires`` states; ``None`` where it is missing or cannot be read."""
    value, params = parameters(message.first("Session-Expires") or "")
    interval = _seconds(value)
    refresher = (params.get("refresher") or "").lower()
    return SessionExpires(interval, refresher) if interval else None


def min_se(message: Message) -> int:
    return max(_seconds(parameters(message.first("Min-SE") or "")[0]), MIN_SE)


class SessionTimer:
    __slots__ = ("interval", "least", "we_refresh")

    def __init__(self, interval: int = DEFAULT_INTERVAL) -> None:
        """``interval`` in seconds; 0: we do not ask for one."""
        self.interval = interval
        self.least = MIN_SE
        self.we_refresh: bool | None = None
        """``None`` until both sides have agreed."""

    # --- When we ask ---------------------------------------------------------------------------

    def proposal(self) -> Headers:
        """For an INVITE or a refresh of ours (§7.1, §7.4)."""
        if not self.interval:
            return []
        who = {None: "", True: ";refresher=uac", False: ";refresher=uas"}[self.we_refresh]
        least = [("Min-SE", str(self.least))] if self.least > MIN_SE else []
        return [("Session-Expires", f"{self.interval}{who}"), *least]

    def raised_by(self, refusal: Response) -> bool:
        """Take the Min-SE of a 422; False: it asks for no more than we offered (§7.3)."""
        least = min_se(refusal)
        if least <= self.least and least <= self.interval:
            return False
        self.least = max(least, self.least)
        self.interval = max(self.interval, self.least)
        return True

    def decided_by(self, success: Response) -> None:
        """The 2xx says what holds (§7.2); without the field nothing expires."""
        agreed = session_expires(success)
        self.interval = agreed.interval if agreed else 0
        self.we_refresh = agreed.refresher != "uas" if agreed else None

    # --- When we are asked ---------------------------------------------------------------------

    def is_too_brief(self, request: Request) -> bool:
        """To be refused with 422 (§9): only who speaks the extension can take that answer."""
        asked = session_expires(request)
        return asked is not None and asked.interval < MIN_SE and OPTION in supported(request)

    def decide(self, request: Request) -> Headers:
        """Header fields of our 2xx (§9): their interval, or ours where they name none."""
        asked = session_expires(request)
        if asked is not None:
            self.interval = asked.interval
        elif not self.interval:
            self.we_refresh = None
            return []
        speaks = OPTION in supported(request)
        they = speaks and asked is not None and asked.refresher != "uas"
        self.we_refresh = not they
        fields = [("Session-Expires", f"{self.interval};refresher={'uac' if they else 'uas'}")]
        return [*fields, ("Require", OPTION)] if they else fields

    # --- What follows --------------------------------------------------------------------------

    @property
    def refresh_after(self) -> float | None:
        """Seconds from the last refresh to the next one of ours (§7.2)."""
        return self.interval / 2 if self.interval and self.we_refresh else None

    @property
    def over_after(self) -> float | None:
        """Seconds from the last refresh until we hang up (§10)."""
        if not self.interval or self.we_refresh is None:
            return None
        return self.interval - min(32, self.interval / 3)


def supported(message: Message) -> list[str]:
    return [tag.lower() for tag in tokens(message, "Supported") + tokens(message, "Require")]


def _seconds(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
