"""Access tokens: a signed name of a session, good for minutes (RFC 7519, HS256).

The session is looked up with every request all the same, so that one that has ended, a member who
was removed and a role that was changed count at once; the signature keeps guesses off the database.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from api.errors import Unauthorized
from engine.org.secret import Secret

LIFE = timedelta(minutes=15)
ALGORITHM = "HS256"
PURPOSE = "access token"


def issue(secret: Secret, org_id: UUID, session_id: UUID, now: datetime) -> str:
    claims = {
        "org": str(org_id),
        "sid": str(session_id),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, _key(secret))


def read(secret: Secret, token: str, now: datetime) -> tuple[UUID, UUID]:
    """``(organization, session)``; raises ``Unauthorized``."""
    try:
        claims = jwt.decode(token, _key(secret), algorithms=[ALGORITHM]).claims
        jwt.JWTClaimsRegistry(now=int(now.timestamp()), exp={"essential": True}).validate(claims)
        return UUID(claims["org"]), UUID(claims["sid"])
    except ExpiredTokenError:
        raise Unauthorized("ACCESS_TOKEN_EXPIRED", "The access token has expired.") from None
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise Unauthorized("ACCESS_TOKEN_INVALID", "The access token is not valid.") from None


def is_token(shown: str) -> bool:
    """An API key has no dots."""
    return shown.count(".") == 2


@lru_cache(maxsize=4)
def _key(secret: Secret) -> OctKey:
    return OctKey.import_key(secret.key(PURPOSE))
