"""Session descriptions of one audio stream: offer, answer, and what both agreed on.

RFC 4566 for the form, RFC 3264 for offer and answer, RFC 4733 for telephone-event, RFC 3605 and
RFC 5761 for RTCP. Reading is tolerant: ``c=`` for the session or for the media, missing ``rtpmap``
for the static payload types, lines nobody knows, bare LF. Only the first usable ``m=audio`` counts;
an answer refuses the other streams, each in its place (RFC 3264 §6). Payload type numbers belong to
the side that states them: each side sends with the numbers the *other* one gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from engine.sip.headers import parameters
from engine.sip.hop import SocketAddress
from engine.sip.message import MalformedMessage, Message

CONTENT_TYPE = "application/sdp"
STATIC_PAYLOAD_TYPES = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000), 18: ("G729", 8000)}
"""RFC 3551 §6: what a payload type means without an ``rtpmap``."""
_PAYLOAD_TYPE_OF = {name: number for number, (name, _) in STATIC_PAYLOAD_TYPES.items()}
MAX_LINES = 500
TELEPHONE_EVENT = "telephone-event"
TELEPHONE_EVENT_TYPE = 101
"""The dynamic number we give it."""
DEFAULT_PTIME = 20
"""Milliseconds of audio in a packet."""


class Direction(StrEnum):
    """As seen by the side that states it (RFC 3264 §5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def answered(self) -> Direction:
        """The widest answer to it (RFC 3264 §6.1)."""
        return _ANSWERED.get(self, self)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    def narrowed(self, other: Direction) -> Direction:
        """What both allow."""
        return _BY_USE[self.sends and other.sends, self.receives and other.receives]


_DIRECTIONS = {f"a={direction}": direction for direction in Direction}
_ANSWERED = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
_BY_USE = {(direction.sends, direction.receives): direction for direction in Direction}
PLAIN, SECURE = "RTP/AVP", "RTP/SAVP"
_PROFILES = frozenset({PLAIN, "RTP/AVPF", SECURE, "RTP/SAVPF"})


@dataclass(frozen=True, slots=True)
class Codec:
    name: str
    """Upper case, as registered: ``PCMU``, ``PCMA``…"""
    payload_type: int
    clock_rate: int = 8000


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """The audio stream as one side describes it: where it listens and what it understands."""

    address: str
    """An IP literal or a host name; ``0.0.0.0`` is an old way to say hold (RFC 2543)."""
    port: int
    """0: the stream is refused."""
    codecs: tuple[Codec, ...]
    """In order of preference, without telephone-event."""
    telephone_event: int | None
    """Payload type at 8 kHz."""
    ptime: int | None = None
    """Milliseconds."""
    direction: Direction = Direction.SENDRECV
    rtcp: SocketAddress | None = None
    """Where RTCP goes, if it is not the port above (RFC 3605)."""
    rtcp_mux: bool = False
    """RTCP shares the RTP port (RFC 5761)."""
    profile: str = PLAIN
    """``RTP/AVP`` or another of the audio profiles."""
    crypto: tuple[str, ...] = ()
    """Values of the ``a=crypto`` lines, as they were written (RFC 4568)."""
    before: tuple[str, ...] = ()
    """Other streams, first the ones above the audio: ``m=`` lines without their port."""
    after: tuple[str, ...] = ()

    @property
    def on_hold(self) -> bool:
        """The side that states this does not want to hear us."""
        return not self.direction.receives or self.address in ("0.0.0.0", "::")

    @property
    def secure(self) -> bool:
        """Encryption is not negotiable."""
        return self.profile.startswith(SECURE)

    @property
    def rtcp_address(self) -> SocketAddress:
        if self.rtcp_mux:
            return self.address, self.port
        return self.rtcp or (self.address, self.port + 1)


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What one side does once both descriptions are known."""

    codec: str
    send_payload_type: int
    """The number the far side gave the codec: what we put into packets."""
    receive_payload_type: int
    """The number we gave it: what comes."""
    send_telephone_event: int | None
    receive_telephone_event: int | None
    ptime: int
    """Milliseconds of audio the far side wants in a packet."""
    remote: RemoteMedia

    @property
    def may_send(self) -> bool:
        return not self.remote.on_hold


def offer(
    address: str,
    port: int,
    codecs: Sequence[str] = ("PCMU", "PCMA"),
    telephone_event: int | None = TELEPHONE_EVENT_TYPE,
    *,
    session_id: int = 1,
    version: int = 1,
    ptime: int = DEFAULT_PTIME,
    direction: Direction = Direction.SENDRECV,
) -> bytes:
    """An offer of ``codecs`` by their static numbers; the first is liked best."""
    listed = tuple(Codec(name, _PAYLOAD_TYPE_OF[name]) for name in codecs)
    media = RemoteMedia(address, port, listed, telephone_event, ptime, direction)
    return describe(media, session_id, version)


def answer(
    offered: bytes | RemoteMedia,
    address: str,
    port: int,
    codecs: Sequence[str] = ("PCMU", "PCMA"),
    *,
    session_id: int = 1,
    version: int = 1,
    ptime: int = DEFAULT_PTIME,
) -> bytes | None:
    """The answer with one codec, the first of theirs that we know; ``None``: nothing in common.

    The offer's payload type numbers are kept (RFC 3264 §6.1), its direction is mirrored.
    """
    theirs = offered if isinstance(offered, RemoteMedia) else parse(offered)
    listed = tuple(Codec(name, _PAYLOAD_TYPE_OF[name]) for name in codecs)
    ours = RemoteMedia(address, port, listed, TELEPHONE_EVENT_TYPE, ptime)
    answered = answer_media(theirs, ours)
    return describe(answered, session_id, version) if answered else None


def answer_media(theirs: RemoteMedia, ours: RemoteMedia) -> RemoteMedia | None:
    """What ``ours`` answers to ``theirs``; ``None``: nothing in common."""
    names = {codec.name for codec in ours.codecs}
    codec = next((codec for codec in theirs.codecs if codec.name in names), None)
    if codec is None or not theirs.port or theirs.secure is not ours.secure:
        return None
    return replace(
        ours,
        codecs=(codec,),
        telephone_event=theirs.telephone_event if ours.telephone_event is not None else None,
        direction=theirs.direction.answered.narrowed(ours.direction),
        rtcp_mux=theirs.rtcp_mux and ours.rtcp_mux,
        profile=theirs.profile,
        before=theirs.before,
        after=theirs.after,
    )


def negotiate(local: bytes | RemoteMedia, remote: bytes | RemoteMedia) -> Negotiation | None:
    """The first codec of ``remote`` that ``local`` has too; ``None``: nothing in common."""
    ours = local if isinstance(local, RemoteMedia) else parse(local)
    theirs = remote if isinstance(remote, RemoteMedia) else parse(remote)
    known = {(codec.name, codec.clock_rate): codec for codec in ours.codecs}
    usable = theirs.port and theirs.secure is ours.secure
    for codec in theirs.codecs if usable else ():
        if mine := known.get((codec.name, codec.clock_rate)):
            both = ours.telephone_event is not None and theirs.telephone_event is not None
            return Negotiation(
                codec=codec.name,
                send_payload_type=codec.payload_type,
                receive_payload_type=mine.payload_type,
                send_telephone_event=theirs.telephone_event if both else None,
                receive_telephone_event=ours.telephone_event if both else None,
                ptime=theirs.ptime or DEFAULT_PTIME,
                remote=theirs,
            )
    return None


def describe(media: RemoteMedia, session_id: int = 1, version: int = 1) -> bytes:
    """The description as text; a refused stream keeps its ``m=`` line with port 0."""
    family = "IP6" if ":" in media.address else "IP4"
    numbers = [codec.payload_type for codec in media.codecs]
    numbers += [] if media.telephone_event is None else [media.telephone_event]
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN {family} {media.address}",
        "s=-",
        f"c=IN {family} {media.address}",
        "t=0 0",
        *map(_refused, media.before),
        f"m=audio {media.port} {media.profile} {' '.join(map(str, numbers))}",
        *_attributes(media),
        *map(_refused, media.after),
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _refused(stream: str) -> str:
    kind, _, rest = stream.partition(" ")
    return f"m={kind} 0 {rest}"


def _attributes(media: RemoteMedia) -> Iterable[str]:
    for codec in media.codecs:
        yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}"
    if (event := media.telephone_event) is not None:
        yield f"a=rtpmap:{event} {TELEPHONE_EVENT}/8000"
        yield f"a=fmtp:{event} 0-16"
    if media.ptime is not None:
        yield f"a=ptime:{media.ptime}"
    yield f"a={media.direction}"
    yield from (f"a=crypto:{value}" for value in media.crypto)
    if media.rtcp is not None:
        host, port = media.rtcp
        yield f"a=rtcp:{port} IN {'IP6' if ':' in host else 'IP4'} {host}"
    if media.rtcp_mux:
        yield "a=rtcp-mux"


def parse(body: bytes) -> RemoteMedia:
    """The first ``m=audio`` over RTP; raise ``MalformedMessage`` where there is none.

    What was made of recent descriptions is remembered: each is read two or three times in a call.
    """
    return _remembered(body) if len(body) <= _REMEMBERED_LENGTH else _parsed(body)


def _parsed(body: bytes) -> RemoteMedia:
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise MalformedMessage(f"a description of more than {MAX_LINES} lines")
    session, sections = _sections(lines)
    for at, section in enumerate(sections):
        kind, port, protocol, numbers = _media_line(section[0])
        if kind == "audio" and protocol in _PROFILES:
            media = _audio(port, numbers, session, section[1:])
            others = [_without_port(other[0]) for other in sections]
            before, after = tuple(others[:at]), tuple(others[at + 1 :])
            return replace(media, profile=protocol, before=before, after=after)
    raise MalformedMessage("no audio over RTP in the description")


_REMEMBERED_LENGTH = 2048
"""Bytes; longer descriptions are rare, and come from anyone."""
_remembered = lru_cache(1024)(_parsed)


def description_in(message: Message) -> bytes:
    """The description ``message`` brings, alone or as a part beside others (RFC 5621 §3.2); empty:
    none."""
    content_type = message.first("Content-Type") or CONTENT_TYPE
    kind, params = parameters(content_type)
    if not kind.lower().startswith("multipart/"):
        return message.body if kind.lower() == CONTENT_TYPE else b""
    boundary = b"--" + (params.get("boundary") or "").encode("utf-8", "replace")
    parts = message.body.split(boundary)[1:-1] if len(boundary) > 2 else []
    return next((body for head, body in map(_part, parts) if _DESCRIBES.search(head)), b"")


_DESCRIBES = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:[ \t]*application/sdp[ \t]*(?:;|\r?$)")


def _part(part: bytes) -> tuple[bytes, bytes]:
    head, _, body = part.replace(b"\r\n", b"\n").partition(b"\n\n")
    return head, body


def origin(body: bytes) -> tuple[int, int]:
    """Session id and version of the ``o=`` line; (1, 1) where it cannot be read."""
    text = body.decode("utf-8", "replace")
    line = next((line for line in text.splitlines() if line.startswith("o=")), "")
    parts = line.split()[1:3]
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        return int(parts[0][:20]), int(parts[1][:20])
    return 1, 1


def _sections(lines: Iterable[str]) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            sections.append([line])
        elif line:
            (sections[-1] if sections else session).append(line)
    return session, sections


def _media_line(line: str) -> tuple[str, int, str, list[int]]:
    kind, port, protocol, *formats = [*line[2:].split(), "", "", ""]
    number = _number(port.partition("/")[0], 65535)
    numbers = [_number(text, 127) for text in formats]
    return kind, number or 0, protocol.upper(), [n for n in numbers if n is not None]


def _without_port(line: str) -> str:
    kind, _, *rest = [*line[2:].split(), "", ""]
    return " ".join([kind, *rest]).strip()


def _audio(port: int, numbers: list[int], session: list[str], media: list[str]) -> RemoteMedia:
    known = _payload_types(media)
    named = [(number, *known[number]) for number in numbers if number in known]
    events = [n for n, name, rate in named if name == TELEPHONE_EVENT.upper() and rate == 8000]
    voices = [Codec(name, n, rate) for n, name, rate in named if name != TELEPHONE_EVENT.upper()]
    address = _connection(media) or _connection(session) or _no_connection()
    return RemoteMedia(
        address=address,
        port=port,
        codecs=tuple(voices),
        telephone_event=events[0] if events else None,
        ptime=_ptime(media),
        direction=_direction(media) or _direction(session) or Direction.SENDRECV,
        rtcp=_rtcp(media, address),
        rtcp_mux="a=rtcp-mux" in media,
        crypto=tuple(line[9:].strip() for line in media if line.startswith("a=crypto:")),
    )


def _payload_types(lines: Iterable[str]) -> dict[int, tuple[str, int]]:
    known = dict(STATIC_PAYLOAD_TYPES)
    for line in lines:
        if line.startswith("a=rtpmap:"):
            number, _, encoding = line[9:].strip().partition(" ")
            name, _, rate = encoding.strip().partition("/")
            payload_type, clock_rate = _number(number, 127), _number(rate.partition("/")[0], 10**6)
            if payload_type is not None and clock_rate:
                known[payload_type] = (name.upper(), clock_rate)
    return known


def _connection(lines: Iterable[str]) -> str | None:
    for line in lines:
        if line.startswith("c="):
            parts = line[2:].split()
            return parts[2].partition("/")[0] if len(parts) == 3 else None
    return None


def _no_connection() -> str:
    raise MalformedMessage("no c= line for the audio")


def _rtcp(lines: Iterable[str], address: str) -> SocketAddress | None:
    """``a=rtcp:PORT [IN IP4 ADDRESS]``."""
    stated = next((line[7:].split() for line in lines if line.startswith("a=rtcp:")), [])
    port = _number(stated[0], 65535) if stated else None
    if not port:
        return None
    return (stated[3] if len(stated) == 4 else address), port


def _ptime(lines: Iterable[str]) -> int | None:
    texts = (line[8:].strip() for line in lines if line.startswith("a=ptime:"))
    return next((number for text in texts if (number := _number(text, 1000))), None)


def _direction(lines: Iterable[str]) -> Direction | None:
    return next((found for line in lines if (found := _DIRECTIONS.get(line.rstrip()))), None)


def _number(text: str, at_most: int) -> int | None:
    if not (text.isdigit() and text.isascii() and len(text) <= 10):
        return None
    number = int(text)
    return number if number <= at_most else None
