"""Printed dates."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dates
from domain.dates import Partial, parse, read
from domain.printed import Refused


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("2022年3月24日", date(2022, 3, 24)),
        ("2022年3月24", date(2022, 3, 24)),
        ("2022-03-24", date(2022, 3, 24)),
        ("2022.3.24", date(2022, 3, 24)),
        ("20220324", date(2022, 3, 24)),
        ("二〇一一年二月十八日", date(2011, 2, 18)),
        ("二○一一年十二月三十一日", date(2011, 12, 31)),
        ("２０２０ 年 ２ 月 ２９ 日", date(2020, 2, 29)),
    ],
)
def test_a_whole_date_is_read(printed: str, day: date) -> None:
    assert parse(printed) == read(printed) == day


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("202283日", "run_together"),
        ("20202111950分", "run_together"),
        ("20202111950分左右", "run_together"),
        ("2017913", "run_together"),
        ("同年7月5日", "partial"),
        ("9月2日", "partial"),
        ("2023-05", "partial"),
        ("2月11-12日", "range"),
        ("2018H1", "period"),
        ("2025Q1", "period"),
        ("2022年2月30日", "no_such_day"),
        ("2022-13-01", "no_such_day"),
        ("1066年1月1日", "year"),
        ("二零一一", "numerals"),
        ("昨天", "not_a_date"),
        ("", "empty"),
    ],
)
def test_what_names_no_whole_day_is_refused_with_a_reason(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(printed)
    assert refused.value.code == code


def test_a_partial_date_stays_partial_until_somebody_says_the_year() -> None:
    assert read("同年7月5日") == Partial(None, 7, 5, "同年")
    assert read("9月2日") == Partial(None, 9, 2)
    assert read("2023-05") == Partial(2023, 5)
    assert dates.complete(Partial(None, 9, 2), 2022) == date(2022, 9, 2)
    for partial, code in (
        (Partial(2023, 5), "partial"),
        (Partial(None, 9, 2, "去年"), "partial"),
        (Partial(2022, 1, 1), "year"),
        (Partial(None, 2, 29), "no_such_day"),
    ):
        with pytest.raises(Refused) as refused:
            dates.complete(partial, 2023)
        assert refused.value.code == code


def test_spans_of_a_calendar_may_begin_in_the_year_before() -> None:
    assert dates.parse_span("2022-12-31~01-02", 2023) == (date(2022, 12, 31), date(2023, 1, 2))
    for wrong in ("01-03~01-01", "1月1日", "01-01~02-30"):
        with pytest.raises(Refused):
            dates.parse_span(wrong, 2023)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_every_day_is_read_back_from_its_printed_form(day: date) -> None:
    assert parse(f"{day.year}年{day.month}月{day.day}日") == parse(day.isoformat()) == day


@given(st.one_of(st.text(max_size=40), st.text(alphabet="0123456789年月日-/.~同二〇一十", max_size=14)))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for reader in (parse, read):
        with suppress(Refused):
            reader(text)
