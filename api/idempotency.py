"""``Idempotency-Key``: the same POST again gets the same answer, and nothing is done twice.

The key, the work and the answer are committed in one transaction. A request that dies leaves
nothing; a second one that comes while the first is at work waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from api.errors import refusal
from api.site import Request
from engine.errors import Conflict, FieldProblem, GomobileError, Invalid
from engine.store import idempotency
from engine.store.idempotency import Answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255


async def once(
    request: Request, digest: bytes, work: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Performs ``work`` unless its key has been used; without a key, always."""
    key = request.web.headers.get(HEADER)
    if key is None or request.web.method != "POST":
        return await work()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        told = f"1 to {LONGEST} printable ASCII characters."
        problem = FieldProblem("format", told, {"max": LONGEST})
        raise Invalid("The idempotency key is not valid.", fields={HEADER: [problem]})
    route = f"POST {request.web.path}"
    earlier = await idempotency.claim(
        request.connection, request.org_id, key, route, digest, now=request.now
    )
    if earlier is None:
        return await _first(request, key, work)
    if (earlier.route, earlier.body_hash) != (route, digest):
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "The key was used for another request.")
    return _replay(earlier.answer)


async def _first(
    request: Request, key: str, work: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A refusal is an answer too: what it had written is undone, the key stays used."""
    try:
        async with request.connection.transaction():
            response = await work()
    except GomobileError as error:
        response = refusal(error, request.web.path, request.now)
    if isinstance(response, web.Response):
        body = response.body if isinstance(response.body, bytes) else b""
        answer = Answer(response.status, body)
        await idempotency.answered(request.connection, request.org_id, key, answer)
    return response


def _replay(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body or None,
        content_type="application/json" if answer.body else None,
        headers={REPLAYED: "true"},
    )
