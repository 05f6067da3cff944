"""Codes of the public registers. All codes here are fictitious or the samples of the standards."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import codes
from domain.printed import Refused

CITIZEN = "11010519491231002X"


@pytest.mark.parametrize(
    "printed", ["91210500MA0TEX018W", " 91210500ma0tex018w ", "91210500-MA0TEX018-W", "９１210500MA0TEX018W"]
)
def test_a_social_credit_code_that_checks_is_accepted_in_its_normal_form(printed: str) -> None:
    code = codes.parse_uscc(printed)
    assert code == codes.Code("91210500MA0TEX018W")
    assert codes.organisation_code_fits(code.value)


@pytest.mark.parametrize(
    "printed", ["9121050*****EX018W", "91210500MA0TExxxx", "91210500MA0TEX****", "91210500…018W", "9121×××××××××018W"]
)
def test_a_masked_code_is_recognised_as_masked_and_no_bad_checksum(printed: str) -> None:
    assert codes.parse_uscc(printed).masked


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("91210500MA0TEX018X", "check"),
        ("19210500MA0TEX018W", "check"),
        ("91210500MA0TEX018", "seventeen"),
        ("91210500MA0TEXO18W", "letter"),
        ("9121O500MA0TEX018W", "letter"),
        ("912A0500MA0TEX018W", "form"),
        ("210500000012345", "old_number"),
        ("MA0TEX018", "organisation_code"),
        ("912105", "length"),
        ("", "empty"),
    ],
)
def test_a_social_credit_code_that_does_not_check_is_never_mended(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        codes.parse_uscc(printed)
    assert refused.value.code == code


def test_a_citizen_id_tells_birth_and_division_and_is_not_kept() -> None:
    citizen = codes.parse_citizen_id(CITIZEN.lower())
    assert citizen == codes.Citizen(masked=False, born=date(1949, 12, 31), division="110105")
    assert CITIZEN not in repr(citizen)
    assert codes.parse_citizen_id("110105********002X") == codes.Citizen(masked=True)


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("110105194912310021", "check"),
        ("11010519490231002X", "birth"),
        ("99010519491231002X", "province"),
        ("110105491231002", "first_generation"),
        ("12345", "form"),
    ],
)
def test_a_refused_citizen_id_is_in_no_message(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        codes.parse_citizen_id(printed)
    assert refused.value.code == code
    assert printed not in f"{refused.value} {refused.value.zh} {refused.value.en}"


def test_division_codes_have_their_level() -> None:
    assert [codes.division_level(codes.parse_division(c)) for c in ("210000", "210500", "210521")] == [
        "province", "prefecture", "county",
    ]  # fmt: skip
    for wrong, code in (("990000", "province"), ("2105", "form"), ("210521100000", "township"), ("210021", "form")):
        with pytest.raises(Refused) as refused:
            codes.parse_division(wrong)
        assert refused.value.code == code


def test_an_industry_code_belongs_to_its_section() -> None:
    assert codes.parse_industry("2641") == codes.parse_industry("C2641") == codes.Industry("C", "2641")
    assert codes.parse_industry("06") == codes.Industry("B", "06")
    for wrong, code in (("B2641", "section"), ("9811", "division"), ("C", "form"), ("26411", "form")):
        with pytest.raises(Refused) as refused:
            codes.parse_industry(wrong)
        assert refused.value.code == code


def test_a_certificate_number_is_opaque_but_not_masked() -> None:
    assert codes.parse_certificate_no(" 辽E-0001/旧 ") == "辽E-0001/旧"
    for wrong, code in (("0" * 31, "length"), ("2105****0001", "masked"), ("1\x072", "form")):
        with pytest.raises(Refused) as refused:
            codes.parse_certificate_no(wrong)
        assert refused.value.code == code


@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789ABCXW*·…x-", max_size=19)))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    readers = (
        codes.parse_uscc, codes.parse_citizen_id, codes.parse_division, codes.parse_industry, codes.parse_certificate_no
    )  # fmt: skip
    for reader in readers:
        with suppress(Refused):
            reader(text)
