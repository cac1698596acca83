"""The socket of one stream: who may send to it, and whom it sends to.

Until the far side has latched the socket is unconnected, sends where SDP says and takes packets
from that host (any port), or from the networks allowed for peers behind NAT. The first valid packet
latches: the socket is connected to its source, and from then on the kernel turns strangers away.
"""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, TypeAlias

from media import socket_filter
from media.row import Send

Address: TypeAlias = tuple[str, int]
Network: TypeAlias = IPv4Network | IPv6Network

MAX_DATAGRAM: Final = 2048
_RECEIVE_BUFFER: Final = 1 << 16
"""The kernel doubles it and books 768 bytes for a packet of G.711: about three seconds."""
_QUEUED_AT_MOST: Final = 1024
_AF_UNSPEC: Final = bytes(16)

_libc: Final = ctypes.CDLL(None, use_errno=True)


def bind(host: str, port: int) -> socket.socket:
    """A non-blocking UDP socket. ``OSError`` where the port is taken."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class Endpoint:
    def __init__(self, sock: socket.socket, nat_networks: Sequence[Network] = ()) -> None:
        self._socket = sock
        self._nat_networks = nat_networks
        self._remote: Address | None = None
        self._source: Address = ("", 0)
        self._filtered = False
        self._dropped = 0
        self.latched = False
        self.strangers = 0
        """Datagrams from a source that was not allowed."""
        self.refused = 0
        """ICMP answers to what we sent: nobody listens there."""

    @property
    def address(self) -> Address:
        host, port = self._socket.getsockname()[:2]
        return host, port

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def send(self) -> Send:
        """Sends one datagram; ``OSError`` where it did not leave."""
        if self.latched or self._remote is None:
            return self._socket.send
        return partial(_send_to, self._socket.sendto, self._remote)

    def aim(self, remote: Address) -> None:
        """Send there, and wait for the far side to latch (again)."""
        family = 6 if self._socket.family == socket.AF_INET6 else 4
        if ip_address(remote[0]).version != family:
            raise ValueError(f"an IPv{family} port cannot send to {remote[0]}")
        if self.latched:
            # The one way to unconnect a UDP socket (connect(2)); Python's connect cannot say it.
            _libc.connect(self._socket.fileno(), _AF_UNSPEC, len(_AF_UNSPEC))
        self.pass_all()
        self._remote = remote
        self.latched = False

    def discard(self) -> None:
        """Throw away what came before anybody was allowed to send."""
        for _ in self._queued():
            pass

    def receive(self) -> bytes | None:
        """The next datagram from an allowed source; ``None`` where there is none."""
        try:
            if self.latched:
                return self._socket.recv(MAX_DATAGRAM)
            data, source = self._socket.recvfrom(MAX_DATAGRAM)
        except BlockingIOError:
            return None
        except OSError:
            self.refused += 1
            return None
        if not self._allows(source[0]):
            self.strangers += 1
            return None
        self._source = source[:2]
        return data

    def latch(self) -> list[bytes]:
        """Connect to the source of the datagram received last, whose packet was valid. The answer
        is what that source had queued meanwhile: connecting filters later arrivals only. Where the
        system will not connect, nothing has changed."""
        try:
            self._socket.connect(self._source)
        except OSError:
            return []
        self.latched = True
        queued = list(self._queued())
        self.strangers += sum(source != self._source for _, source in queued)
        return [data for data, source in queued if source == self._source]

    def pass_only(self, instructions: bytes) -> bool:
        """Have the kernel drop what the filter does not pass; False where it will not."""
        attached = socket_filter.attach(self._socket, instructions)
        self._filtered |= attached
        return attached

    def pass_all(self) -> None:
        if self._filtered:
            socket_filter.detach(self._socket)
            self._filtered = False

    @property
    def dropped(self) -> int:
        """Datagrams kept from us by the filter or a full buffer."""
        if self._socket.fileno() >= 0:
            self._dropped = socket_filter.dropped(self._socket)
        return self._dropped

    def close(self) -> None:
        self._dropped = self.dropped
        self._socket.close()

    def _allows(self, host: str) -> bool:
        if self._remote is not None and host == self._remote[0]:
            return True
        return bool(self._nat_networks) and any(
            ip_address(host.partition("%")[0]) in network for network in self._nat_networks
        )

    def _queued(self) -> Iterator[tuple[bytes, Address]]:
        for _ in range(_QUEUED_AT_MOST):
            try:
                data, source = self._socket.recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue
            yield data, source[:2]


def _send_to(sendto: Callable[[memoryview, Address], int], to: Address, packet: memoryview) -> int:
    return sendto(packet, to)
