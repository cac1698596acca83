"""The four tables, each as a whole."""

from __future__ import annotations

import pytest

from engine.sip.hop import Hop, Transport
from engine.sip.message import Request
from engine.sip.transaction import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    LASTING,
    REPEATING,
    SERVER,
    IllegalStep,
    State,
    Table,
    Transaction,
    Trigger,
)
from engine.sip.transaction_layer import TransactionLayer
from tests.sip.network import CountedTokens

TABLES = {
    "INVITE client": INVITE_CLIENT,
    "client": CLIENT,
    "INVITE server": INVITE_SERVER,
    "server": SERVER,
}
FROM_THE_NETWORK = {
    "INVITE client": {Trigger.PROVISIONAL, Trigger.SUCCESS, Trigger.FAILURE, Trigger.UNDELIVERED},
    "client": {Trigger.PROVISIONAL, Trigger.SUCCESS, Trigger.FAILURE, Trigger.UNDELIVERED},
    "INVITE server": {Trigger.REQUEST, Trigger.ACK},
    "server": {Trigger.REQUEST},
}
START = {
    "INVITE client": {State.CALLING},
    "client": {State.TRYING},
    "INVITE server": {State.PROCEEDING},
    "server": {State.TRYING},
}
TIMERS = set(REPEATING) | set(LASTING)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_and_left(name: str) -> None:
    table = TABLES[name]
    reached = START[name] | {step.state for step in table.values()}
    left = {state for state, _ in table}
    assert reached - {State.TERMINATED} == left
    assert State.TERMINATED in reached


@pytest.mark.parametrize("name", TABLES)
def test_nothing_from_the_network_is_illegal(name: str) -> None:
    table = TABLES[name]
    for state in {state for state, _ in table}:
        assert FROM_THE_NETWORK[name] <= {trigger for at, trigger in table if at == state}


@pytest.mark.parametrize("name", TABLES)
def test_started_timers_can_fire_in_the_state_they_are_started_for(name: str) -> None:
    table = TABLES[name]
    for step in table.values():
        assert all((step.state, timer) in table for timer in step.timers)
    named = {trigger for _, trigger in table if trigger in TIMERS}
    started = {timer for step in table.values() for timer in step.timers}
    at_the_start = {Trigger.A, Trigger.B, Trigger.E, Trigger.F}
    assert named <= started | at_the_start


def transaction(table: Table, transport: Transport = Transport.UDP) -> Transaction:
    layer = TransactionLayer(lambda _: ("192.0.2.1", 5060), CountedTokens("t"))
    hop = Hop("192.0.2.2", 5060, transport)
    return Transaction(layer, table, (), Request("INVITE", "sip:a"), hop, None)


def test_illegal_step_names_state_and_trigger() -> None:
    with pytest.raises(IllegalStep, match=r"INVITE: ACK in state calling"):
        transaction(INVITE_CLIENT).step(Trigger.ACK)


def test_intervals_double_up_to_t2() -> None:
    client = transaction(CLIENT)
    assert [client.wait(Trigger.E) for _ in range(6)] == [0.5, 1, 2, 4, 4, 4]
    invite = transaction(INVITE_CLIENT)
    assert [invite.wait(Trigger.A) for _ in range(6)] == [0.5, 1, 2, 4, 8, 16]


def test_reliable_transport_neither_repeats_nor_remembers() -> None:
    invite = transaction(INVITE_CLIENT, Transport.TCP)
    assert invite.wait(Trigger.A) is None
    assert invite.wait(Trigger.D) == 0
    assert invite.wait(Trigger.B) == 32
    assert invite.wait(Trigger.M) == 32
