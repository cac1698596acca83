"""pydantic's errors as issues: one a property, with stable codes and the path inside the node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flows.issue import Issue, IssueCode, Severity, found

CODES: dict[str, tuple[IssueCode, dict[str, str]]] = {
    "missing": (IssueCode.REQUIRED, {}),
    "extra_forbidden": (IssueCode.UNKNOWN, {}),
    "union_tag_not_found": (IssueCode.REQUIRED, {"discriminator": "property"}),
    "union_tag_invalid": (IssueCode.ONE_OF, {"expected_tags": "expected"}),
    "literal_error": (IssueCode.ONE_OF, {"expected": "expected"}),
    "enum": (IssueCode.ONE_OF, {"expected": "expected"}),
    "string_pattern_mismatch": (IssueCode.FORMAT, {"pattern": "pattern"}),
    "greater_than_equal": (IssueCode.MIN, {"ge": "min"}),
    "less_than_equal": (IssueCode.MAX, {"le": "max"}),
    "string_too_short": (IssueCode.MIN_LENGTH, {"min_length": "min"}),
    "string_too_long": (IssueCode.MAX_LENGTH, {"max_length": "max"}),
    "too_short": (IssueCode.MIN_ITEMS, {"min_length": "min"}),
    "too_long": (IssueCode.MAX_ITEMS, {"max_length": "max"}),
    "recursion_loop": (IssueCode.TOO_DEEP, {}),
}
"""pydantic's error type to ours, and which of its context is worth telling."""

OBJECTS = ("model_type", "model_attributes_type", "dict_type")


def shape_issues(
    error: ValidationError, raw: object, node_id: str | None, prefix: str = ""
) -> Iterator[Issue]:
    """One issue for each property of ``raw`` that does not fit; ``prefix`` goes before its path."""
    seen: set[str] = set()
    last = ""
    for detail in error.errors(include_url=False, include_input=False):
        path = _path(detail, raw)
        where = ".".join(filter(None, (prefix, *path)))
        if where not in seen and not _is_echo(detail, where, last):
            seen.add(where)
            last = where
            yield _issue(detail, path, where, node_id)


def _is_echo(detail: ErrorDetails, where: str, last: str) -> bool:
    """pydantic counts only the good members of a list: one that is bad makes it too short, too."""
    return detail["type"] == "too_short" and last.startswith(f"{where}.")


def is_deep(raw: object, limit: int) -> bool:
    """Whether JSON nests deeper than ``limit``. Iterative: the input may be hostile."""
    level = [raw]
    for _ in range(limit):
        level = [inner for value in level for inner in _members(value)]
    return bool(level)


def is_large(raw: object, limit: int) -> bool:
    """Whether JSON holds more than ``limit`` values, at whatever depth."""
    ahead, count = [raw], 0
    while ahead and count <= limit:
        count += 1
        ahead.extend(_members(ahead.pop()))
    return count > limit


def _members(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _path(detail: ErrorDetails, raw: object) -> tuple[str, ...]:
    """The location without the tags that pydantic adds for the members of a union; an object's own
    ``type`` comes first, and may be the name of one of its fields too."""
    parts: list[str] = []
    here: Any = raw
    tagged = False
    for part in detail["loc"]:
        if not tagged and isinstance(here, Mapping) and here.get("type") == part:
            tagged = True
        elif _holds(here, part):
            here, tagged = here[part], False
            parts.append(str(part))
    if detail["type"] == "missing":
        parts.append(str(detail["loc"][-1]))
    return tuple(parts)


def _holds(here: object, part: str | int) -> bool:
    if isinstance(here, Mapping):
        return part in here
    return isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)


def _issue(detail: ErrorDetails, path: tuple[str, ...], where: str, node_id: str | None) -> Issue:
    code, names = CODES.get(detail["type"], (IssueCode.TYPE, {}))
    context = detail.get("ctx", {})
    output = ".".join(path[1:]) if path[:1] == ("outputs",) else ""
    if code is IssueCode.UNKNOWN and output:
        code = IssueCode.UNKNOWN_OUTPUT
    params = {ours: context[theirs] for theirs, ours in names.items() if theirs in context}
    params["path"] = where
    return found(Severity.ERROR, code, _sentence(detail, where), node_id, output or None, params)


def _sentence(detail: ErrorDetails, where: str) -> str:
    text = "Input should be an object" if detail["type"] in OBJECTS else detail["msg"]
    return f"{where}: {text}" if where else text
