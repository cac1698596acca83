"""The planner's knowledge of the tables that calls live on, kept from lagging behind a bulk load.

Autovacuum looks once a minute. Until then a fresh import has no statistics, and a claim may find
each contact, and an outcome its attempt, by the organization alone.
"""

from __future__ import annotations

from engine.store.pool import Connection

STALE = r"""
SELECT relname FROM pg_stat_user_tables
WHERE (relname IN ('contact', 'audience_contact', 'target', 'execution')
       OR relname LIKE 'attempt\_%')
  AND n_mod_since_analyze > 1000 + n_live_tup / 2
"""


async def refresh(connection: Connection) -> list[str]:
    """Analyzes the tables of which more than half has changed, and returns their names."""
    stale = [row["relname"] for row in await connection.fetch(STALE)]
    if stale:
        await connection.execute(f"ANALYZE {', '.join(stale)}")
    return stale
