"""The exceptions of the engine.

::

    GomobileError
    ├── SettingError        a setting that cannot be used; refused at start
    ├── Invalid             input that breaks a rule; carries every field at once     → 400
    ├── NotFound            not in this organization                                  → 404
    ├── Conflict            a duplicate, or a transition that is not allowed          → 409
    ├── Forbidden           the role may not, or a plan limit is reached              → 403
    ├── TooLarge            an upload or a body over its limit                        → 413
    └── StoreUnavailable    the database cannot be reached or started

A failed call is a value (``engine.program.outcome``), never an exception. Bugs raise what they
raise; the one catch-all stands at the edge of the call's task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class GomobileError(Exception):
    """``code`` is stable and for programs, ``str(error)`` is a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SettingError(GomobileError):
    pass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    code: str
    """camelCase, as the contract's ``fieldDetails``: ``minLength``, ``format``, ``unknown``…"""
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


class Invalid(GomobileError):
    def __init__(
        self,
        message: str,
        *,
        code: str = "VALIDATION_FAILED",
        fields: Mapping[str, list[FieldProblem]] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.fields = dict(fields or {})


class NotFound(GomobileError):
    pass


class Conflict(GomobileError):
    def __init__(self, code: str, message: str, params: Mapping[str, object] | None = None) -> None:
        super().__init__(code, message)
        self.params = dict(params or {})


class Forbidden(GomobileError):
    def __init__(self, code: str, message: str, params: Mapping[str, object] | None = None) -> None:
        super().__init__(code, message)
        self.params = dict(params or {})


class TooLarge(GomobileError):
    pass


class StoreUnavailable(GomobileError):
    pass
