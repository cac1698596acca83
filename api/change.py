"""Every change, by construction: its precondition, and its entry in the audit log.

::

    take turns ─▶ before (the twin) ─▶ If-Match ─▶ handler ─▶ entry ─▶ respond, with ETag

A route that changes something has a *twin*: the GET of the resource its path names, which tells
what was before and whether that is what the client thinks it is. All in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from api.errors import PreconditionFailed
from api.reply import Reply, respond
from api.site import REQUEST_ID, Operation, Request, address
from engine.store import audit
from engine.store.audit import Actor, Change, State
from engine.store.organization import Organization

Serving: TypeAlias = Callable[..., Awaitable[Any]]
SECRETS = frozenset(
    {"secret", "token", "password", "access_token", "refresh_token", "signingSecret"}
)
UNTOLD = frozenset({"POST /api/contact/{id}/erase"})
"""What was before such a change is what it takes away."""
LARGEST = 256 * 1024
"""Bytes of one state in the log; of a larger one only its size is kept."""


class Named(Protocol):
    """What of a route is asked for here."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def handler(self) -> Serving: ...
    @property
    def status(self) -> int: ...


def twin_of(route: Named, routes: Iterable[Named]) -> Serving | None:
    """The GET of the same path, or of the longest part of it that ends with an id."""
    reads = {other.path: other.handler for other in routes if other.method == "GET"}
    if route.method in ("PUT", "DELETE") and route.path in reads:
        return reads[route.path]
    path = route.path
    while "{" in path:
        if path.endswith("}") and path in reads:
            return reads[path]
        path = path.rpartition("/")[0]
    return None


async def perform(
    request: Request | Operation,
    route: Named,
    twin: Serving | None,
    arguments: Mapping[str, Any],
    named: Mapping[str, Any],
) -> web.StreamResponse:
    """``named`` are the arguments of the path."""
    if route.method == "GET":
        reply = await route.handler(request, **arguments)
        return _tagged(request.web, respond(reply, route.status))
    before = await _before(request, twin, named)
    reply = await route.handler(request, **arguments)
    response = respond(reply, route.status)
    await _record(request, route, before, reply, named)
    if before is not None and type(reply) is type(before):
        response.headers["ETag"] = etag(response)
    return response


async def _before(
    request: Request | Operation, twin: Serving | None, named: Mapping[str, Any]
) -> BaseModel | None:
    """The resource as it is, where it has a state that can be told.

    Raises ``PreconditionFailed``, and what the twin raises.
    """
    if twin is None:
        return None
    await audit.take_turns(request.connection, request.web.path.removesuffix("/"))
    found: Reply = await twin(request, **named)
    wanted = request.web.headers.get("If-Match")
    if wanted is not None and not _matches(wanted, etag(respond(found, 200))):
        raise PreconditionFailed("PRECONDITION_FAILED", "It has changed since; read it again.")
    return found if isinstance(found, BaseModel) else None


async def _record(
    request: Request | Operation,
    route: Named,
    before: BaseModel | None,
    reply: Reply,
    named: Mapping[str, Any],
) -> None:
    after = reply if isinstance(reply, BaseModel) else None
    resource = named.get("id") or getattr(after, "id", None)
    action = f"{route.method} {route.path}"
    change = Change(
        at=request.now,
        action=action,
        path=request.web.path,
        resource_id=resource if isinstance(resource, UUID) else None,
        before=None if action in UNTOLD else told(before),
        after=told(after),
    )
    org_id = request.org_id if isinstance(request, Request) else _owner(after)
    if org_id is None:
        await audit.record_operators(request.connection, actor(request), change)
    else:
        await audit.record(request.connection, org_id, actor(request), change)


def actor(request: Request | Operation) -> Actor:
    where = address(request.web) or None
    request_id = request.web.get(REQUEST_ID)
    if isinstance(request, Operation):
        return Actor(operator_id=request.operator_id, request_id=request_id, address=where)
    holder = request.holder
    return Actor(
        holder.member_id, holder.key_id, holder.session_id, request_id=request_id, address=where
    )


def _owner(after: BaseModel | None) -> UUID | None:
    """Whom an operator's change concerns."""
    return after.id if isinstance(after, Organization) else getattr(after, "org_id", None)


def told(state: BaseModel | None) -> State | None:
    """For the log: without secrets, and not too large."""
    if state is None:
        return None
    text = state.model_dump_json(by_alias=True)
    if len(text) > LARGEST:
        return {"omittedCharacters": len(text)}
    shown: State = _without_secrets(json.loads(text))
    return shown


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "***" if name in SECRETS and inner is not None else _without_secrets(inner)
        for name, inner in value.items()
    }


def etag(response: web.StreamResponse) -> str:
    """Strong: the same for the same bytes and no others (RFC 9110, 8.8.3)."""
    body = response.body if isinstance(response, web.Response) else None
    return (
        f'"{hashlib.blake2b(body if isinstance(body, bytes) else b"", digest_size=16).hexdigest()}"'
    )


def _tagged(asked: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Files and streams have tags of their own, or none."""
    if type(response) is not web.Response or response.status != 200:
        return response
    tag = etag(response)
    if _matches(asked.headers.get("If-None-Match", ""), tag):
        return web.Response(status=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response


def _matches(wanted: str, tag: str) -> bool:
    given = [one.strip().removeprefix("W/") for one in wanted.split(",")]
    return "*" in given or tag in given
