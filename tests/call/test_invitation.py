"""An attempt's INVITE, as its trunk wants it."""

from __future__ import annotations

from dataclasses import replace

from engine.call.invitation import CALL_HEADER, invitation
from engine.program.attempt import Attempt
from engine.program.presentation import Presentation
from engine.sip import Credentials, Hop
from tests.call.switchboard import HELLO, attempt

HOP = Hop("192.0.2.1", 5060)


def presented(**stated: object) -> Attempt:
    plain = attempt(("192.0.2.1", 5060), "+212600000001", HELLO)
    trunk = replace(
        plain.did.trunk,
        domain="carrier.example",
        presentation=Presentation.stated(**stated),  # type: ignore[arg-type]
    )
    return replace(plain, did=replace(plain.did, trunk=trunk))


def test_numbers_are_written_alike_everywhere() -> None:
    invite = invitation(presented(number_format="national", country="MA"), HOP, b"")
    assert invite.request_uri == invite.to_uri == "sip:0600000001@carrier.example"
    assert (invite.from_user, invite.from_domain) == ("0520000001", "carrier.example")
    assert [name for name, _ in invite.headers] == [CALL_HEADER]
    assert invite.credentials is None


def test_anonymous_caller_is_known_to_the_carrier_alone() -> None:
    invite = invitation(presented(anonymous=True, identity="asserted"), HOP, b"")
    caller = (invite.from_user, invite.from_domain, invite.from_display)
    assert caller == ("anonymous", "anonymous.invalid", "Anonymous")
    assert dict(invite.headers[1:]) == {
        "P-Asserted-Identity": "<sip:+212520000001@carrier.example>",
        "Privacy": "id",
    }


def test_headers_name_the_call() -> None:
    made = presented(headers=["X-Call: {callId}", "X-Org: {organizationId}"])
    invite = invitation(made, HOP, b"")
    named = {CALL_HEADER: str(made.id), "X-Call": str(made.id), "X-Org": str(made.org_id)}
    assert dict(invite.headers) == named


def test_trunk_with_a_password_answers_challenges() -> None:
    made = presented()
    trunk = replace(made.did.trunk, username="u", password="p", large_over_tcp=True)
    invite = invitation(replace(made, did=replace(made.did, trunk=trunk)), HOP, b"offer")
    assert invite.credentials == Credentials("u", "p")
    assert (invite.large_over_tcp, invite.sdp) == (True, b"offer")
