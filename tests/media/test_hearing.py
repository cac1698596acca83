"""What reaches a stream from the network, and what must not."""

from __future__ import annotations

import asyncio
import os
import random
from ipaddress import ip_network

import pytest

from media.dtmf import KeySource, event_payloads


def listen(stream):
    heard = []
    stream.on_audio = lambda *packet: heard.append(packet)
    return heard


def keys_of(stream) -> list[str]:
    pressed: list[str] = []
    stream.on_key = lambda press: pressed.append(press.key)
    return pressed


async def test_audio_reaches_whoever_listens(studio):
    stream, far = studio.call()
    heard = listen(stream)
    said = [os.urandom(160) for _ in range(12)]
    for payload in said:
        far.say(stream, payload)
        studio.run(20)
    assert heard == [(100 + n, 8000 + 160 * n, payload) for n, payload in enumerate(said)]
    assert stream.statistics.received == 12
    assert stream.statistics.lost == 0


async def test_packets_that_piled_up_come_in_order(studio):
    stream, far = studio.call()
    heard = listen(stream)
    for _ in range(30):
        far.say(stream)
    studio.run(100)
    assert [sequence for sequence, _, _ in heard] == list(range(100, 130))


async def test_what_came_before_the_answer_is_not_heard(studio):
    stream, far = studio.plane.stream(), studio.far_end()
    heard = listen(stream)
    far.say(stream)
    studio.connect(stream, far)
    studio.run(40)
    assert not heard
    far.say(stream)
    studio.run(20)
    assert len(heard) == 1


async def test_losses_are_counted(studio):
    stream, far = studio.call()
    listen(stream)
    for _ in range(10):
        far.say(stream)
        far.sequence += 1
        studio.run(20)
    assert stream.statistics.lost == 9


async def test_a_new_source_of_the_same_peer_starts_anew(studio):
    stream, far = studio.call()
    heard = listen(stream)
    for ssrc in (1, 2):
        for _ in range(3):
            far.say(stream, ssrc=ssrc)
        far.sequence += 5000
    studio.run(40)
    assert len(heard) == 6
    assert stream.statistics.lost == 0


# --- Keys ---------------------------------------------------------------------------------------


async def test_a_key_is_told_once(studio):
    stream, far = studio.call()
    presses = []
    stream.on_key = presses.append
    far.press(stream, event_payloads("5", 100))
    studio.run(40)
    assert [(press.key, press.source) for press in presses] == [("5", KeySource.RTP)]
    assert stream.statistics.keys == 1


async def test_keys_whose_ends_are_lost_or_overtaken(studio):
    stream, far = studio.call()
    pressed = keys_of(stream)
    far.press(stream, event_payloads("1", 100)[:-3])
    far.press(stream, list(reversed(event_payloads("2", 100))))
    far.press(stream, event_payloads("2", 100)[-1:])
    studio.run(100)
    assert pressed == ["1", "2", "2"]


async def test_keys_come_under_the_number_that_we_offered(studio):
    stream, far = studio.call(telephone_event=96, offered_event=101)
    pressed = keys_of(stream)
    far.press(stream, event_payloads("3", 100), kind=101)
    far.press(stream, event_payloads("4", 100), kind=96)
    studio.run(100)
    assert pressed == ["3", "4"]


# --- Strangers ----------------------------------------------------------------------------------


async def test_another_host_is_a_stranger(studio):
    stream, far = studio.call()
    heard, stranger = listen(stream), studio.far_end("127.0.0.2")
    stranger.say(stream)
    studio.run(40)
    assert not heard
    assert not stream.latched
    assert stream.statistics.strangers == studio.plane.counters["strangers"] == 1
    assert not stranger.packets()
    assert len(far.packets()) == 2


async def test_the_first_port_of_the_host_to_speak_is_the_only_one(studio):
    stream, far = studio.call()
    heard, behind_nat, stranger = listen(stream), studio.far_end(), studio.far_end()
    behind_nat.say(stream, b"n" * 160)
    stranger.say(stream, b"s" * 160)
    behind_nat.say(stream, b"n" * 160)
    studio.run(40)
    stranger.say(stream, b"s" * 160)
    far.say(stream, b"f" * 160)
    studio.run(40)
    assert {payload for _, _, payload in heard} == {b"n" * 160}
    assert len(heard) == 2
    assert stream.statistics.strangers == 1
    assert behind_nat.packets()
    assert not stranger.packets()


async def test_garbage_does_not_latch(studio):
    stream, far = studio.call()
    stranger = studio.far_end()
    stranger.send(stream, b"")
    stranger.send(stream, b"\x80")
    stranger.send(stream, os.urandom(3) * 100)
    stranger.say(stream, kind=34)
    stranger.send(stream, b"\x80\xc8\x00\x06" + bytes(24))
    studio.run(40)
    assert not stream.latched
    far.say(stream)
    studio.run(20)
    assert stream.latched


async def test_networks_behind_nat_may_be_allowed(studios):
    studio = await studios(nat_networks=[ip_network("127.0.0.2/32")])
    stream, far = studio.call()
    heard = listen(stream)
    behind_nat, stranger = studio.far_end("127.0.0.2"), studio.far_end("127.0.0.3")
    stranger.say(stream)
    behind_nat.say(stream)
    studio.run(100)
    assert len(heard) == 1
    far.packets()
    behind_nat.packets()
    studio.run(100)
    assert (len(far.packets()), len(behind_nat.packets())) == (0, 5)


async def test_any_bytes_are_counted_and_harm_nothing(studio):
    stream, far = studio.call()
    heard, pressed = listen(stream), keys_of(stream)
    chance = random.Random(11)
    far.say(stream)
    studio.run(20)
    for _ in range(600):
        datagram = bytearray(chance.randbytes(chance.randrange(64)))
        if datagram and chance.random() < 0.8:
            datagram[0] = 0x80 | chance.randrange(64)
        if len(datagram) > 1 and chance.random() < 0.5:
            datagram[1] = chance.choice((0, 128, 13, 101, 200, 201, 203))
        far.send(stream, bytes(datagram))
        studio.run(4)
    studio.run(20)
    counters = studio.plane.counters
    seen = sum(counters[name] for name in ("received", "malformed", "unexpected", "reports"))
    assert seen == 601
    assert counters["malformed"] > 60
    assert all(isinstance(sequence, int) for sequence, _, _ in heard)
    assert set(pressed) <= set("0123456789*#ABCD")


async def test_a_flood_cannot_hold_the_tick(studio):
    stream, far = studio.call()
    other, its_far = studio.call()
    heard = listen(other)
    for _ in range(400):
        far.send(stream, b"garbage")
    its_far.say(other)
    studio.run(20)
    assert studio.plane.counters["malformed"] <= 8
    assert len(heard) == 1


# --- The filter ---------------------------------------------------------------------------------


async def test_nobody_listens_and_the_kernel_drops(studio):
    stream, far = studio.call()
    pressed = keys_of(stream)
    far.say(stream)
    far.sequence += 1
    studio.run(20)
    for _ in range(64):
        far.say(stream)
        far.press(stream, event_payloads("7", 20)[:1])
        studio.run(20)
    figures = stream.statistics
    assert figures.sampled
    assert figures.filtered == 60
    assert figures.received == 65 + 4
    assert figures.lost == 1
    assert len(pressed) == 64


async def test_reports_pass_the_filter(studio):
    stream, far = studio.call()
    far.say(stream)
    studio.run(20)
    far.send(stream, b"\x80\xc9\x00\x01" + bytes(4))
    studio.run(20)
    assert stream.statistics.reports == 1


async def test_a_listener_hears_everything_from_then_on(studio):
    stream, far = studio.call()
    far.say(stream)
    studio.run(20)
    for _ in range(2):
        for _ in range(5):
            far.sequence |= 1
            far.say(stream)
        studio.run(40)
        heard = listen(stream)
        far.say(stream)
        far.say(stream)
        studio.run(20)
        assert len(heard) == 2
        stream.on_audio = None


# --- Misfortunes --------------------------------------------------------------------------------


async def test_a_far_end_that_went_away_is_counted(studio):
    stream, far = studio.call()
    far.say(stream)
    studio.run(20)
    assert stream.latched
    far.close()
    studio.run(200)
    figures, counters = stream.statistics, studio.plane.counters
    assert figures.refused == counters["refused"] > 0
    assert figures.sent + figures.refused >= 11


async def test_a_listener_that_fails_harms_no_other_call(studio):
    bad, its_far = studio.call()
    good, far = studio.call()
    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))

    def fail(*_: object) -> None:
        raise RuntimeError("a listener's bug")

    bad.on_audio = fail
    heard = listen(good)
    for _ in range(3):
        its_far.say(bad)
        far.say(good)
        studio.run(20)
    assert len(heard) == 3
    assert [str(error) for error in reported] == 3 * ["a listener's bug"]


async def test_a_listener_may_close_its_stream(studio):
    stream, far = studio.call()
    stream.on_audio = lambda *_: stream.close()
    for _ in range(4):
        far.say(stream)
    studio.run(40)
    assert studio.plane.streams == 0
    with pytest.raises(OSError, match="Bad file"):
        stream._endpoint._socket.getsockname()
