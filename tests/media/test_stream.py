from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import numpy as np
import pytest

from media import MediaPlane, PlayedTo
from media.dtmf import event_payloads
from media.g711 import Codec

SILENCE = b"\xff" * 160


def clip(length: int, seed: int = 0):
    return np.random.default_rng(seed).integers(0, 256, length, np.uint8)


def audio(packets) -> bytes:
    return b"".join(packet.payload for packet in packets if packet.payload_type in (0, 8))


def assert_continuous(packets, step: int = 160) -> None:
    for before, after in pairwise(packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == step
        assert after.ssrc == before.ssrc


async def test_silence_flows_from_the_connection_on(studio):
    _, far = studio.call()
    studio.run(200)
    packets = far.packets()
    assert len(packets) == 10
    assert_continuous(packets)
    assert {packet.payload for packet in packets} == {SILENCE}
    assert [packet.marker for packet in packets] == [True] + 9 * [False]


async def test_clips_are_one_stream_of_samples(studio):
    stream, far = studio.call()
    playlist = [clip(n, n) for n in (250, 5, 1, 0, 160, 8000, 33, 159)]
    played = stream.play(playlist)
    studio.run(2000)
    packets = far.packets()
    joined = b"".join(part.tobytes() for part in playlist)
    heard = audio(packets)
    assert heard == joined + b"\xff" * (len(heard) - len(joined))
    assert_continuous(packets)
    assert played.result() == PlayedTo(len(joined), interrupted=False)


@pytest.mark.parametrize("length", [1, 159, 160, 161, 3199, 3200, 3201, 6400])
async def test_the_future_resolves_with_the_last_sample(studio, length):
    stream, far = studio.call()
    played = stream.play([clip(length)])
    for _ in range(-(-length // 160) - 1):
        studio.run(20)
        assert not played.done()
    studio.run(20)
    assert played.result() == PlayedTo(length, interrupted=False)
    assert audio(far.packets())[:length] == clip(length).tobytes()


async def test_the_next_prompt_follows_in_the_next_packet(studio):
    stream, far = studio.call()
    stream.play([clip(320)])
    studio.run(40)
    stream.play([clip(160, 1)])
    studio.run(40)
    assert audio(far.packets()) == clip(320).tobytes() + clip(160, 1).tobytes() + SILENCE


async def test_barge_in_leaves_silence_and_says_how_far_it_came(studio):
    stream, far = studio.call()
    played = stream.play([clip(80_000)])
    studio.run(500)
    stream.stop()
    assert played.result() == PlayedTo(25 * 160, interrupted=True)
    studio.run(40)
    assert audio(far.packets()) == clip(80_000)[: 25 * 160].tobytes() + 2 * SILENCE


async def test_a_new_playlist_takes_the_place_of_the_old(studio):
    stream, far = studio.call()
    first = stream.play([clip(16_000)])
    studio.run(20)
    second = stream.play([clip(160, 1)])
    studio.run(20)
    assert first.result() == PlayedTo(160, interrupted=True)
    assert second.result() == PlayedTo(160, interrupted=False)
    assert audio(far.packets()) == clip(16_000)[:160].tobytes() + clip(160, 1).tobytes()


async def test_cancelling_the_future_stops_the_playlist(studio):
    stream, far = studio.call()
    stream.play([clip(16_000)]).cancel()
    await asyncio.sleep(0)
    studio.run(40)
    assert audio(far.packets()) == 2 * SILENCE


async def test_a_playlist_waits_for_the_connection(studio):
    stream, far = studio.plane.stream(), studio.far_end()
    played = stream.play([clip(160)])
    studio.run(40)
    assert not played.done()
    studio.connect(stream, far)
    assert stream.first_audio_at is None
    studio.run(20)
    assert played.done()
    assert audio(far.packets())[:160] == clip(160).tobytes()
    assert stream.first_audio_at == pytest.approx(studio.time[0], abs=0.0201)


async def test_nothing_to_play_is_played_at_once(studio):
    stream, _ = studio.call()
    assert stream.play([]).result() == PlayedTo(0, interrupted=False)
    assert stream.play([clip(0)]).result() == PlayedTo(0, interrupted=False)


@pytest.mark.parametrize("wrong", [np.zeros(9, np.int16), np.zeros((2, 9), np.uint8)])
async def test_what_is_no_clip_is_refused_before_anything_stops(studio, wrong):
    stream, far = studio.call()
    playing = stream.play([clip(1600)])
    with pytest.raises(TypeError, match="uint8"):
        stream.play([clip(160), wrong])
    studio.run(20)
    assert not playing.done()
    assert audio(far.packets()) == clip(1600)[:160].tobytes()


async def test_many_calls_share_one_clip(studios):
    studio = await studios(phases=1)
    shared = clip(4000)
    calls = [studio.call() for _ in range(100)]
    for stream, _ in calls:
        stream.play([shared])
        studio.run(4)
    studio.run(600)
    for _, far in calls:
        packets = far.packets()
        assert shared.tobytes() in audio(packets)
        assert_continuous(packets)


async def test_a_stall_skips_and_never_bursts(studio):
    stream, far = studio.call()
    stream.play([clip(16_000)])
    studio.run(100)
    studio.stall(300)
    studio.run(100)
    packets = far.packets()
    assert audio(packets) == clip(16_000)[: 160 * len(packets)].tobytes()
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(packets)]
    assert steps == 4 * [160] + [15 * 160] + 5 * [160]
    assert [p.marker for p in packets].count(True) == 2
    assert all(b.sequence == (a.sequence + 1) & 0xFFFF for a, b in pairwise(packets))
    assert stream.statistics.skipped == studio.plane.counters["skipped"] == 14


@pytest.mark.parametrize("late_ms", range(0, 100, 7))
async def test_packets_keep_half_a_packet_time_apart(studios, late_ms):
    studio = await studios(phases=1)
    _, far = studio.call()
    sent_at = []
    studio.run(40)
    far.packets()
    for late in (0, late_ms, 0, 2 * late_ms, 0, 0):
        studio.stall(late)
        for _ in range(20):
            studio.run(2)
            sent_at += [studio.time[0]] * len(far.packets())
    gaps = [after - before for before, after in pairwise(sent_at)]
    assert min(gaps) >= 0.01 - 0.0021


async def test_a_blocked_loop_yields_no_burst(far_end):
    plane = await MediaPlane.open("127.0.0.1")
    stream = plane.stream()
    stream.connect(far_end.address, payload_type=0, codec=Codec.PCMU, telephone_event=None)
    played = stream.play([clip(3200)])
    await asyncio.sleep(0.06)
    time.sleep(0.3)
    before = far_end.packets()
    assert (await asyncio.wait_for(played, 10)).samples == 3200
    after = far_end.packets()
    assert audio(before + after)[:3200] == clip(3200).tobytes()
    jump = ((after[0].timestamp - before[-1].timestamp) & 0xFFFFFFFF) // 160
    assert jump >= 13
    assert stream.statistics.skipped >= jump - 1
    assert len(before + after) == stream.statistics.sent
    await plane.close()


async def test_a_reused_row_tells_nothing_of_the_call_before(studios):
    studio = await studios(phases=1)
    first, far_of_first = studio.call()
    first.play([clip(16_000)])
    studio.run(20)
    first.close()
    second, far = studio.call()
    studio.run(100)
    packets = far.packets()
    assert audio(packets) == len(packets) * SILENCE
    assert {packet.ssrc for packet in packets}.isdisjoint(
        packet.ssrc for packet in far_of_first.packets()
    )
    assert second.statistics.sent == len(packets) >= 5
    assert first.statistics.sent == 1


async def test_a_new_remote_takes_over_and_the_numbers_go_on(studio):
    stream, far = studio.call()
    played = stream.play([clip(16_000)])
    far.say(stream)
    studio.run(100)
    assert stream.latched
    elsewhere = studio.far_end()
    studio.connect(stream, elsewhere)
    assert not stream.latched
    studio.run(100)
    packets = far.packets() + elsewhere.packets()
    assert len(packets) == 10
    assert_continuous(packets)
    assert audio(packets) == clip(16_000)[:1600].tobytes()
    elsewhere.say(stream)
    studio.run(20)
    assert stream.latched
    assert not played.done()


async def test_another_codec_ends_what_plays(studio):
    stream, far = studio.call()
    played = stream.play([clip(16_000)])
    studio.run(20)
    studio.connect(stream, far, payload_type=8, codec=Codec.PCMA)
    assert played.result() == PlayedTo(160, interrupted=True)
    studio.run(20)
    last = far.packets()[-1]
    assert (last.payload_type, last.payload) == (8, b"\xd5" * 160)


@pytest.mark.parametrize("ptime_ms", [10, 30, 60])
async def test_other_packet_times(studio, ptime_ms):
    stream, far = studio.call(ptime_ms=ptime_ms)
    stream.play([clip(10_000)])
    studio.run(1500)
    packets = far.packets()
    assert_continuous(packets, ptime_ms * 8)
    assert audio(packets)[:10_000] == clip(10_000).tobytes()


async def test_hold_pauses_a_prompt_and_the_clock_goes_on(studio):
    stream, far = studio.call()
    stream.play([clip(16_000)])
    studio.run(100)
    stream.hold()
    studio.run(100)
    stream.resume()
    studio.run(100)
    packets = far.packets()
    assert audio(packets) == clip(16_000)[:1600].tobytes()
    assert (packets[5].timestamp - packets[4].timestamp) & 0xFFFFFFFF == 6 * 160
    assert packets[5].sequence == (packets[4].sequence + 1) & 0xFFFF
    assert packets[5].marker


async def test_the_unspecified_address_holds(studio):
    stream, far = studio.call()
    stream.connect(("0.0.0.0", far.address[1]), payload_type=0, codec=Codec.PCMU, telephone_event=0)
    studio.run(100)
    assert not far.packets()
    studio.connect(stream, far)
    studio.run(100)
    assert len(far.packets()) == 5


@pytest.mark.parametrize("host", ["224.0.0.1", "::1", "example.invalid", ""])
async def test_an_address_that_is_no_host_is_refused(studio, host):
    stream = studio.plane.stream()
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library words some of them
        stream.connect((host, 4000), payload_type=0, codec=Codec.PCMU, telephone_event=None)


async def test_closing_ends_everything_and_is_harmless_twice(studio):
    stream, far = studio.call()
    played, pressed = stream.play([clip(16_000)]), stream.send_digits("1")
    stream.close()
    stream.close()
    assert played.result() == PlayedTo(0, interrupted=True)
    assert pressed.result() is False
    assert stream.play([clip(160)]).result() == PlayedTo(0, interrupted=True)
    stream.connect(far.address, payload_type=0, codec=Codec.PCMU, telephone_event=None)
    studio.run(40)
    assert not far.packets()
    assert studio.plane.streams == 0


async def test_keys_are_sent_in_the_place_of_audio(studio):
    stream, far = studio.call()
    played = stream.play([clip(3200)])
    studio.run(40)
    pressed = stream.send_digits("1#", duration_ms=100, gap_ms=40)
    studio.run(800)
    assert pressed.result() is True
    assert played.result() == PlayedTo(3200, interrupted=False)
    packets = far.packets()
    assert audio(packets).replace(2 * SILENCE, b"", 1)[:3200] == clip(3200).tobytes()
    events = [packet for packet in packets if packet.payload_type == 101]
    assert [e.payload for e in events] == event_payloads("1", 100) + event_payloads("#", 100)
    assert [e.marker for e in events] == 2 * ([True] + 6 * [False])
    assert len({e.timestamp for e in events}) == 2
    assert (events[7].timestamp - events[0].timestamp) & 0xFFFFFFFF == 9 * 160
    assert all(b.sequence == (a.sequence + 1) & 0xFFFF for a, b in pairwise(packets))


async def test_keys_need_an_agreement(studio):
    stream, _ = studio.call(telephone_event=None)
    with pytest.raises(ValueError, match="not agreed"):
        stream.send_digits("1")
    stream, _ = studio.call()
    with pytest.raises(ValueError, match="no event"):
        stream.send_digits("1x")
    assert stream.send_digits("").result() is True
