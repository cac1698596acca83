"""The organization: whose contacts, numbers and programs these are."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

import phonenumbers
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from engine.org.plan import Plan
from flows.wire import Wire


class OrganizationStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Its keys are refused."""
    INACTIVE = "inactive"


class Role(StrEnum):
    """Each may do what the ones after it may."""

    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    """Sees, and changes nothing."""

    def allows(self, needed: Role) -> bool:
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.AGENT: 0, Role.MANAGER: 1, Role.ADMIN: 2}

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905  one code a quoted string would fill a page
)
"""ISO 4217, the codes of money that is in use."""


@cache
def timezones() -> frozenset[str]:
    """IANA names this machine knows."""
    return frozenset(available_timezones())


def slug(name: str) -> str:
    """``Crédit du Sud`` is ``credit-du-sud``; empty where no Latin letter or digit is."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:64]


def _one_of(value: str, known: frozenset[str] | set[str], what: str) -> str:
    if value not in known:
        raise PydanticCustomError("format", f"This is not {what}.", {"format": what})
    return value


Country = Annotated[
    str,
    AfterValidator(lambda v: _one_of(v, phonenumbers.SUPPORTED_REGIONS, "an ISO 3166 country")),
    Field(description="ISO 3166 alpha-2", examples=["MA"]),
]
Timezone = Annotated[
    str,
    AfterValidator(lambda v: _one_of(v, timezones(), "an IANA time zone")),
    Field(description="IANA time zone", examples=["Africa/Casablanca"]),
]
Currency = Annotated[
    str,
    AfterValidator(lambda v: _one_of(v, CURRENCIES, "an ISO 4217 currency")),
    Field(description="ISO 4217", examples=["MAD"]),
]
Name = Annotated[str, Field(min_length=3, max_length=64)]
Slug = Annotated[
    str, Field(min_length=3, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["acme"])
]
Short = Annotated[str, Field(max_length=64)]


class NewOrganization(Wire):
    """What the operator says to create one."""

    name: Name
    slug: Slug
    country: Country
    timezone: Timezone
    currency: Currency
    plan: Plan = Plan.TRIAL
    type: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    primary_use: Short | None = None
