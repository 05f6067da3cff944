"""Citations of the law as they are printed: which text, which version of it, which articles, paragraphs and items.

Old and new law stand side by side with other numbers of their articles, and a rule that was repealed is rightly cited
for acts done while it was in force (handbook 0.3), so a version that is printed is kept and none is supplied. The
invariant: every number on the paper comes back in exactly one provision, or the citation is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from domain.printed import CHINESE_NUMERAL, Refused, close, number_of

_NUMERAL: Final = rf"(?:\d{{1,3}}|[{CHINESE_NUMERAL}]{{1,6}})"
_ITEM: Final = rf"(?:第{_NUMERAL}项|第?\({_NUMERAL}\)项?)"
_ARTICLE: Final = re.compile(
    rf"第(?P<article>{_NUMERAL})条(?:之(?P<of>{_NUMERAL}))?(?:第(?P<paragraph>{_NUMERAL})款)?(?P<items>(?:[、和]?{_ITEM})*)"
)
_PARAGRAPH: Final = re.compile(rf"第(?P<paragraph>{_NUMERAL})款(?P<items>(?:[、和]?{_ITEM})*)")
_ONE_ITEM: Final = re.compile(rf"(?:第(?P<plain>{_NUMERAL})项|第?\((?P<bracket>{_NUMERAL})\)项?)")
_NAME: Final = re.compile(r"《?(?P<name>[^第《》()]{2,60})》?(?P<mark>\([^()]{1,20}\))?(?=第)")
_VERSION: Final = re.compile(r"\((?P<year>(?:19|20)\d{2})(?:年)?(?:版|修正|修订|修改)?\)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Provision:
    """One place in a text. `paragraph` 0: the article as a whole; `items` empty: no single item."""

    article: int
    paragraph: int = 0
    items: tuple[int, ...] = ()
    of: int = 0
    """之一, 之二 …: an article that was put in behind; 0 for the article itself."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A text and the provisions that are cited of it. `version` is the year in brackets, 0 where none is printed."""

    printed: str
    text: str
    provisions: tuple[Provision, ...]
    version: int = 0
    repealed: bool = False


def parse(printed: str) -> Citation:
    """The provisions of a printed citation. Raises Refused."""
    whole = close(printed)
    if whole.count("《") != whole.count("》"):
        raise Refused("unclosed", "书名号未成对", "a book title mark is not closed")
    version = 0
    found = _VERSION.search(whole)
    if found is not None:
        version, whole = int(found["year"]), whole[: found.start()]
    name = _NAME.match(whole)
    if name is None:
        raise Refused(
            "name", "应先写法律、法规或规章的名称，再写条款", "expected the name of a text, then its articles"
        )
    rest = whole[name.end() :]
    provisions: list[Provision] = []
    at = 0
    while at < len(rest):
        if provisions:
            if rest[at] not in "、和及,":
                raise _unclear()
            at += 1
        article = _ARTICLE.match(rest, at)
        if article is not None:
            of = number(article["of"]) if article["of"] else 0
            paragraph = number(article["paragraph"]) if article["paragraph"] else 0
            provisions.append(Provision(number(article["article"]), paragraph, _items(article["items"]), of))
            at = article.end()
            continue
        paragraph_only = _PARAGRAPH.match(rest, at)
        if paragraph_only is None or not provisions:
            raise _unclear()
        before = provisions[-1]
        provisions.append(
            Provision(before.article, number(paragraph_only["paragraph"]), _items(paragraph_only["items"]), before.of)
        )
        at = paragraph_only.end()
    mark = name["mark"] or ""
    return Citation(printed, name["name"], tuple(provisions), version, "废止" in mark)


def number(text: str) -> int:
    """An article's number in Arabic or Chinese numerals. Raises Refused."""
    found = int(text) if text.isascii() else number_of(text)
    if not 1 <= found <= 999:
        raise Refused("number", "条款序号超出范围", "the number of an article is out of range")
    return found


def _items(text: str) -> tuple[int, ...]:
    found: list[int] = []
    at = 0
    while at < len(text):
        if text[at] in "、和":
            at += 1
        one = _ONE_ITEM.match(text, at)
        if one is None:
            raise _unclear()
        found.append(number(one["plain"] or one["bracket"]))
        at = one.end()
    return tuple(found)


def _unclear() -> Refused:
    return Refused("unclear_citation", "条、款、项的写法无法识别", "articles, paragraphs or items cannot be told apart")
