"""RFC 4475: messages made to break parsers, as files, with the verdict for each.

``None``: understood. A number: the status a server owes such a request (of a response: dropped).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.sip import sdp
from engine.sip.agent import Agent
from engine.sip.headers import Via, address, addresses, check, cseq, split_list, top_via
from engine.sip.hop import Hop
from engine.sip.message import MalformedMessage, Message, Request, Response, parse
from engine.sip.uri import Uri
from tests.sip.network import CountedTokens

FOLDER = Path(__file__).parent / "torture"
VERDICTS: dict[str, int | None] = {
    "wsinv": None,  # §3.1.1.1
    "intmeth": None,  # §3.1.1.2
    "esc01": None,  # §3.1.1.3
    "lwsdisp": None,  # §3.1.1.6
    "dblreq": None,  # §3.1.1.8: the second request is no part of the first
    "semiuri": None,  # §3.1.1.9
    "transports": None,  # §3.1.1.10
    "unreason": None,  # §3.1.1.12
    "noreason": None,  # §3.1.1.13
    "clerr": 400,  # §3.1.2.2: Content-Length larger than the message
    "ncl": 400,  # §3.1.2.3: negative Content-Length
    "scalarlg": 400,  # §3.1.2.5: CSeq beyond 2**31
    "quotbal": 400,  # §3.1.2.6: a quote is not closed
    "ltgtruri": 400,  # §3.1.2.7: brackets around the Request-URI
    "lwsruri": 400,  # §3.1.2.8: blanks in the Request-URI
    "lwsstart": 400,  # §3.1.2.9: blanks in the start line
    "trws": 400,  # §3.1.2.10: blanks after the start line
    "badvers": 505,  # §3.1.2.16: SIP/7.0
    "mismatch01": 400,  # §3.1.2.17: CSeq names another method
    "bigcode": 400,  # §3.1.2.19: status above 699
    "insuf": 400,  # §3.3.1: To, From and Call-ID are missing
    "unkscm": None,  # §3.3.2: the scheme is for the application to judge
    "zeromf": None,  # §3.3.11: a user agent does not forward
    "bext01": None,  # §3.3.5: understood, then refused with 420
    "inv2543": None,  # §3.4.1: RFC 2543, no branch, no tag
}


def message(name: str) -> Message:
    parsed = parse((FOLDER / f"{name}.dat").read_bytes())
    check(parsed)
    top_via(parsed)
    return parsed


def test_every_file_has_a_verdict() -> None:
    assert {path.stem for path in FOLDER.glob("*.dat")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    status = VERDICTS[name]
    if status is None:
        parsed = message(name)
        assert parse(parsed.serialize()) == parsed
    else:
        with pytest.raises(MalformedMessage) as problem:
            message(name)
        assert problem.value.status == status


@pytest.mark.parametrize("name", VERDICTS)
def test_agent_survives_and_counts(name: str) -> None:
    agent = Agent(("192.0.2.1", 5060), CountedTokens("t"))
    agent.receive((FOLDER / f"{name}.dat").read_bytes(), Hop("192.0.2.2", 5060), 0.0)
    assert agent.counters["malformed"] == (VERDICTS[name] is not None)


def test_wsinv_is_understood_to_the_letter() -> None:
    invite = message("wsinv")
    assert address(invite, "From").display == 'J Rosenberg \\"'
    assert address(invite, "From").tag == "98asjd8"
    assert address(invite, "To").tag == "1918181833n"
    assert cseq(invite).number == 9
    assert invite.first("Subject") == ""
    vias = [Via.parse(item) for value in invite.all("Via") for item in split_list(value)]
    assert [(via.transport, via.host, via.branch) for via in vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    [contact] = addresses(invite, "Contact")
    assert (contact.display, contact.params["q"]) == ('Quoted string ""', "0.33")
    assert sdp.parse(invite.body).port == 49217


def test_escaped_names_are_decoded() -> None:
    request = message("esc01")
    assert isinstance(request, Request)
    assert Uri.parse(request.uri).user == "sips:user@example.com"
    assert Uri.parse(address(request, "To").uri).user == "user"
    assert Uri.parse(address(request, "From").uri).user == "I have spaces"


def test_semicolon_belongs_to_the_user() -> None:
    request = message("semiuri")
    assert isinstance(request, Request)
    assert Uri.parse(request.uri).user == "user;par=u@example.net"
    assert Uri.parse(request.uri).host == "example.com"


def test_second_request_in_a_datagram_is_ignored() -> None:
    request = message("dblreq")
    assert isinstance(request, Request)
    assert (request.method, request.body) == ("REGISTER", b"")


def test_missing_reason_phrase() -> None:
    response = message("noreason")
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (100, "")


def test_unknown_requirement_is_named_in_the_420() -> None:
    agent = Agent(("192.0.2.1", 5060), CountedTokens("t"))
    agent.receive((FOLDER / "bext01.dat").read_bytes(), Hop("192.0.2.2", 5060), 0.0)
    [(data, _)] = agent.datagrams()
    answer = parse(data)
    assert isinstance(answer, Response)
    assert answer.status == 420
    assert answer.first("Unsupported") == "nothingSupportsThis, nothingSupportsThisEither"
