"""RFC 4475 and RFC 5118: messages made to break parsers, as files, with the verdict for each.

``None``: understood. A number: the status a server owes such a request (of a response: dropped).
Where the RFC lets an element be liberal, we are; the comment says how. Of RFC 4475 only mpart01
(§3.1.1.11) is missing: its signature is binary, and nobody here reads signatures; a message of
many parts is in the fuzz corpus.
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
    "escnull": None,  # §3.1.1.4
    "esc02": None,  # §3.1.1.5: not every % begins an escape
    "longreq": None,  # §3.1.1.7
    "badinv01": None,  # §3.1.2.1: empty parameters mean nothing
    "scalar02": 400,  # §3.1.2.4: CSeq beyond 2**31
    "escruri": None,  # §3.1.2.11: header fields in the Request-URI are not heeded
    "baddate": None,  # §3.1.2.12: the date is nothing to us
    "regbadct": None,  # §3.1.2.13: nobody reads the Contact of a REGISTER
    "badaspec": None,  # §3.1.2.14: blanks around a URI are none of its
    "baddn": None,  # §3.1.2.15: a comma in a name without quotes
    "mismatch02": 400,  # §3.1.2.18: CSeq names another method
    "badbranch": None,  # §3.2.1: the magic cookie and nothing more
    "unksm2": None,  # §3.3.4
    "novelsc": None,  # §3.3.3: understood, then refused with 416
    "invut": None,  # §3.3.6: understood, then refused with 415
    "regaut01": None,  # §3.3.7
    "multi01": 400,  # §3.3.8: two From, To, Call-ID and CSeq
    "mcl01": 400,  # §3.3.9: two different lengths
    "bcast": None,  # §3.3.10: answers nothing we asked
    "cparam01": None,  # §3.3.12
    "cparam02": None,  # §3.3.13
    "regescrt": None,  # §3.3.14
    "sdp01": None,  # §3.3.15: understood, then refused with 406
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


ANSWERS = {
    "bext01": 420,
    "unkscm": 416,
    "novelsc": 416,
    "invut": 415,
    "sdp01": 406,
    "multi01": 400,
    "mismatch02": 400,
    "regbadct": 405,
    "unksm2": 405,
    "esc02": 405,
    "badbranch": 200,
    "baddn": 200,
    "badaspec": 200,
    "escruri": 100,
    "badinv01": 100,
    "longreq": 100,
    "baddate": 100,
}
"""What our agent says to them first."""
IPV6 = FOLDER.parent / "torture_ipv6"
IPV6_ANSWERS = {
    "ipv6-good": 405,  # RFC 5118 §4.1
    "ipv6-bad": 400,  # §4.2: an address without brackets
    "port-ambiguous": 405,  # §4.3: the port is a part of the address
    "port-unambiguous": 405,  # §4.4
    "via-received-param-with-delim": 481,  # §4.5
    "via-received-param-no-delim": 481,  # §4.5
    "ipv6-in-sdp": 100,  # §4.6
    "mult-ip-in-header": 481,  # §4.7
    "mult-ip-in-sdp": 100,  # §4.8
    "ipv4-mapped-ipv6": 100,  # §4.9
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


def first_answer(data: bytes) -> tuple[Agent, Response]:
    agent = Agent(("192.0.2.1", 5060), CountedTokens("t"))
    agent.receive(data, Hop("192.0.2.2", 5060), 0.0)
    answer = parse(agent.datagrams()[0].data)
    assert isinstance(answer, Response)
    return agent, answer


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(name: str) -> None:
    _, answer = first_answer((FOLDER / f"{name}.dat").read_bytes())
    assert answer.status == ANSWERS[name]


def test_names_without_quotes_keep_their_comma() -> None:
    sender = address(message("baddn"), "From")
    assert (sender.display, sender.tag) == ("Bell, Alexander", "43")


def test_many_vias_of_every_spelling_are_counted() -> None:
    assert len(message("longreq").all("Via")) == 34


def test_branch_that_is_only_the_cookie_is_not_trusted_to_be_unique() -> None:
    data = (FOLDER / "badbranch.dat").read_bytes()
    agent, _ = first_answer(data)
    agent.receive(data.replace(b"badbranch.", b"another."), Hop("192.0.2.2", 5060), 0.0)
    assert agent.counters["request_again"] == 0


def test_every_ipv6_file_has_a_verdict() -> None:
    assert {path.stem for path in IPV6.glob("*.dat")} == set(IPV6_ANSWERS)


@pytest.mark.parametrize("name", IPV6_ANSWERS)
def test_ipv6(name: str) -> None:
    data = (IPV6 / f"{name}.dat").read_bytes()
    parsed = parse(data)
    assert parse(parsed.serialize()) == parsed
    _, answer = first_answer(data)
    assert answer.status == IPV6_ANSWERS[name]
    assert top_via(answer).host == top_via(parsed).host


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ipv6-in-sdp", "2001:db8::20"),
        ("mult-ip-in-sdp", "192.0.2.1"),
        ("ipv4-mapped-ipv6", "::ffff:192.0.2.2"),
    ],
)
def test_ipv6_in_descriptions(name: str, address: str) -> None:
    body = parse((IPV6 / f"{name}.dat").read_bytes()).body
    assert sdp.parse(body).address == address
