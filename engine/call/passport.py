"""Signed caller identity: STIR (RFC 8224, RFC 8225) with the SHAKEN claims (RFC 8588).

A DID's attestation says how well the operator knows its owner; a number without one goes unsigned.
The signature is made as the INVITE leaves, since verifiers refuse one that is a minute old.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final, TypeAlias
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry, serialize_compact
from joserfc.registry import HeaderParameter

from engine.errors import SettingError
from engine.program.attempt import Attempt

Fields: TypeAlias = tuple[tuple[str, str], ...]

_REGISTRY: Final = JWSRegistry(
    header_registry={"ppt": HeaderParameter("PASSporT Type", "str", required=True)},
    algorithms=["ES256"],
)


@dataclass(frozen=True, slots=True)
class Signer:
    """The operator's key, and where verifiers fetch its certificate."""

    key: ECKey
    """P-256, private."""
    certificate_url: str

    @classmethod
    def of_file(cls, key_file: Path, certificate_url: str) -> Signer:
        """``key_file``: PEM. Raises ``SettingError``."""
        try:
            key = ECKey.import_key(key_file.read_bytes())
            if key.curve_name != "P-256" or not key.is_private:
                raise ValueError("a private key on the curve P-256 is needed")
        except (OSError, ValueError, JoseError) as problem:
            raise SettingError("stir_key", f"{key_file} cannot sign: {problem}") from problem
        if not certificate_url.startswith("https://") or ">" in certificate_url:
            raise SettingError("stir_certificate_url", "The certificate's URL must be https://…")
        return cls(key, certificate_url)

    def fields(self, attempt: Attempt, now: datetime) -> Fields:
        """Date and Identity of the INVITE that leaves now; none for a DID without attestation."""
        attestation = attempt.did.attestation
        if attestation is None:
            return ()
        claims = _claims(attestation, attempt.did.number, attempt.to_number, attempt.id, now)
        signed = self._passport(claims)
        identity = f'{signed};info=<{self.certificate_url}>;alg=ES256;ppt="shaken"'
        return ("Date", format_datetime(now, usegmt=True)), ("Identity", identity)

    def _passport(self, claims: dict[str, object]) -> str:
        # Names in alphabetical order and no blanks, in header and claims (RFC 8225 §9).
        header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": self.certificate_url}
        payload = json.dumps(claims, separators=(",", ":"), sort_keys=True)
        return serialize_compact(header, payload, self.key, registry=_REGISTRY)


def _claims(
    attestation: str, caller: str, callee: str, origin: UUID, now: datetime
) -> dict[str, object]:
    """Numbers as digits alone (RFC 8225 §5.2.1)."""
    return {
        "attest": attestation,
        "dest": {"tn": [callee.removeprefix("+")]},
        "iat": int(now.timestamp()),
        "orig": {"tn": caller.removeprefix("+")},
        "origid": str(origin),
    }
