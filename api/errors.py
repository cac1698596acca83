"""Every refusal in the contract's shape, whoever raised it: the engine, pydantic, aiohttp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from api.rate import TooManyRequests
from engine.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    GomobileError,
    Invalid,
    NotFound,
    StoreUnavailable,
    TooLarge,
)
from engine.org.wire import Instant, iso
from flows.wire import Wire


class Unauthorized(GomobileError):
    """The key is missing, unknown, expired or revoked."""


class PreconditionFailed(GomobileError):
    """The resource is not what ``If-Match`` says it is."""


class Unavailable(GomobileError):
    """A part of the node cannot do its work now."""


STATUS: Mapping[type[GomobileError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
CODES = {
    HTTPStatus.NOT_FOUND: "ROUTE_NOT_FOUND",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "BODY_TOO_LARGE",
}


class FieldDetail(Wire):
    code: str
    params: dict[str, Any]


class Problem(Wire):
    """What every refusal looks like."""

    code: str
    status_code: int
    message: str
    error: str
    timestamp: Instant
    path: str
    params: dict[str, Any] | None = None
    """`{limit, used}` of a plan limit, `{flows}` that use an audio."""
    field_errors: dict[str, list[str]] | None = None
    field_details: dict[str, list[FieldDetail]] | None = None


def refusal(error: GomobileError, path: str, now: datetime) -> web.Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)
    if status is None:
        raise error
    extra: dict[str, Any] = {}
    if isinstance(error, Invalid) and error.fields:
        extra = _field_parts(error.fields)
    elif isinstance(error, Forbidden | Conflict) and error.params:
        extra = {"params": error.params}
    return _response(status, error.code, str(error), path, now, extra)


def http_refusal(error: web.HTTPException, path: str, now: datetime) -> web.Response:
    """An aiohttp refusal: no such route, a method it does not have, a body too large, a range
    that is not there."""
    status = HTTPStatus(error.status)
    response = _response(status, CODES.get(status, status.name), status.description, path, now, {})
    for name in ("Allow", "Content-Range"):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response


def bug(path: str, now: datetime) -> web.Response:
    """Says nothing of what went wrong; the log does, under the request's id."""
    message = "Something went wrong on our side."
    return _response(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message, path, now, {})


def _response(
    status: HTTPStatus, code: str, message: str, path: str, now: datetime, extra: dict[str, Any]
) -> web.Response:
    body = {
        "code": code,
        "statusCode": status.value,
        "message": message,
        "error": status.name,
        "timestamp": iso(now),
        "path": path,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return web.json_response(body | extra, status=status.value, headers=headers)


def _field_parts(fields: Mapping[str, Iterable[FieldProblem]]) -> dict[str, Any]:
    return {
        "fieldErrors": {name: [p.message for p in problems] for name, problems in fields.items()},
        "fieldDetails": {
            name: [{"code": p.code, "params": dict(p.params)} for p in problems]
            for name, problems in fields.items()
        },
    }


# What pydantic found, in the contract's words ---------------------------------------------------

Words = tuple[str, dict[str, str]]
WORDS: Mapping[str, Words] = {
    "missing": ("required", {}),
    "extra_forbidden": ("unknown", {}),
    "string_too_short": ("minLength", {"min_length": "min"}),
    "string_too_long": ("maxLength", {"max_length": "max"}),
    "too_short": ("minItems", {"min_length": "min"}),
    "too_long": ("maxItems", {"max_length": "max"}),
    "greater_than": ("min", {"gt": "above"}),
    "greater_than_equal": ("min", {"ge": "min"}),
    "less_than": ("max", {"lt": "below"}),
    "less_than_equal": ("max", {"le": "max"}),
    "string_pattern_mismatch": ("pattern", {"pattern": "pattern"}),
    "enum": ("enum", {"expected": "allowed"}),
    "literal_error": ("enum", {"expected": "allowed"}),
    "union_tag_invalid": ("enum", {"expected_tags": "allowed"}),
    "union_tag_not_found": ("required", {}),
    "timezone_aware": ("timezone", {}),
    "value_error": ("invalid", {}),
}
FORMATS = ("uuid", "datetime", "date", "time", "url")


def invalid(error: ValidationError, where: str) -> Invalid:
    """``where`` names what was checked: the body, the query, the form."""
    fields: dict[str, list[FieldProblem]] = {}
    for found in error.errors(include_url=False, include_input=False):
        if found["type"] == "json_invalid":
            return Invalid("The body is not JSON.", code="MALFORMED_JSON")
        fields.setdefault(_path(found["loc"]), []).append(_problem(found))
    return Invalid(f"The {where} is not valid.", fields=fields)


def _path(location: tuple[int | str, ...]) -> str:
    """``retryStrategy.delayMinutes``: what pydantic adds for its unions is left out."""
    inner = [str(part) for part in location if str(part) not in _TAGS]
    return ".".join(inner) or "body"


_TAGS = frozenset(
    {"rule", "group", "none", "fixed_delay", "fixed-delay", "scheduled", "by_outcome"}
)


def _problem(found: ErrorDetails) -> FieldProblem:
    kind, context = found["type"], found.get("ctx", {})
    message = found["msg"]
    if kind in WORDS:
        code, names = WORDS[kind]
        params = {name: context[key] for key, name in names.items() if key in context}
        return FieldProblem(code, message, params)
    for format_ in FORMATS:
        if kind.startswith(f"{format_}_") and kind != f"{format_}_type":
            return FieldProblem("format", message, {"format": format_})
    if kind.endswith(("_type", "_parsing")):
        expected = kind.removesuffix("_type").removesuffix("_parsing")
        return FieldProblem("type", message, {"expected": expected})
    params = {key: value for key, value in context.items() if key != "error"}
    return FieldProblem(to_camel(kind), message, params)
