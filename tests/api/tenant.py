"""An organization with a key, talking to a real server: what API tests say and expect."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient

from engine.org import NewOrganization, Plan, Role
from engine.store import api_key, did, member, organization, trunk

serial = count(1)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FLOW: dict[str, Any] = {
    "startNodeId": "dial",
    "nodes": [
        {"id": "dial", "type": "dial", "config": {}, "outputs": {"onAnswer": "bye"}},
        {"id": "bye", "type": "hangup", "config": {}},
    ],
}
FIELDS = {"createdAt", "updatedAt", "deletedAt", "createdBy", "updatedBy", "deletedBy"}
"""What every resource carries."""


def wav(milliseconds: int = 200, rate: int = 8000) -> bytes:
    """A square wave, 16-bit mono."""
    samples = [8000 if (n // 8) % 2 else -8000 for n in range(rate * milliseconds // 1000)]
    data = struct.pack(f"<{len(samples)}h", *samples)
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16)
    return head + form + struct.pack("<4sI", b"data", len(data)) + data


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any = field(repr=False)


@dataclass
class Tenant:
    http: TestClient[Any, Any]
    pool: asyncpg.Pool
    org_id: UUID
    member_id: UUID
    secret: str

    async def call(self, method: str, path: str, **kwargs: Any) -> Answer:
        headers = {"x-api-key": self.secret} | kwargs.pop("headers", {})
        return await answer(await self.http.request(method, path, headers=headers, **kwargs))

    async def get(self, path: str, **kwargs: Any) -> Answer:
        return await self.call("GET", f"/api{path}", **kwargs)

    async def post(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return await self.call("POST", f"/api{path}", json=json, **kwargs)

    async def put(self, path: str, json: Any) -> Answer:
        return await self.call("PUT", f"/api{path}", json=json)

    async def patch(self, path: str, json: Any = None) -> Answer:
        return await self.call("PATCH", f"/api{path}", json=json)

    async def delete(self, path: str) -> Answer:
        return await self.call("DELETE", f"/api{path}")

    async def upload(
        self, path: str, data: bytes, name: str = "a.wav", method: str = "POST", **fields: str
    ) -> Answer:
        form = FormData(quote_fields=False)
        for key, value in fields.items():
            form.add_field(key, value)
        form.add_field("file", io.BytesIO(data), filename=name, content_type="audio/wav")
        return await self.call(method, f"/api{path}", data=form)

    async def made(self, path: str, json: Any) -> dict[str, Any]:
        """A resource that must be created."""
        answered = await self.post(path, json)
        assert answered.status == 201, answered
        return answered.body

    async def contact(self, phone: str = "0612345678", **fields: Any) -> dict[str, Any]:
        return await self.made("/contact", {"primaryPhone": phone, **fields})

    async def audience(self, *contacts: dict[str, Any]) -> dict[str, Any]:
        made = await self.made("/audience", {"name": "Everybody", "type": "static"})
        if contacts:
            ids = [contact["id"] for contact in contacts]
            await self.post(f"/audience/{made['id']}/add-contacts", {"contacts": ids})
        return made

    async def flow(self, name: str = "Greeting") -> dict[str, Any]:
        return await self.made("/flows", {"name": name, "graph": FLOW})

    async def audio(self) -> dict[str, Any]:
        made = await self.upload(
            "/audio-management/upload", wav(), title="Hello", usageType="welcome"
        )
        assert made.status == 201, made
        return made.body

    async def did(self, number: str | None = None) -> str:
        """The id of a number, one that nobody has unless it is given, on a trunk of its own."""
        number = number or f"+2125200{next(serial):05}"
        async with self.pool.acquire() as connection:
            line = await trunk.create(connection, name=f"line {number}", host="127.0.0.1")
            made = await did.create(connection, self.org_id, number=number, trunk_id=line.id)
        return str(made.id)

    async def program(self, **changes: Any) -> dict[str, Any]:
        """A program of one contact that may start at once."""
        body: dict[str, Any] = {
            "name": "Reminder",
            "startAt": (NOW - timedelta(hours=1)).isoformat(),
            "retryStrategy": {"type": "none"},
            "mode": "batch",
        }
        if "flowId" not in changes:
            body["flowId"] = (await self.flow())["id"]
        if "audienceId" not in changes:
            body["audienceId"] = (await self.audience(await self.contact()))["id"]
        if "didPool" not in changes:
            body["didPool"] = [await self.did()]
        return await self.made("/programs", body | changes)

    async def with_role(self, role: Role) -> Tenant:
        """The same organization with a key of another role."""
        async with self.pool.acquire() as connection:
            key = await api_key.create(
                connection, self.org_id, self.member_id, name=role, prefix="gm", role=role
            )
        return Tenant(self.http, self.pool, self.org_id, self.member_id, key.secret)


async def answer(response: ClientResponse) -> Answer:
    if response.content_type == "application/json":
        return Answer(response.status, await response.json(), response.headers)
    return Answer(response.status, await response.read(), response.headers)


async def found(
    http: TestClient[Any, Any], pool: asyncpg.Pool, slug: str, plan: Plan = Plan.BASIC
) -> Tenant:
    """A new organization in Morocco with one admin and her key."""
    slug = f"{slug}-{next(serial)}"
    async with pool.acquire() as connection:
        made = await organization.create(
            connection,
            NewOrganization(
                name=slug.title(),
                slug=slug,
                country="MA",
                timezone="Africa/Casablanca",
                currency="MAD",
                plan=plan,
            ),
        )
        admin = await member.create(
            connection, made.id, f"admin@{slug.partition('-')[0]}.example", Role.ADMIN
        )
        key = await api_key.create(
            connection, made.id, admin.id, name="test", prefix="gm", role=Role.ADMIN
        )
    return Tenant(http, pool, made.id, admin.id, key.secret)
