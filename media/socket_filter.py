"""A classic BPF program that spares us the audio nobody listens to.

The kernel runs it before a datagram enters the socket's buffer, so a dropped one costs no system
call, no wake-up and no memory. It sees the UDP header first: RTP begins at offset 8.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Final

SAMPLED: Final = 32
"""One audio packet in so many passes, which keeps the loss and jitter figures alive."""

_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD_BYTE: Final = 0x30
_AND: Final = 0x54
_JUMP_EQUAL: Final = 0x15
_JUMP_ABOVE: Final = 0x25
_JUMP_AT_LEAST: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_WHOLE: Final = 0x40000

_KIND_AT: Final = 8 + 1
_SEQUENCE_AT: Final = 8 + 3

_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
_DROPS: Final = 8


def program(telephone_events: tuple[int, ...]) -> bytes:
    """Instructions that pass RTCP (RFC 5761: second byte 192 to 223), the payload types given, and
    packets whose sequence number is a multiple of ``SAMPLED``; a datagram too short for its kind
    is dropped by the failing load."""
    accept = 6 + len(telephone_events) + 1
    code = [
        (_LOAD_BYTE, 0, 0, _KIND_AT),
        (_JUMP_AT_LEAST, 0, 1, 192),
        (_JUMP_ABOVE, 0, accept - 3, 223),
        (_AND, 0, 0, 0x7F),
    ]
    for kind in telephone_events:
        code.append((_JUMP_EQUAL, accept - len(code) - 1, 0, kind))
    code += [
        (_LOAD_BYTE, 0, 0, _SEQUENCE_AT),
        (_JUMP_ANY_BIT, 0, 1, SAMPLED - 1),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _WHOLE),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)


def attach(sock: socket.socket, instructions: bytes) -> bool:
    """Put a filter before a socket, in place of the one it has. False where the system refuses: the
    stream then simply hears everything."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    length = len(instructions) // _INSTRUCTION.size
    try:
        sock.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("@HP", length, ctypes.addressof(buffer)),
        )
    except OSError:
        return False
    return True


def detach(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


def dropped(sock: socket.socket) -> int:
    """Datagrams that the filter or a full buffer has kept from the socket; 0 where unknown."""
    try:
        figures = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    except OSError:
        return 0
    return int(_MEMINFO.unpack(figures)[_DROPS]) if len(figures) == _MEMINFO.size else 0
