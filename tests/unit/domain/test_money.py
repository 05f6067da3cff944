"""Printed amounts of money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.money import parse
from domain.printed import Refused, number_of


@pytest.mark.parametrize(
    ("printed", "fen"),
    [
        ("1.2万元", 1_200_000),
        ("人民币1.2万元", 1_200_000),
        ("40000元", 4_000_000),
        ("181,342.46元", 18_134_246),
        ("柒拾万元整", 70_000_000),
        ("人民币叁拾万元", 30_000_000),
        ("伍万元整", 5_000_000),
        ("5.0(万元)", 5_000_000),
        ("5.0（万元）", 5_000_000),
        ("六万元", 6_000_000),
        ("39.156万元", 39_156_000),
        ("50万元整", 50_000_000),
        ("1.3亿元", 13_000_000_000),
        ("8872.95万元", 8_872_950_000),
        ("1亿2000万元", 12_000_000_000),
        ("壹佰元零伍分", 10_005),
        ("壹仟贰佰叁拾肆元伍角陆分", 123_456),
        ("￥３０００元", 300_000),
        ("0元", 0),
    ],
)
def test_an_amount_is_read_to_the_fen(printed: str, fen: int) -> None:
    amount = parse(printed)
    assert (amount.fen, amount.sense) == (fen, "exact")
    assert money.exactly(printed) == fen


@pytest.mark.parametrize(
    ("printed", "sense", "fen"),
    [
        ("4400.5万余元", "more_than", 4_400_500_000),
        ("4400.5余万元", "more_than", 4_400_500_000),
        ("约1,200万元", "about", 1_200_000_000),
        ("20万元以下", "at_most", 20_000_000),
        ("5万元以上", "at_least", 5_000_000),
        ("一百元余", "more_than", 10_000),
    ],
)
def test_an_amount_that_is_not_exact_says_so_and_is_never_summed(printed: str, sense: str, fen: int) -> None:
    amount = parse(printed)
    assert (amount.sense, amount.fen, amount.exact) == (sense, fen, False)
    with pytest.raises(Refused) as refused:
        money.exactly(printed)
    assert refused.value.code == "not_exact"


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("20万以下", "no_unit"),
        ("20万", "no_unit"),
        ("40000", "no_unit"),
        ("10/50万", "part_payment"),
        ("分别处人民币1万元", "several_parties"),
        ("各1万元", "several_parties"),
        ("5万元以上10万元以下", "range"),
        ("1,20,000元", "grouping"),
        ("3.5万5000元", "unclear_amount"),
        ("1万20000元", "unclear_amount"),
        ("三千五元", "unclear_numeral"),
        ("0.001元", "finer_than_fen"),
        ("99999999999999999999元", "grouping"),
        ("9999999999亿元", "out_of_range"),
        ("罚款", "not_an_amount"),
        ("-5元", "not_an_amount"),
        ("", "empty"),
    ],
)
def test_what_is_no_single_amount_is_refused_with_a_reason(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(printed)
    assert refused.value.code == code


def test_a_column_gives_its_unit_to_numbers_without_one() -> None:
    assert parse("39.156", unit="万元").fen == 39_156_000
    assert parse("5万元", unit="元").fen == 5_000_000, "what the cell says goes before the column's head"
    with pytest.raises(ValueError, match="元"):
        parse("5", unit="dollar")


@pytest.mark.parametrize(
    ("words", "number"), [("十五", 15), ("一百零五", 105), ("二十", 20), ("一亿零三百", 100_000_300)]
)
def test_numbers_in_words_are_read(words: str, number: int) -> None:
    assert number_of(words) == number


@pytest.mark.parametrize("words", ["三千五", "一万五", "五千零", "一千零零五", "百五", "二〇二三", "十十", "万", ""])
def test_a_number_in_words_with_two_readings_is_refused(words: str) -> None:
    with pytest.raises(Refused):
        number_of(words)


@given(st.integers(min_value=0, max_value=10**13))
def test_every_whole_amount_of_fen_survives_its_shown_form(fen: int) -> None:
    assert parse(f"{money.show(fen)}元").fen == fen
    assert money.of_yuan(Decimal(fen) / 100) == fen


@given(
    st.one_of(
        st.text(max_size=40), st.text(alphabet="0123456789.,万亿元整人民币约余以上下壹贰拾佰仟零角分()各/", max_size=16)
    )
)
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for unit in ("", "万元"):
        try:
            amount = parse(text, unit=unit)
        except Refused:
            continue
        else:
            assert 0 <= amount.fen <= money.MAX_FEN
