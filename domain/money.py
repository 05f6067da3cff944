"""Amounts of money as they are printed, read into integer fen.

`181,342.46元`, `1.2万元`, `柒拾万元整`, `5.0(万元)`: one amount is written in many ways, and an amount beside 余, 约 or
以下 is none that can be added up. The invariant: an exact amount is exactly the one printed, to the fen, through
Decimal and never through a float; a number without its unit is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from domain.printed import CHINESE_NUMERAL, Refused, close, number_of

Sense: TypeAlias = Literal["exact", "more_than", "about", "at_most", "at_least"]
"""How an amount is meant: itself; 余 and 多; 约; 以下 and 以内; 以上. Whether 以上 includes it is another matter."""

UNITS: Final = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}
"""Units of a column or a bracket, in yuan."""
MAX_FEN: Final = 2**53 - 1

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,8})?"
_ARABIC: Final = re.compile(
    rf"(?:(?P<yi>{_NUMBER})亿)?(?:(?P<wan>{_NUMBER})万)?(?P<one>{_NUMBER})?(?P<more>余)?(?P<unit>元|圆)", re.ASCII
)
_BRACKET: Final = re.compile(rf"(?P<number>{_NUMBER})\((?P<unit>元|万元|亿元)\)", re.ASCII)
_CHINESE: Final = re.compile(
    rf"(?P<yuan>[{CHINESE_NUMERAL}]+)(?:元|圆)(?:(?P<jiao>[{CHINESE_NUMERAL}]{{1,2}})角)?(?:(?P<fen>[{CHINESE_NUMERAL}]{{1,2}})分)?"
)
_BARE: Final = re.compile(_NUMBER, re.ASCII)
_UNITLESS: Final = re.compile(rf"(?:{_NUMBER}|[{CHINESE_NUMERAL}]+)[万亿]?", re.ASCII)
_SEVERAL: Final = re.compile(r"/|分别|各|元以[上下].*元|[\d元万亿](?:至|-)\d.*元")
_PREFIX: Final = ("人民币", "RMB", "CNY", "¥")
_SENSES: Final[tuple[tuple[str, Sense], ...]] = (("以下", "at_most"), ("以内", "at_most"), ("以上", "at_least"))


@dataclass(frozen=True, slots=True)
class Amount:
    """A printed amount in fen. Only one whose `sense` is "exact" may be compared or added."""

    printed: str
    fen: int
    sense: Sense = "exact"

    @property
    def exact(self) -> bool:
        """Whether the paper names the amount itself."""
        return self.sense == "exact"


def parse(printed: str, *, unit: str = "") -> Amount:
    """The amount of a printed text. `unit` is that of the table's column, for numbers printed without one.

    Raises Refused; ValueError for a unit that is none.
    """
    if unit and unit not in UNITS:
        raise ValueError(f"expected one of {', '.join(UNITS)}")
    whole = close(printed)
    if _SEVERAL.search(whole):
        raise _refusal(whole)
    text, sense = _sense(whole)
    if unit and _BARE.fullmatch(text):
        return Amount(printed, _fen(_decimal(text) * UNITS[unit]), sense)
    for read in (_bracketed, _arabic, _chinese):
        found = read(text)
        if found is not None:
            yuan, more = found
            if more and sense != "exact":
                raise _unclear()
            return Amount(printed, _fen(yuan), "more_than" if more else sense)
    raise _refusal(text)


def exactly(printed: str, *, unit: str = "") -> int:
    """The fen of an amount that the paper names exactly. Raises Refused, also for 约, 余, 以上 and 以下."""
    amount = parse(printed, unit=unit)
    if not amount.exact:
        raise Refused(
            "not_exact",
            "金额带有“约、余、以上、以下”，不是确数",
            "the amount is printed as about, over or up to: it is not exact",
        )
    return amount.fen


def of_yuan(yuan: Decimal) -> int:
    """Yuan in fen. Raises Refused for a part of a fen, a negative or an impossibly large amount."""
    return _fen(yuan)


def show(fen: int) -> str:
    """An amount for a sentence: yuan with two decimals and separators, without the unit."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02}"


def _sense(text: str) -> tuple[str, Sense]:
    for prefix in _PREFIX:
        text = text.removeprefix(prefix)
    sense: Sense = "exact"
    if text.startswith("约"):
        text, sense = text[1:], "about"
    for word, meant in _SENSES:
        if text.endswith(word):
            if sense != "exact":
                raise _unclear()
            text, sense = text.removesuffix(word), meant
    for prefix in _PREFIX:
        text = text.removeprefix(prefix)
    if text.endswith(("元整", "元正", "圆整", "圆正", "角整", "角正")) and sense == "exact":
        text = text[:-1]
    if text.endswith(("元余", "元多")) and sense == "exact":
        text, sense = text[:-1], "more_than"
    return text, sense


def _bracketed(text: str) -> tuple[Decimal, bool] | None:
    found = _BRACKET.fullmatch(text)
    return None if found is None else (_decimal(found["number"]) * UNITS[found["unit"]], False)


def _arabic(text: str) -> tuple[Decimal, bool] | None:
    # 4400.5万余元 and 4400.5余万元 say the same; the word belongs to the whole.
    even_text = text.replace("余万元", "万余元").replace("余亿元", "亿余元")
    found = _ARABIC.fullmatch(even_text)
    if found is None:
        return None
    parts = [(found["yi"], UNITS["亿元"]), (found["wan"], UNITS["万元"]), (found["one"], UNITS["元"])]
    given = [(number, size) for number, size in parts if number]
    if not given:
        return None
    if any("." in number for number, _ in given[:-1]):
        raise _unclear()
    sizes = [(_decimal(number) * size, size) for number, size in given]
    for (_, before), (value, _) in pairwise(sizes):
        if value >= before:
            raise _unclear()
    return sum((value for value, _ in sizes), Decimal(0)), found["more"] is not None


def _chinese(text: str) -> tuple[Decimal, bool] | None:
    more = "余元" in text
    found = _CHINESE.fullmatch(text.replace("余元", "元", 1))
    if found is None:
        return None
    yuan = number_of(found["yuan"])
    jiao = number_of(found["jiao"].lstrip("零") or "零") if found["jiao"] else 0
    fen = number_of(found["fen"].lstrip("零") or "零") if found["fen"] else 0
    if jiao > 9 or fen > 9:
        raise _unclear()
    return Decimal(yuan) + Decimal(jiao) / 10 + Decimal(fen) / 100, more


def _decimal(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _fen(yuan: Decimal) -> int:
    fen = yuan * 100
    if fen != fen.to_integral_value():
        raise Refused("finer_than_fen", "金额精确到分以下", "the amount is finer than a fen")
    if not 0 <= fen <= MAX_FEN:
        raise Refused("out_of_range", "金额超出可表示的范围", "the amount is negative or larger than can be recorded")
    return int(fen)


def _refusal(text: str) -> Refused:
    if "/" in text:
        return Refused(
            "part_payment",
            "一处写了两个金额，不知哪个是罚款",
            "two amounts in one place: which one is meant would be a guess",
        )
    if "分别" in text or "各" in text:
        return Refused(
            "several_parties",
            "金额针对多个当事人，须分开填写",
            "the amount is meant for each of several parties: enter them apart",
        )
    if _SEVERAL.search(text):
        return Refused("range", "是金额区间，不是一个金额", "a range of amounts, not one amount")
    if _UNITLESS.fullmatch(text):
        return Refused("no_unit", "没有写明“元”，单位不明", "the unit 元 is not printed, so the amount is not known")
    if re.fullmatch(r"[\d,.]+万?亿?元", text):
        return Refused("grouping", "数字的分节或小数写法有误", "separators or decimals of the number are misplaced")
    return Refused("not_an_amount", "不是一个金额", "expected one amount of money with its unit")


def _unclear() -> Refused:
    return Refused("unclear_amount", "金额的写法可有不同读法", "the amount can be read in more than one way")
