"""Contacts: the fields of a person to call, and the body that creates or changes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from engine.errors import FieldProblem, Invalid
from engine.org.attribute import AttributeType, check_all, email_problem
from engine.org.phone import normalise
from engine.org.wire import given, optional
from flows.wire import Wire


class ContactGender(StrEnum):
    MALE = "male"
    FEMALE = "female"


TEXT_FIELDS = (
    "firstName",
    "lastName",
    "fullName",
    "primaryPhone",
    "primaryEmail",
    "address",
    "city",
    "state",
    "zip",
    "occupation",
    "preferredChannel",
    "gender",
)
"""Wire names of the fields a rule, a mapping or a flow can name."""


def _email(value: str) -> str:
    problem = email_problem(value)
    if problem:
        raise PydanticCustomError("format", "This is not an e-mail address.", {"format": "email"})
    return value


Text = Annotated[str, Field(max_length=256)]
Email = Annotated[str, AfterValidator(_email), Field(max_length=254)]


Phone = Annotated[str, Field(min_length=1, max_length=64, examples=["0612345678"])]
MOST_OTHER_PHONES = 9


class NewContact(Wire):
    primary_phone: Phone
    """As people write it; kept beside its E.164 form."""
    first_name: Text | None = None
    last_name: Text | None = None
    full_name: Text | None = None
    primary_email: Email | None = None
    address: Text | None = None
    city: Text | None = None
    state: Text | None = None
    zip: Text | None = None
    occupation: Text | None = None
    preferred_channel: Text | None = None
    gender: ContactGender | None = None
    other_phones: Annotated[tuple[Phone, ...], Field(max_length=MOST_OTHER_PHONES)] = ()
    """In the order they are to be tried after the first; the same number once."""
    channels: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    custom_attributes: dict[str, Any] = Field(default_factory=dict)
    """Values by slug; `null` clears one."""


class ContactChange(NewContact):
    """Only what is given changes; attributes that are not named stay."""

    primary_phone: Annotated[str, Field(min_length=1, max_length=64)] = optional()


def settle(body: NewContact, types: Mapping[str, AttributeType], region: str) -> dict[str, Any]:
    """The columns to write: the given fields, the phone in both forms, the attributes checked.

    Raises ``Invalid`` with every field that is wrong.
    """
    columns = given(body)
    problems: dict[str, list[FieldProblem]] = {}
    if "primary_phone" in columns:
        columns["primary_phone_raw"] = body.primary_phone
        columns["primary_phone"] = normalise(body.primary_phone, region)
        if isinstance(columns["primary_phone"], FieldProblem):
            problems["primaryPhone"] = [columns["primary_phone"]]
    if "other_phones" in columns:
        columns["other_phones"], wrong = _others(body, columns.get("primary_phone"), region)
        problems |= wrong
    if "custom_attributes" in columns:
        kept, wrong = check_all(types, body.custom_attributes, region)
        columns["custom_attributes"] = kept
        problems |= wrong
    if problems:
        raise Invalid("The contact has fields that are not valid.", fields=problems)
    return columns


def _others(
    body: NewContact, primary: object, region: str
) -> tuple[list[str], dict[str, list[FieldProblem]]]:
    """Each number once, the primary one not again; what is no number by its place."""
    found = [normalise(typed, region) for typed in body.other_phones]
    problems = {
        f"otherPhones.{index}": [number]
        for index, number in enumerate(found)
        if isinstance(number, FieldProblem)
    }
    numbers = dict.fromkeys(number for number in found if isinstance(number, str))
    return [number for number in numbers if number != primary], problems


@dataclass(frozen=True, slots=True)
class Refused:
    """One of many that cannot be a contact, and why."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


def settle_many(
    bodies: Sequence[object], types: Mapping[str, AttributeType], region: str
) -> list[dict[str, Any] | Refused]:
    """Each body's columns, or its refusal, in order. Made for a worker process: a thousand phones
    hold an event loop for a tenth of a second."""
    return [_settle_one(body, types, region) for body in bodies]


def _settle_one(
    body: object, types: Mapping[str, AttributeType], region: str
) -> dict[str, Any] | Refused:
    try:
        return settle(NewContact.model_validate(body), types, region)
    except ValidationError as error:
        return refused_shape(error)
    except Invalid as error:
        return refused(error)


def refused_shape(error: ValidationError) -> Refused:
    found = error.errors(include_url=False, include_input=False)
    names = tuple(str(problem["loc"][0]) if problem["loc"] else "contact" for problem in found)
    told = "; ".join(
        f"{name}: {problem['msg']}" for name, problem in zip(names, found, strict=True)
    )
    return Refused("VALIDATION_FAILED", told, names)


def refused(error: Invalid) -> Refused:
    told = [f"{name}: {p.message}" for name, problems in error.fields.items() for p in problems]
    return Refused(error.code, "; ".join(told) or str(error), tuple(error.fields))
