"""Names of parties as they are printed: what kind of name it is, and a form in which two spellings of it are equal.

Full- and half-width brackets stand for the same, a masked name names nobody, and a branch is not its company (data of
published decisions). The invariant: nothing is added or taken away but brackets and spaces are made even; whether two
names are one party is said by their codes, never by their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.printed import Refused, even

Kind: TypeAlias = Literal["organisation", "branch", "sole_trader", "person", "unclear"]
MAX_NAME: Final = 128

_MASK: Final = re.compile(r"[*＊×✱●■□]|(?<![A-Za-z])[xX]{2,}(?![A-Za-z])|某")
_SPACE: Final = re.compile(r"(?<![A-Za-z0-9]) +| +(?![A-Za-z0-9])")
_BRANCH: Final = re.compile(
    r"(?:分公司|分厂|分店|分行|分院|办事处|项目部|第[一二三四五六七八九十\d]+(?:加油站|门店|车间))$"
)
_SOLE: Final = re.compile(r"(?:经营部|商店|商行|购销店|小卖部|便利店|门市部|个体工商户|加工店|维修部|饭店|餐馆|店)$")
_ORGANISATION: Final = re.compile(
    r"(?:公司|集团|厂|矿|站|社|中心|学校|医院|协会|合作社|研究院|研究所|事务所|企业|队|部|所|院|铺|场|园|库|局|委员会)$"
)
_LISTED: Final = re.compile(r"\(\d{6}\.(?:SH|SZ|BJ)\)$", re.ASCII)
_PERSON: Final = re.compile(r"[\u3400-\u9fff·]{2,5}")


@dataclass(frozen=True, slots=True)
class Name:
    """A printed name. `normal` is compared, `printed` is shown; `masked`: parts are hidden, so it names nobody.

    `kind` is what the name itself shows and no more than a hint: "unclear" where it shows nothing.
    """

    printed: str
    normal: str
    kind: Kind
    masked: bool = False


def parse(printed: str) -> Name:
    """A party's name. Raises Refused for one that was cut off or is none."""
    text = _SPACE.sub("", even(printed))
    if len(text) > MAX_NAME:
        raise Refused("too_long", f"名称不超过 {MAX_NAME} 字", f"expected a name of at most {MAX_NAME} characters")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Refused("form", "名称不应有控制字符", "expected no control characters")
    for opens, closes in ("()", "《》", "〔〕", "【】"):
        if text.count(opens) != text.count(closes):
            raise Refused(
                "unclosed", "括号或书名号未成对，名称可能被截断", "brackets are not closed: the name may be cut off"
            )
    if "截断" in text or text.endswith(("…", "...")):
        raise Refused("cut", "名称被截断", "the name was cut off")
    if not any(c.isalpha() for c in text):
        raise Refused("no_letters", "名称中没有文字", "a name without any letter")
    if text[0] in "省市县区" and _ORGANISATION.search(text):
        raise Refused("place_lost", "名称前的地名缺失", "the place in front of the name is missing")
    text = _LISTED.sub("", text)
    masked = _MASK.search(text) is not None
    return Name(printed, text, _kind(text, masked), masked)


def same(one: Name, other: Name) -> bool | None:
    """Whether two names are spelled the same; None if one is masked, so that it cannot be said."""
    return None if one.masked or other.masked else one.normal == other.normal


def _kind(text: str, masked: bool) -> Kind:
    bare = re.sub(r"\([^()]*\)$", "", text)
    if _BRANCH.search(bare):
        return "branch"
    if _SOLE.search(bare):
        return "sole_trader"
    if _ORGANISATION.search(bare):
        return "organisation"
    if _PERSON.fullmatch(bare) and (masked or len(bare) <= 4):
        return "person" if masked or len(bare) <= 3 or "·" in bare else "unclear"
    return "unclear"
