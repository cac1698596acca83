from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings
from engine.errors import SettingError
from engine.org.password import hashed, matches
from engine.org.secret import MARK, Secret
from engine.secret import installation_secret

SECRET = Secret(b"0123456789abcdef0123456789abcdef")


@given(text=st.text())
def test_what_is_sealed_is_opened(text: str) -> None:
    sealed = SECRET.seal(text, "a")
    assert sealed != SECRET.seal(text, "a")
    assert SECRET.unseal(sealed, "a") == text


@pytest.mark.parametrize("broken", [f"{MARK}AAAA", f"{MARK}%", MARK, f"{MARK}é"])
def test_what_was_not_sealed_so_is_not_opened(broken: str) -> None:
    sealed = SECRET.seal("x", "a")
    for secret, text, purpose in (
        (SECRET, sealed, "b"),
        (Secret(b"x" * 32), sealed, "a"),
        (SECRET, broken, "a"),
    ):
        with pytest.raises(SettingError):
            secret.unseal(text, purpose)
    assert SECRET.unseal("never sealed", "a") == "never sealed"


def test_keys_are_apart_by_purpose_and_root() -> None:
    assert SECRET.key("a") == SECRET.key("a") != SECRET.key("b")
    assert SECRET.key("a") != Secret(b"x" * 32).key("a")
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(b"short")


def test_the_data_folder_keeps_one_where_none_is_given(tmp_path: Path) -> None:
    kept = installation_secret(Settings(data_dir=tmp_path / "var"))
    again = installation_secret(Settings(data_dir=tmp_path / "var"))
    assert kept.key("a") == again.key("a")
    assert (tmp_path / "var/secret.key").stat().st_mode & 0o077 == 0
    given_ = installation_secret(Settings(data_dir=tmp_path / "other", secret_key="k" * 32))
    assert given_.key("a") == Secret(b"k" * 32).key("a")
    assert not (tmp_path / "other").exists()
    (tmp_path / "var/secret.key").write_bytes(b"short")
    with pytest.raises(SettingError):
        installation_secret(Settings(data_dir=tmp_path / "var"))


def test_passwords() -> None:
    hash_ = hashed("correct horse")
    assert hash_ != hashed("correct horse")
    assert matches(hash_, "correct horse")
    assert not matches(hash_, "wrong")
    assert not matches(None, "nobody's password")
    assert not matches("no hash", "x")
