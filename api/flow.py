"""``/flows``: what a call says and does. A saved change of the graph is a new version."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, PlainValidator

from api.coverage import coverage_of
from api.reply import ListQuery
from api.site import Request
from engine.errors import FieldProblem, Invalid
from engine.org.wire import given, optional
from engine.store import flow
from engine.store.flow import Flow, FlowBrief
from engine.store.page import Page
from flows import FlowGraph, Issue, Severity
from flows import validate as validate_graph
from flows.wire import Wire

Name = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=1024)]
Graph = Annotated[Any, PlainValidator(lambda graph: graph, json_schema_input_type=FlowGraph)]
"""Read by ``flows``, which names every problem at once instead of the first."""


class FlowBody(Wire):
    name: Name
    description: Description | None = None
    graph: Graph


class FlowChange(Wire):
    name: Name = optional()
    description: Description | None = None
    graph: Graph = optional()


class FlowDraft(Wire):
    graph: Graph


class FlowValidation(Wire):
    valid: bool
    issues: list[Issue]


async def create(request: Request, body: FlowBody) -> Flow:
    await _require_sound(request, body.graph)
    return await flow.create(
        request.connection,
        request.org_id,
        request.member_id,
        name=body.name,
        description=body.description,
        graph=body.graph,
    )


async def page(request: Request, query: ListQuery) -> Page[FlowBrief]:
    return await flow.page(request.connection, request.org_id, query.asked())


async def get(request: Request, id: UUID) -> Flow:
    return await flow.get(request.connection, request.org_id, id)


async def update(request: Request, id: UUID, body: FlowChange) -> Flow:
    changes = given(body)
    await flow.get(request.connection, request.org_id, id)
    if "graph" in changes:
        await _require_sound(request, body.graph)
    return await flow.update(request.connection, request.org_id, request.member_id, id, changes)


async def delete(request: Request, id: UUID) -> None:
    await flow.delete(request.connection, request.org_id, request.member_id, id)


async def validate(request: Request, body: FlowDraft) -> FlowValidation:
    """Every problem at once."""
    issues = await _issues(request, body.graph)
    return FlowValidation(valid=not any(map(_is_error, issues)), issues=issues)


async def _issues(request: Request, graph: object) -> list[Issue]:
    coverage = await coverage_of(request, graph)
    return validate_graph(graph, coverage=coverage)


async def _require_sound(request: Request, graph: object) -> None:
    """Raises ``Invalid`` (``FLOW_INVALID``) with each error under its node."""
    fields: dict[str, list[FieldProblem]] = {}
    for found in filter(_is_error, await _issues(request, graph)):
        place = f"graph.nodes.{found.node_id}" if found.node_id else "graph"
        params = found.params | ({"output": found.output} if found.output else {})
        fields.setdefault(place, []).append(FieldProblem(found.code, found.message, params))
    if fields:
        raise Invalid("The flow has errors.", code="FLOW_INVALID", fields=fields)


def _is_error(issue: Issue) -> bool:
    return issue.severity is Severity.ERROR
