"""The HTTP API as the demo's own client sees it: a key, a path, JSON there and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class ApiRefused(Exception):
    """The API answered with an error."""


class Client:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **query: str | int) -> Any:
        return await self._send("GET", path, params=query)

    async def post(self, path: str, body: object | None = None) -> Any:
        return await self._send("POST", path, json=body)

    async def upload(self, path: str, name: str, content: bytes, **fields: str) -> Any:
        form = aiohttp.FormData(fields)
        form.add_field("file", content, filename=name)
        return await self._send("POST", path, data=form)

    async def pages(self, path: str, **query: str | int) -> list[Any]:
        """Every item of a list, page by page."""
        items: list[Any] = []
        page: dict[str, Any] = {"meta": {"hasNextPage": True}}
        while page["meta"]["hasNextPage"]:
            number = page["meta"].get("page", 0) + 1
            page = await self.get(path, page=number, limit=100, **query)
            items += page["data"]
        return items

    async def _send(self, method: str, path: str, **options: Any) -> Any:
        async with self._session.request(method, f"/api{path}", **options) as response:
            if response.status >= 400:
                raise ApiRefused(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json() if response.status != 204 else None


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(url, headers={"x-api-key": key}) as session:
        yield Client(session)


async def is_ready(url: str) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{url}/health/ready") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False
