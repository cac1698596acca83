"""What handlers return, as responses: a row, a bare array, a page in its envelope, nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from aiohttp import web
from pydantic import BaseModel, Field

from engine.store.page import MOST, Page, Query
from flows.wire import Wire

Reply: TypeAlias = BaseModel | Sequence[BaseModel] | Page | web.StreamResponse | None  # type: ignore[type-arg]


class Meta(Wire):
    page: int
    limit: int
    total: int
    total_pages: int
    has_next_page: bool
    has_previous_page: bool


class CursorMeta(Meta):
    next_cursor: str | None
    """Goes on after this page, however the list grows; `null` at its end."""


class ListQuery(Wire):
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=MOST)] = 20
    search: Annotated[str, Field(max_length=256)] | None = None
    sort_by: Annotated[str, Field(max_length=64)] | None = None
    sort_order: Literal["asc", "desc"] = "desc"

    def asked(self) -> Query:
        return Query(
            page=self.page,
            limit=self.limit,
            search=self.search,
            sort_by=self.sort_by,
            descending=self.sort_order == "desc",
        )


def meta(query: Query, total: int) -> dict[str, int | bool]:
    """The envelope's ``meta``, by wire names."""
    pages = -(-total // query.limit)
    return {
        "page": query.page,
        "limit": query.limit,
        "total": total,
        "totalPages": pages,
        "hasNextPage": query.page < pages,
        "hasPreviousPage": query.page > 1,
    }


def respond(reply: Reply, status: int) -> web.StreamResponse:
    match reply:
        case web.StreamResponse():
            return reply
        case None:
            return web.Response(status=204)
        case BaseModel():
            body = _json(reply)
        case Page():
            tail = Meta.model_validate(meta(reply.query, reply.total))
            body = f'{{"data":{_array(reply.rows)},"meta":{_json(tail)}}}'
        case rows:
            body = _array(rows)
    return web.Response(status=status, text=body, content_type="application/json")


def _json(model: BaseModel) -> str:
    return model.model_dump_json(by_alias=True)


def _array(rows: Sequence[BaseModel]) -> str:
    return f"[{','.join(map(_json, rows))}]"
