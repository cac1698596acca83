from __future__ import annotations

from media.dictionaries.prosody import bare, placed

SAID = ["number.1", "number.million", "pause-80", "number.2"]
TONED = {"number.million~rising", "number.2~falling", "number.1~rising"}


def test_a_voice_rises_before_a_pause_and_falls_at_the_end() -> None:
    assert placed(SAID, last=True, has=TONED.__contains__) == [
        "number.1",
        "number.million~rising",
        "pause-80",
        "number.2~falling",
    ]


def test_nothing_falls_where_more_is_said() -> None:
    assert placed(SAID, last=False, has=TONED.__contains__)[-1] == "number.2"


def test_a_dictionary_without_tones_is_heard_as_it_is() -> None:
    assert placed(SAID, last=True, has=lambda _: False) == SAID
    assert placed([], last=True, has=lambda _: False) == []


def test_a_key_without_its_tone() -> None:
    assert [bare("x~falling"), bare("x~rising"), bare("x")] == ["x", "x", "x"]
