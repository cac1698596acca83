"""``/programs``: whom to call, with which flow, from which numbers, when and how often."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.execution import Executions, slice_of
from api.reply import ListQuery
from api.site import Request
from engine.errors import FieldProblem, Invalid, NotFound
from engine.org.attribute import AttributeType
from engine.org.wire import given, optional
from engine.program.auto_pause import AutoPauseRule
from engine.program.calling_hours import CallingHours
from engine.program.contact_rules import ContactRules
from engine.program.pause_windows import PauseWindows
from engine.program.retry import RetryStrategy
from engine.program.trigger import TriggerCondition
from engine.store import audience, custom_attribute, did, execution, flow, program
from engine.store.page import Page
from engine.store.program import Mode, Program
from engine.store.row import Columns, instant
from flows.wire import Wire

Name = Annotated[str, Field(min_length=1, max_length=255)]
DidPool = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=1000)
]
Rules = Annotated[list[AutoPauseRule], Field(max_length=100)]


class ProgramBody(Wire):
    name: Name
    flow_id: UUID
    audience_id: UUID
    start_at: AwareDatetime
    stop_at: AwareDatetime | None = None
    did_pool: DidPool
    """Numbers or DID ids."""
    retry_strategy: RetryStrategy
    pause_windows: PauseWindows | None = None
    calling_hours: CallingHours | None = None
    """In the callee's zone; `null`: any hour."""
    contact_rules: ContactRules | None = None
    """How often a number may be called, by all programs together."""
    mode: Mode = Mode.BATCH
    trigger_condition: TriggerCondition | None = None
    """A live program has one, a batch program has none."""
    auto_pause_rules: Rules | None = None


class ProgramChange(Wire):
    """Only what is given changes; executions under way keep what they were launched with."""

    name: Name = optional()
    flow_id: UUID = optional()
    audience_id: UUID = optional()
    start_at: AwareDatetime = optional()
    stop_at: AwareDatetime | None = None
    did_pool: DidPool = optional()
    retry_strategy: RetryStrategy = optional()
    pause_windows: PauseWindows | None = None
    calling_hours: CallingHours | None = None
    """In the callee's zone; `null`: any hour."""
    contact_rules: ContactRules | None = None
    """How often a number may be called, by all programs together."""
    mode: Mode = optional()
    trigger_condition: TriggerCondition | None = None
    auto_pause_rules: Rules | None = None
    status: Literal["archived"] = optional()
    """An archived program cannot be launched."""


class Launched(Wire):
    execution_id: UUID


async def create(request: Request, body: ProgramBody) -> Program:
    columns = given(body)
    columns["mode"] = body.mode.value
    did_ids = await _resolve(request, columns.pop("did_pool"))
    await _check(request, columns)
    return await program.create(
        request.connection, request.org_id, request.member_id, columns, did_ids
    )


async def page(request: Request, query: ListQuery) -> Page[Program]:
    return await program.page(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Program:
    return await program.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: ProgramChange) -> Program:
    changes = given(body)
    named = changes.pop("did_pool", None)
    current = await program.get(request.connection, request.org_id, id)
    did_ids = None if named is None else await _resolve(request, named)
    await _check(request, current.model_dump() | changes)
    return await program.update(
        request.connection, request.org_id, request.member_id, id, changes, did_ids
    )


async def delete(request: Request, id: UUID) -> None:
    await program.delete(request.connection, request.org_id, request.member_id, id)


async def launch(request: Request, id: UUID) -> Launched:
    """Begins an execution with whoever is in the audience now."""
    connection, org_id = request.connection, request.org_id
    execution_id = await execution.launch(
        connection,
        org_id,
        id,
        now=request.now,
        contact_ids=await _members(request, id),
        created_by=request.member_id,
    )
    return Launched(executionId=execution_id)


async def executions(request: Request, id: UUID, query: ListQuery) -> Executions:
    await program.get(request.connection, request.org_id, id)
    found = await execution.of_program(request.connection, request.org_id, id, **slice_of(query))
    return Executions.of(query, *found)


async def _members(request: Request, id: UUID) -> list[UUID] | None:
    """The contacts a live audience's rules hold for; a static one keeps its own."""
    found = await program.get(request.connection, request.org_id, id)
    try:
        named = await audience.get(request.connection, request.org_id, found.audience_id)
    except NotFound:
        raise Invalid("The program's audience is gone.", code="AudienceEmptyError") from None
    return None if named.rules is None else await audience.member_ids(request.connection, named)


async def _resolve(request: Request, named: list[str]) -> list[UUID]:
    did_ids, unknown = await did.resolve(request.connection, request.org_id, named)
    if unknown:
        told = ", ".join(named[place] for place in unknown)
        raise NotFound("DidNotFoundError", f"The organization has no such numbers: {told}.")
    return did_ids


async def _check(request: Request, columns: Columns) -> None:
    """What concerns several fields. Raises ``NotFound`` or ``Invalid`` with each field."""
    org_id = request.org_id
    used = await flow.get(request.connection, org_id, UUID(str(columns["flow_id"])))
    await audience.get(request.connection, org_id, UUID(str(columns["audience_id"])))
    types = await custom_attribute.types(request.connection, org_id)
    problems = {
        "stopAt": _stop_problem(columns),
        "triggerCondition": _trigger_problem(columns, types),
        "autoPauseRules": _rules_problem(columns, used.graph),
    }
    fields = {name: [problem] for name, problem in problems.items() if problem is not None}
    if fields:
        raise Invalid("The program is not valid.", fields=fields)


def _stop_problem(columns: Columns) -> FieldProblem | None:
    start_at, stop_at = instant(columns["start_at"]), instant(columns.get("stop_at"))
    if start_at is not None and stop_at is not None and stop_at <= start_at:
        return FieldProblem("after", "stopAt is not after startAt.", {"field": "startAt"})
    return None


def _trigger_problem(columns: Columns, types: dict[str, AttributeType]) -> FieldProblem | None:
    trigger = columns.get("trigger_condition")
    if columns["mode"] == Mode.BATCH:
        return trigger and FieldProblem("notAllowed", "A batch program has no trigger.")
    if trigger is None:
        return FieldProblem("required", "A live program needs a trigger.")
    if types.get(trigger["attributeName"]) is not AttributeType.DATE:
        name = trigger["attributeName"]
        return FieldProblem("dateAttribute", f"There is no date attribute {name}.", {"name": name})
    return None


def _rules_problem(columns: Columns, graph: dict[str, Any]) -> FieldProblem | None:
    known = {node["id"] for node in graph["nodes"]}
    named = {rule["nodeId"] for rule in columns.get("auto_pause_rules") or ()}
    if named <= known:
        return None
    missing = sorted(named - known)
    return FieldProblem(
        "unknown", f"The flow has no node {', '.join(missing)}.", {"nodeIds": missing}
    )
