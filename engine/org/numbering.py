"""The plain phone numbers, told from libphonenumber's own tables without its parser.

Most numbers of a table are digits as they are dialed, or E.164 already. For those the answer of
``phonenumbers.parse`` follows from a region's calling code, prefixes and lengths; it is found here
a hundred times faster. Whatever is not plainly so is left to the parser (``engine.org.phone``), and
a test holds the two together over every region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers import PhoneMetadata, region_code_for_country_code

PLAIN = re.compile(r"\+?[0-9](?:[ .-]?[0-9]){3,16}", re.ASCII)
_SEPARATORS = str.maketrans("", "", " .-")


@dataclass(frozen=True, slots=True)
class NumberingPlan:
    """How the numbers of one region are written."""

    calling_code: str
    lengths: frozenset[int]
    """Digits of a national number that is possible."""
    pattern: re.Pattern[str]
    """What assigned national numbers look like."""
    prefix: re.Pattern[str] | None
    """What may stand before a national number: a trunk prefix, a carrier code."""
    abroad: re.Pattern[str] | None
    """What is dialed to leave the country."""
    trunk_zero: bool
    """A leading 0 is the trunk prefix, and nothing more is rewritten."""

    def bare(self, national: str) -> bool:
        """No prefix can be meant: the digits are the national number."""
        return not (national[0] == "0" or (self.prefix and self.prefix.match(national)))


def plain(typed: str, region: str) -> str | None:
    """E.164 of a number that is plainly one; ``None``: ask the parser."""
    if not PLAIN.fullmatch(typed):
        return None
    digits = typed.translate(_SEPARATORS)
    if digits[0] == "+":
        return _international(digits)
    home = plan_of(region)
    main = home and plan_abroad(home.calling_code)
    if home is None or main is None or (home.abroad and home.abroad.match(digits)):
        return None
    national = _national(digits, home)
    if national is None or len(national) not in home.lengths & main.lengths:
        return None
    return f"+{home.calling_code}{national}"


def _international(digits: str) -> str | None:
    for length in (1, 2, 3):
        plan = plan_abroad(digits[1 : 1 + length])
        if plan is not None:
            national = digits[1 + length :]
            fits = len(national) in plan.lengths and plan.bare(national)
            return digits if fits else None
    return None


def _national(digits: str, home: NumberingPlan) -> str | None:
    if digits[0] != "0":
        own_code = digits.startswith(home.calling_code)
        return digits if home.bare(digits) and not own_code else None
    national = digits[1:]
    stripped = home.trunk_zero and home.prefix and home.prefix.match(digits)
    if not stripped or stripped.end() != 1 or any(stripped.groups()) or national[0] == "0":
        return None
    return national if home.pattern.fullmatch(national) else None


@lru_cache(maxsize=512)
def plan_abroad(calling_code: str) -> NumberingPlan | None:
    """The plan that reads numbers of a calling code; ``None``: there is no such code."""
    if calling_code[:1] in ("", "0"):
        return None
    region = region_code_for_country_code(int(calling_code))
    if region == "ZZ":
        return None
    return _plan(PhoneMetadata.metadata_for_region_or_calling_code(int(calling_code), region))


@lru_cache(maxsize=512)
def plan_of(region: str) -> NumberingPlan | None:
    return _plan(PhoneMetadata.metadata_for_region(region, None))


def _plan(metadata: PhoneMetadata | None) -> NumberingPlan | None:
    if metadata is None or metadata.general_desc is None:
        return None
    prefix, abroad = metadata.national_prefix_for_parsing, metadata.international_prefix
    desc = metadata.general_desc
    return NumberingPlan(
        calling_code=str(metadata.country_code),
        lengths=frozenset(desc.possible_length) - frozenset(desc.possible_length_local_only),
        pattern=re.compile(desc.national_number_pattern or r"(?!)"),
        prefix=re.compile(prefix) if prefix else None,
        abroad=re.compile(abroad) if abroad else None,
        trunk_zero=metadata.national_prefix == "0",
    )
