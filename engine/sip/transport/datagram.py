"""The UDP socket.

It is read by a plain reader callback, a batch at a time, so that many datagrams share one drain.
On Linux undeliverable datagrams come back through the socket's error queue (``IP_RECVERR``) with
their content, which tells exactly whose INVITE met a closed port.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

from engine.errors import SettingError
from engine.sip.hop import Hop, SocketAddress
from engine.sip.message import MAX_SIZE
from engine.sip.transport.receiver import Receiver

BATCH = 64
"""Datagrams read before the loop gets its turn again."""
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes asked of the kernel; it grants what ``net.core.rmem_max`` allows."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25
"""linux/in.h, linux/in6.h; the socket module does not name them."""


class DatagramSocket:
    """One bound socket, read as long as it is open."""

    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self._socket, self._receiver = sock, receiver
        self._loop = asyncio.get_running_loop()
        self.address: SocketAddress = sock.getsockname()[:2]
        self._loop.add_reader(sock.fileno(), self._readable)

    @property
    def is_open(self) -> bool:
        return self._socket.fileno() >= 0

    def send(self, data: bytes, destination: Hop) -> None:
        try:
            self._socket.sendto(data, destination.address)
        except ConnectionRefusedError:
            # The error of an earlier datagram; it took this one's place.
            with contextlib.suppress(OSError):
                self._socket.sendto(data, destination.address)
        except BlockingIOError:
            self._receiver.unsent()  # lost like any other; its timer repeats it
        except (OSError, UnicodeError):
            self._receiver.unsent()
            self._receiver.undelivered(data)

    def close(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _readable(self) -> None:
        try:
            for _ in range(BATCH):
                data, source = self._socket.recvfrom(MAX_SIZE)
                self._receiver.received(data, Hop(*source[:2]))
        except BlockingIOError:
            pass
        except OSError:
            self._read_errors()
        self._receiver.drain()

    def _read_errors(self) -> None:
        with contextlib.suppress(OSError):
            while sys.platform == "linux":
                data, _, _, _ = self._socket.recvmsg(MAX_SIZE, 512, socket.MSG_ERRQUEUE)
                self._receiver.undelivered(data)
        # libuv stops polling a descriptor that reported an error; begin again.
        self._loop.remove_reader(self._socket.fileno())
        self._loop.add_reader(self._socket.fileno(), self._readable)


def bound_socket(host: str, port: int) -> socket.socket:
    """Raises ``SettingError`` where ``host:port`` cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if sys.platform == "linux":
            v6 = family == socket.AF_INET6
            level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
            sock.setsockopt(level, _IPV6_RECVERR if v6 else _IP_RECVERR, 1)
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise SettingError("sip_address", f"cannot bind {host}:{port}: {problem}") from problem
    return sock
