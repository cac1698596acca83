"""When a ``live`` program calls a contact: at a date the contact carries."""

from __future__ import annotations

from pydantic import Field

from flows.wire import Wire


class TriggerCondition(Wire):
    attribute_name: str = Field(min_length=1, max_length=64)
    """A custom attribute of type ``date``, by its slug."""
    offset_minutes: int = 0
    """Added to the date's midnight in the organization's time zone; negative is before it."""
