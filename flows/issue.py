"""What is wrong with a flow: every problem with its node and output, for people and programs.

``FlowInvalid`` is the one exception of this package that a client's input can cause; it carries
all issues at once, warnings included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from flows.wire import Wire

MAX_SHOWN = 500
"""Characters of one text in an issue."""


class Severity(StrEnum):
    ERROR = "error"
    """The flow cannot be saved."""
    WARNING = "warning"
    """The flow runs; somebody should look."""


class IssueCode(StrEnum):
    """Stable names. The first group comes from the shape of the JSON, the second from the graph."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    TYPE = "type"
    FORMAT = "format"
    ONE_OF = "oneOf"
    MIN = "min"
    MAX = "max"
    MIN_LENGTH = "minLength"
    MAX_LENGTH = "maxLength"
    MIN_ITEMS = "minItems"
    MAX_ITEMS = "maxItems"
    TOO_DEEP = "tooDeep"
    TOO_LARGE = "tooLarge"

    START_MISSING = "startMissing"
    DUPLICATE_ID = "duplicateId"
    UNKNOWN_NODE_TYPE = "unknownNodeType"
    UNKNOWN_OUTPUT = "unknownOutput"
    EDGE_TO_NOWHERE = "edgeToNowhere"
    UNREACHABLE = "unreachable"
    NEVER_DIALS = "neverDials"
    SECOND_DIAL = "secondDial"
    MEDIA_BEFORE_DIAL = "mediaBeforeDial"
    MEDIA_WITHOUT_CALL = "mediaWithoutCall"
    LOOP_WITHOUT_WAIT = "loopWithoutWait"
    BRANCH_NOT_ALLOWED = "branchNotAllowed"
    RESERVED_VARIABLE = "reservedVariable"
    UNKNOWN_PATH = "unknownPath"
    VARIABLE_NEVER_SET = "variableNeverSet"
    UNSPEAKABLE = "unspeakable"
    AUDIO_MISSING = "audioMissing"


class Issue(Wire):
    node_id: str | None = None
    """`null`: the graph as a whole."""
    output: str | None = None
    """The output concerned; a digit's branch is `branches.1`."""
    severity: Severity = Severity.ERROR
    code: IssueCode
    message: str
    params: dict[str, Any] = Field(default_factory=dict)
    """What the message is made of; `path` leads to the property inside the node."""


def issue(
    code: IssueCode,
    message: str,
    *,
    node_id: str | None = None,
    output: str | None = None,
    **params: object,
) -> Issue:
    return found(Severity.ERROR, code, message, node_id, output, params)


def warning(code: IssueCode, message: str, *, node_id: str | None, **params: object) -> Issue:
    return found(Severity.WARNING, code, message, node_id, None, params)


def found(
    severity: Severity,
    code: IssueCode,
    message: str,
    node_id: str | None,
    output: str | None,
    params: Mapping[str, object],
) -> Issue:
    """Whatever it quotes from the input is made short and printable."""
    return Issue(
        nodeId=node_id,
        output=None if output is None else printable(output),
        severity=severity,
        code=code,
        message=printable(message),
        params={name: _shown(value) for name, value in params.items()},
    )


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    """JSON may hold lone surrogates, which no encoder takes, and strings of any length."""
    short = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return short.encode("utf-8", "backslashreplace").decode()


class FlowInvalid(ValueError):
    """The graph has at least one error. ``issues`` holds everything found, warnings too."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        errors = [i for i in self.issues if i.severity is Severity.ERROR]
        super().__init__("; ".join(f"{i.node_id or 'graph'}: {i.message}" for i in errors))
