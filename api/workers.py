"""Where work goes that would hold the loop: a process of its own, replaced when it dies; threads
for the hashing of passwords, which lets go of the interpreter."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

from api.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


def one_process() -> Executor:
    """It starts with its first task; the loop's own memory is not forked into it."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A parent that is killed closes nothing: the executor alone would leave its process behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for_end, args=(parent.sentinel,), daemon=True).start()


def _wait_for_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


class Workers:
    """Runs picklable functions; what they raise is raised here."""

    def __init__(self, make: Callable[[], Executor] = one_process) -> None:
        self._make = make
        self._executor = make()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Once more, in a new process, where the first was killed; then ``Unavailable``."""
        for _ in range(2):
            executor = self._executor
            try:
                return await asyncio.wrap_future(executor.submit(function, *args, **kwargs))
            except BrokenExecutor:
                self._replace(executor)
        raise Unavailable("WORKER_LOST", "The work was ended twice; its input may be the reason.")

    def close(self) -> None:
        """Waits for what runs, drops what does not yet."""
        self._executor.shutdown(cancel_futures=True)

    def _replace(self, broken: Executor) -> None:
        """Once, whoever notices first."""
        if self._executor is broken:
            broken.shutdown(wait=False)
            self._executor = self._make()


HASHED_AT_ONCE = 2


def hashing_threads() -> Executor:
    """Few: every hash takes 19 MiB and a core, and a flood of logins must take no more."""
    return ThreadPoolExecutor(HASHED_AT_ONCE, thread_name_prefix="password")


async def hashing(
    threads: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    return await asyncio.wrap_future(threads.submit(function, *args, **kwargs))
