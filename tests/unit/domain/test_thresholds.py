"""Thresholds of catalogues, tiers of benchmarks, and the arithmetic of plans."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import plan_arithmetic as arithmetic
from domain import thresholds, tiers
from domain.printed import Refused
from domain.thresholds import Threshold
from domain.tiers import Range


@pytest.mark.parametrize(
    ("printed", "fen", "inclusive", "below"),
    [
        ("5万元以上（含本数）", 5_000_000, True, False),
        ("5万元以上(不含本数)", 5_000_000, False, False),
        ("1万元(含)以上", None, None, None),
        ("≥20000元", 2_000_000, True, False),
        ("超过2万元", 2_000_000, False, False),
        ("不足十万元", 10_000_000, False, True),
        ("3千元及以下", None, None, None),
        ("3000元及以下", 300_000, True, True),
    ],
)
def test_a_threshold_says_whether_its_own_number_is_inside(
    printed: str, fen: int | None, inclusive: bool | None, below: bool | None
) -> None:
    if fen is None or inclusive is None or below is None:
        with pytest.raises(Refused):
            thresholds.parse(printed)
    else:
        assert thresholds.parse(printed) == Threshold(fen, inclusive, below)


def test_the_number_itself_is_inside_only_where_that_is_said() -> None:
    assert thresholds.parse("5万元以上（含本数）").reached(5_000_000)
    assert not thresholds.parse("5万元以上（不含本数）").reached(5_000_000)
    assert thresholds.parse("5万元以上（不含本数）").reached(5_000_001)
    assert thresholds.parse("不足5万元").reached(4_999_999)


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("5万元以上", "inclusive_not_stated"),
        ("5万以上（含本数）", "no_unit"),
        ("≥5万元（不含）", "contradiction"),
        ("≥5万元以上", "two_signs"),
        ("以上（含）", "not_an_amount"),
        ("以上", "inclusive_not_stated"),
    ],
)
def test_a_threshold_that_leaves_something_open_is_refused(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        thresholds.parse(printed)
    assert refused.value.code == code


def test_the_catalogues_own_rule_settles_what_a_line_leaves_open() -> None:
    assert thresholds.parse("5万元以上", inclusive=True) == Threshold(5_000_000, True)


def test_a_row_without_a_number_or_without_its_rule_is_refused_column_by_column() -> None:
    row = {"person_fine_min_yuan": 20_000, "org_fine_min_yuan": None, "inclusive": True}
    found = thresholds.read_row(row)
    assert found["person_fine_min_yuan"] == Threshold(2_000_000, True)
    assert isinstance(found["org_fine_min_yuan"], Refused)
    unsaid = thresholds.read_row({"org_fine_min_yuan": 1, "inclusive": "not_stated"})["org_fine_min_yuan"]
    assert isinstance(unsaid, Refused)
    assert unsaid.code == "inclusive_not_stated"


def test_a_bound_without_its_sign_is_refused() -> None:
    bound = thresholds.parse_bound("6个月以下")
    assert (bound.number, bound.unit, bound.below, bound.inclusive) == (Decimal(6), "个月", True, None)
    with pytest.raises(Refused) as refused:
        thresholds.parse_bound("200")
    assert refused.value.code == "sign_lost"


@pytest.mark.parametrize(
    ("printed", "grade"),
    [("1", (1, "")), ("(一)", (1, "")), ("二档", (2, "")), ("第一档", (1, "")), ("严重", (None, "严重"))],
)
def test_a_grade_has_its_number_or_its_name(printed: str, grade: tuple[int | None, str]) -> None:
    assert tiers.parse_grade(printed) == grade


def test_tiers_that_share_an_end_are_told_whatever_their_order() -> None:
    rows = [
        {"grade": "1", "condition": "轻微", "penalty": {"fine_wan": [20, 30]}},
        {"grade": "2", "condition": "较重", "penalty": {"fine_wan": [30, 40], "confiscate": True}},
        {"grade": "3", "condition": "严重", "penalty": {"fine_wan": [41, None]}},
    ]
    read = [tiers.read_row(row) for row in rows]
    assert tiers.shared_ends(read) == tiers.shared_ends(reversed(read)) == [("", 30_000_000)]
    assert read[1].kinds == ("confiscate",)
    assert read[2].fines[""] == Range(41_000_000, None)


def test_a_fixed_amount_is_no_range_and_a_share_of_income_no_amount() -> None:
    fixed = tiers.read_row({"grade": "第一档", "penalty": {"org_fine_yuan": 5000, "person_fine_yuan": [1000, 2000]}})
    assert fixed.fines["org_"].fixed
    assert not fixed.fines["person_"].fixed
    share = tiers.read_row({"grade": "二档", "penalty": {"percent_of_last_year_income": 40}})
    assert share.income_percent == 40
    assert share.fines == {}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"grade": "二档", "penalty": {}}, "no_penalty"),
        ({"grade": "二档", "condition": "200(比较符丢失)", "penalty": {"fine_wan": 1}}, "sign_lost"),
        ({"grade": "二档", "penalty": {"fine_wan": [3, 1]}}, "range"),
        ({"grade": "二档", "penalty": {"fine_wan": [None, None]}}, "missing"),
        ({"grade": "二档", "penalty": {"fine_wan": "许多"}}, "number"),
        ({"grade": "二档", "penalty": {"flogging": 3}}, "column"),
        ({"grade": "?", "penalty": {"fine_wan": 1}}, "grade"),
        ({"penalty": {}}, "row"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_a_reason(row: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        tiers.read_row(row)
    assert refused.value.code == code


def test_what_does_not_add_up_stands_beside_what_would() -> None:
    check = arithmetic.formula("days", "24天×8=1984")
    assert (check.fits, check.given, check.printed) == (False, 192, 1984)
    assert check.would == (Decimal(248), None), "248 days were meant; 24 goes into 1984 no whole number of times"
    taken = arithmetic.formula("rest", "5434−2649−1994=971")
    assert (taken.fits, taken.given) == (False, 791)
    assert taken.would == (5614, 2469, 1814)
    parts = arithmetic.total("units", [60, 40], 101)
    assert (parts.given, parts.would) == (100, (61, 41))
    assert arithmetic.total("units", [60, 41], 101).fits


def test_shares_fit_rounded_or_truncated_and_may_pass_a_hundred() -> None:
    assert arithmetic.share("x", 253, 246, Decimal(103)).reading == "rounded"
    assert arithmetic.share("x", 253, 246, Decimal(102)).reading == "truncated"
    assert arithmetic.share("x", 1, 2, Decimal(50)).reading == "either"
    wrong = arithmetic.share("x", 1035, 1984, Decimal(21))
    assert (wrong.fits, wrong.given) == (False, Decimal("52.2"))
    with pytest.raises(Refused):
        arithmetic.share("x", 1, 0, Decimal(1))


@pytest.mark.parametrize(
    ("printed", "number"), [("▲17.8%", "17.8"), ("▼7.14", "-7.14"), ("-35.71%", "-35.71"), ("103", "103")]
)
def test_a_percentage_has_its_sign(printed: str, number: str) -> None:
    assert arithmetic.percent(printed) == Decimal(number)


@pytest.mark.parametrize(
    ("printed", "code"), [("窗口办理", "not_a_count"), ("1234567890123", "not_a_count"), ("1057312345", "run_together")]
)
def test_words_and_cells_that_ran_together_are_no_count(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        arithmetic.count(printed)
    assert refused.value.code == code


@given(
    st.one_of(st.text(max_size=30), st.text(alphabet="0123456789万元以上下含不(本数)≥≤=×-+天%▲▼第一档", max_size=14))
)
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    readers = (
        thresholds.parse, thresholds.parse_bound, tiers.parse_grade, arithmetic.count, arithmetic.percent,
        lambda printed: arithmetic.formula("x", printed),
    )  # fmt: skip
    for reader in readers:
        with suppress(Refused):
            reader(text)


@given(
    st.dictionaries(
        st.sampled_from(["grade", "penalty", "condition"]),
        st.one_of(
            st.text(max_size=9),
            st.dictionaries(
                st.sampled_from(["fine_wan", "org_fine_yuan", "percent_of_last_year_income", "order"]),
                st.one_of(
                    st.none(),
                    st.integers(),
                    st.floats(),
                    st.text(max_size=5),
                    st.lists(st.one_of(st.none(), st.integers(), st.floats(allow_nan=True)), max_size=3),
                ),
            ),
        ),
    )
)
def test_no_row_raises_anything_but_a_refusal(row: dict[str, object]) -> None:
    with suppress(Refused):
        tiers.read_row(row)
