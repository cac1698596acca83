"""What both sides of one dialog have said about media, and whose turn it is (RFC 3264).

An offer of ours is only a wish until its answer comes; an answer of ours holds at once. A new
description raises the version in ``o=`` by one (§8), an unchanged one does not.
"""

from __future__ import annotations

from dataclasses import replace

from engine.sip import sdp
from engine.sip.message import MalformedMessage
from engine.sip.sdp import Direction, RemoteMedia


class OfferAnswer:
    __slots__ = ("_capable", "_offered", "direction", "local", "remote")

    def __init__(self, local: bytes = b"") -> None:
        self.local = local
        """Our description: where we listen, and what we understand."""
        self.remote: RemoteMedia | None = None
        self.direction = Direction.SENDRECV
        """What we want, whatever the far side wants."""
        self._offered: bytes | None = None
        self._capable: RemoteMedia | None = None

    @property
    def waits(self) -> bool:
        """An offer of ours has no answer yet."""
        return self._offered is not None

    @property
    def capable(self) -> RemoteMedia:
        """All we can do, at the place where we listen now."""
        ours = sdp.parse(self.local)
        first = self._capable or ours
        return replace(first, address=ours.address, port=ours.port, direction=self.direction)

    # --- We offer ------------------------------------------------------------------------------

    def offer(self, wanted: RemoteMedia | None) -> bytes:
        """Our next offer; ``None``: what holds already, for a refresh."""
        if wanted is None:
            self._offered = self.local
            return self.local
        self._offered = self._next(replace(wanted, direction=self.direction))
        return self._offered

    def withdraw(self) -> None:
        """The offer was refused: everything stays as it was (RFC 3261 §14.1)."""
        self._offered = None

    def take_answer(self, body: bytes) -> bool:
        """The answer to our offer, or to the first description; False: it is none."""
        offered = self._offered or self.local
        try:
            remote = sdp.parse(body)
        except MalformedMessage:
            return False
        if sdp.negotiate(offered, remote) is None:
            return False
        self._keep(offered)
        self.remote = remote
        self._offered = None
        return True

    # --- They offer ----------------------------------------------------------------------------

    def answer(self, body: bytes) -> bytes | None:
        """Our answer; ``None``: nothing in common. Raise ``MalformedMessage``."""
        theirs = sdp.parse(body)
        answered = sdp.answer_media(theirs, self.capable)
        if answered is None:
            return None
        self.remote = theirs
        self._keep(self._next(answered))
        return self.local

    def _keep(self, local: bytes) -> None:
        if self._capable is None and self.local:
            self._capable = sdp.parse(self.local)
        self.local = local

    def _next(self, media: RemoteMedia) -> bytes:
        if media == sdp.parse(self.local):
            return self.local
        session_id, version = sdp.origin(self.local)
        return sdp.describe(media, session_id, version + 1)
