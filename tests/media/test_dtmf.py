"""RFC 4733 events as networks deliver them, SIP INFO bodies, and the filter of repeated ways."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.dtmf import (
    KEYS,
    EventReceiver,
    KeyFilter,
    KeyPress,
    KeySource,
    event_payloads,
    tones,
)


def keys_heard(receiver: EventReceiver, packets: list[tuple[bytes, int]]) -> str:
    presses = [receiver.feed(payload, timestamp) for payload, timestamp in packets]
    return "".join(press.key for press in presses if press)


def press(key: str, timestamp: int, duration_ms: int = 100) -> list[tuple[bytes, int]]:
    return [(payload, timestamp & 0xFFFFFFFF) for payload in event_payloads(key, duration_ms)]


def test_payloads_of_a_press() -> None:
    assert event_payloads("#", 60) == [
        bytes([11, 10, 0, 160]),
        bytes([11, 10, 1, 64]),
        *[bytes([11, 0x8A, 1, 224])] * 3,
    ]


@pytest.mark.parametrize("key", ["", "x", "12"])
def test_what_is_no_key_has_no_payload_and_no_tone(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        event_payloads(key, 100)
    with pytest.raises(ValueError, match="key"):
        tones([key])


@pytest.mark.parametrize("duration_ms", [0, -20, 8200])
def test_a_press_that_one_event_cannot_hold(duration_ms: int) -> None:
    with pytest.raises(ValueError, match="ms"):
        event_payloads("1", duration_ms)


def test_a_press_is_reported_with_its_first_packet() -> None:
    receiver = EventReceiver()
    first, *rest = press("5", 8000)
    assert receiver.feed(*first) == KeyPress("5", 20, KeySource.RTP)
    assert keys_heard(receiver, rest) == ""


def test_every_key() -> None:
    packets = [p for i, key in enumerate(KEYS) for p in press(key, 8000 + i * 2000)]
    assert keys_heard(EventReceiver(), packets) == KEYS


@given(st.integers(0, 2**32 - 1), st.text(KEYS, min_size=1, max_size=12), st.randoms())
def test_loss_repetition_and_wrap_count_each_press_once(
    start: int, keys: str, chance: random.Random
) -> None:
    packets = []
    for i, key in enumerate(keys):
        sent = press(key, start + i * 1600)
        kept = chance.sample(sent, chance.randint(1, len(sent)))
        packets += kept + kept[: chance.randint(0, 2)]
    assert keys_heard(EventReceiver(), packets) == keys


def test_a_lost_end_then_the_same_key_again() -> None:
    assert keys_heard(EventReceiver(), press("7", 1000)[:3] + press("7", 3000)) == "77"


def test_an_end_that_comes_after_the_next_start() -> None:
    one, two = press("1", 1000), press("2", 2000)
    assert keys_heard(EventReceiver(), [*one[:4], two[0], *one[4:], *two[1:]]) == "12"


def test_only_the_last_end_arrives() -> None:
    receiver = EventReceiver()
    assert receiver.feed(*press("9", 1000)[-1]) == KeyPress("9", 100, KeySource.RTP)


def test_a_press_longer_than_the_duration_field_is_one() -> None:
    first = [(bytes([3, 10, 0xFF, 0xFF]), 5000), (bytes([3, 10, 0xFF, 0xFF]), 5000)]
    second = [(bytes([3, 10, 0, 160]), 5000 + 0xFFFF), (bytes([3, 0x8A, 1, 64]), 5000 + 0xFFFF)]
    assert keys_heard(EventReceiver(), first + second) == "3"


def test_a_gateway_that_moves_the_timestamp_with_each_packet() -> None:
    packets = [(payload, 1000 + 160 * i) for i, (payload, _) in enumerate(press("4", 0))]
    later = [(payload, 9000 + 160 * i) for i, (payload, _) in enumerate(press("4", 0))]
    assert keys_heard(EventReceiver(), packets + later) == "44"


def test_what_is_no_key_is_counted() -> None:
    receiver = EventReceiver()
    assert keys_heard(receiver, [(b"", 1), (b"\x01\x0a", 2), (bytes([16, 10, 0, 160]), 3)]) == ""
    assert (receiver.malformed, receiver.ignored) == (2, 1)


@given(st.binary(max_size=12), st.integers(0, 2**32 - 1))
def test_any_payload_is_survived(payload: bytes, timestamp: int) -> None:
    EventReceiver().feed(payload, timestamp)


def accepted(reports: list[tuple[float, str, KeySource]], duration_ms: int = 100) -> str:
    keys = KeyFilter()
    return "".join(
        key for at, key, way in reports if keys.accept(KeyPress(key, duration_ms, way), at)
    )


RTP, INFO, INBAND = KeySource.RTP, KeySource.INFO, KeySource.INBAND


def test_a_press_delivered_by_three_ways_is_one() -> None:
    assert accepted([(0, "1", RTP), (0.07, "1", INBAND), (0.2, "1", INFO)]) == "1"


def test_two_quick_presses_delivered_twice_are_two() -> None:
    one_after_other = [(0, "1", RTP), (0.07, "1", INBAND), (0.15, "1", RTP), (0.22, "1", INBAND)]
    bunched = [(0, "1", RTP), (0.15, "1", RTP), (0.2, "1", INBAND), (0.35, "1", INBAND)]
    assert accepted(one_after_other) == accepted(bunched) == "11"


def test_one_way_alone_repeats_nothing() -> None:
    assert accepted([(i * 0.1, "2", RTP) for i in range(5)]) == "22222"


def test_the_slower_way_still_delivers_what_the_other_lost() -> None:
    assert accepted([(0, "1", RTP), (0.1, "1", INBAND), (0.5, "2", INBAND), (2, "1", RTP)]) == "121"


def test_info_comes_when_a_long_press_ends() -> None:
    reports = [(0, "1", RTP), (3.05, "1", INFO), (5, "1", INFO)]
    assert accepted(reports, duration_ms=3000) == "11"
