"""Codes of the public registers: social credit code, citizen id, division, industry, enforcement certificate.

A code with a part hidden by asterisks is a masked code and no faulty one; a code that fails its check is never mended
(handbook 8.1–8.3, 8.7, 8.8). The invariant: a refusal and a masked reading never carry the hidden or the whole number.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

from stdnum.cn import uscc

from domain.printed import Refused, close, even

_MASK: Final = re.compile(r"[*＊×✱●·?…]|[xX]{3,}|\.{3,}")
_USCC: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_LONGEST_MASKED: Final = 24
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82)
)
_SECTIONS: Final = (
    ("A", 1, 5), ("B", 6, 12), ("C", 13, 43), ("D", 44, 46), ("E", 47, 50), ("F", 51, 52), ("G", 53, 60),
    ("H", 61, 62), ("I", 63, 65), ("J", 66, 69), ("K", 70, 70), ("L", 71, 72), ("M", 73, 75), ("N", 76, 79),
    ("O", 80, 82), ("P", 83, 83), ("Q", 84, 85), ("R", 86, 90), ("S", 91, 96), ("T", 97, 97),
)  # fmt: skip
MAX_CERTIFICATE: Final = 30


@dataclass(frozen=True, slots=True)
class Code:
    """A code in its normal form. `masked`: parts are hidden, so nothing of it was checked and it names nobody."""

    value: str
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Citizen:
    """What a citizen id says of itself. The number is not kept here: it is a private value."""

    masked: bool
    born: datetime.date | None = None
    division: str = ""


@dataclass(frozen=True, slots=True)
class Industry:
    """A place in GB/T 4754: section letter and the digits, two to four of them."""

    section: str
    digits: str


def parse_uscc(printed: str) -> Code:
    """A unified social credit code (GB 32100), or a masked one as masked. Raises Refused; nothing is mended."""
    text = close(printed).upper().replace("-", "")
    if _MASK.search(text):
        if len(text) > _LONGEST_MASKED:
            raise Refused("length", "应为 18 位统一社会信用代码", "expected a social credit code of 18 characters")
        return Code(text, masked=True)
    if len(text) != 18:
        raise _other_length(text)
    if any(c in "IOSVZ" for c in text):
        raise Refused(
            "letter",
            "统一社会信用代码不使用字母 I、O、S、V、Z",
            "a social credit code has none of the letters I, O, S, V, Z",
        )
    if _USCC.fullmatch(text) is None:
        raise Refused(
            "form",
            "第 3 至 8 位应为数字，其余为数字或大写字母",
            "expected digits at 3 to 8, digits or capital letters elsewhere",
        )
    if text[-1] != uscc.calc_check_digit(text[:17]):
        raise Refused("check", "校验码不符，请核对原件", "the check character does not fit: compare with the licence")
    return Code(text)


def organisation_code_fits(code: str) -> bool:
    """Whether characters 9 to 17 of a whole social credit code are a sound organisation code (GB 11714)."""
    body, check = code[8:16], code[16]
    values = [ord(c) - 48 if c.isdecimal() else ord(c) - 55 for c in body]
    rest = 11 - sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return check == {10: "X", 11: "0"}.get(rest, str(rest))


def parse_citizen_id(printed: str) -> Citizen:
    """What a citizen id (GB 11643) tells. Raises Refused, without any digit of it."""
    text = close(printed).upper()
    if len(text) == 18 and re.fullmatch(r"\d{17}[\dX]", text, re.ASCII):
        return _whole_citizen(text)
    if _MASK.search(text) and len(text) <= _LONGEST_MASKED:
        return Citizen(masked=True)
    if len(text) == 15 and text.isascii() and text.isdecimal():
        raise Refused(
            "first_generation",
            "是 15 位旧号码，请使用 18 位号码",
            "a number of the first generation: ask for the one of 18 digits",
        )
    raise Refused("form", "应为 18 位公民身份号码", "expected a citizen id of 18 characters")


def parse_division(printed: str) -> str:
    """A division code of six digits (GB/T 2260). Whether it exists on a day is a matter of rules. Raises Refused."""
    text = close(printed)
    if re.fullmatch(r"\d{6}", text, re.ASCII) is None:
        if re.fullmatch(r"\d{12}|\d{9}", text, re.ASCII):
            raise Refused(
                "township",
                "是统计用乡镇、村级代码，不是六位行政区划代码",
                "a statistical code of a township, not a division code of six digits",
            )
        raise Refused("form", "应为六位数字的行政区划代码", "expected a division code of six digits")
    if int(text[:2]) not in _PROVINCES:
        raise Refused("province", "前两位不是省级代码", "the first two digits are no province")
    if text[2:4] == "00" and text[4:] != "00":
        raise Refused("form", "有县级代码而无市级代码", "a county without a prefecture")
    return text


def division_level(code: str) -> str:
    """`province`, `prefecture` or `county` of a division code."""
    return "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"


def parse_industry(printed: str) -> Industry:
    """An industry code (GB/T 4754), with or without its section letter. Raises Refused."""
    text = close(printed).upper()
    found = re.fullmatch(r"([A-T])?(\d{2,4})", text, re.ASCII)
    if found is None:
        raise Refused(
            "form", "应为二至四位数字，前面可有门类字母 A–T", "expected two to four digits, perhaps behind a letter A–T"
        )
    division = int(found[2][:2])
    for letter, first, last in _SECTIONS:
        if first <= division <= last:
            if found[1] not in (None, letter):
                raise Refused("section", "门类字母与大类代码不符", "section letter and division do not belong together")
            return Industry(letter, found[2])
    raise Refused("division", "没有这个大类", "there is no such division")


def parse_certificate_no(printed: str) -> str:
    """An enforcement certificate's number: opaque, unique per issuer, nothing is derived from it. Raises Refused."""
    text = even(printed)
    if len(text) > MAX_CERTIFICATE:
        raise Refused(
            "length", f"执法证号不超过 {MAX_CERTIFICATE} 字", f"expected at most {MAX_CERTIFICATE} characters"
        )
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Refused("form", "执法证号不应有控制字符", "expected no control characters")
    if _MASK.search(text):
        raise Refused("masked", "执法证号有遮盖，不能识别持证人", "parts of the number are hidden: it names nobody")
    return text


def _whole_citizen(text: str) -> Citizen:
    if int(text[:2]) not in _PROVINCES:
        raise Refused("province", "前两位不是省级代码", "the first two digits are no province")
    try:
        born = datetime.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise Refused("birth", "出生日期不存在", "the date of birth does not exist") from None
    total = sum(int(c) * w for c, w in zip(text, _CITIZEN_WEIGHTS, strict=False))
    if _CITIZEN_CHECKS[total % 11] != text[-1]:
        raise Refused("check", "校验码不符，请核对证件", "the check character does not fit: compare with the card")
    return Citizen(masked=False, born=born, division=text[:6])


def _other_length(text: str) -> Refused:
    if len(text) == 17:
        return Refused(
            "seventeen",
            "只有 17 位，缺少一位，请核对原件",
            "17 of 18 characters: one is missing, compare with the licence",
        )
    if len(text) == 15 and text.isascii() and text.isdecimal():
        return Refused(
            "old_number",
            "是 15 位工商注册号，不是统一社会信用代码",
            "a registration number of 15 digits, not a social credit code",
        )
    if len(text) == 9:
        return Refused(
            "organisation_code",
            "是 9 位组织机构代码，不是统一社会信用代码",
            "an organisation code of 9 characters, not a social credit code",
        )
    return Refused("length", "应为 18 位统一社会信用代码", "expected a social credit code of 18 characters")
