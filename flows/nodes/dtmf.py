"""``dtmf``: ask for a key or for several digits.

An entry is *valid* when it has as many digits as were asked for and, for a single key, when that
key is allowed; it is *invalid* otherwise, a number broken off too early included. No key at all is
a *timeout*.

- valid: the variable takes the digits; the branch of exactly these digits, else ``onSuccess``;
- invalid or timeout, while retries are left: that failure's audio and the prompt again, as one
  gapless prompt;
- no retries left of those configured: ``onMaxRetries`` if it is wired;
- otherwise ``onInvalid`` or ``onTimeout``, after what happened last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flows.audible import compile_items
from flows.audio import AudioItem, OptionalAudioItems
from flows.effects import Audible, CollectDigits, DigitsEnded, DigitsReason, Wait
from flows.issue import Issue, IssueCode, issue
from flows.nodes.node import (
    Behaviour,
    Edge,
    Enter,
    GraphNode,
    Leave,
    NodeType,
    NullAsEmpty,
    Outputs,
    Reaction,
    ask,
)
from flows.scope import Scope
from flows.wire import KEYS, Key, NodeId, VariableName, Wire

MAX_DIGITS = 32


class DtmfMode(StrEnum):
    SINGLE_DIGIT = "single_digit"
    MULTI_DIGIT = "multi_digit"


class SingleDigitConfig(Wire):
    allowed_digits: Annotated[tuple[Key, ...], Field(min_length=1, max_length=12)] = tuple(KEYS)
    """A key outside is invalid."""


class MultiDigitConfig(Wire):
    min_digits: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = 1
    max_digits: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = MAX_DIGITS
    terminator: Key | None = "#"
    """Ends the entry and is no part of it; `null`: only a pause or the last digit ends it."""
    inter_digit_timeout: Annotated[int, Field(strict=True, ge=500, le=30_000)] = 3_000
    """Milliseconds between two digits."""


class Retry(Wire):
    max_retries: Annotated[int, Field(strict=True, ge=0, le=10)]
    invalid_audio_items: OptionalAudioItems = ()
    """Said before the prompt is repeated after an invalid entry."""
    timeout_audio_items: OptionalAudioItems = ()
    """Said before the prompt is repeated after silence."""


class DtmfConfig(Wire):
    mode: DtmfMode
    variable: VariableName | None = None
    """Takes the digits of a valid entry."""
    timeout: Annotated[int, Field(strict=True, ge=500, le=60_000)] = 5_000
    """Milliseconds from the end of the prompt to the first key."""
    audio_items: OptionalAudioItems = ()
    """The prompt; the first key stops it."""
    single_digit_config: Annotated[SingleDigitConfig, NullAsEmpty] = SingleDigitConfig()
    multi_digit_config: Annotated[MultiDigitConfig, NullAsEmpty] = MultiDigitConfig()
    retry: Retry | None = None


class DtmfOutputs(Outputs):
    branches: Annotated[
        dict[Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")], NodeId],
        NullAsEmpty,
        Field(max_length=100),
    ] = Field(default_factory=dict)
    """Digits to a node; goes before `onSuccess`."""
    on_success: Edge = None
    on_timeout: Edge = None
    on_invalid: Edge = None
    on_max_retries: Edge = None
    on_error: Edge = None
    default: Edge = None


class DtmfNode(GraphNode):
    type: Literal["dtmf"]
    config: DtmfConfig
    outputs: Annotated[DtmfOutputs, NullAsEmpty] = DtmfOutputs()


Ask: TypeAlias = Callable[[Sequence[AudioItem]], Enter]
"""From audio items to what plays them as a prompt and collects the digits."""

SUCCESS, TIMEOUT = Leave("onSuccess"), Leave("onTimeout")
INVALID, MAX_RETRIES = Leave("onInvalid"), Leave("onMaxRetries")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is collected, the same for both modes."""

    min_digits: int
    max_digits: int
    terminator: str | None
    inter_digit_timeout_ms: int
    keys: frozenset[str]

    def accepts(self, digits: str) -> bool:
        return self.min_digits <= len(digits) <= self.max_digits and self.keys.issuperset(digits)


def _entry(config: DtmfConfig) -> _Entry:
    if config.mode is DtmfMode.SINGLE_DIGIT:
        return _Entry(
            1, 1, None, config.timeout, frozenset(config.single_digit_config.allowed_digits)
        )
    multi = config.multi_digit_config
    keys = frozenset(KEYS) - {multi.terminator or ""}
    return _Entry(
        multi.min_digits, multi.max_digits, multi.terminator, multi.inter_digit_timeout, keys
    )


def _asking(entry: _Entry, timeout_ms: int) -> Ask:
    def collect(prompt: tuple[Audible, ...]) -> Reaction:
        effect = CollectDigits(
            prompt=prompt,
            min_digits=entry.min_digits,
            max_digits=entry.max_digits,
            terminator=entry.terminator,
            timeout_ms=timeout_ms,
            inter_digit_timeout_ms=entry.inter_digit_timeout_ms,
        )
        return ask(effect, Wait.DIGITS)

    return lambda items: compile_items(items, collect)


def build(node: DtmfNode) -> Behaviour:
    config = node.config
    entry = _entry(config)
    asking = _asking(entry, config.timeout)
    fail = _failing(node, asking)
    branches = {digits: Leave(f"branches.{digits}") for digits in node.outputs.branches}

    def react(scope: Scope, ended: DigitsEnded) -> Reaction:
        if not ended.digits and ended.reason is DigitsReason.TIMEOUT:
            return fail(TIMEOUT, scope)
        if not entry.accepts(ended.digits):
            return fail(INVALID, scope)
        if config.variable is not None:
            scope.variables[config.variable] = ended.digits
        return branches.get(ended.digits, SUCCESS)

    return Behaviour(asking(config.audio_items), react)


def _failing(node: DtmfNode, asking: Ask) -> Callable[[Leave, Scope], Reaction]:
    """What follows a timeout or an invalid entry."""
    retry = node.config.retry
    if retry is None or retry.max_retries == 0:
        return lambda failure, _scope: failure
    again = {
        TIMEOUT: asking((*retry.timeout_audio_items, *node.config.audio_items)),
        INVALID: asking((*retry.invalid_audio_items, *node.config.audio_items)),
    }
    max_retries, last_word = retry.max_retries, node.outputs.on_max_retries is not None

    def fail(failure: Leave, scope: Scope) -> Reaction:
        if scope.retries < max_retries:
            scope.retries += 1
            return again[failure](scope)
        return MAX_RETRIES if last_word else failure

    return fail


def writes(node: DtmfNode) -> tuple[str, ...]:
    return () if node.config.variable is None else (node.config.variable,)


def check(node: DtmfNode) -> Iterator[Issue]:
    entry = _entry(node.config)
    if entry.min_digits > entry.max_digits:
        yield issue(
            IssueCode.MAX,
            f"minDigits is {entry.min_digits}, more than maxDigits, {entry.max_digits}",
            node_id=node.id,
            max=entry.max_digits,
            path="config.multiDigitConfig.minDigits",
        )
    yield from (
        issue(
            IssueCode.BRANCH_NOT_ALLOWED,
            f"{digits} can never be a valid entry here",
            node_id=node.id,
            output=f"branches.{digits}",
            digits=digits,
        )
        for digits in node.outputs.branches
        if not entry.accepts(digits)
    )


DTMF = NodeType("dtmf", DtmfNode, build, media=True, writes=writes, check=check)
