"""System dictionaries: one a shipped language, with the same id on every installation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5

from media.dictionaries.pack import shipped


def system_id(language: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:gomobile:dictionary:{language}")


@cache
def system_languages() -> Mapping[UUID, str]:
    """Language tags by dictionary id."""
    return {system_id(language): language for language in shipped()}
