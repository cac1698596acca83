from pathlib import Path

import pytest

from engine.config import Settings, describe_settings, read_settings
from engine.errors import SettingError


def test_defaults_stand_where_nothing_is_set() -> None:
    assert read_settings({"PATH": "/bin", "GOMOBILE_HTTP": ""}) == Settings()


def test_every_variable_is_read() -> None:
    settings = read_settings(
        {
            "GOMOBILE_DATA_DIR": "/srv/gomobile",
            "GOMOBILE_HTTP": "[::1]:9000",
            "GOMOBILE_RTP_PORTS": "20000-20999",
            "GOMOBILE_MAX_CALLS": "7",
        }
    )
    assert settings.data_dir == Path("/srv/gomobile")
    assert settings.http == ("::1", 9000)
    assert settings.rtp_ports == range(20000, 21000)
    assert settings.max_calls == 7


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GOMOBILE_HTTP", "localhost:80"),
        ("GOMOBILE_SIP", "127.0.0.1:99999"),
        ("GOMOBILE_RTP_PORTS", "30000-20000"),
        ("GOMOBILE_MAX_CALLS", "0"),
        ("GOMOBILE_DRAIN_SECONDS", "-1"),
        ("GOMOBILE_DATABASE_URL", "mysql://host/db"),
        ("GOMOBILE_LOG_LEVEL", "chatty"),
        ("GOMOBILE_MAX_CALS", "10"),
    ],
)
def test_a_bad_or_misspelt_setting_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=variable):
        read_settings({variable: value})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingError, match=r"GOMOBILE_HTTP.*GOMOBILE_MAX_CALLS"):
        read_settings({"GOMOBILE_HTTP": "x", "GOMOBILE_MAX_CALLS": "many"})


def test_the_description_hides_the_password() -> None:
    settings = read_settings({"GOMOBILE_DATABASE_URL": "postgresql://anna:secret@db/gomobile"})
    shown = {row["variable"]: row["value"] for row in describe_settings(settings)}
    assert shown["GOMOBILE_DATABASE_URL"] == "postgresql://anna:***@db/gomobile"
    assert shown["GOMOBILE_RTP_PORTS"] == "16384-32767"
