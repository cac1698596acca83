"""Phone numbers: what was typed becomes E.164, or a reason why it cannot be one."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult, timezone

from engine.errors import FieldProblem
from engine.org.numbering import plain

LONGEST = 64
"""Characters of a typed number that are looked at."""

_REASONS = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_COUNTRY_CODE: "invalid_country_code",
    ValidationResult.INVALID_LENGTH: "invalid_length",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local_only",
}
_SENTENCES = {
    "not_a_number": "This is not a phone number.",
    "too_short": "The number is too short.",
    "too_long": "The number is too long.",
    "invalid_country_code": "There is no such country calling code.",
    "invalid_length": "No number of this country has this length.",
    "local_only": "The number lacks its area code.",
}


def normalise(typed: str, region: str) -> str | FieldProblem:
    """E.164 of ``typed``, read as dialed from ``region`` (ISO 3166 alpha-2) unless it starts
    with ``+`` or ``00``.

    Possible numbers pass, assigned or not: numbering plans change faster than any table. The
    problem's code is ``phone`` and its ``reason`` one of ``not_a_number, too_short, too_long,
    invalid_country_code, invalid_length, local_only``.
    """
    if len(typed) > LONGEST:
        return _refusal("too_long")
    international = _international(typed)
    return plain(international, region) or parse(international, region)


def parse(typed: str, region: str) -> str | FieldProblem:
    """The same by libphonenumber's parser alone, which takes whatever people write."""
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as problem:
        return _refusal(_parse_reason(problem))
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != ValidationResult.IS_POSSIBLE:
        return _refusal(_REASONS.get(verdict, "not_a_number"))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def country_of(e164: str) -> str | None:
    """ISO 3166 alpha-2 of the number's country; ``None`` for numbers of no one country."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164, None))
    except NumberParseException:
        return None
    return region if region and len(region) == 2 and region.isalpha() else None


def is_region(region: str) -> bool:
    """Whether numbers can be dialed there (ISO 3166 alpha-2, upper case)."""
    return region in phonenumbers.SUPPORTED_REGIONS


def dialed_from(e164: str, region: str) -> str:
    """The digits somebody in ``region`` (ISO 3166 alpha-2) dials for ``e164``; for a number of no
    country ``00`` and its digits."""
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return f"00{e164.removeprefix('+')}"
    if number.country_code == phonenumbers.country_code_for_region(region):
        written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    else:
        written = phonenumbers.format_out_of_country_calling_number(number, region)
    return "".join(digit for digit in written if digit.isdigit())


ZONES_OF_CALLING_CODE = {212: ("Africa/Casablanca",)}
"""Where libphonenumber is wrong: it has the Canary Islands for Morocco, whose clock moves with
Ramadan."""


def zones_of(e164: str) -> tuple[str, ...]:
    """IANA names of all zones the number may lie in; empty where that cannot be told.

    A mobile number counts as at home, a number without a place as anywhere in its country: +1 800
    has 42 zones.
    """
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return ()
    corrected = ZONES_OF_CALLING_CODE.get(number.country_code or 0)
    zones = corrected or timezone.time_zones_for_number(number)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def _international(typed: str) -> str:
    """``00`` is how most of the world dials ``+``; libphonenumber knows it only per region."""
    stripped = typed.strip()
    return f"+{stripped[2:]}" if stripped.startswith("00") else stripped


def _parse_reason(problem: NumberParseException) -> str:
    match problem.error_type:
        case NumberParseException.INVALID_COUNTRY_CODE:
            return "invalid_country_code"
        case NumberParseException.TOO_LONG:
            return "too_long"
        case NumberParseException.TOO_SHORT_NSN | NumberParseException.TOO_SHORT_AFTER_IDD:
            return "too_short"
        case _:
            return "not_a_number"


def _refusal(reason: str) -> FieldProblem:
    return FieldProblem("phone", _SENTENCES[reason], {"reason": reason})
