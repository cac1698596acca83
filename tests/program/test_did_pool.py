from __future__ import annotations

from collections import Counter
from datetime import date
from math import inf
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from engine.program.attempt import Did, Trunk
from engine.program.did_pool import DidPool, NoDid, Refusal

TODAY, TOMORROW = date(2025, 6, 2), date(2025, 6, 3)


def trunk(channels: int = 1000, calls_per_second: float = 1e6) -> Trunk:
    return Trunk(
        uuid4(), "t", "127.0.0.1", 5060, "t", None, None, channels, calls_per_second, ("PCMA",)
    )


def pool_of(*dids: Did) -> tuple[DidPool, list[UUID]]:
    pool = DidPool()
    pool.learn(dids)
    return pool, [did.id for did in dids]


def did(line: Trunk, **limits: object) -> Did:
    return Did(uuid4(), "+212500000001", line, **limits)  # type: ignore[arg-type]


def reason(taken: Did | NoDid) -> Refusal:
    assert isinstance(taken, NoDid)
    return taken.reason


def test_the_number_that_rested_longest_calls_next() -> None:
    line = trunk()
    pool, ids = pool_of(did(line), did(line), did(line))
    taken = [pool.take(ids, now, TODAY) for now in range(9)]
    assert [one.id for one in taken if isinstance(one, Did)] == ids * 3


def test_each_limit_names_itself() -> None:
    line = trunk()
    pool, ids = pool_of(did(line, max_concurrent=1))
    assert isinstance(pool.take(ids, 0, TODAY), Did)
    assert pool.take(ids, 0, TODAY) == NoDid(Refusal.DID_BUSY, inf)
    pool, ids = pool_of(did(line, calls_per_second=2.0))
    pool.take(ids, 0, TODAY)
    refused = pool.take(ids, 0, TODAY)
    assert reason(refused) is Refusal.DID_RATE
    assert isinstance(refused, NoDid)
    assert 0.49 < refused.until <= 0.5
    pool, ids = pool_of(did(trunk(channels=1)))
    pool.take(ids, 0, TODAY)
    assert reason(pool.take(ids, 0, TODAY)) is Refusal.TRUNK_CHANNELS
    pool, ids = pool_of(did(trunk(calls_per_second=1.0)))
    pool.take(ids, 0, TODAY)
    assert reason(pool.take(ids, 0, TODAY)) is Refusal.TRUNK_RATE
    assert reason(pool.take([uuid4()], 0, TODAY)) is Refusal.DID_UNAVAILABLE


def test_a_daily_cap_holds_over_a_restart_and_lifts_with_the_day() -> None:
    pool, ids = pool_of(did(trunk(), daily_cap=3))
    pool.recall(ids[0], TODAY, 2)
    first = pool.take(ids, 0, TODAY)
    assert isinstance(first, Did)
    assert reason(pool.take(ids, 1, TODAY)) is Refusal.DID_DAILY_CAP
    pool.undo(first)
    assert isinstance(pool.take(ids, 1, TODAY), Did)
    assert isinstance(pool.take(ids, 2, TOMORROW), Did)


def test_numbers_on_one_trunk_share_its_line() -> None:
    line = trunk(channels=2)
    pool, ids = pool_of(did(line), did(line), did(line))
    taken = [pool.take(ids, 0, TODAY) for _ in range(3)]
    assert [isinstance(one, Did) for one in taken] == [True, True, False]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(1, 6), st.data())
def test_no_history_of_calls_breaks_a_limit(
    concurrent: list[int], channels: int, data: st.DataObject
) -> None:
    line = trunk(channels=channels)
    pool, ids = pool_of(*(did(line, max_concurrent=limit) for limit in concurrent))
    limits, live = dict(zip(ids, concurrent, strict=True)), []
    for now, step in enumerate(data.draw(st.lists(st.sampled_from(["take", "back", "undo"])))):
        if step == "take":
            taken = pool.take(ids, now, TODAY)
            busy = Counter(one.id for one in live)
            possible = len(live) < channels and any(busy[one] < limits[one] for one in ids)
            assert isinstance(taken, Did) is possible
            if isinstance(taken, Did):
                live.append(taken)
        elif live:
            (pool.give_back if step == "back" else pool.undo)(live.pop())
        assert pool.trunks[line.id].in_use == len(live)
