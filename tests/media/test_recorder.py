"""Recordings that end as they should, are in order, and play after a crash or on a full disk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media import g711
from media.g711 import Codec, Encoded, Samples
from media.recorder import Recorder, Recording, RecordingEnd, RecordingLimits, beep
from media.recording_file import QueuedFile, RecordingFile

MINUTE = RecordingLimits(max_duration_ms=60_000)


def voice(seconds: float) -> Samples:
    time = np.arange(round(seconds * 8000)) / 8000
    return (6000 * np.sin(2 * np.pi * (200 + 40 * np.sin(5 * time)) * time)).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * 8000), np.int16)


def packets(audio: Samples) -> list[tuple[int, int, bytes]]:
    encoded: Encoded = g711.encode(audio, Codec.PCMA)
    return [
        (
            65_530 + i & 0xFFFF,
            0xFFFF_FF00 + i * 160 & 0xFFFFFFFF,
            encoded[i * 160 :][:160].tobytes(),
        )
        for i in range(audio.size // 160)
    ]


def as_heard(audio: Samples) -> Samples:
    return g711.decode(g711.encode(audio, Codec.PCMA), Codec.PCMA)


def record(
    path: Path, sent: list[tuple[int, int, bytes]], limits: RecordingLimits = MINUTE
) -> tuple[Recording, Samples]:
    file = RecordingFile(path)
    recorder = Recorder(Codec.PCMA, limits, file)
    for packet in sent:
        if recorder.push(*packet):
            break
    recording = recorder.finish(RecordingEnd.HANGUP)
    file.close()
    assert file.failure is None
    audio, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    assert recording.duration_ms == audio.size // 8
    return recording, audio


def test_what_was_said_is_in_the_file(tmp_path: Path) -> None:
    said = np.concatenate([voice(1.5), silence(0.5), voice(0.31)])
    recording, audio = record(tmp_path / "a.wav", packets(said))
    assert np.array_equal(audio, as_heard(said)[: audio.size])
    assert (recording.reason, recording.heard_voice) == (RecordingEnd.HANGUP, True)
    assert recording.duration_ms == 2300
    assert len(recording.peaks) == 23
    assert recording.peaks[0] == pytest.approx(6000, rel=0.05)
    assert recording.peaks[16] < 20


@pytest.mark.parametrize("packet_ms", [10, 30, 60])
def test_other_packet_times(tmp_path: Path, packet_ms: int) -> None:
    said, size = np.concatenate([voice(1), silence(1.1)]), packet_ms * 8
    data = g711.encode(said, Codec.PCMA).tobytes()
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    sent = [(i, i * size, payload) for i, payload in enumerate(cut)]
    recording, audio = record(tmp_path / "a.wav", sent)
    assert np.array_equal(audio, as_heard(said))
    assert [peak > 3000 for peak in recording.peaks] == [True] * 10 + [False] * 11


def test_overtaken_and_lost_packets_keep_order_and_length(tmp_path: Path) -> None:
    said, chance = voice(4), random.Random(4)
    sent = packets(said)
    kept = [0, *sorted(chance.sample(range(1, 199), 170)), 199]
    late = sorted(kept, key=lambda i: i and i + chance.uniform(0, 5))
    recording, audio = record(tmp_path / "a.wav", [sent[i] for i in late])
    assert audio.size == said.size
    assert recording.lost_ms == 28 * 20
    for i in kept:
        assert np.array_equal(audio[i * 160 :][:160], as_heard(said)[i * 160 :][:160])


def test_silence_ends_it(tmp_path: Path) -> None:
    said = np.concatenate([silence(0.5), voice(1), silence(5)])
    limits = RecordingLimits(60_000, silence_timeout_ms=2000)
    recording, _ = record(tmp_path / "a.wav", packets(said), limits)
    assert (recording.reason, recording.heard_voice) == (RecordingEnd.SILENCE, True)
    assert 3500 <= recording.duration_ms <= 3540


def test_silence_from_the_start_is_told_apart(tmp_path: Path) -> None:
    limits = RecordingLimits(60_000, silence_timeout_ms=2000)
    recording, _ = record(tmp_path / "a.wav", packets(silence(5)), limits)
    assert (recording.reason, recording.heard_voice) == (RecordingEnd.SILENCE, False)


def test_its_length_ends_it_to_the_sample(tmp_path: Path) -> None:
    recording, audio = record(tmp_path / "a.wav", packets(voice(5)), RecordingLimits(1234))
    assert recording.reason is RecordingEnd.MAX_DURATION
    assert audio.size == 1234 * 8


def test_a_key_ends_it(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "a.wav")
    recorder = Recorder(Codec.PCMA, MINUTE, file)
    for packet in packets(voice(0.5)):
        assert recorder.push(*packet) is None
    assert recorder.finish(RecordingEnd.TERMINATOR).reason is RecordingEnd.TERMINATOR


def test_a_sender_that_is_still_is_silence(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "a.wav")
    recorder = Recorder(Codec.PCMA, RecordingLimits(60_000, silence_timeout_ms=3000), file)
    for packet in packets(voice(1)):
        recorder.push(*packet)
    ends = [recorder.pass_time(elapsed) for elapsed in range(1000, 6000, 100)]
    assert (
        ends.index(RecordingEnd.SILENCE) == 35
    )  # 1 s of voice, 3 s of silence, half a second of grace
    assert recorder.finish(RecordingEnd.HANGUP).duration_ms == 4000


def test_nothing_at_all_is_an_empty_file(tmp_path: Path) -> None:
    recording, audio = record(tmp_path / "a.wav", [])
    assert (recording.duration_ms, audio.size, recording.peaks) == (0, 0, ())


def test_a_worker_thread_writes_the_same(tmp_path: Path) -> None:
    said = voice(5)
    with ThreadPoolExecutor(1) as executor:
        files = [QueuedFile(RecordingFile(tmp_path / f"{i}.wav"), executor) for i in range(20)]
        recorders = [Recorder(Codec.PCMA, MINUTE, file) for file in files]
        for packet in packets(said):
            for recorder in recorders:
                recorder.push(*packet)
        for recorder in recorders:
            recorder.finish(RecordingEnd.HANGUP)
        for file in files:
            file.close().result()
            assert file.failure is None
            assert np.array_equal(soundfile.read(file.file.path, dtype="int16")[0], as_heard(said))


def test_a_full_disk_ends_it_with_its_reason() -> None:
    file = RecordingFile(Path("/dev/full"))
    recorder = Recorder(Codec.PCMA, MINUTE, file)
    ends = [recorder.push(*packet) for packet in packets(voice(3))]
    assert ends.index(RecordingEnd.FAILED) == 49
    assert recorder.finish(RecordingEnd.HANGUP).reason is RecordingEnd.FAILED
    assert file.failure is not None
    assert file.failure.code == "disk_full"
    file.close()


def test_a_file_that_reaches_a_limit_plays_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    script = f"""
import resource, signal
from pathlib import Path
from media.recording_file import RecordingFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_044, 40_044))
file = RecordingFile(Path({str(path)!r}))
for _ in range(5):
    file.append(bytes(16_000))
file.close()
print(file.failure.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "disk_full"
    assert soundfile.info(path).frames == 20_000


def test_a_folder_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "none" / "a.wav")
    file.append(b"\0\0")
    file.close()
    assert file.failure is not None
    assert file.failure.code == "write_failed"


def test_a_crash_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    script = f"""
import os, signal
from pathlib import Path
import numpy as np
from media.g711 import Codec
from media.recorder import Recorder, RecordingLimits
from media.recording_file import RecordingFile
recorder = Recorder(Codec.PCMA, RecordingLimits(60_000), RecordingFile(Path({str(path)!r})))
for i in range(185):
    recorder.push(i, i * 160, bytes([i]) * 160)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    audio, _ = soundfile.read(path, dtype="int16")
    assert audio.size == 3 * 8000
    expected = g711.decode(np.repeat(np.arange(150, dtype=np.uint8), 160), Codec.PCMA)
    assert np.array_equal(audio, expected)


def test_others_on_the_machine_cannot_read_a_recording(tmp_path: Path) -> None:
    record(tmp_path / "a.wav", [])
    assert os.stat(tmp_path / "a.wav").st_mode & 0o007 == 0


def test_the_beep() -> None:
    tone = beep()
    assert tone.size == 2400
    assert abs(int(tone[0])) + abs(int(tone[-1])) < 10
    spectrum = np.abs(np.fft.rfft(tone))
    assert np.argmax(spectrum) == 300
