"""Flows: what is said and asked in a call, as a graph of nodes. Pure; imports nobody of ours.

::

    wire JSON ─ definition.read ─▶ Sketch ─ compile_flow ─▶ CompiledFlow ─ Session ─▶ effects
                                     └─ validate ─▶ issues        ▲          ▲
                                                          CallContext      inputs

- ``definition``  the graph as a client writes it (``FlowGraph`` is the OpenAPI schema too)
- ``nodes``       one file a node type: configuration, outputs, behaviour
- ``audio``       audio items;  ``audible``  what they say in a call
- ``value``       literals and sources;  ``expression``  comparisons
- ``compile``     validation and compilation;  ``paths``  what the wiring does;
  ``shape``  pydantic's errors as issues;  ``issue``  what is wrong with a flow
- ``session``     one call's way through a flow;  ``scope``  what it can read
- ``effects``     the seam to the performer: what a session asks for and is told
- ``wire``        the manner of everything a client sends

A flow is compiled once and shared by its calls; a session belongs to one call. Every layer above
(``engine.call``, ``engine.store``, ``engine.app``, ``api``) may import this package.
"""

from flows.audible import audible, known_texts
from flows.audio import (
    AudioFileItem,
    AudioItem,
    AudioItems,
    CurrencyItem,
    DateItem,
    NumberItem,
    OrdinalItem,
    TextItem,
    TimeItem,
    WordItem,
)
from flows.compile import CompiledFlow, Coverage, audio_items, compile_flow, validate
from flows.definition import FlowGraph
from flows.effects import (
    Answer,
    AnswerEnded,
    Audible,
    AudioFile,
    CollectDigits,
    Dial,
    DialEnded,
    DialResult,
    DigitsEnded,
    DigitsReason,
    Effect,
    EffectFailed,
    Ending,
    EndingKind,
    Gender,
    Hangup,
    HungUp,
    Input,
    Keyed,
    LimitReached,
    NumberMode,
    Play,
    PlayEnded,
    Record,
    RecordEnded,
    RecordReason,
    SpokenCurrency,
    SpokenDate,
    SpokenNumber,
    SpokenOrdinal,
    SpokenText,
    SpokenTime,
    SpokenWord,
    Step,
    Wait,
)
from flows.issue import FlowInvalid, Issue, IssueCode, Severity
from flows.nodes import NODE_TYPES
from flows.scope import CallContext, CallStatus, Direction, NodeFault, Scalar
from flows.session import Limits, Session, SessionMismatch, TraceEntry, UnexpectedInput

__all__ = [
    "NODE_TYPES",
    "Answer",
    "AnswerEnded",
    "Audible",
    "AudioFile",
    "AudioFileItem",
    "AudioItem",
    "AudioItems",
    "CallContext",
    "CallStatus",
    "CollectDigits",
    "CompiledFlow",
    "Coverage",
    "CurrencyItem",
    "DateItem",
    "Dial",
    "DialEnded",
    "DialResult",
    "DigitsEnded",
    "DigitsReason",
    "Direction",
    "Effect",
    "EffectFailed",
    "Ending",
    "EndingKind",
    "FlowGraph",
    "FlowInvalid",
    "Gender",
    "Hangup",
    "HungUp",
    "Input",
    "Issue",
    "IssueCode",
    "Keyed",
    "LimitReached",
    "Limits",
    "NodeFault",
    "NumberItem",
    "NumberMode",
    "OrdinalItem",
    "Play",
    "PlayEnded",
    "Record",
    "RecordEnded",
    "RecordReason",
    "Scalar",
    "Session",
    "SessionMismatch",
    "Severity",
    "SpokenCurrency",
    "SpokenDate",
    "SpokenNumber",
    "SpokenOrdinal",
    "SpokenText",
    "SpokenTime",
    "SpokenWord",
    "Step",
    "TextItem",
    "TimeItem",
    "TraceEntry",
    "UnexpectedInput",
    "Wait",
    "WordItem",
    "audible",
    "audio_items",
    "compile_flow",
    "known_texts",
    "validate",
]
