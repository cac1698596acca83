"""``play``: say the audio items in order, without a gap. No items are said at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.audible import compile_items
from flows.audio import AudioItems
from flows.effects import Audible, Play, PlayEnded, Wait
from flows.nodes.node import (
    Behaviour,
    Edge,
    GraphNode,
    Leave,
    NodeType,
    NullAsEmpty,
    Outputs,
    Reaction,
    ask,
)
from flows.scope import Scope
from flows.wire import Wire


class PlayConfig(Wire):
    audio_items: AudioItems
    interruptible: Annotated[bool, Field(strict=True)] = False
    """A key stops it."""


class PlayOutputs(Outputs):
    on_complete: Edge = None
    on_error: Edge = None
    default: Edge = None


class PlayNode(GraphNode):
    type: Literal["play"]
    config: PlayConfig
    outputs: Annotated[PlayOutputs, NullAsEmpty] = PlayOutputs()


COMPLETE = Leave("onComplete")


def build(node: PlayNode) -> Behaviour:
    interruptible = node.config.interruptible

    def say(items: tuple[Audible, ...]) -> Reaction:
        return ask(Play(items, interruptible), Wait.PLAYBACK) if items else COMPLETE

    return Behaviour(compile_items(node.config.audio_items, say), react)


def react(_scope: Scope, _ended: PlayEnded) -> Reaction:
    return COMPLETE


def waits(node: PlayNode) -> bool:
    return bool(node.config.audio_items)


PLAY = NodeType("play", PlayNode, build, media=True, waits=waits)
