"""One page of a list: which rows of a ``Listing``, in which order, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from engine.errors import FieldProblem, Invalid
from engine.store.pool import Connection
from engine.store.row import Row

R = TypeVar("R", bound=Row)

MOST = 100
"""Rows on a page."""


@dataclass(frozen=True, slots=True)
class Query:
    page: int = 1
    """From 1."""
    limit: int = 20
    search: str | None = None
    sort_by: str | None = None
    """A wire name of the listing's ``sorts``; ``None``: its first."""
    descending: bool = True

    @property
    def pattern(self) -> str | None:
        """``search`` as a LIKE pattern for a part of the text, its own wildcards quoted."""
        if not self.search:
            return None
        quoted = self.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{quoted}%"


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    rows: list[R]
    total: int
    query: Query


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    row: type[R]
    columns: str
    source: str
    """What follows FROM, its WHERE included; parameters from ``$1``."""
    sorts: Mapping[str, str]
    """Sortable wire names to columns, the default first."""
    tie: str = "id"
    """A column that makes the order total."""
    nullable: frozenset[str] = frozenset()
    """Sortable wire names whose column may be unset: those rows come last, either way round."""

    async def fetch(self, connection: Connection, query: Query, *args: Any) -> Page[R]:
        """Raises ``Invalid`` for a ``sortBy`` the list does not have."""
        order = self.order(query)
        limit, offset = len(args) + 1, len(args) + 2
        sql = (
            f"SELECT {self.columns} FROM {self.source} "
            f"ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
        )
        records = await connection.fetch(sql, *args, query.limit, (query.page - 1) * query.limit)
        total = await connection.fetchval(f"SELECT count(*) FROM {self.source}", *args)
        return Page([self.row.of(record) for record in records], total, query)

    def order(self, query: Query) -> str:
        """What follows ORDER BY."""
        name = query.sort_by or next(iter(self.sorts))
        if name not in self.sorts:
            allowed = list(self.sorts)
            problem = FieldProblem("enum", f"One of {', '.join(allowed)}.", {"allowed": allowed})
            raise Invalid("The list cannot be sorted so.", fields={"sortBy": [problem]})
        direction = "DESC" if query.descending else "ASC"
        # No index has NULLS LAST; where there are none it would only keep the index away.
        unset = " NULLS LAST" if name in self.nullable else ""
        return f"{self.sorts[name]} {direction}{unset}, {self.tie}"
