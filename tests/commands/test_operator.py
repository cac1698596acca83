"""What the operator types before there is a key, against a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from engine.commands.gomobile import gomobile
from engine.config import Settings

Run = Callable[..., Result]

ACME = ("organization", "create", "Acme Calls", "--email", "anna@acme.example")
IN_MOROCCO = ("--country", "MA", "--timezone", "Africa/Casablanca", "--currency", "MAD")


@pytest.fixture
def run(database: str) -> Run:
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(gomobile, words, env={"GOMOBILE_DATABASE_URL": database})

    return invoke


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_organization_key_trunk_and_number(run: Run) -> None:
    made = answer(run(*ACME, *IN_MOROCCO, "--json"))
    assert (made["slug"], made["plan"], made["status"]) == ("acme-calls", "enterprise", "active")
    owner = ("--organization", "acme-calls")
    key = answer(run("key", "create", *owner, "--email", "anna@acme.example", "--json"))
    assert key["secret"].startswith("gm_")
    trunk = answer(run("trunk", "create", "carrier", "--host", "192.0.2.1", "--json"))
    assert (trunk["port"], trunk["codecs"]) == (None, ["PCMA", "PCMU"])
    did = answer(run("did", "create", "0520 00 00 01", *owner, "--trunk", "carrier", "--json"))
    assert (did["number"], did["country"]) == ("+212520000001", "MA")


def test_trunk_with_everything_said(run: Run) -> None:
    where = ("--host", "carrier.example", "--port", "5061", "--transport", "tls")
    numbers = ("--number-format", "national", "--country", "MA", "--prefix-rule", "+2125=05")
    caller = ("--identity", "asserted", "--anonymous", "--diversion", "+212520000099")
    more = ("--header", "X-Call: {callId}", "--user-to-user", "{contactId}", "--large-over-tcp")
    made = answer(run("trunk", "create", "full", *where, *numbers, *caller, *more, "--json"))
    assert (made["transport"], made["port"], made["largeOverTcp"]) == ("tls", 5061, True)
    assert (made["numberFormat"], made["prefixRules"]) == ("national", ["+2125=05"])
    assert (made["identity"], made["anonymous"]) == ("asserted", True)
    assert made["headers"] == ["X-Call: {callId}"]


def test_people_get_a_table(run: Run) -> None:
    result = run(*ACME, *IN_MOROCCO)
    assert result.exit_code == 0
    assert "acme-calls" in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("key", "create", "--organization", "nobody", "--email", "x@y.example"),
         "OrganizationNotFoundError", "organization"),
        (("trunk", "create", "odd", "--host", "192.0.2.1", "--header", "Via: x"),
         "VALIDATION_FAILED", "headers"),
        ((*ACME, "--country", "XX", "--timezone", "Mars/Base", "--currency", "MAD"),
         "VALIDATION_FAILED", "timezone"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(
    run: Run, words: tuple[str, ...], code: str, told: str
) -> None:
    result = run(*words, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stderr)
    assert error["code"] == code
    assert told in error["message"]


def test_a_second_organization_of_that_name_is_a_conflict(run: Run) -> None:
    answer(run(*ACME, *IN_MOROCCO, "--json"))
    again = run(*ACME, *IN_MOROCCO)
    assert again.exit_code == 1
    assert again.stderr.startswith("gomobile: ")


def test_a_database_that_cannot_be_reached_is_named(run: Run) -> None:
    url = "postgresql://gomobile@127.0.0.1:1/none"
    result = CliRunner().invoke(gomobile, [*ACME, *IN_MOROCCO], env={"GOMOBILE_DATABASE_URL": url})
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr


def test_every_setting_is_listed() -> None:
    rows = json.loads(CliRunner().invoke(gomobile, ["settings", "--json"]).stdout)
    names = {row["variable"] for row in rows}
    assert names == {f"GOMOBILE_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_the_carriers_personas_are_printed() -> None:
    result = CliRunner().invoke(gomobile, ["simulate-carrier", "--personas"])
    assert result.exit_code == 0
    assert "is busy (486)" in result.stdout


def test_a_member_gets_a_password(run: Run) -> None:
    assert run(*ACME, *IN_MOROCCO).exit_code == 0
    owner = ("--organization", "acme-calls")
    made = answer(run("member", "create", "omar@acme.example", *owner, "--json"))
    assert (made["email"], made["role"]) == ("omar@acme.example", "agent")
    to_omar = ("member", "password", "omar@acme.example", *owner)
    assert answer(run(*to_omar, "--password", "correct horse", "--json"))["id"] == made["id"]
    short = run(*to_omar, "--password", "short", "--json")
    assert (short.exit_code, json.loads(short.stderr)["code"]) == (1, "VALIDATION_FAILED")
