"""A search of published records, as it stands in an address: every choice is a parameter, so every result has a link.

Invariant: `Search.of(query(search)) == search`, so that a link to the next page, to a table or to a feed asks for
exactly what the reader sees; a value that nobody could have meant is refused by name.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from domain import search_terms
from schemas.problems import Problem
from server.web.i18n import N_

SUBJECTS: Final = ("penalty", "inspection", "compulsory_measure", "random_selection", "officers", "other")
PARTY_TYPES: Final = ("organisation", "person", "self_employed")
STANDING: Final = ("published", "corrected")
SORTS: Final = ("published", "decided")
ROWS: Final = (20, 50, 100)
MAX_WORDS: Final = 8
TOO_LONG: Final = N_("expected at most 200 characters to search for")
TOO_SHORT: Final = N_("expected at least two letters, digits or Chinese characters together")
EXCHANGED: Final = N_("the first day lies behind the last one: exchange them")
NO_DAY: Final = N_("expected a day such as 2026-11-23")
UNKNOWN: Final = N_("a choice in the address is not one that this site offers; choose it in the form")
"""Why a search is refused: fixed sentences, so that a page has them in both languages."""
_AUTHORITY: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_KIND: Final = re.compile(r"P[0-9]{2}")
_PLAIN: Final = ("authority", "subject", "kind", "party_type", "status")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of the last row of a page: the day that the list is ordered by, and the record."""

    day: datetime.date
    record: UUID

    def __str__(self) -> str:
        return f"{self.day.isoformat()}~{self.record}"


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Days are those of the decision, both included."""

    q: str = ""
    authority: str = ""
    subject: str = ""
    kind: str = ""
    party_type: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    status: str = ""
    sort: str = "published"
    rows: int = ROWS[0]
    after: Cursor | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Search:
        """Read the parameters of an address. Raises Problem bad_request, bad_cursor."""
        q = query.get("q", "").strip()
        if len(q) > search_terms.MAX_QUERY:
            raise Problem("bad_request", TOO_LONG)
        found = cls(
            q=q.replace("\0", ""),
            authority=_matching(query, "authority", _AUTHORITY, "the code of an authority such as 210500"),
            subject=_one_of(query, "subject", SUBJECTS),
            kind=_matching(query, "kind", _KIND, "a kind of penalty such as P02"),
            party_type=_one_of(query, "party_type", PARTY_TYPES),
            since=_day(query, "from"),
            until=_day(query, "to"),
            status=_one_of(query, "status", STANDING),
            sort=_one_of(query, "sort", SORTS) or SORTS[0],
            rows=_rows(query),
            after=_cursor(query.get("after", "")),
        )
        if found.since and found.until and found.since > found.until:
            raise Problem("bad_request", EXCHANGED)
        if q and not found.words:
            raise Problem("bad_request", TOO_SHORT)
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """What has to stand in a record: the words of the search, as they are compared."""
        parts = [search_terms.normal(part) for part in self.q.split()[:MAX_WORDS]]
        long = tuple(part for part in parts if len(part) > 1)
        if len(long) == len([part for part in parts if part]):
            return long
        # A letter that stands alone says nothing; with its neighbours it may.
        whole = search_terms.normal(self.q)
        return (whole,) if len(whole) > 1 else ()

    @property
    def terms(self) -> list[str] | None:
        """The two-character terms that a hit has, None where nothing was typed."""
        found: set[str] = set()
        for word in self.words:
            found |= search_terms.terms(word)
        return sorted(found) or None

    @property
    def patterns(self) -> list[str] | None:
        """Each word as a pattern of LIKE: the terms may stand apart, the word may not."""
        # A normal form is letters and digits: nothing in it means anything to LIKE.
        return [f"%{word}%" for word in self.words] or None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return replace(self, sort=SORTS[0], rows=ROWS[0], after=None) != Search()

    def arguments(self) -> list[object]:
        """Parameters $1 to $9 of the queries in public.sql."""
        return [
            self.terms,
            self.patterns,
            self.authority or None,
            self.subject or None,
            [self.kind] if self.kind else None,
            self.party_type or None,
            self.since,
            self.until,
            self.status or None,
        ]

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that are not as they are by default, always in the same order."""
        given = [
            ("q", self.q),
            *((name, getattr(self, name)) for name in _PLAIN),
            ("from", self.since.isoformat() if self.since else ""),
            ("to", self.until.isoformat() if self.until else ""),
            ("sort", "" if self.sort == SORTS[0] else self.sort),
            ("rows", "" if self.rows == ROWS[0] else str(self.rows)),
            ("after", str(self.after) if self.after else ""),
        ]
        return [(name, value) for name, value in given if value]

    def at(self, path: str, **changes: object) -> str:
        """The address of this search, or of one with `changes`, under a path."""
        pairs = replace(self, **changes).pairs()  # type: ignore[arg-type]  # names of our own fields
        return f"{path}?{urlencode(pairs)}" if pairs else path


def _one_of(query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        raise Problem("bad_request", UNKNOWN, parameter=name, expected=list(known))
    return value


def _matching(query: Mapping[str, str], name: str, form: re.Pattern[str], what: str) -> str:
    value = query.get(name, "")
    if value and not form.fullmatch(value):
        raise Problem("bad_request", UNKNOWN, parameter=name, expected=what)
    return value


def _day(query: Mapping[str, str], name: str) -> datetime.date | None:
    value = query.get(name, "")
    if not value:
        return None
    try:
        if len(value) != 10:
            raise ValueError
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise Problem("bad_request", NO_DAY, parameter=name) from None


def _rows(query: Mapping[str, str]) -> int:
    value = query.get("rows", "") or str(ROWS[0])
    if value not in {str(one) for one in ROWS}:
        raise Problem("bad_request", UNKNOWN, parameter="rows", expected=[str(one) for one in ROWS])
    return int(value)


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    day, _, record = text.partition("~")
    try:
        cursor = Cursor(datetime.date.fromisoformat(day), UUID(record))
    except ValueError:
        raise Problem("bad_cursor") from None
    if str(cursor) != text:
        raise Problem("bad_cursor")
    return cursor
