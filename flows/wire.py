"""The manner of everything a client sends: camelCase names, unknown properties refused, frozen.

A field's docstring becomes its description in the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

RESERVED_ROOTS = ("contact", "sys")
"""First words of a path that are read, never set: the contact and the call."""

KEYS = "0123456789*#"
"""What a telephone can press, A to D aside."""


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        str_max_length=4096,
    )


NodeId = Annotated[str, Field(min_length=1, max_length=64)]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Language = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
        max_length=35,
        description="BCP 47 tag",
        examples=["ar", "fr", "en"],
    ),
]
VariableName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$",
        max_length=64,
        description="Letters, digits, `_`, `-`; parts joined by dots",
        examples=["choice"],
    ),
]


def walk(model: BaseModel) -> tuple[BaseModel, ...]:
    """The model and every model inside it, depth first in the order of the fields."""
    found: list[BaseModel] = []
    ahead: list[object] = [model]
    while ahead:
        value = ahead.pop()
        if isinstance(value, BaseModel):
            found.append(value)
            ahead.extend(reversed([inner for _, inner in value]))
        elif isinstance(value, tuple):
            ahead.extend(reversed(value))
    return tuple(found)
