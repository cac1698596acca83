from __future__ import annotations

import asyncio
import socket

import numpy as np
import pytest

from media import MediaPlane, NoPortLeft
from media.g711 import Codec
from media.ports import PortPool


def free_ports(count: int) -> range:
    """A range in which so many even ports are free."""
    for start in range(41000, 60000, 2 * count):
        socks = []
        try:
            for port in range(start, start + 2 * count, 2):
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                socks.append(sock)
                sock.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return range(start, start + 2 * count)
        finally:
            for sock in socks:
                sock.close()
    raise AssertionError("no free ports")


def test_the_pool_hands_out_what_rested_longest():
    pool = PortPool([4000, 4002, 4004], quarantine=5)
    assert [pool.take(0) for _ in range(2)] == [4000, 4002]
    pool.give(4002, 1)
    pool.give(4000, 2)
    assert pool.take(3) == 4004
    with pytest.raises(NoPortLeft):
        pool.take(5.9)
    assert pool.take(6) == 4002
    with pytest.raises(NoPortLeft):
        pool.take(6.9)
    assert pool.take(7) == 4000
    with pytest.raises(NoPortLeft):
        pool.take(1000)


async def test_ports_are_even_distinct_and_finite(studios):
    ports = free_ports(4)
    studio = await studios(ports)
    streams = [studio.plane.stream() for _ in range(4)]
    taken = {stream.address[1] for stream in streams}
    assert taken == set(ports[::2])
    with pytest.raises(NoPortLeft):
        studio.plane.stream()
    streams[2].close()
    with pytest.raises(NoPortLeft):
        studio.plane.stream()
    studio.stall(6000)
    assert studio.plane.stream().address == streams[2].address


async def test_an_odd_range_begins_with_an_even_port(studios):
    ports = free_ports(3)
    studio = await studios(range(ports.start + 1, ports.start + 5))
    taken = {studio.plane.stream().address[1] for _ in range(2)}
    assert taken == {ports.start + 2, ports.start + 4}


async def test_a_port_that_another_program_holds_is_passed_over(studios):
    ports = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", ports.start))
        studio = await studios(ports)
        assert studio.plane.stream().address[1] == ports.start + 2
        with pytest.raises(NoPortLeft):
            studio.plane.stream()
    studio.stall(6000)
    assert studio.plane.stream().address[1] == ports.start


async def test_without_a_range_any_even_port_will_do(studio):
    ports = [studio.plane.stream().address[1] for _ in range(20)]
    assert len(set(ports)) == 20
    assert all(port % 2 == 0 for port in ports)


async def test_the_port_stays_through_latching_and_unlatching(studio):
    stream, far = studio.call()
    for _ in range(3):
        far.say(stream)
        studio.run(20)
        assert stream.latched
        studio.connect(stream, far)
        assert not stream.latched
        far.packets()
        studio.run(20)
        source = far.socket.recvfrom(2048)[1]
        assert source == stream.address


async def test_sdp_says_the_advertised_host(studios):
    studio = await studios(advertised_host="203.0.113.5")
    assert studio.plane.stream().address[0] == "203.0.113.5"


async def test_closing_the_plane_closes_its_streams():
    plane = await MediaPlane.open("127.0.0.1")
    streams = [plane.stream() for _ in range(3)]
    await plane.close()
    assert plane.streams == 0
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_it_ticks_by_itself_in_the_loop(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as far:
        far.bind((host, 0))
        plane = await MediaPlane.open(host)
        streams = [plane.stream() for _ in range(20)]
        clip = np.arange(800, dtype=np.uint8)
        for stream in streams:
            to = far.getsockname()[:2]
            stream.connect(to, payload_type=8, codec=Codec.PCMA, telephone_event=None)
        played = await asyncio.wait_for(
            asyncio.gather(*(stream.play([clip]) for stream in streams)), 10
        )
        assert {(p.samples, p.interrupted) for p in played} == {(800, False)}
        await plane.close()
