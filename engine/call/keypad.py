"""The keys a callee presses, kept in order until somebody asks for them."""

from __future__ import annotations

import asyncio
from collections import deque


class Keypad:
    def __init__(self) -> None:
        self._pressed: deque[str] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def press(self, key: str) -> None:
        self._pressed.append(key)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def take(self) -> str:
        """The oldest key that nobody has taken; there must be one."""
        return self._pressed.popleft()

    def peek(self) -> str | None:
        """That key, left where it is; ``None`` where there is none."""
        return self._pressed[0] if self._pressed else None

    def pressed(self) -> asyncio.Future[None]:
        """Done as soon as there is a key to take."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._pressed:
            self._waiting.set_result(None)
        return self._waiting

    def clear(self) -> None:
        self._pressed.clear()
