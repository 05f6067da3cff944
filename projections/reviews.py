"""The questions of the review queue: open legal reviews by what is due next, and the reviews of one case.

Run as the questions of `projections.process.queries`: role liuhen_console, `liuhen.authority` (and `liuhen.below`) set,
repeatable read. Invariant: whether a review is over, and how many working days are left, is worked out as of the
instant of the question and stored nowhere; a page costs the same however many reviews stand behind it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import asyncpg
import msgspec
from msgspec import Struct

from domain.judges.review import OPEN
from domain.workdays import Calendar, day_of
from projections import rulefiles, statements
from projections.process.queries import ahead
from projections.process.rows import plain
from projections.queries import BadCursor

MAX_ROWS: Final = 200
SOON: Final = 3
"""Working days before its end from which a review is near its end."""
FAR: Final = 2**63 - 1
SORTS: Final = ("due", "requested", "amount")
"""By what is due next, by the newest request, by the most money."""
CLOSED: Final = ("passed", "rejected", "transfer_suggested", "withdrawn", "repeated")

ReviewState = Literal["running", "soon", "due", "waiting", "done"]


class Review(Struct, frozen=True, kw_only=True):
    """One line of the queue. `left`: working days until `last_day`, today not counted; None where no time runs.

    `over`: working days since the last day, where it has ended. `state`: running, soon (three working days or fewer),
    due (ended), waiting (returned: the handlers' turn), done.
    """

    key: str
    authority: str
    case: str
    stage: str
    party: str
    party_type: str
    cause: str
    enterprise: str
    handlers: tuple[str, ...]
    reviewer: str
    unit: str
    requesting_unit: str
    requested_by: str
    requested_at: int
    trigger: str
    draft_hash: str
    draft_version: int | None
    draft_kind: str
    newer_draft: bool
    amount_fen: int | None
    due: int | None
    last_day: str
    provisional: bool
    left: int | None
    over: int | None
    state: ReviewState
    last: int


class ReviewPage(Struct, frozen=True):
    """A page of the queue; `next` goes on with it."""

    rows: tuple[Review, ...]
    next: str | None


class ReviewCounts(Struct, frozen=True, kw_only=True):
    """How many open reviews there are: all, ended, near their end, without a reviewer, this person's, by stage."""

    open: int
    over: int
    soon: int
    nobody: int
    mine: int
    stages: dict[str, int]


class Choices(Struct, frozen=True):
    """What the open reviews offer to filter by."""

    reviewers: tuple[str, ...]
    units: tuple[str, ...]
    kinds: tuple[str, ...]


class Wanted(Struct, frozen=True, kw_only=True):
    """The filters of the queue; None or empty: all. `reviewer` "-" is nobody."""

    stages: tuple[str, ...] = ()
    reviewer: str | None = None
    unit: str | None = None
    kind: str | None = None
    overdue: bool = False
    authority: str | None = None
    text: str = ""
    sort: str = "due"


async def queue(
    conn: asyncpg.Connection, wanted: Wanted, *, as_of: int, limit: int = 50, after: str | None = None
) -> ReviewPage:
    """A page of reviews, `limit` <= MAX_ROWS. Raises BadCursor, ValueError for a sort that is none."""
    if wanted.sort not in SORTS:
        raise ValueError(f"expected sort to be one of {', '.join(SORTS)}")
    queries = await _queries(conn)
    limit = max(1, min(limit, MAX_ROWS))
    rank, key = (-FAR - 1, "") if after is None else _read_cursor(after, wanted.sort)
    rows = await conn.fetch(
        queries["queue"],
        wanted.authority,
        list(wanted.stages) or None,
        "" if wanted.reviewer == "-" else wanted.reviewer,
        wanted.unit,
        wanted.kind,
        as_of if wanted.overdue else None,
        wanted.text.lower() or None,
        wanted.sort,
        rank,
        key,
        limit + 1,
        OPEN.issuperset(wanted.stages),
    )
    calendar = rulefiles.load()[1]
    found = tuple(_review(row, as_of, calendar) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return ReviewPage(found, None if last is None else _cursor(wanted.sort, last["rank"], last["key"]))


async def overview(
    conn: asyncpg.Connection, *, as_of: int, officer: str, authority: str | None = None
) -> tuple[ReviewCounts, Choices]:
    """What the tabs and the tiles of the queue say, and what its filters offer; `officer`: whose are "mine"."""
    queries = await _queries(conn)
    soon = ahead(rulefiles.load()[1], as_of, SOON)
    rows = await conn.fetch(queries["overview"], as_of, soon, authority)
    stages: dict[str, int] = {}
    for row in rows:
        stages[row["stage"]] = stages.get(row["stage"], 0) + row["number"]
    counted = ReviewCounts(
        open=sum(stages.values()),
        over=sum(row["over"] for row in rows),
        soon=sum(row["soon"] for row in rows),
        nobody=sum(row["number"] for row in rows if not row["reviewer"]),
        mine=sum(row["number"] for row in rows if row["reviewer"] == officer),
        stages=stages,
    )
    offered = Choices(
        tuple(sorted({row["reviewer"] for row in rows} - {""})),
        tuple(sorted({row[name] for row in rows for name in ("unit", "requesting_unit")} - {""})),
        tuple(sorted({row["draft_kind"] for row in rows} - {""})),
    )
    return counted, offered


async def some(conn: asyncpg.Connection, keys: Iterable[str], *, as_of: int) -> tuple[Review, ...]:
    """Reviews by their ids, at most MAX_ROWS, in the order of their first acts; those out of scope are left out."""
    wanted = [key for key in dict.fromkeys(keys) if "\0" not in key][:MAX_ROWS]
    rows = await conn.fetch((await _queries(conn))["some"], wanted) if wanted else []
    calendar = rulefiles.load()[1]
    return tuple(_review(row, as_of, calendar) for row in rows)


# -- the parts ---------------------------------------------------------------------------------------------------------


async def _queries(conn: asyncpg.Connection) -> Mapping[str, str]:
    row = await conn.fetchrow(statements.load("reviews", "a")["slots"])
    return statements.load("reviews", row["slot"])


def _review(row: Mapping[str, Any], as_of: int, calendar: Calendar) -> Review:
    columns = plain(row["columns"])
    due, stage = columns.get("due"), row["stage"]
    left = over = None
    state: ReviewState = "waiting" if stage == "returned" else "done" if stage not in OPEN else "running"
    if due is not None and stage in OPEN:
        today, last = day_of(as_of), day_of(due - 1)
        if as_of >= due:
            over, state = calendar.count_workdays(last, today), "due"
        else:
            left = calendar.count_workdays(today, last)
            state = "soon" if left <= SOON else "running"
    return Review(
        key=row["key"],
        authority=row["authority"],
        case=columns.get("case") or "",
        stage=stage,
        party=columns.get("party_name") or "",
        party_type=columns.get("party_type") or "",
        cause=columns.get("cause") or "",
        enterprise=columns.get("enterprise") or "",
        handlers=_names(columns.get("handlers")),
        reviewer=columns.get("reviewer") or "",
        unit=columns.get("unit") or "",
        requesting_unit=columns.get("requesting_unit") or "",
        requested_by=columns.get("requested_by") or "",
        requested_at=columns.get("requested_at") or row["first"],
        trigger=columns.get("trigger") or "",
        draft_hash=columns.get("draft_hash") or "",
        draft_version=columns.get("draft_version"),
        draft_kind=columns.get("draft_kind") or "",
        newer_draft=bool(columns.get("newer_draft")),
        amount_fen=columns.get("amount_fen"),
        due=due,
        last_day=columns.get("last_day") or "",
        provisional=bool(columns.get("provisional")),
        left=left,
        over=over,
        state=state,
        last=row["last"],
    )


def _names(text: object) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name) if isinstance(text, str) else ()


def _cursor(sort: str, rank: int, key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((sort, rank, key))).decode().rstrip("=")


def _read_cursor(text: str, sort: str) -> tuple[int, str]:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        made_for, rank, key = msgspec.msgpack.decode(data, type=tuple[str, int, str])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        made_for, rank, key = "", 0, ""
    if made_for != sort or not -FAR - 1 <= rank <= FAR or "\0" in key:
        raise BadCursor("expected a cursor that this list gave: leave `after` out to begin again")
    return rank, key


__all__: Sequence[str] = (
    "CLOSED",
    "MAX_ROWS",
    "SORTS",
    "Choices",
    "Review",
    "ReviewCounts",
    "ReviewPage",
    "Wanted",
    "overview",
    "queue",
    "some",
)
