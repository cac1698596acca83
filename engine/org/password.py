"""Passwords: how long they are, and how they are kept."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field

SHORTEST, LONGEST = 10, 128
"""Characters. Length alone is asked for, as NIST SP 800-63B 5.1.1.2 advises."""

Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
LoginPassword = Annotated[str, Field(min_length=1, max_length=LONGEST)]
"""What somebody says theirs is."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id at the least cost OWASP's cheat sheet allows; a hash remembers its own."""


def hashed(password: str) -> str:
    """Tens of milliseconds of work and 19 MiB: not for the loop."""
    return HASHER.hash(password)


def matches(hash_: str | None, password: str) -> bool:
    """As slow for somebody who is not there (``None``) as for somebody who is."""
    try:
        return HASHER.verify(hash_ or _nobody(), password) and hash_ is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return HASHER.hash("nobody's password")
