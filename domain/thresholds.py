"""Thresholds of catalogues and benchmarks as they are printed: an amount or a number, and whether it counts itself.

Inside one authority `5万元以上（含本数）` stands beside `5万元以上（不含本数）`, and many texts do not say. The
invariant: a threshold that does not say whether its own number is inside is refused, unless the caller knows the text
that settles it; a number whose comparison sign was lost is no threshold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from domain import money
from domain.printed import CHINESE_NUMERAL, Refused, close, number_of

_FORM: Final = re.compile(
    r"(?P<sign>≥|>|≤|<|超过|不足|不满|达到|大于|小于|至少)?(?P<amount>.+?)(?P<word>及以上|以上|及以下|以下|以内|以外)?"
    r"(?:\((?P<said>含|不含|含本数|不含本数|均含本数|包括本数|不包括本数)\))?"
)
_MEASURE: Final = re.compile(
    rf"(?P<what>[^\d{CHINESE_NUMERAL}≥>≤<]{{0,12}}?)(?P<number>\d{{1,9}}(?:\.\d{{1,4}})?|[{CHINESE_NUMERAL}]+)"
    r"(?P<unit>个月|日|天|年|人|处|次|项|吨|公斤|千克|克|箱|件|倍|%|％)?"
)
_INSIDE: Final = {"≥": True, "至少": True, "达到": True, ">": False, "超过": False, "大于": False}
_BELOW: Final = {"≤": True, "<": False, "不足": False, "不满": False, "小于": False}


@dataclass(frozen=True, slots=True)
class Threshold:
    """`fen` and upwards (or downwards, `below`); `inclusive`: the amount itself is inside."""

    fen: int
    inclusive: bool
    below: bool = False

    def reached(self, fen: int) -> bool:
        """Whether an amount is on the threshold's side of it."""
        if fen == self.fen:
            return self.inclusive
        return fen < self.fen if self.below else fen > self.fen


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a condition that is no money: `价值…` apart, a number of months, persons, places …"""

    what: str
    number: Decimal
    unit: str
    inclusive: bool | None
    below: bool


def parse(printed: str, *, inclusive: bool | None = None) -> Threshold:
    """A printed threshold of money. `inclusive` is what the catalogue says for all its numbers, None: nothing.

    Raises Refused.
    """
    text = close(printed)
    amount, inside, below = _parts(text, inclusive)
    if inside is None:
        raise Refused(
            "inclusive_not_stated",
            "没有写明是否含本数，请查目录的说明",
            "it is not said whether the number itself counts: look in the catalogue",
        )
    return Threshold(money.exactly(amount), inside, below)


def of_yuan(yuan: object, inclusive: object) -> Threshold:
    """A threshold out of a table: the number of yuan, and True, False or "not_stated". Raises Refused."""
    if yuan is None or yuan == "" or isinstance(yuan, bool):
        raise Refused("missing", "没有写明金额", "the number is missing")
    if not isinstance(yuan, (int, Decimal)):
        raise Refused("form", "金额应为数字", "expected a number")
    if not isinstance(inclusive, bool):
        raise Refused(
            "inclusive_not_stated",
            "没有写明是否含本数，请查目录的说明",
            "it is not said whether the number itself counts: look in the catalogue",
        )
    return Threshold(money.of_yuan(Decimal(yuan)), inclusive)


def read_row(row: Mapping[str, Any]) -> dict[str, Threshold | Refused]:
    """The thresholds of one row of a review catalogue: {column: threshold, or why it is none}.

    Columns end in `_min_yuan`; `inclusive` is the row's own. A row without any such column gives an empty result.
    """
    found: dict[str, Threshold | Refused] = {}
    for column, value in row.items():
        if column.endswith("_min_yuan"):
            try:
                found[column] = of_yuan(value, row.get("inclusive"))
            except Refused as refusal:
                found[column] = refusal
    return found


def parse_bound(printed: str) -> Bound:
    """One condition on a number, like `6个月以下` or `不足十人`. Raises Refused: `sign_lost` where it has no sign."""
    text = close(printed)
    amount, inside, below = _parts(text, None)
    found = _MEASURE.fullmatch(amount)
    if found is None:
        raise Refused("form", "应为带比较词的数量", "expected one number with a word of comparison")
    if amount == text:
        raise Refused(
            "sign_lost", "数量旁没有比较词（以上、以下、≤ 等）", "the number has no word or sign of comparison"
        )
    digits = found["number"]
    number = Decimal(digits) if digits[0].isdecimal() and digits.isascii() else Decimal(number_of(digits))
    return Bound(found["what"], number, found["unit"] or "", inside, below)


def _parts(text: str, settled: bool | None) -> tuple[str, bool | None, bool]:
    found = _FORM.fullmatch(text)
    if found is None:
        raise Refused("form", "应为一个界限", "expected one threshold")
    sign, word, said = found["sign"], found["word"], found["said"]
    if sign and word:
        raise Refused("two_signs", "比较词有两个", "two words of comparison")
    below = sign in _BELOW or (word or "").endswith(("下", "内"))
    inside: bool | None = settled
    if sign in _INSIDE:
        inside = _INSIDE[sign]
    elif sign in _BELOW:
        inside = _BELOW[sign]
    elif word and word.startswith("及"):
        inside = True
    if said:
        stated = not said.startswith("不")
        if sign and inside is not None and inside != stated:
            raise Refused(
                "contradiction", "比较词与“含/不含”相矛盾", "the sign and the words in brackets contradict each other"
            )
        inside = stated
    return found["amount"], inside, below
