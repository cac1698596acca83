"""From an attempt to its INVITE, as its trunk wants numbers written and callers named (pure)."""

from __future__ import annotations

from typing import Final

from engine.program.attempt import Attempt, Trunk
from engine.sip import Credentials, Hop, InviteRequest

ANONYMOUS: Final = ("anonymous", "anonymous.invalid", "Anonymous")
"""User, domain and name in From (RFC 3323 §4.1.1.3)."""

CALL_HEADER: Final = "X-Gomobile-Call"
"""Our id of the call, so that a carrier's traces and ours can be held side by side."""


def invitation(
    attempt: Attempt, hop: Hop, offer: bytes, fields: tuple[tuple[str, str], ...] = ()
) -> InviteRequest:
    """``offer``: our session description; ``fields``: header fields beyond the trunk's own."""
    trunk = attempt.did.trunk
    shown = trunk.presentation
    uri = f"sip:{shown.written(attempt.to_number)}@{trunk.domain}"
    named = (shown.written(attempt.did.number), trunk.domain, "")
    user, domain, display = ANONYMOUS if shown.anonymous else named
    return InviteRequest(
        target=hop,
        request_uri=uri,
        to_uri=uri,
        from_user=user,
        from_domain=domain,
        from_display=display,
        sdp=offer,
        credentials=_credentials(trunk),
        headers=(
            (CALL_HEADER, str(attempt.id)),
            *shown.fields(attempt.did.number, trunk.domain, _names(attempt)),
            *fields,
        ),
        large_over_tcp=trunk.large_over_tcp,
    )


def _credentials(trunk: Trunk) -> Credentials | None:
    if trunk.username is None or trunk.password is None:
        return None
    return Credentials(trunk.username, trunk.password)


def _names(attempt: Attempt) -> dict[str, str]:
    return {
        "callId": str(attempt.id),
        "contactId": str(attempt.contact_id),
        "executionId": str(attempt.execution_id),
        "organizationId": str(attempt.org_id),
    }
