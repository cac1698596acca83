"""A route, and how a request reaches its handler.

A handler's signature is its contract: ``body``, ``query`` and ``form`` are pydantic models, each
at once the check of what came and the schema in the OpenAPI document; ``file`` is an upload; every
other parameter is one of the path; the return annotation is the answer. So a handler is called
with checked values inside the holder's transaction, and says nothing of HTTP.

::

    authenticate ─▶ rate ─▶ read path, query, body ─▶ begin as tenant ─▶ once ─▶ change ─▶ handler

That is the door of holders. Guests (who log in) and operators have doors of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, TypeAlias, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from api.auth import authenticate, authenticate_operator, credential, enter
from api.change import Serving, perform, twin_of
from api.errors import invalid
from api.idempotency import once
from api.rate import ALLOWANCE, network
from api.reply import respond
from api.site import SITE, Operation, Request, Site, Visit, address
from api.upload import SPOOL, UploadedFile, read_form
from engine.errors import FieldProblem, Invalid
from engine.org.organization import Role
from engine.store.pool import tenant, transaction
from flows.wire import Wire

PATIENCE = 10.0
"""Seconds a body may take, besides what its largest size takes at the slowest pace."""
SLOWEST = 64 * 1024
"""Bytes a second."""
Handler: TypeAlias = Callable[..., Awaitable[Any]]


class Nothing(Wire):
    """The body or the query of a route that takes none."""


class Door(Enum):
    """Who is let in, and what its handler is given."""

    OPEN = auto()
    """Everybody. The handler takes aiohttp's request and answers by itself."""
    GUEST = auto()
    """Everybody: a ``Visit``."""
    HOLDER = auto()
    """Of an API key or an access token: a ``Request`` in the organization's transaction."""
    OPERATOR = auto()
    """With an operator key: an ``Operation`` in a transaction by the engine's role."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    """Below ``/api``, with ``{name}`` for the handler's path parameters."""
    handler: Handler
    role: Role | None
    """The least that may; ``None`` at the doors that are not the holders'."""
    status: int = 200
    upload: str | None = None
    """The name in ``Limits`` that bounds the uploaded file."""
    door: Door = Door.HOLDER


@dataclass(frozen=True, slots=True)
class Signature:
    """A handler's parameters by where they come from."""

    path: Mapping[str, TypeAdapter[Any]]
    body: type[BaseModel]
    query: type[BaseModel]
    form: type[BaseModel] | None
    answer: Any

    @classmethod
    def of(cls, handler: Handler) -> Signature:
        hints = get_type_hints(handler, include_extras=True)
        names = list(inspect.signature(handler).parameters)[1:]
        path = [name for name in names if name not in ("body", "query", "form", "file")]
        return cls(
            path={name: TypeAdapter(hints[name]) for name in path},
            body=hints.get("body", Nothing),
            query=hints.get("query", Nothing),
            form=hints.get("form"),
            answer=hints.get("return"),
        )


@dataclass(frozen=True, slots=True)
class Read:
    """Checked arguments, and the digest of all that was sent."""

    arguments: dict[str, Any]
    digest: bytes

    def named(self, signature: Signature) -> dict[str, Any]:
        """The arguments of the path."""
        return {name: self.arguments[name] for name in signature.path}


Served: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def bind(route: Route, routes: Sequence[Route]) -> Served:
    """The aiohttp handler of a route, ``routes`` being all there are."""
    match route.door:
        case Door.OPEN:
            return route.handler
        case Door.GUEST:
            return _for_guests(route)
        case Door.OPERATOR:
            return _for_operators(route, twin_of(route, routes))
        case Door.HOLDER:
            needed = route.role or Role.ADMIN
            if route.method == "GET":
                return _for_readers(route, needed)
            return _for_holders(route, needed, twin_of(route, routes))


def _for_guests(route: Route) -> Served:
    signature = Signature.of(route.handler)

    async def serve(asked: web.Request) -> web.StreamResponse:
        visit = Visit(asked, asked.app[SITE])
        _meter(asked, route, network(address(asked)), visit.site.rates.guest)
        async with _read(asked, route, signature, visit.site) as read:
            return respond(await route.handler(visit, **read.arguments), route.status)

    return serve


def _for_operators(route: Route, twin: Serving | None) -> Served:
    signature = Signature.of(route.handler)

    async def serve(asked: web.Request) -> web.StreamResponse:
        site = asked.app[SITE]
        operator_id = await authenticate_operator(asked)
        _meter(asked, route, operator_id, site.rates.operator)
        async with (
            _read(asked, route, signature, site) as read,
            transaction(site.pool) as connection,
        ):
            operation = Operation(asked, site, operator_id, connection)
            return await perform(operation, route, twin, read.arguments, read.named(signature))

    return serve


def _for_readers(route: Route, needed: Role) -> Served:
    """Nothing is to be read from the client, so who asks is looked up where it is then served:
    begin, enter, the handler's queries, commit."""
    signature = Signature.of(route.handler)

    async def serve(asked: web.Request) -> web.StreamResponse:
        site = asked.app[SITE]
        credential(asked)
        async with transaction(site.pool) as connection:
            holder = await enter(connection, asked, needed)
            _meter(asked, route, holder.id, site.rates.holder)
            request = Request(asked, site, holder, connection)
            async with _read(asked, route, signature, site) as read:
                return await perform(request, route, None, read.arguments, {})

    return serve


def _for_holders(route: Route, needed: Role, twin: Serving | None) -> Served:
    signature = Signature.of(route.handler)

    async def serve(asked: web.Request) -> web.StreamResponse:
        site = asked.app[SITE]
        holder = await authenticate(asked, needed)
        _meter(asked, route, holder.id, site.rates.holder)
        async with (
            _read(asked, route, signature, site) as read,
            tenant(site.pool, holder.org_id) as connection,
        ):
            request = Request(asked, site, holder, connection)
            named = read.named(signature)
            work = partial(perform, request, route, twin, read.arguments, named)
            return await once(request, read.digest, work)

    return serve


def _meter(asked: web.Request, route: Route, who: Hashable, limit: int) -> None:
    """Raises ``TooManyRequests``."""
    site = asked.app[SITE]
    counted = (who, route.method, route.path)
    asked[ALLOWANCE] = site.meter.take(counted, limit, site.clock.monotonic())


@asynccontextmanager
async def _read(
    asked: web.Request, route: Route, signature: Signature, site: Site
) -> AsyncIterator[Read]:
    """Everything is read before a transaction begins: a slow client holds no connection."""
    arguments = _path_arguments(asked, signature)
    query = _check(signature.query, dict(asked.query), "query")
    if signature.query is not Nothing:
        arguments["query"] = query
    if signature.form is not None:
        limit = getattr(site.limits, route.upload or "body")
        async with _in_time(limit):
            form = await read_form(asked, site.data_dir / SPOOL, limit)
        try:
            arguments["form"] = _check(signature.form, form.fields, "form")
            arguments["file"] = form.file
            yield Read(arguments, _form_digest(form.fields, form.file))
        finally:
            form.file.path.unlink(missing_ok=True)
        return
    async with _in_time(site.limits.body):
        raw = await asked.read() if asked.method != "GET" else b""
    body = _check_json(signature.body, raw)
    if signature.body is not Nothing:
        arguments["body"] = body
    yield Read(arguments, hashlib.sha256(raw + b"?" + asked.query_string.encode()).digest())


@asynccontextmanager
async def _in_time(limit: int) -> AsyncIterator[None]:
    """A client that drips its body is let go: 408."""
    try:
        async with asyncio.timeout(PATIENCE + limit / SLOWEST):
            yield
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _path_arguments(asked: web.Request, signature: Signature) -> dict[str, Any]:
    arguments = {}
    for name, adapter in signature.path.items():
        value = asked.match_info[to_camel(name)]
        try:
            _refuse_nul(value)
            arguments[name] = adapter.validate_python(value)
        except ValidationError as error:
            kind = error.errors()[0]["type"].partition("_")[0]
            problem = FieldProblem("format", f"This is not a valid {kind}.", {"format": kind})
            raise Invalid("The path is not valid.", fields={to_camel(name): [problem]}) from None
    return arguments


def _check(model: type[BaseModel], values: Mapping[str, Any], where: str) -> BaseModel:
    """What came as text."""
    for value in values.values():
        _refuse_nul(value)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error, where) from None


def _check_json(model: type[BaseModel], raw: bytes) -> BaseModel:
    if b"\\u0000" in raw:
        _refuse_nul("\x00")
    try:
        return model.model_validate_json(raw.strip() or b"{}", strict=True)
    except ValidationError as error:
        raise invalid(error, "body") from None


def _refuse_nul(value: Any) -> None:
    """PostgreSQL keeps no NUL in a text."""
    if "\x00" in (value if isinstance(value, str) else "".join(value)):
        raise Invalid("A text holds a NUL character.", code="NUL_CHARACTER")


def _form_digest(fields: Mapping[str, Any], file: UploadedFile) -> bytes:
    told = json.dumps([fields, file.name, file.sha256.hex()], sort_keys=True)
    return hashlib.sha256(told.encode()).digest()
