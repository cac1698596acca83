"""Messages out of a stream of bytes (RFC 3261 §18.3), and the keep-alives between them.

Pure: bytes in, whole messages out. In a stream the Content-Length alone tells where a message
ends, so that here, other than in a datagram, one without it, or with a doubtful one, is the end of
the connection: what follows could be anybody's.
"""

from __future__ import annotations

import re

from engine.sip.message import MAX_SIZE, MalformedMessage

PING, PONG = b"\r\n\r\n", b"\r\n"
"""RFC 5626 §4.4.1."""
_LENGTH = re.compile(rb"\r?\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*(?=\r?\n)", re.I)
_END = re.compile(rb"\r?\n\r?\n")


class Framer:
    """``pings`` and ``pongs`` count the keep-alives met so far."""

    def __init__(self) -> None:
        self.pings = 0
        self.pongs = 0
        self._buffer = bytearray()
        self._searched = 0
        """So far there is no end of the header fields."""
        self._length: int | None = None
        """Of the message at the front, in bytes, once its header fields are whole."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now; raise ``MalformedMessage`` where the stream is lost."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if self._searched == 0:
            self._skip_keepalives()
        if self._length is None:
            self._length = self._message_length()
        if self._length is None or len(self._buffer) < self._length:
            return None
        message = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._searched, self._length = 0, None
        return message

    def _skip_keepalives(self) -> None:
        while self._buffer[:2] == PONG:
            if self._buffer[:4] == PING:
                self.pings += 1
                del self._buffer[:4]
            elif self._buffer[2:3] == b"\r":
                return  # Three quarters of a ping.
            else:
                self.pongs += 1
                del self._buffer[:2]

    def _message_length(self) -> int | None:
        end = _END.search(self._buffer, max(0, self._searched - 3))
        if end is None:
            self._searched = 0 if self._buffer.startswith(b"\r") else len(self._buffer)
            if len(self._buffer) > MAX_SIZE:
                raise MalformedMessage("no end of the header fields", 513)
            return None
        stated = {int(found) for found in _LENGTH.findall(self._buffer, 0, end.end())}
        if len(stated) != 1:
            raise MalformedMessage("a stream needs one Content-Length")
        length = end.end() + stated.pop()
        if length > MAX_SIZE:
            raise MalformedMessage("larger than a datagram", 513)
        return length
