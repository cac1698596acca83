"""How a trunk wants numbers written and callers named (pure).

``Presentation`` is stated once per trunk and checked then: whatever an INVITE needs of it later
cannot fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.errors import FieldProblem, Invalid
from engine.org.phone import dialed_from, is_region

RESERVED: Final = frozenset(
    {
        *("via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "route"),
        *("record-route", "content-length", "content-type", "allow", "supported", "require"),
        *("authorization", "proxy-authorization", "identity", "user-to-user", "diversion"),
        *("p-asserted-identity", "p-preferred-identity", "privacy", "user-agent", "rack"),
        "date",
        *("session-expires", "min-se"),
    }
)
"""Header fields that are ours to write."""
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_E164 = re.compile(r"\+[1-9][0-9]{2,14}")
_RULE = re.compile(r"(\+?[0-9]*)=([0-9+*#]*)")


class NumberFormat(StrEnum):
    E164 = "e164"
    """``+212600000001``."""
    PLAIN = "plain"
    """``212600000001``."""
    NATIONAL = "national"
    """As dialed in the trunk's country: ``0600000001``, abroad ``0033…``."""


class Identity(StrEnum):
    """Which header states the number besides From (RFC 3325)."""

    NONE = "none"
    ASSERTED = "asserted"
    PREFERRED = "preferred"


@dataclass(frozen=True, slots=True)
class Presentation:
    number_format: NumberFormat = NumberFormat.E164
    country: str | None = None
    """ISO 3166 alpha-2; what ``national`` means."""
    prefix_rules: tuple[tuple[str, str], ...] = ()
    """Beginnings of E.164 numbers, and what stands there instead; the longest that fits holds, and
    then no format does."""
    identity: Identity = Identity.NONE
    anonymous: bool = False
    """The callee sees no number (RFC 3323); the carrier does, by ``identity``."""
    diversion: str | None = None
    """A number whose calls these are, for carriers that bill by it (RFC 5806)."""
    headers: tuple[tuple[str, str], ...] = ()
    """More header fields; ``{callId}`` and the like in a value become the call's."""
    user_to_user: str | None = None
    """Sent along in hexadecimal (RFC 7433), with the same names in braces."""

    @classmethod
    def stated(
        cls,
        *,
        number_format: str = NumberFormat.E164,
        country: str | None = None,
        prefix_rules: Sequence[str] = (),
        identity: str = Identity.NONE,
        anonymous: bool = False,
        diversion: str | None = None,
        headers: Sequence[str] = (),
        user_to_user: str | None = None,
    ) -> Presentation:
        """From texts: rules as ``+212=0``, headers as ``Name: value``. Raises ``Invalid``."""
        problems = {
            "prefixRules": [_rule_problem(r) for r in prefix_rules if not _RULE.fullmatch(r)],
            "headers": [_header_problem(h) for h in headers if not _is_header(h)],
            "country": _country_problems(number_format, country),
            "diversion": _diversion_problems(diversion),
        }
        if found := {name: list(told) for name, told in problems.items() if told}:
            raise Invalid("The trunk cannot present calls like that.", fields=found)
        return cls(
            NumberFormat(number_format),
            country,
            tuple(_split(rule, "=") for rule in prefix_rules),
            Identity(identity),
            anonymous,
            diversion,
            tuple(_split(header, ":") for header in headers),
            user_to_user,
        )

    def written(self, e164: str) -> str:
        """A number as this trunk wants it."""
        fitting = [rule for rule in self.prefix_rules if e164.startswith(rule[0])]
        if fitting:
            prefix, instead = max(fitting, key=lambda rule: len(rule[0]))
            return instead + e164[len(prefix) :]
        match self.number_format:
            case NumberFormat.NATIONAL if self.country is not None:
                return dialed_from(e164, self.country)
            case NumberFormat.PLAIN:
                return e164.removeprefix("+")
            case _:
                return e164

    def fields(
        self, caller: str, domain: str, names: Mapping[str, str]
    ) -> tuple[tuple[str, str], ...]:
        """Header fields beyond From. ``caller``: E.164; ``names``: values for the braces."""
        fields = [(name, _filled(value, names)) for name, value in self.headers]
        if self.identity is not Identity.NONE:
            header = f"P-{self.identity.capitalize()}-Identity"
            fields.append((header, f"<sip:{self.written(caller)}@{domain}>"))
        if self.anonymous:
            fields.append(("Privacy", "id"))
        if self.diversion is not None:
            number = self.written(self.diversion)
            fields.append(("Diversion", f"<sip:{number}@{domain}>;reason=unconditional"))
        if self.user_to_user is not None:
            data = _filled(self.user_to_user, names).encode().hex()
            fields.append(("User-to-User", f"{data};encoding=hex"))
        return tuple(fields)


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _split(text: str, separator: str) -> tuple[str, str]:
    left, _, right = text.partition(separator)
    return left.strip(), right.strip()


def _is_header(text: str) -> bool:
    name, value = _split(text, ":")
    # A single letter is a compact form of a name (RFC 3261 §7.3.3), ours perhaps.
    ours = len(name) < 2 or name.lower() in RESERVED
    return bool(_TOKEN.fullmatch(name) and value and value.isprintable() and not ours)


def _header_problem(text: str) -> FieldProblem:
    return FieldProblem("format", f"{text[:60]!r} is not NAME: VALUE, or the name is ours.")


def _rule_problem(text: str) -> FieldProblem:
    return FieldProblem("format", f"{text[:60]!r} is not PREFIX=REPLACEMENT.")


def _country_problems(number_format: str, country: str | None) -> list[FieldProblem]:
    if country is not None and not is_region(country):
        return [FieldProblem("country", f"{country[:20]!r} is no country (ISO 3166 alpha-2).")]
    if number_format == NumberFormat.NATIONAL and country is None:
        return [FieldProblem("required", "The national format needs a country.")]
    return []


def _diversion_problems(diversion: str | None) -> list[FieldProblem]:
    if diversion is None or _E164.fullmatch(diversion):
        return []
    return [FieldProblem("phone", f"{diversion[:40]!r} is not E.164.")]


AS_IT_IS: Final = Presentation()
"""E.164 in From and To, and nothing more."""
