"""Settings: read once from the environment at start, checked, then handed on as single values.

Each field of ``Settings`` carries how to read its variable and a sentence for ``gomobile
settings``; the variable is ``GOMOBILE_`` and the field's name. A policy (retries, windows, paces)
belongs to a program's row, not here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path

from engine.errors import SettingError


def _from(read: Callable[[str], object], about: str) -> dict[str, object]:
    return {"read": read, "about": about}


def read_endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    ipaddress.ip_address(host)
    if not 0 <= int(port) <= 65535:
        raise ValueError("the port is not between 0 and 65535")
    return host, int(port)


def read_port_range(text: str) -> range:
    low, _, high = text.partition("-")
    first, last = int(low), int(high)
    if not 1024 <= first < last <= 65535:
        raise ValueError("expected LOW-HIGH with 1024 <= LOW < HIGH <= 65535")
    return range(first, last + 1)


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError("expected a port between 1 and 65535")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("expected a whole number above zero")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError("expected seconds, zero or more")
    return number


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return text.lower()

    return read


def _postgres_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("expected postgresql://…")
    return text


def _secret_key(text: str) -> str:
    if len(text.encode()) < 32:
        raise ValueError("expected 32 characters or more")
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    data_dir: Path = field(
        default=Path("var/gomobile"),
        metadata=_from(Path, "Folder of the embedded database, recordings and uploads."),
    )
    database_url: str | None = field(
        default=None,
        metadata=_from(
            _postgres_url, "A PostgreSQL 15 or newer to use in place of the embedded one."
        ),
    )
    secret_key: str | None = field(
        default=None,
        metadata=_from(
            _secret_key,
            "32 random characters or more; seals trunk passwords, signs tokens and playback "
            "addresses. One for all nodes of a database; if not given, DATA_DIR/secret.key.",
        ),
    )
    http: tuple[str, int] = field(
        default=("127.0.0.1", 8080),
        metadata=_from(read_endpoint, "ADDRESS:PORT of the HTTP API."),
    )
    tls_certificate: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: the HTTP API speaks TLS; read again on SIGHUP."),
    )
    tls_key: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: the certificate's private key."),
    )
    requests_per_minute: int = field(
        default=6000,
        metadata=_from(_positive, "Of one key to one route of this process; more get 429."),
    )
    sip: tuple[str, int] = field(
        default=("127.0.0.1", 5060),
        metadata=_from(
            read_endpoint,
            "ADDRESS:PORT for SIP over UDP and TCP; carriers are told this address, for audio too.",
        ),
    )
    sip_tls_port: int | None = field(
        default=None,
        metadata=_from(_port, "Port that listens for SIP over TLS; needs a certificate."),
    )
    sip_tls_certificate: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: our certificate and its chain, for carriers that ask."),
    )
    sip_tls_key: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: its key, where the certificate's file has none."),
    )
    sip_tls_authorities: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: whom we trust in place of the system's authorities."),
    )
    stir_key: Path | None = field(
        default=None,
        metadata=_from(Path, "PEM file: P-256 key that signs caller identities (STIR/SHAKEN)."),
    )
    stir_certificate_url: str | None = field(
        default=None,
        metadata=_from(str, "https:// URL where verifiers find that key's certificate."),
    )
    rtp_ports: range = field(
        default=range(16384, 32768),
        metadata=_from(read_port_range, "LOW-HIGH, UDP ports for audio; a call takes an even one."),
    )
    max_calls: int = field(
        default=1000,
        metadata=_from(_positive, "Calls this process holds at once."),
    )
    calls_per_second: int = field(
        default=50,
        metadata=_from(_positive, "Calls this process starts in a second."),
    )
    max_call_seconds: float = field(
        default=3600.0,
        metadata=_from(_seconds, "An answered call is ended after this time."),
    )
    lease_seconds: float = field(
        default=15.0,
        metadata=_from(
            _seconds, "A process that has not renewed its lease for so long is taken for dead."
        ),
    )
    interrupted_retry_seconds: float = field(
        default=120.0,
        metadata=_from(
            _seconds, "Rest before a contact whose call was lost with its process is tried again."
        ),
    )
    drain_seconds: float = field(
        default=60.0,
        metadata=_from(
            _seconds, "After SIGTERM live calls may finish for so long; a second one ends them."
        ),
    )
    log_level: str = field(
        default="info",
        metadata=_from(
            _one_of("debug", "info", "warning", "error"),
            "debug, info, warning or error; phone numbers are shortened above debug.",
        ),
    )
    log_format: str = field(
        default="json",
        metadata=_from(_one_of("json", "console"), "json for machines, console for people."),
    )


SECRET = frozenset({"secret_key"})
"""Never shown."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read every ``GOMOBILE_*`` variable there is a setting for.

    Raises ``SettingError`` (``setting_invalid``) that lists every variable that cannot be used,
    unknown ``GOMOBILE_*`` names included: a misspelt setting must not be ignored in silence.
    """
    known = {_variable(item): item for item in fields(Settings)}
    problems = [
        f"{name}: there is no such setting"
        for name in sorted(environment)
        if name.startswith("GOMOBILE_")
        and name not in known
        and not name.startswith("GOMOBILE_TEST_")
    ]
    values: dict[str, object] = {}
    for name, item in known.items():
        if environment.get(name):
            try:
                values[item.name] = item.metadata["read"](environment[name])
            except ValueError as error:
                value = "…" if item.name in SECRET else repr(environment[name])
                problems.append(f"{name}={value}: {error}")
    if problems:
        raise SettingError("setting_invalid", "; ".join(problems))
    return Settings(**values)  # type: ignore[arg-type]  # each reader returns its field's type


def describe_settings(settings: Settings) -> list[dict[str, str]]:
    """``[{variable, value, default, about}]`` for ``gomobile settings`` and the README's table."""
    return [
        {
            "variable": _variable(item),
            "value": _show(item, getattr(settings, item.name)),
            "default": _show(item, item.default),
            "about": item.metadata["about"],
        }
        for item in fields(Settings)
    ]


def _variable(item: Field[object]) -> str:
    return f"GOMOBILE_{item.name.upper()}"


def _show(item: Field[object], value: object) -> str:
    match value:
        case None:
            return ""
        case str() if item.name in SECRET:
            return "***"
        case range():
            return f"{value.start}-{value.stop - 1}"
        case (host, port):
            return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
        case str() if item.name == "database_url":
            return _without_password(value)
        case _:
            return str(value)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}:***{at}{host}" if ":" in credentials else url
