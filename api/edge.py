"""The outermost middleware: every request gets an id, every failure the contract's shape."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import structlog
from aiohttp import web

from api.errors import bug, http_refusal, refusal
from api.rate import ALLOWANCE, TooManyRequests
from api.site import REQUEST_ID, SITE
from engine.errors import GomobileError, StoreUnavailable

HEADER = "X-Request-Id"
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
PROTECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
    "Server": "gomobile",
}
"""On every answer that does not say otherwise. No answer allows another origin (CORS)."""
YEAR = "max-age=31536000"
Next: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


@web.middleware
async def edge(request: web.Request, handler: Next) -> web.StreamResponse:
    request_id = _request_id(request)
    request[REQUEST_ID] = request_id
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await _answer(request, handler)
    if not response.prepared:
        response.headers[HEADER] = request_id
        _protect(request, response)
        _tell_allowance(request, response)
    return response


def _protect(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in PROTECTED.items():
        response.headers.setdefault(name, value)
    if request.secure:
        response.headers.setdefault("Strict-Transport-Security", YEAR)


def _tell_allowance(request: web.Request, response: web.StreamResponse) -> None:
    allowance = request.get(ALLOWANCE)
    if allowance is not None:
        response.headers.update(allowance.headers)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = str(allowance.reset)


async def _answer(request: web.Request, handler: Next) -> web.StreamResponse:
    now = request.app[SITE].clock.now()
    try:
        return await handler(request)
    except TooManyRequests as error:
        request[ALLOWANCE] = error.allowance
        return refusal(error, request.path, now)
    except GomobileError as error:
        return refusal(error, request.path, now)
    except web.HTTPException as error:
        return http_refusal(error, request.path, now)
    except AWAY as error:
        log.warning("database_away", path=request.path, error=str(error))
        away = StoreUnavailable("DATABASE_UNAVAILABLE", "The database cannot be reached now.")
        return refusal(away, request.path, now)
    except Exception:
        log.exception("request_failed", method=request.method, path=request.path)
        return bug(request.path, now)


def _request_id(request: web.Request) -> str:
    """The client's, where it is one that can be logged as it is."""
    given = request.headers.get(HEADER, "")
    return given if ID.fullmatch(given) else uuid4().hex
