"""Document numbers as they are printed, read into their parts: place, agency word, token, year, sequence, suffix.

`（辽本）应急检记〔2020〕1号` is what the national document set asks for; paper shows other brackets, spaces, zeros in
front of the sequence, a town's office before it, and agencies' old names (handbook 8.9). The invariant: the printed
form is kept, two numbers are the same exactly if their parts are equal, and a number that can be read in two ways is
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from domain.printed import Refused, close

AGENCY_WORDS: Final = ("应急管理", "应急管", "应急", "安监管", "安监", "煤安监", "煤安", "市监")
"""How an agency calls itself between place and token; before 2018–19 `安监` stood where `应急` stands now."""
OWN_WORDS: Final = ("应急", "安监")
"""Beginnings of the words of work-safety agencies; tokens of other agencies form series of their own."""
FIRST_YEAR: Final = 1949
LAST_YEAR: Final = 2199
MAX_SEQUENCE: Final = 999_999
MAX_HEAD: Final = 40

_OPEN: Final = "〔\\[【({〈《［"
_CLOSE: Final = "〕\\]】)}〉》］"
_YEAR: Final = re.compile(rf"(?P<head>.*?)[{_OPEN}](?P<year>\d{{4}})年?[{_CLOSE}](?P<tail>.*)", re.ASCII)
_GLUED: Final = re.compile(rf".*[{_OPEN}]\d{{5,}}号?[{_CLOSE}]?.*", re.ASCII)
_TAIL: Final = re.compile(r"(?:(?P<suffix>[^\d\-第]+)-?)?第?(?P<sequence>\d{1,12})(?P<sign>号)?", re.ASCII)
_FRONT: Final = re.compile(rf"[{_OPEN}](?P<place>[^{_OPEN}{_CLOSE}]+)[{_CLOSE}](?P<rest>.*)")
_HAN: Final = re.compile(r"[\u3400-\u9fffA-Za-z]+")


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """One printed number. `place` is what the front brackets hold ("辽本"), "" where there are none and no word tells.

    `agency` is the agency word ("应急"), "" if the head has none; then `token` is the whole head. `suffix` is what
    stands between year and sequence ("古港应急办", "事故"). `padded`: the sequence was printed with leading zeros.
    """

    printed: str
    place: str
    agency: str
    token: str
    year: int
    sequence: int
    suffix: str = ""
    padded: bool = False

    @property
    def front(self) -> str:
        """Place and agency word as the national set prints them: `（辽本）应急`."""
        return (f"（{self.place}）" if self.place else "") + self.agency

    @property
    def normal(self) -> str:
        """The same number in the form of the national set, without zeros in front of the sequence."""
        middle = f"{self.suffix}-" if self.suffix else ""
        return f"{self.front}{self.token}〔{self.year}〕{middle}{self.sequence}号"

    @property
    def parts(self) -> tuple[str, str, str, int, str, int]:
        """What makes two numbers the same, however they were printed."""
        return self.place, self.agency, self.token, self.year, self.suffix, self.sequence

    @property
    def series_token(self) -> str:
        """The token that names the series: with the agency word of other agencies, and with the suffix."""
        own = not self.agency or self.agency.startswith(OWN_WORDS)
        token = self.token if own else self.agency + self.token
        return f"{token}-{self.suffix}" if self.suffix else token

    def series_key(self, authority: str) -> str:
        """The key of the matter `series`: `<authority>/<token>/<year>`."""
        return series_key(authority, self.series_token, self.year)


def series_key(authority: str, token: str, year: int) -> str:
    """The key of one sequence of numbers: one per authority, token and year."""
    return f"{authority}/{token}/{year}"


def printed_as(prefix: str, token: str, year: int, sequence: int) -> str:
    """How a number of a series is printed: `prefix` is place and agency word, `token` that of the series.

    Raises Refused where the result would not be read back as a number of that series.
    """
    word, dash, suffix = token.partition("-")
    text = f"{prefix}{word}〔{year}〕{suffix}{dash}{sequence}号"
    number = parse(text)
    if (number.series_token, number.year, number.sequence) != (token, year, sequence):
        raise Refused(
            "prefix",
            "机关代字与文书代字合起来会被读作另一种文书",
            "front and token together would be read as another kind of document",
        )
    return text


def split_key(key: str) -> tuple[str, str, int]:
    """(authority, token, year) of a series key. Raises ValueError if it is none."""
    authority, _, rest = key.partition("/")
    token, _, year = rest.rpartition("/")
    if not (authority and token and len(year) == 4 and year.isascii() and year.isdecimal()):
        raise ValueError("expected <authority>/<token>/<year>")
    return authority, token, int(year)


def parse(printed: str) -> DocumentNumber:
    """The parts of a printed document number. Raises Refused."""
    text = close(printed)
    found = _YEAR.fullmatch(text)
    if found is None:
        raise _no_year(text)
    year = int(found["year"])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(
            "year", "括号内的年份不是文书年份", "the year in brackets is none in which documents were numbered"
        )
    place, agency, token = _head(found["head"])
    suffix, digits = _tail(found["tail"])
    sequence = int(digits)
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise Refused(
            "sequence", f"序号应在 1 至 {MAX_SEQUENCE} 之间", f"expected a sequence number from 1 to {MAX_SEQUENCE}"
        )
    padded = digits.startswith("0")
    return DocumentNumber(printed, place, agency, token, year, sequence, suffix, padded)


def read_front(printed: str) -> tuple[str, str, str]:
    """(place, agency word, token) of a number's head, `（辽本）应急罚`. Raises Refused."""
    return _head(close(printed))


def _head(head: str) -> tuple[str, str, str]:
    if not head:
        raise Refused("head", "年份之前应有机关代字和文书代字", "expected agency and document words before the year")
    if len(head) > MAX_HEAD:
        raise Refused(
            "head", f"年份之前不应超过 {MAX_HEAD} 字", f"expected at most {MAX_HEAD} characters before the year"
        )
    place = ""
    front = _FRONT.fullmatch(head)
    if front is not None:
        place, head = front["place"], front["rest"]
    if _HAN.fullmatch(head) is None or (place and _HAN.fullmatch(place) is None):
        raise Refused(
            "head",
            "机关代字应为括号内外的汉字，括号须成对",
            "expected Chinese words before the year, with brackets that are closed",
        )
    for word in AGENCY_WORDS:
        at = head.find(word)
        if at == 0 or (at > 0 and not place):
            token = head[at + len(word) :]
            if not token:
                raise Refused("token", "机关代字之后应有文书代字", "expected a document word behind the agency's")
            return place or head[:at], word, token
    return place, "", head


def _tail(tail: str) -> tuple[str, str]:
    found = _TAIL.fullmatch(tail)
    if found is None:
        raise Refused(
            "sequence",
            "年份之后应为“N号”，可有机关或类别的字样在前",
            "expected a sequence number behind the year, `N号`, perhaps with an office's name before it",
        )
    suffix = found["suffix"] or ""
    if suffix and _HAN.fullmatch(suffix) is None:
        raise Refused("suffix", "年份与序号之间只应有汉字", "expected nothing but words between year and sequence")
    if found["sign"] is None:
        raise Refused(
            "cut", "序号之后没有“号”字，编号可能不完整", "no 号 behind the sequence: the number may be cut off"
        )
    return suffix, found["sequence"]


def _no_year(text: str) -> Refused:
    if _GLUED.fullmatch(text):
        return Refused(
            "glued",
            "年份与序号连在一起，无法确定从哪里分开",
            "year and sequence are printed in one run of digits: where to part them would be a guess",
        )
    return Refused("year", "没有括号内的四位年份", "expected a year of four digits in brackets")
