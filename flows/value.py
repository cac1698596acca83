"""Values: a literal, or where to find one while the call runs.

A value is compiled once into a ``Read``, a function of the scope. A source that has nothing gives
``None``. Dotted paths stand wherever a variable's name does: ``contact.firstName``,
``contact.customAttributes.balance``, ``sys.callStatus``; the roots ``contact`` and ``sys`` are
reserved, every other name is a variable of the flow. A literal text is never taken for a path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Discriminator, Field, StrictBool, StrictStr, Tag

from flows.scope import Scalar, Scope
from flows.wire import RESERVED_ROOTS, VariableName, Wire

Read: TypeAlias = Callable[[Scope], Scalar]

ContactField: TypeAlias = Literal[
    "primaryPhone",
    "firstName",
    "lastName",
    "fullName",
    "primaryEmail",
    "address",
    "city",
    "state",
    "zip",
    "occupation",
    "preferredChannel",
    "gender",
]
SystemName: TypeAlias = Literal[
    "sys.callId",
    "sys.callStatus",
    "sys.callDirection",
    "sys.answeredBy",
    "sys.contactId",
    "sys.contactPhone",
    "sys.contactName",
    "sys.organizationId",
    "sys.programId",
]
CONTACT_FIELDS: frozenset[str] = frozenset(ContactField.__args__)  # type: ignore[attr-defined]
ATTRIBUTE_ROOT = "contact.customAttributes."

SYSTEM: dict[str, Read] = {
    "sys.callId": lambda scope: scope.context.call_id,
    "sys.callStatus": lambda scope: scope.status.value,
    "sys.callDirection": lambda scope: scope.context.direction.value,
    "sys.answeredBy": lambda scope: scope.answered_by,
    "sys.contactId": lambda scope: scope.context.contact_id,
    "sys.contactPhone": lambda scope: scope.context.contact_phone,
    "sys.contactName": lambda scope: scope.context.contact_name,
    "sys.organizationId": lambda scope: scope.context.organization_id,
    "sys.programId": lambda scope: scope.context.program_id,
}

LIVE = ("sys.callStatus", "sys.answeredBy")
"""System variables that change while the call runs."""


class VariableSource(Wire):
    source: Literal["variable"]
    variable_name: VariableName
    """A variable of the flow, or a path: `contact.firstName`, `sys.callStatus`."""


class CustomAttributeSource(Wire):
    source: Literal["customAttribute"]
    attribute_name: Annotated[str, Field(min_length=1, max_length=64)]
    """The attribute's slug."""


class ContactFieldSource(Wire):
    source: Literal["contactField"]
    field: ContactField


class SystemSource(Wire):
    source: Literal["system"]
    name: SystemName


Source: TypeAlias = VariableSource | CustomAttributeSource | ContactFieldSource | SystemSource
Whole = Annotated[int, Field(strict=True, ge=-(10**18), le=10**18)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[StrictStr, Field(max_length=1024)]


# Tags appear in the places of pydantic's errors; the brackets keep them from looking like a key.
KINDS: dict[type, str] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    float: "decimal",
    type(None): "missing",
    dict: "[source]",
}


def _kind(value: Any) -> str | None:
    return "[source]" if isinstance(value, BaseModel) else KINDS.get(type(value))


Value = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[StrictBool, Tag("boolean")]
    | Annotated[Whole, Tag("integer")]
    | Annotated[Finite, Tag("decimal")]
    | Annotated[None, Tag("missing")]
    | Annotated[Annotated[Source, Field(discriminator="source")], Tag("[source]")],
    Discriminator(
        _kind,
        custom_error_type="value",
        custom_error_message="Input should be a literal or an object with `source`",
    ),
]
"""On the wire: a literal, or `{source, ...}`."""


def is_literal(value: Value) -> bool:
    return not isinstance(value, BaseModel)


def is_set_by_the_call(value: Value) -> bool:
    """Whether the value is known only while the call runs."""
    match value:
        case VariableSource(variable_name=path):
            return path in LIVE or not is_reserved(path)
        case SystemSource(name=name):
            return name in LIVE
        case _:
            return False


def attribute_of(value: Value) -> str | None:
    """The slug of the contact's attribute that a value is read from; ``None``: it is another."""
    match value:
        case CustomAttributeSource(attribute_name=slug):
            return slug
        case VariableSource(variable_name=path) if path.startswith(ATTRIBUTE_ROOT):
            return path.removeprefix(ATTRIBUTE_ROOT)
        case _:
            return None


def compile_value(value: Value) -> Read:
    match value:
        case VariableSource():
            return compile_path(value.variable_name)
        case CustomAttributeSource():
            return _attribute(value.attribute_name)
        case ContactFieldSource():
            return _contact_field(value.field)
        case SystemSource():
            return SYSTEM[value.name]
        case literal:
            return lambda _scope: literal


def compile_path(path: str) -> Read:
    """The reader of a path that ``path_problem`` has nothing against."""
    if path in SYSTEM:
        return SYSTEM[path]
    if path.startswith(ATTRIBUTE_ROOT):
        return _attribute(path.removeprefix(ATTRIBUTE_ROOT))
    if path.startswith("contact."):
        return _contact_field(path.removeprefix("contact."))
    return lambda scope: scope.variables.get(path)


def path_problem(path: str) -> str | None:
    """Why a path cannot be read, in a sentence; ``None``: it can."""
    root, _, rest = path.partition(".")
    if root == "sys" and path not in SYSTEM:
        return f"there is no system variable {path}"
    if root == "contact" and not path.startswith(ATTRIBUTE_ROOT) and rest not in CONTACT_FIELDS:
        return f"a contact has no field {rest or path}"
    return None


def is_reserved(path: str) -> bool:
    """The contact and the call are read, never set."""
    return path.partition(".")[0] in RESERVED_ROOTS


def _attribute(slug: str) -> Read:
    return lambda scope: scope.context.attributes.get(slug)


def _contact_field(name: str) -> Read:
    return lambda scope: scope.context.contact.get(name)
