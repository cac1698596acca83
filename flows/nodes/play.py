"""``play``: say the audio items in order, without a gap. No items are said at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.audio import AudioItems, compile_items
from flows.effects import Play, PlayEnded, Wait
from flows.nodes.node import (
    Await,
    Behaviour,
    Edge,
    GraphNode,
    Leave,
    NodeType,
    NullAsEmpty,
    Outputs,
    Reaction,
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
    prompt = compile_items(node.config.audio_items)
    interruptible = node.config.interruptible

    def enter(scope: Scope) -> Reaction:
        items = prompt(scope)
        return Await(Play(items, interruptible), Wait.PLAYBACK) if items else COMPLETE

    return Behaviour(enter, react)


def react(_scope: Scope, _ended: PlayEnded) -> Reaction:
    return COMPLETE


def waits(node: PlayNode) -> bool:
    return bool(node.config.audio_items)


PLAY = NodeType("play", PlayNode, build, media=True, waits=waits)
