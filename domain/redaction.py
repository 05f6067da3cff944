"""Redaction before publication: field by field, what is published, and what is withheld by which rule (handbook 5.4).

The list of fields is an allow-list: what nobody thought of stays inside. Names of persons are masked, numbers of
identity papers, telephones and accounts are struck out of texts, and nothing of a case file but the fields of its
decision is looked at. The invariant: every field that comes in goes out once, with its published value or with the rule
that withheld it; a value goes out as it came in only if no rule fired.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.matter import Reason

VERSION: Final = "redaction-1"
"""Stands in every act that published something; raise it with every change that publishes more or less."""

Nature: TypeAlias = Literal["plain", "text", "name", "masked_name", "fen", "paper", "organisation_code"]
"""What a field holds: a printed value; free text; a name as it is; a person's name; an amount; an identity paper; a
code that only organisations have.
"""

MARK: Final = "＊＊＊"
STRUCK: Final = "＊"

REASONS: Final[Mapping[str, Reason]] = {
    "list": Reason("不在允许公示的字段清单内", "not in the list of fields that may be published"),
    "paper": Reason("证件类型和号码一律不公示", "kind and number of identity papers are never published"),
    "person": Reason("自然人不公示单位代码", "codes of organisations do not belong to a natural person"),
    "name": Reason("姓名只公示姓氏", "of a person's name only the first character is published"),
    "id_number": Reason("文中的身份证号码已隐去", "numbers of identity cards in the text were struck out"),
    "phone": Reason("文中的电话号码已隐去", "telephone numbers in the text were struck out"),
    "account": Reason("文中的银行账号等长数字已隐去", "account numbers in the text were struck out"),
    "mail": Reason("文中的电子邮箱已隐去", "mail addresses in the text were struck out"),
    "named": Reason("文中的姓名只留姓氏", "names in the text were masked"),
    "edited": Reason("拟稿人改写", "written anew by who prepared it"),
    "absent": Reason("案卷中没有记载", "nothing is recorded"),
    "file": Reason("属于案卷内容，不公示", "part of the case file, which is not published"),
}
"""Every rule that can fire, by the name that acts and pages use."""

_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID: Final = re.compile(rf"(?<![0-9])[1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9xX]")
_OLD_ID: Final = re.compile(rf"(?<![0-9])[1-9][0-9]{{7}}{_DAY}[0-9]{{3}}(?![0-9])")
_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{4}(?:[ -]?[0-9]{4}){2,3}[ -]?[0-9]{0,7}(?![0-9A-Za-z])")
_MOBILE: Final = re.compile(r"(?<![0-9])(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])")
_PHONE: Final = re.compile(r"(?<![0-9])0[0-9]{2,3}[ -]?[0-9]{7,8}(?![0-9])")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_SEARCHED: Final = (("id_number", _ID), ("id_number", _OLD_ID), ("phone", _MOBILE), ("phone", _PHONE), ("mail", _MAIL))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field that could be published: `recorded` is what the record holds ("" or None where it holds nothing)."""

    code: str
    header: str
    nature: Nature
    recorded: str | int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What becomes of a field: `value` (text) or `fen`, None for both where it is withheld; `rules` that fired."""

    code: str
    header: str
    recorded: str | int | None
    value: str | None = None
    fen: int | None = None
    rules: tuple[str, ...] = ()

    @property
    def public(self) -> bool:
        """Whether anything of it is published."""
        return self.value is not None or self.fen is not None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is not published as it is recorded, in words."""
        return tuple(REASONS[rule] for rule in self.rules)


def redact(
    candidates: Collection[Candidate],
    allowed: Collection[str],
    *,
    person: bool,
    names: Collection[str] = (),
    edits: Mapping[str, str] | None = None,
) -> tuple[Shown, ...]:
    """What becomes of each candidate, in their order.

    `allowed` are the codes of the list in force. `person`: the party is a natural person. `names` of persons are masked
    wherever they stand in a text. `edits` are texts that whoever prepares put in the place of a recorded one, by code;
    the rules hold for them as well.
    """
    return tuple(_one(one, allowed, person, tuple(names), (edits or {}).get(one.code)) for one in candidates)


def mask_name(name: str) -> str:
    """A person's name with its first character only: 张三丰 is 张＊＊."""
    kept = [one for one in name.strip() if not one.isspace()]
    if len(kept) < 2:
        return STRUCK
    return kept[0] + STRUCK * (len(kept) - 1)


def strike(text: str, names: Collection[str] = ()) -> tuple[str, tuple[str, ...]]:
    """A text without numbers of identity cards, telephones, accounts and mail addresses, names masked; what fired."""
    fired: dict[str, None] = {}
    for name in sorted((one for one in names if len(one.strip()) > 1), key=len, reverse=True):
        if name in text:
            text = text.replace(name, mask_name(name))
            fired["named"] = None
    plain = _narrow(text)
    spans: list[tuple[int, int]] = []
    for rule, pattern in (*_SEARCHED, ("account", _ACCOUNT)):
        for match in pattern.finditer(plain):
            if not any(first < match.end() and match.start() < end for first, end in spans):
                spans.append(match.span())
                fired[rule] = None
    for first, end in sorted(spans, reverse=True):
        text = text[:first] + MARK + text[end:]
    return text, tuple(fired)


def _one(one: Candidate, allowed: Collection[str], person: bool, names: tuple[str, ...], edit: str | None) -> Shown:
    def withheld(*rules: str) -> Shown:
        return Shown(one.code, one.header, one.recorded, rules=rules)

    if one.nature == "paper":
        return withheld("paper")
    if one.code not in allowed:
        return withheld("list")
    if person and one.nature == "organisation_code":
        return withheld("person")
    if one.nature == "fen":
        if not isinstance(one.recorded, int):
            return withheld("absent")
        return Shown(one.code, one.header, one.recorded, fen=one.recorded)
    text = edit if edit is not None else one.recorded
    if not isinstance(text, str) or not text.strip():
        return withheld("edited") if edit is not None and one.recorded else withheld("absent")
    if one.nature == "masked_name":
        # The whole name stands behind a commitment: nobody reads it here, not even inside.
        return Shown(one.code, one.header, mask_name(text), value=mask_name(text), rules=("name",))
    rules: tuple[str, ...] = ("edited",) if edit is not None and edit != one.recorded else ()
    if one.nature == "text":
        text, fired = strike(text, names)
        rules += fired
    return Shown(one.code, one.header, one.recorded, value=text, rules=rules)


def _narrow(text: str) -> str:
    """Full-width letters, digits and signs as ASCII, place by place, so that spans stay true."""
    return "".join(
        narrow if len(narrow := unicodedata.normalize("NFKC", one)) == 1 and (narrow.isascii()) else one for one in text
    )
