from pathlib import Path

import pytest

from engine.demo import campaign
from engine.demo.expectation import expectation
from engine.demo.summary import surprises
from engine.program.outcome import Result


@pytest.mark.parametrize(
    ("digits", "results", "recorded"),
    [
        ("01", ["completed"], False),
        ("02", ["completed"], True),
        ("10", ["completed"], False),
        ("20", ["voicemail"], False),
        ("30", ["no_answer"] * 3, False),
        ("31", ["no_answer", "completed"], False),
        ("41", ["busy", "completed"], False),
        ("50", ["rejected"] * 3, False),
        ("60", ["failed"] * 3, False),
        ("72", ["answered"], False),
        ("80", ["failed"], False),
        ("91", ["completed"], False),
    ],
)
def test_the_script_says_what_becomes_of_a_number(
    digits: str, results: list[str], recorded: bool
) -> None:
    wanted = expectation(f"+2126000000{digits}")
    assert [result.value for result in wanted.results] == results
    assert wanted.recorded is recorded


def test_a_surprise_is_told_for_every_contact_that_ended_otherwise() -> None:
    execution = {"totalContacts": 3}
    calls = [
        {"id": "a", "to": "+212600000001", "status": Result.COMPLETED},
        {"id": "b", "to": "+212600000040", "status": Result.COMPLETED},
    ]
    found = surprises(execution, calls, [{"callId": "a"}])
    assert len(found) == 3
    assert "a recording nobody left" in found[0]
    assert "instead of busy" in found[1]
    assert "3 contacts, but 2" in found[2]


def test_the_flow_names_only_prompts_that_are_shipped() -> None:
    prompts = {path.stem for path in (campaign.MATERIAL / "prompts").glob("*.wav")}
    text = Path(campaign.MATERIAL / "flow.json").read_text(encoding="utf-8")
    named = {part.split('"')[0] for part in text.split(f'"{campaign.AUDIO}')[1:]}
    assert named == prompts
