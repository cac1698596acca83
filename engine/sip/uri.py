"""SIP and tel URIs (RFC 3261 §19.1, RFC 3966), and the percent-encoding of their user part."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, unquote

from engine.sip.message import MalformedMessage, remembered

DEFAULT_PORT = 5060
_UNESCAPED_IN_USER = "-_.!~*'()&=+$,;?/#"
"""``user-unreserved`` and ``mark`` (RFC 3261 §25.1); ``#`` too, since carriers dial it bare."""


@dataclass(frozen=True, slots=True)
class Uri:
    scheme: str
    """Lower case: ``sip``, ``sips``, ``tel`` or another."""
    user: str
    """Decoded; of a ``tel:`` URI the number."""
    host: str
    """IPv6 without its brackets."""
    port: int | None = None
    params: tuple[tuple[str, str], ...] = ()
    """Names in lower case; a flag has the value ``""``."""
    headers: str = ""
    """What stands after ``?``, as it was written."""

    @property
    def is_loose(self) -> bool:
        """A loose router (RFC 3261 §19.1.1, ``lr``)."""
        return any(name == "lr" for name, _ in self.params)

    def parameter(self, name: str) -> str:
        """The value of ``name`` (lower case); empty where it is missing or a flag."""
        return next((value for key, value in self.params if key == name), "")

    @property
    def address(self) -> tuple[str, int] | None:
        """Where the host is the address of one host; a name must be resolved elsewhere."""
        return (self.host, self.port or DEFAULT_PORT) if _is_address(self.host) else None

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{_joined(self.params)}"
        user = f"{quote(self.user, safe=_UNESCAPED_IN_USER)}@" if self.user else ""
        where = f"{host_port(self.host, self.port)}{_joined(self.params)}"
        return f"{self.scheme}:{user}{where}" + (f"?{self.headers}" if self.headers else "")

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Raise ``MalformedMessage`` where no scheme or no host can be found."""
        return _parsed(text)

    @classmethod
    def _of_text(cls, text: str) -> Uri:
        scheme, colon, rest = text.strip().partition(":")
        scheme = scheme.lower()
        if not colon or not scheme.isascii() or not scheme.isalnum() or not rest:
            raise MalformedMessage(f"not a URI: {text[:80]!r}")
        if scheme == "tel":
            number, *params = rest.split(";")
            return cls(scheme, number, "", None, _params(params))
        return cls._of_sip(scheme, rest)

    @classmethod
    def _of_sip(cls, scheme: str, rest: str) -> Uri:
        userinfo, _, hostinfo = rest.rpartition("@")
        hostinfo, _, headers = hostinfo.partition("?")
        hostport, *params = hostinfo.split(";")
        host, port = split_host_port(hostport)
        user = userinfo.partition(":")[0]
        return cls(scheme, unquote(user), host, port, _params(params), headers)


def _names_one_host(host: str) -> bool:
    try:
        ip = ip_address(host)
    except ValueError:
        return False
    return not (ip.is_unspecified or ip.is_multicast)


_is_address = remembered(_names_one_host)
_parsed = remembered(Uri._of_text)


def host_port(host: str, port: int | None) -> str:
    """``host:port`` as it stands in a URI or a Via; an IPv6 address in brackets."""
    literal = f"[{host}]" if ":" in host else host
    return literal if port is None else f"{literal}:{port}"


def split_host_port(text: str) -> tuple[str, int | None]:
    text = text.strip()
    if text.startswith("["):
        host, bracket, after = text[1:].partition("]")
        port = after.lstrip()[1:] if bracket and after else ""
    else:
        host, _, port = text.partition(":")
    host, port = host.strip(), port.strip()
    if not host or " " in host or "<" in host:
        raise MalformedMessage(f"no host in {text[:80]!r}")
    return host, _port(port)


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise MalformedMessage(f"not a port: {text[:20]!r}")
    return int(text)


def _params(parts: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in parts if part)
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)


def _joined(params: tuple[tuple[str, str], ...]) -> str:
    return "".join(f";{name}={value}" if value else f";{name}" for name, value in params)
