"""``/audio-management/preview``: what audio items sound like, without a call."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import numpy as np
from aiohttp import web
from pydantic import Field

from api.site import Request
from engine.call.speech import Speech
from engine.errors import FieldProblem, Invalid, TooLarge
from engine.org.spelling import Unspeakable
from engine.store.clip import StoredClips
from flows import Audible, AudioItems, CallContext, NodeFault, Scalar, audible, known_texts
from flows.wire import Wire
from media import playlist, wav
from media.g711 import SAMPLE_RATE, Codec, decode

MOST_SECONDS = 600
Values = Annotated[dict[str, Scalar], Field(max_length=100)]


class AudioPreview(Wire):
    audio_items: AudioItems
    contact: Values = Field(default_factory=dict)
    """The fields of a contact to speak to, by their names: `{"firstName": "Amina"}`."""
    custom_attributes: Values = Field(default_factory=dict)
    """Its custom attributes by slug."""


async def preview(request: Request, body: AudioPreview) -> web.Response:
    """WAV, 8 kHz 16-bit mono: exactly what a call in PCMU would hear."""
    context = CallContext(
        call_id="",
        organization_id=str(request.org_id),
        contact=body.contact,
        attributes=body.custom_attributes,
    )
    said = [_said(body, at, context) for at in range(len(body.audio_items))]
    speech = Speech(
        StoredClips(lambda: nullcontext(request.connection)),
        request.site.library,
        request.site.studio.render,
    )
    texts = known_texts(body.audio_items, context)
    voice = await speech.of_items(request.org_id, body.audio_items, texts)
    try:
        clips = voice.playlist(said, Codec.PCMU)
    except Unspeakable as problem:
        raise _refusal("audioItems", problem.code, str(problem)) from None
    if playlist.samples(clips) > MOST_SECONDS * SAMPLE_RATE:
        raise TooLarge("PREVIEW_TOO_LONG", f"A preview lasts at most {MOST_SECONDS} s.")
    heard = decode(np.concatenate([np.zeros(0, np.uint8), *clips]), Codec.PCMU)
    return web.Response(
        body=wav.to_wav(heard), content_type="audio/wav", headers={"Cache-Control": "no-store"}
    )


def _said(body: AudioPreview, at: int, context: CallContext) -> Audible:
    try:
        return audible(body.audio_items[at], context)
    except NodeFault as fault:
        raise _refusal(f"audioItems.{at}", fault.code, str(fault)) from None


def _refusal(field: str, code: str, message: str) -> Invalid:
    problem = FieldProblem("unspeakable", message, {"reason": code})
    return Invalid(message, code="UNSPEAKABLE", fields={field: [problem]})
