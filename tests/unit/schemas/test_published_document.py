"""The published document: one form of bytes, amounts to the fen, tombstones without a party; and the layouts."""

from __future__ import annotations

import datetime
from decimal import Decimal
from importlib import resources

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import jcs
from schemas.entries import disclosure_hash
from schemas.layout import FILES, LayoutFault, parse_layout
from schemas.published_document import (
    FORMAT,
    MAX_BYTES,
    Agency,
    Changed,
    Document,
    DocumentRefused,
    Field,
    read,
    wan_yuan,
)

DOCUMENT = Document(
    format=FORMAT,
    record="019b77b0-0000-7000-8000-000000000001",
    revision=1,
    outcome="published",
    subject="penalty",
    agency=Agency(code="210500", name="示例市应急管理局", uscc="11210500MB0000000X"),
    published_on=datetime.date(2026, 3, 2),
    until=datetime.date(2029, 3, 2),
    layout="double-publicity-2018",
    number="（示）应急罚〔2026〕1号",
    party_type="organisation",
    kinds=("P03",),
    fields=(
        Field(code="CF_WSH", header="行政处罚决定书文号", value="（示）应急罚〔2026〕1号"),
        Field(code="CF_NR_FK", header="罚款金额（万元）", fen=200_000),
        Field(code="BZ", header="备注"),
    ),
)


def test_a_document_is_read_as_it_was_written() -> None:
    assert read(DOCUMENT.encode()) == DOCUMENT
    assert (DOCUMENT.value("CF_WSH"), DOCUMENT.fen("CF_NR_FK"), DOCUMENT.value("BZ")) == (DOCUMENT.number, 200_000, "")


def test_the_salted_hash_is_what_the_protocol_says() -> None:
    """Computed beforehand with sha256sum over the prefix, 32 bytes of 0x07, and the document's bytes `{}`."""
    assert disclosure_hash(bytes([7]) * 32, b"{}").hex() == (
        "ffddfa762e09f70b0a1916a4a0800897622a2b6e152f33bf72bc8aa55b2b9958"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value | {"unknown": 1},
        lambda value: value | {"revision": 0},
        lambda value: value | {"outcome": "withdrawn"},
        lambda value: {key: item for key, item in value.items() if key != "fields"},
        lambda value: value | {"kinds": []},
        lambda value: value | {"record": "x"},
        lambda value: value | {"published_on": "2026-02-30"},
    ],
)
def test_what_is_no_document_is_refused(change: object) -> None:
    value = msgspec.to_builtins(DOCUMENT)
    with pytest.raises(DocumentRefused):
        read(jcs.encode(change(value)))  # type: ignore[operator]  # one of the lambdas above


def test_a_document_that_is_too_large_is_refused_with_its_size() -> None:
    long = Field(code="X", header="Y", value="字" * 10_000)
    with pytest.raises(DocumentRefused, match=str(MAX_BYTES)):
        msgspec.structs.replace(DOCUMENT, fields=(long, long, long)).encode()
    with pytest.raises(DocumentRefused):
        read(b" " * (MAX_BYTES + 1))


def test_a_tombstone_has_no_columns() -> None:
    gone = Document(
        format=FORMAT, record=DOCUMENT.record, revision=2, outcome="withdrawn", subject="penalty",
        agency=DOCUMENT.agency, published_on=DOCUMENT.published_on,
        changed=Changed(on=datetime.date(2026, 4, 1), reason="决定已撤销。", ground="altered"),
    )  # fmt: skip
    assert read(gone.encode()) == gone
    assert gone.tombstone
    with pytest.raises(DocumentRefused):
        read(msgspec.structs.replace(gone, fields=DOCUMENT.fields).encode())


@pytest.mark.parametrize(("fen", "printed"), [(200_000, "0.2"), (0, "0"), (1, "0.000001"), (10**13, "10000000")])
def test_amounts_are_printed_in_ten_thousand_yuan(fen: int, printed: str) -> None:
    assert wan_yuan(fen) == printed


@given(st.integers(0, jcs.MAX_INTEGER))
def test_no_amount_loses_a_fen(fen: int) -> None:
    assert Decimal(wan_yuan(fen)) * 1_000_000 == fen


def test_the_layouts_that_come_along_are_in_order() -> None:
    found = {name: parse_layout((resources.files("schemas.layouts") / name).read_bytes()) for name in FILES}
    double = found["double-publicity-2018.toml"]
    assert (len(double.columns), double.columns[0].code, double.columns[-1].code) == (28, "CF_XDR_MC", "BZ")
    assert [one.code for one in double.columns if one.money] == ["CF_NR_FK", "CF_NR_WFFF"]
    assert [one.code for one in double.columns if one.paper] == ["CF_FR_ZJHM", "CF_XDR_ZJHM"]
    assert all(name == f"{layout.name}.toml" for name, layout in found.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 1",
        '[[column]]\ncode = "A"',
        'name = "x"\nsubject = "penalty"\n[[column]]\ncode = "A"\nheader = "B"\nx = 1',
        'name = "x"\nsubject = "y"\n[[column]]\ncode = "A"\nheader = "B"\n[[column]]\ncode = "A"\nheader = "B"',
    ],
)
def test_a_layout_with_a_fault_is_refused(text: str) -> None:
    with pytest.raises(LayoutFault):
        parse_layout(text.encode())
