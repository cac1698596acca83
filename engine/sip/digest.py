"""Digest access authentication as a client (RFC 2617, RFC 7616, RFC 8760; RFC 3261 §22)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.sip.headers import Challenge, challenges, quoted
from engine.sip.message import Headers, Response


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _hash(name: str) -> Callable[[str], str]:
    def digest(text: str) -> str:
        return hashlib.new(name, _bytes(text), usedforsecurity=False).hexdigest()

    return digest


ALGORITHMS: dict[str, Callable[[str], str]] = {
    "MD5": _hash("md5"),
    "SHA-256": _hash("sha256"),
    "SHA-512-256": _hash("sha512_256"),
}
"""By the registered name; each also with ``-sess``."""


MAX_TRIES = 4
"""Challenges in a row that are answered before we give up: proxy and server may each ask, and
each may find its nonce stale."""


@dataclass(slots=True)
class Realm:
    """Who asked, how, and how often we have answered with its nonce."""

    challenge: Challenge
    count: int = 0


class Authenticator:
    """Our password towards the realms one call (or registration) meets.

    A challenge is remembered, so that later requests carry credentials at once, with the nonce
    count going up (RFC 7616 §3.4, RFC 3261 §22.3), until the far side wants a fresh nonce.
    """

    __slots__ = ("_realms", "_tries", "credentials")

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._realms: dict[tuple[str, str], Realm] = {}
        """By header and realm."""
        self._tries = 0

    def fields(self, method: str, uri: str, body: bytes, client_nonce: str) -> Headers:
        """Header fields for a new request: one for each realm that has asked so far."""
        fields = []
        for (header, _), realm in self._realms.items():
            realm.count += 1
            value = authorization(
                realm.challenge,
                self.credentials,
                method,
                uri,
                body,
                client_nonce=client_nonce,
                count=realm.count,
            )
            fields.append((header, value))
        return fields

    def learns(self, response: Response) -> bool:
        """Whether a 401 or 407 tells anything new, so that another try with ``fields`` is worth it.

        Of several challenges for one realm the first with a known algorithm counts (RFC 8760
        §2.4). A realm that refuses credentials made for its latest nonce has refused our password.
        """
        self._tries += 1
        asked: dict[tuple[str, str], Challenge] = {}
        for header, challenge in challenges(response):
            if _is_known(challenge):
                asked.setdefault((header, challenge.params.get("realm") or ""), challenge)
        news = {key: Realm(c) for key, c in asked.items() if self._is_news(key, c)}
        self._realms |= news
        return bool(news) and self._tries <= MAX_TRIES

    def accepted(self) -> None:
        """Another answer than a challenge came."""
        self._tries = 0

    def _is_news(self, key: tuple[str, str], challenge: Challenge) -> bool:
        known = self._realms.get(key)
        if known is None:
            return True
        if challenge.params.get("nonce") == known.challenge.params.get("nonce"):
            return False
        stale = (challenge.params.get("stale") or "").lower() == "true"
        return stale or known.count > 1


def authorization(
    challenge: Challenge,
    credentials: Credentials,
    method: str,
    uri: str,
    body: bytes = b"",
    *,
    client_nonce: str,
    count: int = 1,
) -> str:
    """The value of (Proxy-)Authorization (RFC 7616 §3.4)."""
    params = challenge.params
    realm, nonce = params.get("realm") or "", params.get("nonce") or ""
    algorithm = params.get("algorithm") or "MD5"
    digest = ALGORITHMS[_base(algorithm)]
    qop = _qop(params.get("qop"))
    secret = digest(f"{credentials.username}:{realm}:{credentials.password}")
    if algorithm.upper().endswith("-SESS"):
        secret = digest(f"{secret}:{nonce}:{client_nonce}")
    what = f"{method}:{uri}"
    if qop == "auth-int":
        what += ":" + digest(body.decode("utf-8", "surrogateescape"))
    counted = f"{count:08x}:{client_nonce}:{qop}:" if qop else ""
    response = digest(f"{secret}:{nonce}:{counted}{digest(what)}")
    parts = [f"username={quoted(credentials.username)}", f"realm={quoted(realm)}"]
    parts += [f"nonce={quoted(nonce)}", f"uri={quoted(uri)}", f'response="{response}"']
    parts.append(f"algorithm={algorithm}")
    if qop:
        parts += [f"qop={qop}", f"nc={count:08x}", f'cnonce="{client_nonce}"']
    if opaque := params.get("opaque"):
        parts.append(f"opaque={quoted(opaque)}")
    return "Digest " + ", ".join(parts)


def _is_known(challenge: Challenge) -> bool:
    offered = challenge.params.get("qop")
    known = _base(challenge.params.get("algorithm") or "MD5") in ALGORITHMS
    return challenge.scheme.lower() == "digest" and known and (not offered or bool(_qop(offered)))


def _base(algorithm: str) -> str:
    return algorithm.upper().removesuffix("-SESS")


def _qop(offered: str | None) -> str:
    values = [value.strip().lower() for value in (offered or "").split(",")]
    return next((qop for qop in ("auth", "auth-int") if qop in values), "")
