"""Signed caller identities, read as a verifier reads them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from engine.call import Caller, Signer, Speech
from engine.clock import SystemClock
from engine.errors import SettingError
from engine.program.attempt import Attempt
from engine.program.outcome import Result
from engine.sip import Endpoint, IncomingCall
from media.prompts import Library
from tests.call.switchboard import HELLO, attempt, switchboard

URL = "https://certificates.example.org/shaken.pem"
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
IDENTITY = re.compile(r'([\w-]+)\.([\w-]+)\.([\w-]+);info=<(.*)>;alg=ES256;ppt="shaken"')


def key_file(folder: Path, curve: ec.EllipticCurve) -> tuple[Path, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(curve)
    file = folder / "key.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file, key


def known(attestation: str | None) -> Attempt:
    plain = attempt(("192.0.2.1", 5060), "+212600000001", HELLO)
    return replace(plain, did=replace(plain.did, attestation=attestation))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_identity_is_what_the_standards_say(tmp_path: Path) -> None:
    file, key = key_file(tmp_path, ec.SECP256R1())
    made = known("A")
    fields = dict(Signer.of_file(file, URL).fields(made, NOW))
    assert fields["Date"] == "Sun, 01 Mar 2026 12:00:30 GMT"
    found = IDENTITY.fullmatch(fields["Identity"])
    assert found is not None
    header, claims, signature, info = found.groups()
    assert info == URL
    assert decoded(header).decode() == (
        f'{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{URL}"}}'
    )
    assert decoded(claims).decode() == (
        '{"attest":"A","dest":{"tn":["212600000001"]},"iat":1772366430,'
        f'"orig":{{"tn":"212520000001"}},"origid":"{made.id}"}}'
    )
    raw = decoded(signature)
    numbers = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    signed = f"{header}.{claims}".encode()
    key.public_key().verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("attestation", ["B", "C"])
def test_attestation_is_the_numbers_own(tmp_path: Path, attestation: str) -> None:
    signer = Signer.of_file(key_file(tmp_path, ec.SECP256R1())[0], URL)
    identity = dict(signer.fields(known(attestation), NOW))["Identity"]
    assert json.loads(decoded(identity.split(".")[1]))["attest"] == attestation


def test_number_nobody_vouches_for_is_not_signed(tmp_path: Path) -> None:
    signer = Signer.of_file(key_file(tmp_path, ec.SECP256R1())[0], URL)
    assert signer.fields(known(None), NOW) == ()


def test_keys_that_cannot_sign(tmp_path: Path) -> None:
    other, _ = key_file(tmp_path, ec.SECP384R1())
    with pytest.raises(SettingError, match="P-256"):
        Signer.of_file(other, URL)
    with pytest.raises(SettingError, match="cannot sign"):
        Signer.of_file(tmp_path / "missing.pem", URL)
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    with pytest.raises(SettingError, match="cannot sign"):
        Signer.of_file(rubbish, URL)
    good, _ = key_file(tmp_path, ec.SECP256R1())
    with pytest.raises(SettingError, match="https"):
        Signer.of_file(good, "http://certificates.example.org/shaken.pem")


async def test_the_invite_bears_it(tmp_path: Path) -> None:
    signer = Signer.of_file(key_file(tmp_path, ec.SECP256R1())[0], URL)
    callee = await Endpoint.open("127.0.0.1")
    seen: list[dict[str, str]] = []

    def refuse(call: IncomingCall) -> None:
        seen.append(dict(call.headers))
        call.reject(486)

    async def allowed(attempt: Attempt) -> bool:
        return True

    callee.on_incoming = refuse
    plain = attempt(callee.address, "+212600000001", HELLO)
    made = replace(plain, did=replace(plain.did, attestation="A"))
    async with switchboard(tmp_path) as board:
        speech = Speech(board.clips, Library())
        parts = (board.endpoint, board.plane, speech, board.recordings)
        caller = Caller(*parts, SystemClock(), 60.0, signer)
        report = await caller.place(made, allowed)
    assert report.outcome.result is Result.BUSY
    assert IDENTITY.fullmatch(seen[0]["Identity"])
    assert seen[0]["Date"].endswith(" GMT")
    await callee.close()
