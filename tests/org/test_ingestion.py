from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.org.attribute import AttributeType
from engine.org.contact import Refused
from engine.org.ingestion import (
    Mapped,
    check_mappings,
    checked_row,
    plain_row,
    read_rows,
    rows,
    sniff,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["téléphone", "prénom"]) + "\n" + delimiter.join(["06", "Zoé"]) + "\n"
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    table = sniff(data, has_header=True)
    assert table.delimiter == delimiter
    assert table.columns == ("téléphone", "prénom")
    assert list(rows(data.decode(table.encoding).splitlines(), table)) == [(2, ["06", "Zoé"])]


def test_a_quoted_delimiter_does_not_mislead() -> None:
    table = sniff(b'phone;note\n06;"a, b, c"\n07;"d, e, f"\n', has_header=True)
    assert (table.delimiter, table.columns) == (";", ("phone", "note"))


def test_a_sample_cut_in_mid_character_is_still_utf8() -> None:
    data = "téléphone\nprénom é".encode()[:-1]
    table = sniff(data, has_header=True, whole=False)
    assert (table.encoding, table.columns) == ("utf-8", ("téléphone",))


def test_columns_without_names_get_some() -> None:
    assert sniff(b"a,,c\n", has_header=True).columns == ("a", "column2", "c")
    assert sniff(b"06,Z\n", has_header=False).columns == ("column1", "column2")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"a,a\n", b"\x00\x01", b",".join([b"x"] * 201)])
def test_what_is_no_table(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        sniff(data, has_header=True)
    assert refused.value.code == "FILE_INVALID"


@given(st.binary(max_size=300), st.booleans())
def test_no_file_breaks_the_reading(data: bytes, has_header: bool) -> None:
    try:
        table = sniff(data, has_header)
    except Invalid:
        return
    lines = data.decode(table.encoding, errors="replace").splitlines()
    cells = [row for _, row in rows(lines, table)]
    assert len(read_rows(cells, Mapped({0: "primaryPhone"}), {}, "MA")) == len(cells)


def test_rows_are_read_by_their_mapping() -> None:
    types = {"balance": AttributeType.NUMBER}
    mapped = check_mappings(
        {"p": "primaryPhone", "n": "firstName", "b": "customAttributes.balance", "g": "gender"},
        ["b", "p", "n", "g"],
        types,
    )
    good, short, odd, unphoned = read_rows(
        [
            ["12", "0612345678", " Zoé ", "FEMALE"],
            ["", "0612345679"],
            ["x", "0612345678", "", ""],
            ["1", "", "A", ""],
        ],
        mapped,
        types,
        "MA",
    )
    assert good == {
        "primary_phone": "+212612345678",
        "primary_phone_raw": "0612345678",
        "first_name": "Zoé",
        "gender": "female",
        "custom_attributes": {"balance": 12},
    }
    assert short == {"primary_phone": "+212612345679", "primary_phone_raw": "0612345679"}
    assert isinstance(odd, Refused)
    assert odd.fields == ("customAttributes.balance",)
    assert isinstance(unphoned, Refused)
    assert unphoned.fields == ("primaryPhone",)


CELLS = st.sampled_from(
    [
        *("", " ", "Amina", "x" * 257, "a@b.example", "a@b", "Male", "other", "0612345678", "12"),
        *("+33612345678", "tel 06-12-34-56-78", "12.5", "nan", "yes", "2026-05-01", "1e999"),
        *("https://a.example", "\x00a", "0612345678" * 7),
    ]
)
WIDE = {
    "primaryPhone": "primaryPhone",
    "firstName": "firstName",
    "primaryEmail": "primaryEmail",
    "gender": "gender",
} | {f"customAttributes.{kind}": f"customAttributes.{kind}" for kind in AttributeType}


@given(st.lists(CELLS, min_size=9, max_size=len(WIDE)))
def test_the_quick_reading_is_the_checked_one(row: list[str]) -> None:
    types = {kind.value: kind for kind in AttributeType}
    mapped = check_mappings(WIDE, list(WIDE), types)
    quick = plain_row(row, mapped, types, "MA")
    checked = checked_row(row, mapped, types, "MA")
    assert quick == checked or (quick is None and isinstance(checked, Refused))
