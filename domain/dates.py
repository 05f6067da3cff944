"""Dates as they are printed, read into days of the calendar, or into the part of a day's name that the paper has.

A web page that lost 年 and 月 prints 202283日; a notice says 同年7月5日 or 9月2日. The invariant: `parse` gives a day
only if the paper names year, month and day so that they can be read in one way; whatever is partial stays partial, and
a range is no day.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

from domain.printed import Refused, close, digits_of, is_numeral, number_of

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

_CHINESE_DIGITS: Final = "零〇○一二三四五六七八九"
_ARABIC: Final = re.compile(r"(\d{4})(?:年|-|/|\.)(\d{1,2})(?:月|-|/|\.)(\d{1,2})(日|号)?", re.ASCII)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})日?", re.ASCII)
_CHINESE: Final = re.compile(
    rf"([{_CHINESE_DIGITS}]{{4}})年([一二三四五六七八九十]{{1,2}})月([一二三四五六七八九十]{{1,3}})(?:日|号)"
)
_MONTH: Final = re.compile(r"(\d{4})(?:年(\d{1,2})月|-(\d{2}))", re.ASCII)
_NO_YEAR: Final = re.compile(r"(同年|当年|今年|去年|次年)?(\d{1,2})月(\d{1,2})(?:日|号)", re.ASCII)
_RANGE: Final = re.compile(r".*\d(?:日|月|年)?(?:-|至|到|~|～|—|\.\.)\d.*", re.ASCII)
_PERIOD: Final = re.compile(r"\d{4}(?:H[12]|Q[1-4]|年度?|年?(?:上|下)半年|年?第?[一二三四1-4]季度)", re.ASCII)
_RUN: Final = re.compile(r"\d{5,}(?:日|号|分|时|年|月)?(?:左右|许)?", re.ASCII)
_SPAN: Final = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})~(?:(\d{4})-)?(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Partial:
    """What a printed date says when it does not name the whole day. `relative` is a word like 同年, "" if none."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    relative: str = ""


def parse(printed: str) -> datetime.date:
    """The day that a printed date names in full. Raises Refused; a partial date has the code `partial`."""
    text = close(printed)
    found = _ARABIC.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is not None:
        return _day(int(found[1]), int(found[2]), int(found[3]))
    found = _CHINESE.fullmatch(text)
    if found is not None:
        return _day(int(digits_of(found[1])), number_of(found[2]), number_of(found[3]))
    raise _refusal(text)


def read(printed: str) -> datetime.date | Partial:
    """As `parse`, but a partial date is given as what it says. Raises Refused."""
    text = close(printed)
    month = _MONTH.fullmatch(text)
    if month is not None:
        year, number = int(month[1]), int(month[2] or month[3])
        _day(year, number, 1)
        return Partial(year, number)
    found = _NO_YEAR.fullmatch(text)
    if found is not None:
        _day(2000, int(found[2]), int(found[3]))  # a leap year: 2月29日 exists in some year
        return Partial(None, int(found[2]), int(found[3]), found[1] or "")
    return parse(printed)


def complete(partial: Partial, year: int) -> datetime.date:
    """The day, once a person or another document has said the year. Raises Refused, also for 去年 and 次年."""
    if partial.month is None or partial.day is None or partial.relative in ("去年", "次年"):
        raise Refused("partial", "日期仍不完整", "the date is still not whole")
    if partial.year is not None and partial.year != year:
        raise Refused("year", "日期已写明另一年份", "the date names another year")
    return _day(year, partial.month, partial.day)


def parse_span(printed: str, year: int) -> tuple[datetime.date, datetime.date]:
    """First and last day of a span like `12-31~01-02` of the calendar of `year`. Raises Refused."""
    found = _SPAN.fullmatch(close(printed))
    if found is None:
        raise Refused("span", "应为“月-日~月-日”", "expected MM-DD~MM-DD, with a year where it is another")
    first = _day(int(found[1] or year), int(found[2]), int(found[3]))
    last = _day(int(found[4] or year), int(found[5]), int(found[6]))
    if last < first:
        raise Refused("span", "结束早于开始", "the span ends before it begins")
    return first, last


def _day(year: int, month: int, day: int) -> datetime.date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused("year", "年份超出范围", f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise Refused("no_such_day", "日历上没有这一天", "there is no such day in the calendar") from None


def _refusal(text: str) -> Refused:
    if _MONTH.fullmatch(text) or _NO_YEAR.fullmatch(text):
        return Refused("partial", "日期不完整（缺年份或日）", "the date lacks its year or its day")
    if _PERIOD.fullmatch(text):
        return Refused("period", "是时段，不是日期", "a period, not a day")
    if _RUN.fullmatch(text):
        return Refused(
            "run_together",
            "年月日连成一串数字，无法确定如何断开",
            "one run of digits: where year, month and day part would be a guess",
        )
    if _RANGE.fullmatch(text):
        return Refused("range", "是起止日期，不是一天", "a range of days, not one day")
    if is_numeral(text.replace("年", "").replace("月", "").replace("日", "") or "x"):
        return Refused(
            "numerals", "中文日期应写作“二〇一一年二月十八日”", "expected a Chinese date like 二〇一一年二月十八日"
        )
    return Refused("not_a_date", "不是日期", "expected a date with year, month and day")
