"""Printed document numbers: every way in which paper writes them, and what is refused rather than guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import document_numbers
from domain.document_numbers import parse, series_key, split_key
from domain.printed import Refused


@pytest.mark.parametrize(
    ("printed", "place", "agency", "token", "year", "suffix", "sequence"),
    [
        ("（辽本）应急检记〔2020〕1号", "辽本", "应急", "检记", 2020, "", 1),
        ("(辽本)应急检记[2020]1号", "辽本", "应急", "检记", 2020, "", 1),
        ("( 辽 本 )应急检记﹝2020﹞1 号", "辽本", "应急", "检记", 2020, "", 1),
        ("（辽本）应急检记【2020】第１号", "辽本", "应急", "检记", 2020, "", 1),
        ("（辽本）应急管责改(2020)70号", "辽本", "应急管", "责改", 2020, "", 70),
        ("(塔地)安监管罚告〔2017〕007号", "塔地", "安监管", "罚告", 2017, "", 7),
        ("应急罚﹝2023﹞古镇应急办-4号", "", "应急", "罚", 2023, "古镇应急办", 4),
        ("应急罚〔2019〕事故-03号", "", "应急", "罚", 2019, "事故", 3),
        ("川应急规〔2023〕1号", "川", "应急", "规", 2023, "", 1),
        ("国办发明电〔2019〕16号", "", "", "国办发明电", 2019, "", 16),
    ],
)
def test_a_printed_number_is_read_into_its_parts(
    printed: str, place: str, agency: str, token: str, year: int, suffix: str, sequence: int
) -> None:
    number = parse(printed)
    assert (number.place, number.agency, number.token) == (place, agency, token)
    assert (number.year, number.suffix, number.sequence) == (year, suffix, sequence)


def test_the_printed_form_is_kept_beside_the_normal_one() -> None:
    number = parse(" (湘株)应急罚[2023] 025 号 ")
    assert number.printed == " (湘株)应急罚[2023] 025 号 "
    assert number.normal == "（湘株）应急罚〔2023〕25号"
    assert number.padded


def test_a_notice_and_a_decision_padded_differently_have_the_same_number() -> None:
    assert parse("（辽本）应急罚〔2023〕007号").parts == parse("(辽本)应急罚(2023)7 号").parts


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("(葫)应急罚【202019002号", "glued"),
        ("芦安办发〔20202", "glued"),
        ("（辽本）应急罚2023第7号", "year"),
        ("（辽本）应急罚〔0023〕7号", "year"),
        ("（辽本应急罚〔2023〕7号", "head"),
        ("〔2023〕7号", "head"),
        ("（辽本）应急〔2023〕7号", "token"),
        ("（**）应急罚〔2023〕7号", "head"),
        ("（辽本）应急罚〔2023〕7", "cut"),
        ("（辽本）应急罚〔2023〕1-2号", "sequence"),
        ("（辽本）应急罚〔2023〕0号", "sequence"),
        ("（辽本）应急罚〔2023〕号", "sequence"),
        ("  ", "empty"),
        ("号" * 600, "too_long"),
    ],
)
def test_a_number_that_could_be_read_in_two_ways_is_refused_with_a_reason(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(printed)
    assert refused.value.code == code
    assert refused.value.zh
    assert refused.value.en


def test_old_and_new_agency_words_count_in_one_series_and_another_agency_in_its_own() -> None:
    assert parse("（辽本）安监罚〔2018〕3号").series_key("210500") == "210500/罚/2018"
    assert parse("（辽本）应急罚〔2018〕3号").series_key("210500") == "210500/罚/2018"
    assert parse("（辽本）应急罚〔2018〕3号").parts != parse("（辽本）安监罚〔2018〕3号").parts
    assert parse("醴市监罚〔2018〕3号").series_key("210500") == "210500/市监罚/2018"
    assert parse("应急罚〔2018〕事故-3号").series_key("210500") == "210500/罚-事故/2018"


def test_a_series_key_can_be_taken_apart_again() -> None:
    assert split_key(series_key("210500", "罚-事故", 2026)) == ("210500", "罚-事故", 2026)
    for wrong in ("210500", "210500/罚", "/罚/2026", "210500/罚/26"):
        with pytest.raises(ValueError, match="authority"):
            split_key(wrong)


@given(
    st.one_of(st.text(max_size=60), st.text(alphabet="（）()〔〕【】应急安监罚辽本号第-0123456789 ﹝﹞", max_size=30))
)
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    try:
        number = parse(text)
    except Refused:
        return
    assert parse(number.normal).parts == number.parts, "the normal form is read as the same number"
    assert 1 <= number.sequence <= document_numbers.MAX_SEQUENCE
