"""Header fields with structure, parsed when someone asks (RFC 3261 §20, §25.1).

Each type has ``parse`` (text to value, ``MalformedMessage`` where it cannot be understood) and
``str()`` back. Parameter names are lower case; quoted values lose their quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.sip.message import MalformedMessage, Message, Request, Response, remembered
from engine.sip.uri import host_port, split_host_port

Params = Mapping[str, str | None]
"""A flag has the value ``None``."""

MAGIC_COOKIE = "z9hG4bK"
"""Begins a branch that is unique by RFC 3261 §8.1.1.7."""
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9\-.!%*_+`'~:\[\]]+")
"""``token / host`` (RFC 3261 §25.1); anything else goes into quotes."""
MAX_CSEQ = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Via:
    transport: str
    """Upper case: ``UDP``, ``TCP``, ``TLS``."""
    host: str
    port: int | None
    params: Params = field(default_factory=dict)

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {host_port(self.host, self.port)}{_written(self.params)}"

    @classmethod
    def parse(cls, text: str) -> Via:
        sent, *params = _split_outside_quotes(text, ";")
        protocol, _, by = sent.strip().rpartition("/")
        transport, _, sent_by = by.strip().partition(" ")
        if protocol.replace(" ", "").upper() != "SIP/2.0" or not sent_by:
            raise MalformedMessage(f"not a Via: {text[:60]!r}")
        host, port = split_host_port(sent_by)
        return cls(transport.upper(), host, port, _read(params))

    def received_from(self, source: tuple[str, int]) -> Via:
        """As a server notes it: ``received``, and ``rport`` where it is asked for (RFC 3581 §4)."""
        host, port = source
        params = dict(self.params)
        if "rport" in params:
            params |= {"rport": str(port), "received": host}
        elif host != self.host:
            params["received"] = host
        return Via(self.transport, self.host, self.port, params)

    def response_address(self, source: tuple[str, int]) -> tuple[str, int]:
        """Where a response goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4)."""
        host, port = source
        return host, (port if "rport" in self.params else self.port or 5060)


@dataclass(frozen=True, slots=True)
class Address:
    """``name-addr`` with its parameters: From, To, Contact, Route, Record-Route, Refer-To."""

    uri: str
    """As it was written; ``Uri.parse`` reads it."""
    display: str = ""
    params: Params = field(default_factory=dict)

    @property
    def tag(self) -> str:
        return self.params.get("tag") or ""

    def __str__(self) -> str:
        display = f"{quoted(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{_written(self.params)}"

    @classmethod
    def parse(cls, text: str) -> Address:
        return _parsed_address(text)

    @classmethod
    def _of_text(cls, text: str) -> Address:
        display, rest = _display(text.strip())
        if rest.startswith("<"):
            uri, closing, params = rest[1:].partition(">")
            if not closing:
                raise MalformedMessage(f"no closing bracket in {text[:60]!r}")
        else:
            # Without brackets, parameters belong to the header field (RFC 3261 §20.10).
            uri, _, params = rest.partition(";")
        if not uri.strip():
            raise MalformedMessage(f"no URI in {text[:60]!r}")
        return cls(uri.strip(), display, _read(_split_outside_quotes(params, ";")))


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"

    @classmethod
    def parse(cls, text: str) -> CSeq:
        return _parsed_cseq(text)

    @classmethod
    def _of_text(cls, text: str) -> CSeq:
        number, *method = text.split() or [""]
        digits = number.isascii() and number.isdigit() and len(number) <= 10
        if not digits or len(method) != 1 or int(number) > MAX_CSEQ:
            raise MalformedMessage(f"not a CSeq: {text[:40]!r}")
        return cls(int(number), method[0])


@dataclass(frozen=True, slots=True)
class Reason:
    """RFC 3326: ``Q.850;cause=16;text="Normal call clearing"``."""

    protocol: str
    cause: int | None
    text: str = ""

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        return f"{self.protocol}{cause}" + (f";text={quoted(self.text)}" if self.text else "")

    @classmethod
    def parse(cls, text: str) -> Reason:
        protocol, *parts = _split_outside_quotes(text, ";")
        params = _read(parts)
        cause = params.get("cause") or ""
        number = int(cause) if cause.isascii() and cause.isdigit() and len(cause) <= 3 else None
        return cls(protocol.strip(), number, params.get("text") or "")


@dataclass(frozen=True, slots=True)
class Challenge:
    """WWW-Authenticate or Proxy-Authenticate."""

    scheme: str
    params: Params

    @classmethod
    def parse(cls, text: str) -> Challenge:
        scheme, _, rest = text.strip().partition(" ")
        return cls(scheme, _read(_split_outside_quotes(rest, ",")))


_parsed_address = remembered(Address._of_text)
_parsed_cseq = remembered(CSeq._of_text)


def top_via(message: Message) -> Via:
    return Via.parse(_first_item(required(message, "Via")))


def branch_of(response: Response) -> str:
    """The branch of its top Via: what matches it to a request of ours (RFC 3261 §17.1.3)."""
    via = _first_item(required(response, "Via"))
    _, found, rest = via.partition(";branch=")
    # What we wrote comes back as we wrote it; anything else is read with care.
    return rest.partition(";")[0] if found and '"' not in via else Via.parse(via).branch


def cseq(message: Message) -> CSeq:
    return CSeq.parse(required(message, "CSeq"))


def address(message: Message, name: str) -> Address:
    """The address in ``From`` or ``To``, or the first one in ``Contact``."""
    value = required(message, name)
    # A name nobody put in quotes may hold a comma (RFC 4475 §3.1.2.15); only Contact is a list.
    return Address.parse(_first_item(value) if name == "Contact" else value)


def addresses(message: Message, name: str) -> list[Address]:
    return [Address.parse(item) for value in message.all(name) for item in split_list(value)]


def reasons(message: Message) -> list[Reason]:
    return [Reason.parse(item) for value in message.all("Reason") for item in split_list(value)]


def challenges(response: Response) -> list[tuple[str, Challenge]]:
    """Each with the header that answers it: ``Authorization`` or ``Proxy-Authorization``."""
    www = [("Authorization", Challenge.parse(v)) for v in response.all("WWW-Authenticate")]
    proxy = response.all("Proxy-Authenticate")
    return www + [("Proxy-Authorization", Challenge.parse(v)) for v in proxy]


def tokens(message: Message, name: str) -> list[str]:
    """A list of words such as ``Require`` or ``Allow``."""
    if message.first(name) is None:
        return []
    return [item for value in message.all(name) for item in split_list(value)]


def parameters(value: str) -> tuple[str, Params]:
    """The value itself and its parameters: ``Session-Expires``, ``Min-SE``, ``Retry-After``."""
    item, *params = _split_outside_quotes(value, ";")
    return item.strip(), _read(params)


def required(message: Message, name: str) -> str:
    for key, value in message.headers:
        if key == name and value:
            return value
    raise MalformedMessage(f"no {name}")


_ONCE = frozenset({"CSeq", "Call-ID", "From", "To", "Max-Forwards"})


def check(message: Message) -> None:
    """The fields no message may lack, or have twice (RFC 3261 §8.1.1), and the sense of those we
    build on."""
    found: dict[str, str] = {}
    for name, value in message.headers:
        if name in _ONCE:
            if name in found:
                raise MalformedMessage(f"two {name}")
            found[name] = value
    for name in ("CSeq", "Call-ID", "From", "To"):
        if not found.get(name):
            raise MalformedMessage(f"no {name}")
    Address.parse(found["From"])
    Address.parse(found["To"])
    number = CSeq.parse(found["CSeq"])
    if isinstance(message, Request) and number.method != message.method:
        raise MalformedMessage("CSeq names another method")


def split_list(value: str) -> Iterator[str]:
    """The items of a comma-separated field; commas in quotes and brackets do not separate."""
    if "," not in value:
        yield value
        return
    yield from (item.strip() for item in _split_outside_quotes(value, ",") if item.strip())


def _first_item(value: str) -> str:
    return next(split_list(value), "") if "," in value else value


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _display(text: str) -> tuple[str, str]:
    if text.startswith('"'):
        end = _closing_quote(text)
        return _unquoted(text[: end + 1]), text[end + 1 :].lstrip()
    before, bracket, after = text.partition("<")
    return (before.strip(), bracket + after) if bracket else ("", text)


def _closing_quote(text: str) -> int:
    at = 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise MalformedMessage(f"no closing quote in {text[:60]!r}")
    return at


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner, parts, at = text[1:-1], [], 0
    while at < len(inner):
        at += inner[at] == "\\"
        parts.append(inner[at : at + 1])
        at += 1
    return "".join(parts)


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    if '"' not in text and "<" not in text:
        return text.split(separator)
    parts, start, quoting, bracketed, escaped = [], 0, False, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoting:
            escaped, quoting = char == "\\", char != '"'
        elif char == '"':
            quoting = True
        elif char in "<>":
            bracketed = char == "<"
        elif char == separator and not bracketed:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _read(parts: Iterable[str]) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name := name.strip().lower():
            params[name] = _unquoted(value.strip()) if equals else None
    return params


def _written(params: Params) -> str:
    return "".join(
        f";{name}" if value is None else f";{name}={_value(value)}"
        for name, value in params.items()
    )


def _value(value: str) -> str:
    return value if _PLAIN_VALUE.fullmatch(value) else quoted(value)
