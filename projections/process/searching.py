"""What a matter can be found by, evened out: key, names, document numbers, officers, digests of drafts.

Text and question go through the same `even`, so that brackets, widths of letters and capitals make no difference. Pure.
Invariant: nothing that is personal or restricted is searchable: names of persons are commitments and stay out, and a
tip is found by nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

MAX_TEXT: Final = 4_000
MAX_TERMS: Final = 8
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "case": ("cause", "party_name", "enterprise", "document_no", "handlers"),
    "review": ("cause", "party_name", "enterprise", "handlers", "reviewer", "draft_hash", "case"),
    "task": ("enterprise_id", "officers", "plan_item"),
    "hazard": ("enterprise_id", "code", "order_no", "reinspection_no", "officers"),
    "enterprise": ("name", "uscc", "supervised_by"),
    "officer": ("certificate", "unit"),
    "series": ("front", "token", "year"),
}
"""Kinds that are found, and by which of their columns beside key, officers and the numbers on their papers."""
NUMBERS: Final = frozenset(("document_no", "draft_hash"))
"""Keys of a page whose values are numbers on paper or digests."""
_EVEN: Final = str.maketrans({"〔": "[", "〕": "]", "【": "[", "】": "]", "(": "(", ")": ")", "，": ",", "、": ","})


def even(text: str) -> str:
    """Text in the form in which it is compared: one width of letters, no capitals, one kind of bracket."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_EVEN).casefold().split())


def terms(question: str) -> tuple[str, ...]:
    """The words of a question, each of which must be found; at most MAX_TERMS."""
    return tuple(dict.fromkeys(even(question.replace("\0", " ")).split()))[:MAX_TERMS]


def text_of(matter: Mapping[str, Any]) -> str:
    """What a matter (a row as `judging` makes it) can be found by; "" for a kind that is not searched."""
    wanted = COLUMNS.get(matter["kind"])
    if wanted is None:
        return ""
    columns = matter["columns"]
    parts = [matter["key"], *(str(columns[name]) for name in wanted if columns.get(name) not in (None, ""))]
    parts += matter["officers"]
    parts += sorted(set(_numbers(matter["page"])))
    return even(" ".join(_once(parts)))[:MAX_TEXT]


def _once(parts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for part in parts:
        if part not in seen:
            seen.add(part)
            yield part


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):  # a page as a judge makes it
        for key, inner in value.items():
            if isinstance(inner, str):
                if inner and key in NUMBERS:
                    yield inner
            else:
                yield from _numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner)
