"""What the socket and the edge hold off: slow clients, floods of headers, other origins, no TLS."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry

from api import Certificate, Workers, create_app, listening, route
from engine.clock import VirtualClock
from engine.errors import SettingError
from engine.org.secret import Secret
from tests.api.tenant import Tenant, answer


async def test_every_answer_is_protected(acme: Tenant) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    for path in ("/users/me", "/nothing", "/contact/x"):
        headers = (await acme.get(path, headers=origin)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Strict-Transport-Security" not in headers
        assert not [name for name in headers if name.lower().startswith("access-control-")]
    preflight = origin | {"Access-Control-Request-Method": "POST"}
    asked = await acme.call("OPTIONS", "/api/contact", headers=preflight)
    assert (asked.status, asked.body["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_a_body_that_drips_is_not_waited_for(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "PATIENCE", 0.05)
    monkeypatch.setattr(route, "SLOWEST", 1 << 40)
    told = await raw(
        acme.http,
        f"POST /api/contact HTTP/1.1\r\nHost: x\r\nx-api-key: {acme.secret}\r\n"
        "Content-Length: 100\r\n\r\n{",
    )
    assert b" 408 " in told
    assert b"REQUEST_TIMEOUT" in told


async def raw(http: TestClient[Any, Any], request: str) -> bytes:
    """The first of what comes back."""
    reader, writer = await asyncio.open_connection(http.server.host, http.server.port)
    try:
        writer.write(request.encode())
        return await asyncio.wait_for(reader.read(65536), 20)
    finally:
        writer.close()


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def served() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def test_floods_of_headers_are_refused() -> None:
    async with listening(served(), ("127.0.0.1", 0)) as (host, port), ClientSession() as client:
        url = f"http://{host}:{port}/"
        assert (await client.get(url)).status == 200
        many = {f"X-{n}": "x" for n in range(80)}
        assert (await client.get(url, headers=many)).status == 400
        assert (await client.get(url, headers={"X-Long": "x" * 9000})).status == 400


async def test_a_port_that_is_taken() -> None:
    async with listening(served(), ("127.0.0.1", 0)) as address:
        with pytest.raises(SettingError, match="cannot bind"):
            async with listening(served(), address):
                pass


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Self-signed, for that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "chain.pem", folder / "key.pem"


def shown(address: tuple[str, int]) -> str:
    """The name on the certificate a new connection is shown."""
    pem = ssl.get_server_certificate(address)
    name = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def test_a_certificate_is_reloaded_while_serving(tmp_path: Path) -> None:
    certificate = Certificate(*write_certificate(tmp_path, "first.example"))
    async with listening(served(), ("127.0.0.1", 0), certificate) as address:
        assert await asyncio.to_thread(shown, address) == "first.example"
        write_certificate(tmp_path, "second.example")
        certificate.load()
        assert await asyncio.to_thread(shown, address) == "second.example"
        (tmp_path / "chain.pem").write_text("nothing")
        with pytest.raises(SettingError, match="cannot be used"):
            certificate.load()
        assert await asyncio.to_thread(shown, address) == "second.example"


async def test_a_guest_is_answered_in_the_contract_s_shape(http: TestClient[Any, Any]) -> None:
    refused = await answer(await http.post("/api/auth/login", json={"email": "a@b.example"}))
    assert refused.status == 400
    assert set(refused.body["fieldDetails"]) == {"password"}


async def test_what_is_signed_outlives_the_process_with_its_secret(
    acme: Tenant, tmp_path: Path, clock: VirtualClock
) -> None:
    audio = await acme.audio()

    def another(secret: Secret | None) -> web.Application:
        return create_app(
            acme.pool,
            data_dir=tmp_path,
            registry=CollectorRegistry(),
            clock=clock,
            workers=Workers(lambda: ThreadPoolExecutor(1)),
            secret=secret,
        )

    path = f"/api/audio-management/audio/{audio['id']}/playback-url"
    async with TestClient(TestServer(another(Secret(b"k" * 32)))) as first:
        signed = await answer(await first.get(path, headers={"x-api-key": acme.secret}))
    async with TestClient(TestServer(another(Secret(b"k" * 32)))) as second:
        assert (await second.get(signed.body["url"])).status == 200
    async with TestClient(TestServer(another(None))) as stranger:
        assert (await stranger.get(signed.body["url"])).status == 401
