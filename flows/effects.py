"""What a session asks for and what it is told: the seam between a flow and whoever performs it.

A session is pure. ``Session.resume(input, now)`` returns a ``Step``: the effects to perform, in
order, and the wait that the last of them begins (``None``: the flow has ended). The performer
(``engine.call.perform``) turns effects into SIP and media work and the end of each wait into the
next input. Values are resolved before they leave the session: an effect holds no variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

# --- What can be heard -------------------------------------------------------------------------


class NumberMode(StrEnum):
    FULL = "full"
    DIGITS = "digits"


class Gender(StrEnum):
    MASCULINE = "masculine"
    FEMININE = "feminine"


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One uploaded clip of the organization."""

    audio_id: str


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    value: Decimal
    digits: str
    """The value as it was written, leading zeros kept: what ``digits`` mode reads. Separators and
    a plus are gone; a leading ``-`` and one decimal point may stand in it."""
    mode: NumberMode
    language: str
    """BCP 47 tag."""
    dictionary_id: str | None = None
    """``None``: the system dictionary of the language."""
    gender: Gender = Gender.MASCULINE
    grouping: tuple[int, ...] = ()
    """Digits per group, for ``digits`` mode; the last group takes the rest."""


@dataclass(frozen=True, slots=True)
class SpokenDate:
    value: date
    language: str
    format: str | None = None
    dictionary_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenWord:
    value: str
    language: str
    dictionary_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenCurrency:
    value: Decimal
    currency: str
    """ISO 4217."""
    language: str
    dictionary_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenTime:
    value: time
    language: str
    format: str | None = None
    """``12`` or ``24``; ``None`` is the language's own."""
    dictionary_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenOrdinal:
    value: int
    language: str
    gender: Gender = Gender.MASCULINE
    dictionary_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenText:
    """Read out by a text-to-speech voice."""

    text: str
    language: str
    voice: str | None = None
    """``None``: the best voice there is for the language."""


Keyed: TypeAlias = (
    SpokenNumber | SpokenDate | SpokenWord | SpokenCurrency | SpokenTime | SpokenOrdinal
)
"""What clips of a dictionary say."""
Audible: TypeAlias = AudioFile | Keyed | SpokenText

# --- Effects -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dial:
    timeout_ms: int
    """How long it may ring."""
    detect_machine: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Take an inbound call."""


@dataclass(frozen=True, slots=True)
class Play:
    items: tuple[Audible, ...]
    interruptible: bool
    """A key stops it."""


@dataclass(frozen=True, slots=True)
class CollectDigits:
    prompt: tuple[Audible, ...]
    """Played first, in order, without a gap; the first key stops it."""
    min_digits: int
    max_digits: int
    terminator: str | None
    timeout_ms: int
    """From the end of the prompt to the first key."""
    inter_digit_timeout_ms: int


@dataclass(frozen=True, slots=True)
class Record:
    max_duration_ms: int
    silence_timeout_ms: int | None
    terminator: str | None
    beep: bool


@dataclass(frozen=True, slots=True)
class Hangup:
    reason: str | None
    hangup_type: str | None


Effect: TypeAlias = Dial | Answer | Play | CollectDigits | Record | Hangup


class Wait(StrEnum):
    """What the session waits for after the effects of a step: the input that may resume it."""

    DIAL = "dial"
    ANSWER = "answer"
    PLAYBACK = "playback"
    DIGITS = "digits"
    RECORDING = "recording"


# --- Inputs ------------------------------------------------------------------------------------


class DialResult(StrEnum):
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class DialEnded:
    result: DialResult
    answered_by: str
    """``human``, ``machine`` or ``unknown``; ``none`` where nobody answered."""


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    ok: bool


@dataclass(frozen=True, slots=True)
class PlayEnded:
    key: str | None = None
    """The key that stopped it."""


class DigitsReason(StrEnum):
    COMPLETE = "complete"
    """``max_digits`` came."""
    TERMINATOR = "terminator"
    TIMEOUT = "timeout"
    """No key, or no further key, came in time."""


@dataclass(frozen=True, slots=True)
class DigitsEnded:
    digits: str
    """Without the terminator."""
    reason: DigitsReason


class RecordReason(StrEnum):
    TERMINATOR = "terminator"
    SILENCE = "silence"
    MAX_DURATION = "max_duration"


@dataclass(frozen=True, slots=True)
class RecordEnded:
    recording_id: str
    duration_ms: int
    reason: RecordReason
    heard_voice: bool
    """False: nothing but silence came."""


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """The effect that is waited for could not be performed: a clip is missing, a disk is full.

    The node leaves by ``onError`` or ``default``; where neither is wired it ends as FLOW_ERROR. A
    dial that failed on the wire is ``DialEnded(ERROR)``, not this.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The other side ended the call. Accepted in every wait; the flow ends."""


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A limit outside the session (the length of a call) ends the flow."""

    limit: str


Input: TypeAlias = (
    DialEnded
    | AnswerEnded
    | PlayEnded
    | DigitsEnded
    | RecordEnded
    | EffectFailed
    | HungUp
    | LimitReached
)


@dataclass(frozen=True, slots=True)
class Step:
    effects: tuple[Effect, ...]
    wait: Wait | None
    """``None``: the flow has ended; ``Session.ending`` says how. A call that is still up then is
    hung up by the performer, whether or not a ``Hangup`` stands in ``effects``."""


class EndingKind(StrEnum):
    COMPLETED = "completed"
    """A hangup node, or an output that is not wired: the flow came to its end, whether or not
    somebody answered."""
    HUNG_UP = "hung_up"
    """The other side left before the end."""
    FLOW_ERROR = "flow_error"
    """A node failed, and neither ``onError`` nor ``default`` is wired."""
    LIMIT = "limit"
    """A named limit ended a flow that ran away."""


@dataclass(frozen=True, slots=True)
class Ending:
    kind: EndingKind
    detail: str | None = None
    """The hangup node's reason, the error's code or the limit's name."""
