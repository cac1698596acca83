"""Keys in the order in which they were pressed, whether somebody waited for them or not."""

from __future__ import annotations

from engine.call.keypad import Keypad


async def test_keys_are_taken_in_order() -> None:
    keypad = Keypad()
    for key in "12#":
        keypad.press(key)
    assert keypad.peek() == "1"
    assert [keypad.take() for _ in range(3)] == ["1", "2", "#"]
    assert keypad.peek() is None


async def test_a_key_wakes_whoever_waits() -> None:
    keypad = Keypad()
    waiting = keypad.pressed()
    assert not waiting.done()
    keypad.press("5")
    assert waiting.done()
    assert keypad.take() == "5"


async def test_a_key_that_came_before_need_not_be_waited_for() -> None:
    keypad = Keypad()
    keypad.press("5")
    keypad.press("6")
    assert keypad.pressed().done()
    keypad.take()
    assert keypad.pressed().done()
    keypad.take()
    assert not keypad.pressed().done()


async def test_two_keys_at_once_and_a_wait_given_up_do_no_harm() -> None:
    keypad = Keypad()
    keypad.pressed().cancel()
    keypad.press("1")
    waiting = keypad.pressed()
    keypad.press("2")
    assert waiting.done()
    assert keypad.take() + keypad.take() == "12"


async def test_cleared_keys_are_gone() -> None:
    keypad = Keypad()
    keypad.press("5")
    keypad.clear()
    assert keypad.peek() is None
    assert not keypad.pressed().done()
