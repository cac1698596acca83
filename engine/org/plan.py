"""Plans: how much of each thing an organization may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Forbidden


class Plan(StrEnum):
    TRIAL = "trial"
    FREE = "free"
    BASIC = "basic"
    ADVANCED = "advanced"
    ENTERPRISE = "enterprise"


class Limit(StrEnum):
    """What is counted; the names are the columns of ``plan_limit``."""

    CONTACTS = "contacts"
    CALLS_PER_MONTH = "calls_per_month"
    CONCURRENT_CALLS = "concurrent_calls"
    FLOWS = "flows"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """``None``: unlimited."""

    contacts: int | None
    calls_per_month: int | None
    concurrent_calls: int | None
    flows: int | None
    members: int | None


def limit_reached(what: Limit, limit: int, used: int) -> Forbidden:
    """The refusal, ready to be raised or to stand beside one row of many."""
    noun = what.value.replace("_", " ")
    return Forbidden(
        "PLAN_LIMIT_REACHED",
        f"The plan allows {limit} {noun}; {used} are used.",
        {"limit": limit, "used": used},
    )
