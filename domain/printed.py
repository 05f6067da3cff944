"""What all readers of printed values share: the refusal, and characters that mean the same on paper.

A reader takes a value as it was printed and gives what it says, or refuses it with a reason; it never repairs,
completes or guesses. The invariant: a refusal names what was expected and what is wrong, and never repeats the value,
which may be a person's.
"""

from __future__ import annotations

import re
from typing import Final

MAX_PRINTED: Final = 512
"""Characters of a printed value that are looked at; anything longer is no single value."""

_SPACES: Final = "\u0009\u000a\u000d\u0020\u00a0\u2002\u2003\u2009\u200b\u3000\ufeff"
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SAME: Final = {
    **_FULL_WIDTH,
    **{ord(space): " " for space in _SPACES},
    **{ord(minus): "-" for minus in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\u30fc"},
    **dict(zip(map(ord, "﹝〔﹙﹞〕﹚"), "〔〔(〕〕)", strict=True)),
    ord("￥"): "¥",
    ord("，"): ",",
    ord("。"): ".",
}
_DIGITS: Final = {
    **{c: n for n, c in enumerate("零一二三四五六七八九")},
    **{c: n for n, c in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "○": 0, "◯": 0, "Ｏ": 0, "两": 2, "弍": 2, "貳": 2, "贰": 2, "參": 3, "陸": 6,
}  # fmt: skip
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1_000, "仟": 1_000}
_SECTIONS: Final = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
CHINESE_NUMERAL: Final = "".join([*_DIGITS, *_UNITS, *_SECTIONS])
"""Every character that may stand in a number written in Chinese."""
_NUMERAL: Final = re.compile(f"[{CHINESE_NUMERAL}]+")


class Refused(ValueError):
    """A printed value that was not read. `code` is stable, `zh` and `en` say why; the value itself is not repeated."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        """Keep code and both sentences apart; the exception's own text is the English one."""
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en


def even(text: str) -> str:
    """The text with full-width forms, dashes and spaces made even and no space at its ends. Raises Refused.

    Only characters that mean exactly the same are replaced; a superscript or a circled digit stays what it is.
    """
    if len(text) > MAX_PRINTED:
        raise Refused(
            "too_long",
            f"应为一个值，不超过 {MAX_PRINTED} 字",
            f"expected one value of at most {MAX_PRINTED} characters",
        )
    made = text.translate(_SAME).strip()
    if not made:
        raise Refused("empty", "没有内容", "there is nothing printed")
    return made


def close(text: str) -> str:
    """As `even`, without any space: for values in which a space means nothing. Raises Refused."""
    return even(text).replace(" ", "")


def is_numeral(text: str) -> bool:
    """Whether the text consists of Chinese numerals only."""
    return _NUMERAL.fullmatch(text) is not None


def digits_of(text: str) -> str:
    """Chinese digits read one by one as Arabic ones (二〇一一 → 2011). Raises Refused."""
    try:
        return "".join(str(_DIGITS[c]) for c in text)
    except KeyError:
        raise Refused("not_digits", "应为逐位写出的中文数字", "expected Chinese digits, one for each place") from None


def number_of(text: str) -> int:
    """A whole number in Chinese words, plain or financial (柒拾万 → 700000). Raises Refused.

    A last digit without its unit behind a larger unit (三千五, 一万五) can be read in two ways and is refused.
    """
    if not text or not is_numeral(text):
        raise Refused("not_a_numeral", "应为中文数字", "expected a number in Chinese numerals")
    total = section = 0
    digit: int | None = None
    gap = False  # a zero was written since the last unit
    unit_before, section_before = 0, 10**16
    for c in text:
        if c in _DIGITS:
            value = _DIGITS[c]
            if digit is not None or (value == 0 and gap):
                raise _unclear()
            gap = gap or value == 0
            digit = value or None
        elif c in _UNITS:
            unit = _UNITS[c]
            if unit_before and unit >= unit_before:
                raise _unclear()
            if digit is None and unit != 10:
                raise _unclear()
            section += (1 if digit is None else digit) * unit
            digit, gap, unit_before = None, False, unit
        else:
            size = _SECTIONS[c]
            if digit is not None:
                section += _last(digit, unit_before, gap)
            if size >= section_before or section == 0:
                raise _unclear()
            total += section * size
            section, digit, gap, unit_before, section_before = 0, None, False, 0, size
    if digit is not None:
        opened = unit_before or (section_before // 10 if section_before < 10**16 else 0)
        section += _last(digit, opened, gap)
    elif gap and text not in ("零", "〇", "○"):
        raise _unclear()
    return total + section


def _last(digit: int, unit_before: int, gap: bool) -> int:
    if unit_before > 10 and not gap:
        raise _unclear()
    return digit


def _unclear() -> Refused:
    return Refused(
        "unclear_numeral", "中文数字的写法不规范，可有不同读法", "the Chinese number can be read in more than one way"
    )
