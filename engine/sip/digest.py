"""Digest access authentication as a client (RFC 2617, RFC 7616, RFC 8760; RFC 3261 §22)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.sip.headers import Challenge, quoted


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


@dataclass(slots=True)
class Authenticator:
    """Answers the challenges of one call, and knows when another try is pointless."""

    credentials: Credentials
    _uses: dict[str, int] = field(default_factory=dict)
    """How often each server nonce was used: the nonce count."""
    _answered: set[tuple[str, str]] = field(default_factory=set)
    """(header, realm) that we have answered already."""

    def answer(
        self,
        challenges: Iterable[tuple[str, Challenge]],
        method: str,
        uri: str,
        body: bytes,
        client_nonce: str,
    ) -> list[tuple[str, str]]:
        """The header fields of the next try; empty: nothing new can be said.

        Of several challenges for one realm the first with a known algorithm is taken (RFC 8760
        §2.4). A realm that challenges again without ``stale`` has refused our password.
        """
        fields: dict[tuple[str, str], str] = {}
        for header, challenge in challenges:
            key = header, challenge.params.get("realm") or ""
            if key in fields or not _is_known(challenge) or self._was_refused(key, challenge):
                continue
            fields[key] = self._authorization(challenge, method, uri, body, client_nonce)
        self._answered |= fields.keys()
        return [(header, value) for (header, _), value in fields.items()]

    def _was_refused(self, key: tuple[str, str], challenge: Challenge) -> bool:
        stale = (challenge.params.get("stale") or "").lower() == "true"
        used = (challenge.params.get("nonce") or "") in self._uses
        return key in self._answered and (used or not stale)

    def _authorization(
        self, challenge: Challenge, method: str, uri: str, body: bytes, client_nonce: str
    ) -> str:
        nonce = challenge.params.get("nonce") or ""
        count = self._uses[nonce] = self._uses.get(nonce, 0) + 1
        return authorization(
            challenge, self.credentials, method, uri, body, client_nonce=client_nonce, count=count
        )


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
