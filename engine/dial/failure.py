"""How a database fails, seen from here."""

from __future__ import annotations

import asyncpg

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""It cannot be reached, or gave up on a statement; whether that was committed is unknown.

``InternalClientError`` is what asyncpg raises when a server dies in the middle of a message.
"""

REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""It will not take these values, now or later."""
