"""The whole route table, and the application made of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry

from api import (
    api_key,
    audience,
    audio,
    audit,
    call,
    consent,
    contact,
    custom_attribute,
    dictionary,
    did,
    do_not_call,
    execution,
    flow,
    health,
    ingestion,
    openapi,
    operator,
    organization,
    preview,
    program,
    recording,
    session,
    trunk,
    user,
)
from api.edge import edge
from api.intake import FOLDER as TABLES
from api.intake import open_intakes
from api.rate import Rates
from api.route import Door, Handler, Route, bind
from api.site import SITE, Limits, Probe, Site
from api.upload import SPOOL
from api.workers import Workers, hashing_threads
from engine.clock import Clock, SystemClock
from engine.org.organization import Role
from engine.org.secret import KEY_BYTES, Secret
from media.prompts import Library
from media.text_to_speech import Studio

PREVIEWS_BYTES = 32 << 20
FOLDERS = (SPOOL, TABLES)
"""Below the data folder."""


def _see(path: str, handler: Handler) -> Route:
    return Route("GET", f"/api{path}", handler, Role.AGENT)


def _do(
    method: str, path: str, handler: Handler, status: int = 200, upload: str | None = None
) -> Route:
    return Route(method, f"/api{path}", handler, Role.MANAGER, status, upload)


def _rule(method: str, path: str, handler: Handler, status: int = 200) -> Route:
    return Route(method, f"/api{path}", handler, Role.ADMIN, status)


def _open(path: str, handler: Handler) -> Route:
    return Route("GET", path, handler, None, door=Door.OPEN)


def _guest(path: str, handler: Handler) -> Route:
    return Route("POST", f"/api{path}", handler, None, door=Door.GUEST)


def _own(method: str, path: str, handler: Handler, status: int = 204) -> Route:
    """What members change of themselves, whatever their role."""
    return Route(method, f"/api{path}", handler, Role.AGENT, status)


def _run(method: str, path: str, handler: Handler, status: int = 200) -> Route:
    return Route(method, f"/api/operator{path}", handler, None, status, door=Door.OPERATOR)


ROUTES: tuple[Route, ...] = (
    _open("/health/live", health.live),
    _open("/health/ready", health.ready),
    _open("/metrics", health.metrics),
    _open("/api/openapi.json", openapi.serve),
    _open("/api/playback/{token}", audio.playback),
    _guest("/auth/login", session.login),
    _guest("/auth/refresh", session.refresh),
    _guest("/auth/accept-invitation", session.accept_invitation),
    _own("POST", "/auth/logout", session.logout),
    _own("POST", "/auth/logout-all", session.logout_all),
    _see("/auth/sessions", session.all_of),
    _own("POST", "/auth/revoke-session", session.revoke),
    _see("/users/me", user.me),
    _own("PUT", "/users/me/password", user.change_password),
    _see("/users", user.page),
    _rule("GET", "/users/invitations", user.invitations),
    _rule("POST", "/users/invitations", user.invite, 201),
    _rule("DELETE", "/users/invitations/{id}", user.withdraw, 204),
    _see("/users/{id}", user.get),
    _rule("PUT", "/users/{id}", user.set_role),
    _rule("DELETE", "/users/{id}", user.remove, 204),
    _see("/organization", organization.get),
    _rule("PUT", "/organization", organization.update),
    _rule("GET", "/auth/api-keys", api_key.all_of),
    _rule("POST", "/auth/api-keys", api_key.create, 201),
    _rule("DELETE", "/auth/api-keys/{id}", api_key.delete, 204),
    _rule("GET", "/audit-log", audit.page),
    _see("/custom-attributes", custom_attribute.all_of),
    _do("POST", "/custom-attributes", custom_attribute.create, 201),
    _see("/custom-attributes/{id}", custom_attribute.get),
    _do("PUT", "/custom-attributes/{id}", custom_attribute.update),
    _do("DELETE", "/custom-attributes/{id}", custom_attribute.delete, 204),
    _see("/contact", contact.page),
    _do("POST", "/contact", contact.create, 201),
    _do("POST", "/contact/upsert", contact.upsert),
    _do("POST", "/contact/ingestion/upload", ingestion.upload, 201, "table"),
    _do("POST", "/contact/ingestion/validate", ingestion.validate),
    _do("POST", "/contact/ingestion/execute", ingestion.execute),
    _see("/contact/ingestion/{id}", ingestion.get),
    _see("/contact/ingestion/{id}/refused", ingestion.refused_rows),
    _do("GET", "/contact/export", contact.export),
    _see("/contact/{id}", contact.get),
    _do("POST", "/contact/{id}/merge", contact.merge),
    _rule("POST", "/contact/{id}/erase", contact.erase, 204),
    _do("PUT", "/contact/{id}", contact.update),
    _do("DELETE", "/contact/{id}", contact.delete, 204),
    _see("/audience", audience.page),
    _do("POST", "/audience", audience.create, 201),
    _do("POST", "/audience/preview", audience.preview),
    _see("/audience/{id}", audience.get),
    _do("PUT", "/audience/{id}", audience.update),
    _do("DELETE", "/audience/{id}", audience.delete, 204),
    _see("/audience/{id}/contacts", audience.contacts),
    _do("POST", "/audience/{id}/add-contacts", audience.add_contacts),
    _do("POST", "/audience/{id}/remove-contacts", audience.remove_contacts),
    _do("POST", "/audio-management/upload", audio.upload, 201, "audio"),
    _see("/audio-management/audios", audio.page),
    _see("/audio-management/audios/usage/{usageType}", audio.page_by_usage),
    _see("/audio-management/audio/{id}", audio.get),
    _do("PUT", "/audio-management/audio/{id}", audio.update),
    _do("DELETE", "/audio-management/audio/{id}", audio.delete, 204),
    _do("PUT", "/audio-management/audio/{id}/file", audio.replace, upload="audio"),
    _see("/audio-management/audio/{id}/metadata", audio.metadata),
    _see("/audio-management/audio/{id}/usage", audio.usage),
    _see("/audio-management/audio/{id}/waveform", audio.waveform),
    _see("/audio-management/audio/{id}/playback-url", audio.playback_url),
    _do("POST", "/audio-management/preview", preview.preview),
    _see("/dictionaries", dictionary.all_of),
    _do("POST", "/dictionaries", dictionary.create, 201),
    _see("/dictionaries/{id}", dictionary.get),
    _do("DELETE", "/dictionaries/{id}", dictionary.delete, 204),
    _see("/dictionaries/{id}/entries", dictionary.entries),
    _do("POST", "/dictionaries/{id}/entries", dictionary.put_entry, 201, "audio"),
    _see("/dictionaries/{id}/entries/{key}", dictionary.get_entry),
    _do("DELETE", "/dictionaries/{id}/entries/{key}", dictionary.delete_entry, 204),
    _see("/dids", did.page),
    _see("/dids/available", did.available),
    _see("/dids/{id}", did.get),
    _see("/do-not-call", do_not_call.page),
    _do("POST", "/do-not-call", do_not_call.create, 201),
    _see("/do-not-call/{id}", do_not_call.get),
    _do("DELETE", "/do-not-call/{id}", do_not_call.delete, 204),
    _see("/consents", consent.page),
    _do("POST", "/consents", consent.create, 201),
    _see("/flows", flow.page),
    _do("POST", "/flows", flow.create, 201),
    _do("POST", "/flows/validate", flow.validate),
    _see("/flows/{id}", flow.get),
    _do("PUT", "/flows/{id}", flow.update),
    _do("DELETE", "/flows/{id}", flow.delete, 204),
    _see("/programs", program.page),
    _do("POST", "/programs", program.create, 201),
    _see("/programs/{id}", program.get),
    _do("PUT", "/programs/{id}", program.update),
    _do("DELETE", "/programs/{id}", program.delete, 204),
    _do("POST", "/programs/{id}/launch", program.launch, 201),
    _see("/programs/{id}/executions", program.executions),
    _see("/program-executions", execution.page),
    _see("/program-executions/{id}", execution.get),
    _do("PATCH", "/program-executions/{id}/pause", execution.pause),
    _do("PATCH", "/program-executions/{id}/resume", execution.resume),
    _do("PATCH", "/program-executions/{id}/cancel", execution.cancel),
    _see("/program-execution/{id}/contact-metrics", execution.contact_metrics),
    _see("/program-execution/{id}/call-metrics", execution.call_metrics),
    _do("POST", "/call-requests", call.request_call, 202),
    _see("/call-report/{jobId}", call.report),
    _see("/calls", call.page),
    _see("/calls/{id}", call.get),
    _see("/recordings", recording.some),
    _see("/recordings/{id}/metadata", recording.metadata),
    _see("/recordings/{id}/stream", recording.stream),
    _see("/recordings/{id}/download", recording.download),
    _run("GET", "/organizations", operator.organizations),
    _run("POST", "/organizations", operator.create_organization, 201),
    _run("GET", "/organizations/{id}", operator.get_organization),
    _run("PATCH", "/organizations/{id}/suspend", operator.suspend_organization),
    _run("PATCH", "/organizations/{id}/resume", operator.resume_organization),
    _run("PUT", "/organizations/{id}/plan", operator.set_plan),
    _run("GET", "/trunks", trunk.page),
    _run("POST", "/trunks", trunk.create, 201),
    _run("GET", "/trunks/{id}", trunk.get),
    _run("PUT", "/trunks/{id}", trunk.update),
    _run("POST", "/dids", operator.assign_did, 201),
)


def create_app(
    pool: asyncpg.Pool,
    *,
    data_dir: Path,
    registry: CollectorRegistry,
    clock: Clock | None = None,
    workers: Workers | None = None,
    secret: Secret | None = None,
    probes: Mapping[str, Probe] | None = None,
    limits: Limits | None = None,
    rates: Rates | None = None,
) -> web.Application:
    """The API on ``pool``. ``data_dir`` holds recordings and takes uploads; ``probes`` are the
    parts of ``/health/ready`` beside the database; ``workers`` runs what would hold the loop and is
    closed with the application; without a ``secret`` nothing that is signed outlives the process.
    What an earlier process had not finished receiving is removed."""
    for folder in FOLDERS:
        (data_dir / folder).mkdir(parents=True, exist_ok=True)
    for torn in (data_dir / SPOOL).iterdir():
        torn.unlink()
    limits, workers = limits or Limits(), workers or Workers()
    passwords = hashing_threads()
    app = web.Application(middlewares=[edge], client_max_size=limits.body)
    app[SITE] = Site(
        pool=pool,
        clock=clock or SystemClock(),
        data_dir=data_dir,
        registry=registry,
        workers=workers,
        studio=Studio.here(data_dir),
        library=Library(PREVIEWS_BYTES),
        secret=secret or Secret(secrets.token_bytes(KEY_BYTES)),
        passwords=passwords,
        probes=probes or {},
        limits=limits,
        rates=rates or Rates(),
    )
    app.cleanup_ctx.extend((_closing(workers.close), _closing(passwords.shutdown), open_intakes))
    app[openapi.DOCUMENT] = openapi.document(ROUTES)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, bind(route, ROUTES))
    return app


def _closing(end: Callable[[], None]) -> Callable[[web.Application], AsyncIterator[None]]:
    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(end)

    return close
