"""SIP messages: bytes in, ``Request`` or ``Response`` out, and back (RFC 3261 §7).

A message is split once into a start line, a list of header fields and a body. Names become the
long form in its usual case; values stay text until someone asks for a typed header
(``engine.sip.headers``). Parsing is as tolerant as carriers need: compact forms, folded lines, bare
LF, blanks before the colon, a missing Content-Length, CRLF before the start line. It is strict
where guessing would be dangerous: the start line, the size, a Content-Length that promises more
than came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, TypeVar

MAX_SIZE = 65_535
"""Bytes; the largest datagram there is."""
MAX_HEADERS = 200
VERSION = "SIP/2.0"

Headers: TypeAlias = list[tuple[str, str]]

_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
_USUAL_CASE = {"call-id": "Call-ID", "cseq": "CSeq", "mime-version": "MIME-Version"} | {
    "www-authenticate": "WWW-Authenticate",
    "rseq": "RSeq",
    "rack": "RAck",
    "min-se": "Min-SE",
    "content-id": "Content-ID",
    "sip-etag": "SIP-ETag",
    "sip-if-match": "SIP-If-Match",
}
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_FOLD = re.compile(r"[ \t]*\n[ \t]+")
_canonical_names: dict[str, str] = {}
"""Names as they came, to their usual form: bounded, since names come from anyone."""
_CANONICAL_LIMIT = 512


class MalformedMessage(ValueError):
    """Input that is not SIP. ``status`` is what a request of this kind deserves as an answer."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Request:
    method: str
    uri: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def first(self, name: str) -> str | None:
        return first(self.headers, name)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def serialize(self) -> bytes:
        return _serialize(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@dataclass(slots=True)
class Response:
    status: int
    reason: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def first(self, name: str) -> str | None:
        return first(self.headers, name)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def serialize(self) -> bytes:
        return _serialize(f"{VERSION} {self.status} {self.reason}", self.headers, self.body)


Message: TypeAlias = Request | Response

_T = TypeVar("_T")
_REMEMBERED, _REMEMBERED_LENGTH = 2048, 256


def remembered(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """Keep what ``parse`` made of recent short texts: one call says the same From a dozen times.

    Both bounds are there because the texts come from anyone.
    """
    known = lru_cache(_REMEMBERED)(parse)

    def recall(text: str) -> _T:
        return known(text) if len(text) <= _REMEMBERED_LENGTH else parse(text)

    return recall


def first(headers: Headers, name: str) -> str | None:
    """The first value of ``name`` (long form, usual case); ``None`` where it is missing."""
    for key, value in headers:
        if key == name:
            return value
    return None


def parse(data: bytes) -> Message:
    """Split one datagram into a message; raise ``MalformedMessage``."""
    if len(data) > MAX_SIZE:
        raise MalformedMessage("larger than a datagram", 513)
    head, body = _split(data.lstrip(b"\r\n"))
    start, *lines = _lines(head)
    if len(lines) > MAX_HEADERS:
        raise MalformedMessage(f"more than {MAX_HEADERS} header fields", 513)
    method, what, status = _known_start(start) if len(start) < _REMEMBERED_LENGTH else _start(start)
    # The length is the body's to tell; ``serialize`` writes it anew.
    headers, lengths = _fields(lines)
    if lengths:
        body = _body(lengths, body)
    return Request(method, what, headers, body) if method else Response(status, what, headers, body)


def _split(data: bytes) -> tuple[bytes, bytes]:
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        head, blank, body = data.partition(b"\n\n")
    if not blank:
        raise MalformedMessage("no empty line after the header fields")
    return head, body


def _lines(head: bytes) -> list[str]:
    # Surrogate escapes keep bytes that are not UTF-8 (RFC 3261 §25.1 allows them in quoted text).
    text = head.decode("utf-8", "surrogateescape")
    lines = text.split("\r\n")
    if "\n " in text or "\n\t" in text or text.count("\n") != len(lines) - 1:
        lines = _FOLD.sub(" ", text.replace("\r\n", "\n")).split("\n")
    return lines


def _fields(lines: list[str]) -> tuple[Headers, list[str]]:
    """Header fields by their usual names, and what the lengths among them state."""
    headers: Headers = []
    lengths = []
    append, known = headers.append, _canonical_names.get
    for line in lines:
        # One loop without calls: this is where the time of parsing goes.
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedMessage(f"no colon in header line {line[:40]!r}")
        usual = known(name) or _canonical(name)
        if usual == "Content-Length":
            lengths.append(value.strip())
        else:
            append((usual, value.strip()))
    return headers, lengths


def _canonical(name: str) -> str:
    stripped = name.strip(" \t")
    if not _TOKEN.fullmatch(stripped):
        raise MalformedMessage(f"not a header name: {name[:40]!r}")
    lower = stripped.lower()
    usual = _COMPACT.get(lower) or _USUAL_CASE.get(lower) or _capitalized(lower)
    if len(_canonical_names) < _CANONICAL_LIMIT:
        _canonical_names[name] = usual
    return usual


def _capitalized(lower: str) -> str:
    return "-".join(part.capitalize() for part in lower.split("-"))


def _start(line: str) -> tuple[str, str, int]:
    """``(method, Request-URI, 0)``, or ``("", reason, status)``."""
    if line[:8].upper() == "SIP/2.0 ":
        return _status_line(line)
    parts = line.split(" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not parts[1]:
        raise MalformedMessage(f"not a start line: {line[:40]!r}")
    method, uri, version = parts
    if version.upper() != VERSION:
        raise MalformedMessage(f"version {version[:20]!r}", 505)
    if uri[0] == "<":
        raise MalformedMessage("angle brackets around the Request-URI")
    return method, uri, 0


def _status_line(line: str) -> tuple[str, str, int]:
    status, _, reason = line[8:].partition(" ")
    if not (len(status) == 3 and status.isascii() and status.isdigit() and "1" <= status[0] <= "6"):
        raise MalformedMessage(f"not a status code: {status[:20]!r}")
    return "", reason, int(status)


_known_start = lru_cache(_REMEMBERED)(_start)


def _body(lengths: list[str], rest: bytes) -> bytes:
    stated = lengths[0]
    if len(lengths) > 1 and len(set(lengths)) > 1:
        raise MalformedMessage("two different lengths")
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 10):
        raise MalformedMessage(f"not a length: {stated[:20]!r}")
    length = int(stated)
    if length > len(rest):
        raise MalformedMessage("the body is shorter than Content-Length")
    return rest[:length]


def _serialize(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [start]
    lines += [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) + 1:
        raise ValueError("a line break inside a header field")
    return head.encode("utf-8", "surrogateescape") + body
