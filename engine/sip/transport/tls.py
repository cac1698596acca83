"""TLS, as the operator wants it (RFC 3261 §26.3, RFC 5922)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SettingError


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """PEM files. A far side is always verified, by chain and by name."""

    authorities: Path | None = None
    """Whom we trust; ``None``: the system's."""
    certificate: Path | None = None
    """Our chain: shown to whoever calls us, and to carriers that ask for one."""
    key: Path | None = None
    """Of ``certificate``; ``None``: in the same file."""

    def client_context(self) -> ssl.SSLContext:
        """Raises ``SettingError`` where a file cannot be used; likewise below."""
        return self._context(ssl.PROTOCOL_TLS_CLIENT, ssl.CERT_REQUIRED)

    def server_context(self) -> ssl.SSLContext:
        """Callers that show a certificate are verified; none is demanded."""
        if self.certificate is None:
            raise SettingError("sip_tls", "TLS needs a certificate to be called by")
        return self._context(ssl.PROTOCOL_TLS_SERVER, ssl.CERT_OPTIONAL)

    def _context(self, protocol: int, verified: ssl.VerifyMode) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = verified
        try:
            if self.authorities is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(self.authorities)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as problem:
            raise SettingError("sip_tls", f"TLS files cannot be used: {problem}") from problem
        return context
