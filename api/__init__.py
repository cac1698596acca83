"""The public API: thin, typed, one module a noun, on aiohttp.

::

    edge ─▶ authenticate ─▶ rate ─▶ read and check ─▶ transaction ─▶ once ─▶ change ─▶ handler
    edge     auth, token     rate    route, upload     engine.store.pool  idempotency, change, reply

- ``app``          the whole route table, and ``create_app``
- ``server``       the socket: TLS, slow clients, floods of headers
- ``site``         what the API was given at its start, and what one request carries
- ``edge``         request ids; every failure in the contract's shape (``errors``)
- ``route``        a handler's signature is its contract: body, query, form, path, answer
- ``auth``         keys, access tokens (``token``), organizations that are suspended, roles
- ``rate``         budgets of requests a minute
- ``change``       of every change: its precondition (``If-Match``) and its entry in the audit log
- ``idempotency``  the same POST again: the same answer
- ``intake`` ``workbook``  a table on its way into contacts; XLSX
- ``upload`` ``table`` ``clip`` ``coverage``  files, tables of contacts, audio, a flow's audio
- ``workers``      a process for what would hold the loop
- ``openapi``      the document, made of the same routes and models
- ``health``       for whoever watches the node
- one module a noun: ``contact``, ``audience``, ``flow``, ``program``, ``execution``, ``call``…

``route.Door`` says who comes in: holders of a key or a session (by far the most), guests who log in
(``session``), operators (``operator``, ``trunk``), everybody.

Handlers hold no SQL (``engine.store``) and no rules (``engine.org``, ``engine.program``,
``flows``). Every one runs in a transaction under the organization's row-level security and names
the organization in its SQL besides. Nobody imports this package but ``engine.commands``,
``engine.demo`` and the tests.
"""

from __future__ import annotations

from api.app import ROUTES, create_app
from api.rate import Rates
from api.server import Certificate, listening
from api.site import Limits, Probe
from api.workers import Workers

__all__ = [
    "ROUTES",
    "Certificate",
    "Limits",
    "Probe",
    "Rates",
    "Workers",
    "create_app",
    "listening",
]
