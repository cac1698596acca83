"""The OpenAPI 3.1 document, made of the route table and the models that check and answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Literal, TypeAlias, get_args, get_origin

from aiohttp import web
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.errors import Problem
from api.reply import Meta
from api.route import Door, Nothing, Route, Signature
from engine.store.page import Page
from flows import FlowGraph

Schema: TypeAlias = dict[str, Any]
Keyed: TypeAlias = tuple[Any, JsonSchemaMode]
"""A model and whether it checks or answers."""
DOCUMENT = web.AppKey("document", dict[str, Any])
REFERENCE = "#/components/schemas/{model}"
CHECK: Literal["validation"] = "validation"
ANSWER: Literal["serialization"] = "serialization"
WHO: Mapping[Door, Schema] = {
    Door.GUEST: {"security": []},
    Door.HOLDER: {},
    Door.OPERATOR: {"security": [{"operatorKey": []}, {"bearer": []}]},
}
"""What an operation says of its door where that is not the holders'."""


async def serve(asked: web.Request) -> web.Response:
    return web.json_response(asked.app[DOCUMENT])


@cache
def document(routes: tuple[Route, ...]) -> Schema:
    """Half a second of work, so it is done before the server listens, once a process."""
    bound = [(route, _signature(route)) for route in routes]
    models: set[Keyed] = {(Problem, ANSWER), (Meta, ANSWER), (FlowGraph, CHECK)}
    for _, signature in bound:
        models.update(_models(signature))
    ordered = sorted(models, key=lambda keyed: (keyed[0].__module__, keyed[0].__name__, keyed[1]))
    schemas, definitions = models_json_schema(ordered, ref_template=REFERENCE)
    paths: dict[str, Schema] = {}
    for route, signature in bound:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, signature, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gomobile", "version": version("gomobile")},
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "operatorKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _signature(route: Route) -> Signature | None:
    return None if route.door is Door.OPEN else Signature.of(route.handler)


def _models(signature: Signature | None) -> Iterator[Keyed]:
    if signature is None:
        return
    for model in (signature.body, signature.query, signature.form):
        if model is not None and model is not Nothing:
            yield model, CHECK
    row = _row(signature.answer)
    if row is not None:
        yield row, ANSWER


def _row(answer: Any) -> type[BaseModel] | None:
    """The model an answer is made of; ``None`` for a file or nothing."""
    inner = get_args(answer)[0] if get_origin(answer) in (Page, list) else answer
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _operation(
    route: Route, signature: Signature | None, schemas: Mapping[Keyed, Schema]
) -> Schema:
    name = f"{route.handler.__module__.rpartition('.')[2]}.{route.handler.__name__}"
    told = (route.handler.__doc__ or "").strip()
    operation: Schema = {
        "operationId": name,
        "tags": [name.partition(".")[0]],
        **({"summary": told.partition("\n")[0]} if told else {}),
    }
    if signature is None:
        names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        path = [_parameter("path", name, {"type": "string"}, required=True) for name in names]
        return operation | {
            "security": [],
            "parameters": path,
            "responses": {"200": {"description": "OK"}},
        }
    body = _body(signature, schemas)
    return operation | {
        **WHO[route.door],
        **({"x-role": route.role} if route.role else {}),
        "parameters": [*_path(signature), *_query(signature)],
        **({"requestBody": body} if body else {}),
        "responses": {
            str(route.status): _answer(signature.answer, schemas),
            "default": {
                "description": "Refused",
                "content": _content(schemas[Problem, ANSWER]),
            },
        },
    }


def _path(signature: Signature) -> Iterator[Schema]:
    for name, adapter in signature.path.items():
        yield _parameter("path", to_camel(name), adapter.json_schema(), required=True)


def _query(signature: Signature) -> Iterator[Schema]:
    schema = signature.query.model_json_schema(ref_template=REFERENCE)
    for name, field in schema.get("properties", {}).items():
        yield _parameter("query", name, field, required=name in schema.get("required", ()))


def _parameter(place: str, name: str, schema: Schema, *, required: bool) -> Schema:
    return {"in": place, "name": name, "required": required, "schema": schema}


def _body(signature: Signature, schemas: Mapping[Keyed, Schema]) -> Schema | None:
    if signature.form is not None:
        file = {"type": "string", "format": "binary"}
        # The form's own additionalProperties would refuse the file beside it.
        form = signature.form.model_json_schema(ref_template=REFERENCE)
        form["properties"]["file"] = file
        form["required"] = [*form.get("required", ()), "file"]
        form.pop("$defs", None)
        return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    if signature.body is Nothing:
        return None
    required = any(field.is_required() for field in signature.body.model_fields.values())
    return {"required": required, "content": _content(schemas[signature.body, CHECK])}


def _answer(answer: Any, schemas: Mapping[Keyed, Schema]) -> Schema:
    row = _row(answer)
    if row is None:
        if answer is None or answer is type(None):
            return {"description": "Done"}
        return {"description": "The file", "content": {"application/octet-stream": {}}}
    schema = schemas[row, ANSWER]
    if get_origin(answer) is list:
        schema = {"type": "array", "items": schema}
    elif get_origin(answer) is Page:
        schema = {
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": schema},
                "meta": schemas[Meta, ANSWER],
            },
            "required": ["data", "meta"],
        }
    return {"description": "OK", "content": _content(schema)}


def _content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
