"""All SQL: the database, the connections to it, its schema, and one module a noun.

- ``embedded``    the PostgreSQL that comes with us: found, started, shared, stopped
  (``cluster``: one data folder and its server; ``binaries``: where the programs come from;
  ``account``: who the server runs as where we are root)
- ``pool``        connections with our codecs, transactions, tenants under row-level security
- ``migrate``     ``migrations/NNNN_name.sql``, applied in order under a lock
- one module a noun: its SQL as constants, each above the function that runs it

``EmbeddedPostgres.start → url → open_pool → migrate → transaction | tenant → a noun's function``.
A noun's function takes a ``Connection`` and leaves the transaction to its caller. Imported by
``engine.dial``, ``engine.app``, ``engine.commands`` and ``api``; never by ``engine.call``.
"""

from engine.store.embedded import EmbeddedPostgres
from engine.store.migrate import Migration, migrate, read_migrations
from engine.store.pool import Connection, open_pool, tenant, transaction

__all__ = [
    "Connection",
    "EmbeddedPostgres",
    "Migration",
    "migrate",
    "open_pool",
    "read_migrations",
    "tenant",
    "transaction",
]
