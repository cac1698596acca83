"""The shipped packs: whole, up to date with the words, quiet at every join."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.dictionaries import UnknownLanguage, grammar
from media.dictionaries.clip import PEAK, Silent, clip
from media.dictionaries.pack import FOLDER, SystemPack, digest, pause_ms, shipped
from media.dictionaries.parts import PAUSES
from media.dictionaries.record import VOICES
from media.g711 import Codec, decode, encode
from media.loudness import LEVEL


@pytest.fixture(params=sorted(VOICES))
def pack(request: pytest.FixtureRequest) -> SystemPack:
    return SystemPack.load(request.param)


def test_every_language_with_a_voice_is_shipped() -> None:
    assert set(shipped()) == set(VOICES)


def test_a_pack_is_spoken_from_the_words_as_they_are(pack: SystemPack) -> None:
    script = VOICES[pack.language].script
    assert pack.script == digest(script), "run python -m media.dictionaries.record"
    assert pack.keys == grammar(pack.language).keys() == script.keys() | set(PAUSES)


def test_a_pack_is_compact(pack: SystemPack) -> None:
    files = [FOLDER / f"{pack.language}.ulaw.xz", FOLDER / f"{pack.language}.json"]
    assert sum(Path(each).stat().st_size for each in files) < 2_000_000


def test_clips_have_speech_and_end_in_silence(pack: SystemPack) -> None:
    for key in pack.keys - set(PAUSES):
        samples = pack.samples(key).astype(np.float64) / 32768
        assert 0.1 < samples.size / 8000 < 2.5, key
        assert abs(samples[0]) < 0.001, key
        assert abs(samples[-1]) < 0.001, key
        assert np.abs(samples).max() < PEAK + 0.02, key
        assert np.sqrt(np.mean(samples**2)) > LEVEL / 4, key


def test_no_join_clicks(pack: SystemPack) -> None:
    """Two clips after one another step less than one does inside itself."""
    for keys in (grammar(pack.language).number(n * 12_345) for n in range(1, 60)):
        clips = [pack.samples(key).astype(np.int32) for key in keys]
        joined = np.concatenate(clips)
        seams = np.cumsum([each.size for each in clips])[:-1]
        assert np.abs(np.diff(joined))[seams - 1].max(initial=0) < 64


def test_clips_are_shared_and_read_only(pack: SystemPack) -> None:
    first, again = (pack.encoded("number.7", Codec.PCMU) for _ in range(2))
    assert np.shares_memory(first, again)
    for frozen in (first, pack.encoded("number.7", Codec.PCMA), pack.samples("number.7")):
        with pytest.raises(ValueError, match="read-only"):
            frozen[0] = 1
    assert SystemPack.load(pack.language) is pack


def test_both_laws_say_the_same(pack: SystemPack) -> None:
    linear = pack.samples("number.12")
    assert np.array_equal(decode(pack.encoded("number.12", Codec.PCMU), Codec.PCMU), linear)
    assert np.array_equal(pack.encoded("number.12", Codec.PCMA), encode(linear, Codec.PCMA))


def test_a_pause_is_silence_of_its_length(pack: SystemPack) -> None:
    assert pause_ms("pause-150") == 150
    assert pause_ms("number.1") is None
    assert pack.samples("pause-150").tolist() == [0] * 1200
    assert "pause-75" in pack
    assert pack.encoded("pause-75", Codec.PCMA).size == 600


def test_an_unknown_key_or_language_is_said() -> None:
    pack = SystemPack.load("fr-MA")
    assert pack.language == "fr"
    assert "number.1000" not in pack
    with pytest.raises(KeyError):
        pack.samples("number.1000")
    for find in (SystemPack.load, grammar):
        with pytest.raises(UnknownLanguage, match="'xx'"):
            find("xx")


def test_a_take_becomes_a_clip() -> None:
    """Trimmed to the word, levelled whatever its gain, at 8 kHz from any rate."""
    rate = 44_100
    word = np.sin(np.arange(rate // 2) * 2 * np.pi * 440 / rate).astype(np.float32)
    take = np.concatenate([np.zeros(rate), word, np.zeros(rate)]).astype(np.float32)
    quiet, loud = clip(take * np.float32(0.01), rate), clip(take, rate)
    assert loud.dtype == np.int16
    assert 0.5 <= loud.size / 8000 < 0.56
    assert np.abs(quiet.astype(int) - loud.astype(int)).max() <= 2
    assert abs(np.sqrt(np.mean((loud[800:3200] / 32767) ** 2)) - LEVEL) < 0.01


def test_a_silent_take_is_refused() -> None:
    with pytest.raises(Silent):
        clip(np.zeros(8000, np.float32), 8000)
