"""The installation's secret: keys derived from it, and what is sealed with one of them."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import SettingError

KEY_BYTES = 32
NONCE_BYTES = 12
MARK = "sealed:1:"
"""What a sealed text begins with, the number being the way it was sealed."""


class Secret:
    """A root key; nothing is ever signed or sealed with the root itself (RFC 5869)."""

    def __init__(self, root: bytes) -> None:
        if len(root) < KEY_BYTES:
            raise ValueError(f"a secret key has {KEY_BYTES} bytes at least")
        self._root = root

    def __repr__(self) -> str:
        return "Secret(…)"

    def key(self, purpose: str) -> bytes:
        """32 bytes, the same for the same purpose and root."""
        told = f"gomobile {purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=told).derive(self._root)

    def seal(self, text: str, purpose: str) -> str:
        """AES-256-GCM under a nonce of its own; another purpose does not open it."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.key(purpose)).encrypt(nonce, text.encode(), None)
        return MARK + base64.b64encode(nonce + sealed).decode()

    def unseal(self, text: str, purpose: str) -> str:
        """What was sealed; a text that never was, as it is. Raises ``SettingError``."""
        if not text.startswith(MARK):
            return text
        try:
            raw = base64.b64decode(text.removeprefix(MARK), validate=True)
            opened = AESGCM(self.key(purpose)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
        except (InvalidTag, binascii.Error, ValueError):
            told = "a secret was sealed with another GOMOBILE_SECRET_KEY"
            raise SettingError("secret_key_wrong", told) from None
        return opened.decode()
