"""Why a call failed or ended: SIP status, Q.850 and our own codes in one table.

A final response gives a status; a gateway adds the telephone network's own word in a Reason header
(RFC 3326, RFC 6432), which is more precise and therefore wins, unless it is one of the causes that
say nothing (16, 31, 127). Result and fault follow from the row. ``permanent`` rows say that the
number itself is wrong, or that its owner never wants to be called: no retry can help. Q.850 names
and the pairing with statuses follow RFC 3398 §7.2.4.1 and §8.2.6.1.

A 403 blames the carrier (caller id refused, destination barred) unless Q.850 says that the callee
declined (21): gateways send both as 403.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.program.outcome import Cause, Fault, Result
from engine.sip.headers import Reason
from flows.effects import DialResult


class Row(NamedTuple):
    result: Result
    code: str
    fault: Fault
    permanent: bool = False

    @property
    def retry_worthy(self) -> bool:
        """Another attempt, later, may fare better: nobody refused the call for good, and what
        failed is not our own request, which would fail again."""
        return not self.permanent and self.fault not in (Fault.US, Fault.OPERATOR)


_CALLEE, _CARRIER, _US = Fault.CALLEE, Fault.CARRIER, Fault.US
_BUSY, _NO_ANSWER, _REJECTED, _FAILED = (
    Result.BUSY,
    Result.NO_ANSWER,
    Result.REJECTED,
    Result.FAILED,
)

BY_STATUS: dict[int, Row] = {
    400: Row(_FAILED, "bad_request", _US),
    401: Row(_FAILED, "unauthorized", _US),
    402: Row(_FAILED, "payment_required", Fault.OPERATOR),
    403: Row(_FAILED, "forbidden", _CARRIER),
    404: Row(_FAILED, "unallocated_number", _CALLEE, permanent=True),
    405: Row(_FAILED, "method_not_allowed", _CARRIER),
    406: Row(_FAILED, "not_acceptable", _CARRIER),
    407: Row(_FAILED, "unauthorized", _US),
    408: Row(_NO_ANSWER, "no_user_response", _CALLEE),
    410: Row(_FAILED, "number_changed", _CALLEE, permanent=True),
    413: Row(_FAILED, "request_too_large", _US),
    414: Row(_FAILED, "request_too_large", _US),
    415: Row(_FAILED, "incompatible_media", _US),
    416: Row(_FAILED, "bad_request", _US),
    417: Row(_FAILED, "bad_request", _US),
    420: Row(_FAILED, "bad_extension", _US),
    421: Row(_FAILED, "bad_extension", _US),
    422: Row(_FAILED, "interval_too_small", _US),
    423: Row(_FAILED, "interval_too_small", _US),
    424: Row(_FAILED, "bad_request", _US),
    428: Row(_FAILED, "identity_required", Fault.OPERATOR),  # RFC 8224
    429: Row(_FAILED, "bad_request", _US),
    433: Row(_REJECTED, "anonymity_disallowed", _CALLEE),  # RFC 5079
    436: Row(_FAILED, "identity_refused", Fault.OPERATOR),
    437: Row(_FAILED, "identity_refused", Fault.OPERATOR),
    438: Row(_FAILED, "identity_refused", Fault.OPERATOR),
    440: Row(_FAILED, "exchange_routing_error", _CARRIER),
    480: Row(_NO_ANSWER, "temporarily_unavailable", _CALLEE),
    481: Row(_FAILED, "call_lost", _CARRIER),
    482: Row(_FAILED, "exchange_routing_error", _CARRIER),
    483: Row(_FAILED, "exchange_routing_error", _CARRIER),
    484: Row(_FAILED, "invalid_number_format", _CALLEE, permanent=True),
    485: Row(_FAILED, "ambiguous", _CALLEE),
    486: Row(_BUSY, "user_busy", _CALLEE),
    487: Row(_NO_ANSWER, "request_terminated", _CARRIER),
    488: Row(_FAILED, "incompatible_media", _US),
    489: Row(_FAILED, "bad_request", _US),
    491: Row(_FAILED, "request_pending", _CARRIER),
    493: Row(_FAILED, "bad_request", _US),
    494: Row(_FAILED, "security_agreement_required", Fault.OPERATOR),
    500: Row(_FAILED, "normal_temporary_failure", _CARRIER),
    501: Row(_FAILED, "not_implemented", _CARRIER),
    502: Row(_FAILED, "network_out_of_order", _CARRIER),
    503: Row(_FAILED, "service_unavailable", _CARRIER),
    504: Row(_FAILED, "gateway_timeout", _CARRIER),
    505: Row(_FAILED, "bad_request", _US),
    513: Row(_FAILED, "request_too_large", _US),
    555: Row(_FAILED, "not_implemented", _CARRIER),
    580: Row(_FAILED, "precondition_failure", _CARRIER),
    600: Row(_BUSY, "user_busy", _CALLEE),
    603: Row(_REJECTED, "call_rejected", _CALLEE),
    604: Row(_FAILED, "unallocated_number", _CALLEE, permanent=True),
    606: Row(_FAILED, "incompatible_media", _US),
    607: Row(_REJECTED, "unwanted", _CALLEE, permanent=True),  # RFC 8197
    608: Row(_REJECTED, "blocked", _CARRIER),  # RFC 8688
}
BY_CLASS: dict[int, Row] = {
    3: Row(_FAILED, "redirected", _CARRIER),
    4: Row(_FAILED, "request_failed", _CARRIER),
    5: Row(_FAILED, "server_failed", _CARRIER),
    6: Row(_REJECTED, "declined_everywhere", _CALLEE),
}
BY_Q850: dict[int, Row] = {
    1: Row(_FAILED, "unallocated_number", _CALLEE, permanent=True),
    2: Row(_FAILED, "no_route_transit_network", _CARRIER),
    3: Row(_FAILED, "no_route_destination", _CARRIER),
    17: Row(_BUSY, "user_busy", _CALLEE),
    18: Row(_NO_ANSWER, "no_user_response", _CALLEE),
    19: Row(_NO_ANSWER, "no_answer", _CALLEE),
    8: Row(_FAILED, "preempted", _CARRIER),
    9: Row(_FAILED, "preempted", _CARRIER),
    20: Row(_NO_ANSWER, "subscriber_absent", _CALLEE),
    21: Row(_REJECTED, "call_rejected", _CALLEE),
    22: Row(_FAILED, "number_changed", _CALLEE, permanent=True),
    23: Row(_FAILED, "redirected", _CARRIER),
    25: Row(_FAILED, "exchange_routing_error", _CARRIER),
    26: Row(_FAILED, "non_selected_user_clearing", _CARRIER),
    27: Row(_FAILED, "destination_out_of_order", _CALLEE),
    28: Row(_FAILED, "invalid_number_format", _CALLEE, permanent=True),
    29: Row(_FAILED, "facility_rejected", _CARRIER),
    34: Row(_FAILED, "no_circuit_available", _CARRIER),
    38: Row(_FAILED, "network_out_of_order", _CARRIER),
    39: Row(_FAILED, "network_out_of_order", _CARRIER),
    40: Row(_FAILED, "network_out_of_order", _CARRIER),
    41: Row(_FAILED, "normal_temporary_failure", _CARRIER),
    42: Row(_FAILED, "switch_congestion", _CARRIER),
    43: Row(_FAILED, "access_information_discarded", _CARRIER),
    44: Row(_FAILED, "requested_channel_unavailable", _CARRIER),
    46: Row(_FAILED, "preempted", _CARRIER),
    47: Row(_FAILED, "resource_unavailable", _CARRIER),
    49: Row(_FAILED, "resource_unavailable", _CARRIER),
    50: Row(_FAILED, "facility_not_subscribed", _CARRIER),
    53: Row(_FAILED, "outgoing_calls_barred", _CARRIER),
    55: Row(_FAILED, "incoming_calls_barred", _CALLEE),
    57: Row(_FAILED, "bearer_capability_not_authorized", _CARRIER),
    58: Row(_FAILED, "bearer_capability_not_available", _CARRIER),
    62: Row(_FAILED, "bearer_capability_not_authorized", _CARRIER),
    63: Row(_FAILED, "service_not_implemented", _CARRIER),
    65: Row(_FAILED, "bearer_capability_not_implemented", _CARRIER),
    66: Row(_FAILED, "bearer_capability_not_implemented", _CARRIER),
    69: Row(_FAILED, "service_not_implemented", _CARRIER),
    70: Row(_FAILED, "bearer_capability_not_implemented", _CARRIER),
    79: Row(_FAILED, "service_not_implemented", _CARRIER),
    87: Row(_FAILED, "service_not_implemented", _CARRIER),
    88: Row(_FAILED, "incompatible_destination", _CALLEE),
    91: Row(_FAILED, "no_route_transit_network", _CARRIER),
    **dict.fromkeys(range(95, 102), Row(_FAILED, "protocol_error", _CARRIER)),
    102: Row(_FAILED, "recovery_on_timer_expire", _CARRIER),
    103: Row(_FAILED, "protocol_error", _CARRIER),
    110: Row(_FAILED, "protocol_error", _CARRIER),
    111: Row(_FAILED, "protocol_error", _CARRIER),
}
"""16 (normal clearing), 31 (normal, unspecified) and 127 (interworking) add nothing: no row."""

NORMAL_CLEARING = Cause("normal_clearing", Fault.NONE)
CANCELLED = Cause("cancelled", Fault.OPERATOR)
RING_TIMEOUT = Cause("ring_timeout", Fault.CALLEE)
SIP_TIMEOUT = Cause("sip_timeout", Fault.CARRIER, detail="no answer to the INVITE at all")
UNREACHABLE = Cause("sip_unreachable", Fault.CARRIER, detail="the next hop cannot be reached")
MEDIA_INCOMPATIBLE = Cause("incompatible_media", Fault.CARRIER, detail="no codec in common")
ACK_TIMEOUT = Cause("ack_timeout", Fault.CARRIER, detail="our 200 was never acknowledged")
PRACK_TIMEOUT = Cause(
    "prack_timeout", Fault.CARRIER, detail="our reliable provisional was never acknowledged"
)
SESSION_EXPIRED = Cause("session_expired", Fault.CARRIER, detail="nobody refreshed the session")
CALL_LOST = Cause("call_lost", Fault.CARRIER, detail="the far side no longer knows the call")
SHUTDOWN = Cause("shutdown", Fault.OPERATOR)
OURS = (
    NORMAL_CLEARING,
    CANCELLED,
    RING_TIMEOUT,
    SIP_TIMEOUT,
    UNREACHABLE,
    MEDIA_INCOMPATIBLE,
    ACK_TIMEOUT,
    PRACK_TIMEOUT,
    SESSION_EXPIRED,
    CALL_LOST,
    SHUTDOWN,
)
"""Causes no far side stated; ``result_of`` gives their result."""

_RESULT_OF_OURS = {
    CANCELLED.code: Result.CANCELLED,
    SHUTDOWN.code: Result.CANCELLED,
    RING_TIMEOUT.code: Result.NO_ANSWER,
}
_DIAL_RESULTS = {
    Result.COMPLETED: DialResult.ANSWERED,
    Result.ANSWERED: DialResult.ANSWERED,
    Result.VOICEMAIL: DialResult.VOICEMAIL,
    Result.BUSY: DialResult.BUSY,
    Result.NO_ANSWER: DialResult.NO_ANSWER,
    Result.REJECTED: DialResult.REJECTED,
}


def of_response(status: int, reasons: Iterable[Reason] = ()) -> tuple[Result, Cause]:
    """Why an INVITE failed with ``status`` (300-699)."""
    q850 = _q850(reasons)
    row = BY_Q850.get(q850 or 0) or BY_STATUS.get(status) or BY_CLASS[min(max(status // 100, 3), 6)]
    return row.result, Cause(row.code, row.fault, status, q850, row.permanent)


def of_bye(reasons: Iterable[Reason]) -> Cause:
    """Why an established call was ended by the far side."""
    q850 = _q850(reasons)
    row = BY_Q850.get(q850 or 0)
    if row is None:
        return Cause(NORMAL_CLEARING.code, NORMAL_CLEARING.fault, q850=q850)
    return Cause(row.code, row.fault, q850=q850)


def of_cancel(reasons: Iterable[Reason]) -> Cause:
    """Why a caller gave up before we answered."""
    return Cause("originator_cancel", Fault.NONE, 487, _q850(reasons))


def result_of(ours: Cause) -> Result:
    """The result of a call that ended before its answer for a reason of our own."""
    return _RESULT_OF_OURS.get(ours.code, Result.FAILED)


def dial_result(result: Result) -> DialResult:
    """The output of the dial node that a result takes."""
    return _DIAL_RESULTS.get(result, DialResult.ERROR)


def _q850(reasons: Iterable[Reason]) -> int | None:
    return next((r.cause for r in reasons if r.protocol.upper() == "Q.850"), None)
