"""What the terminal knows from the office: tasks, deadlines, signals, rule sets, and blocks of document numbers.

Fetched when there is a network, kept in the queue's file, read offline. What is fetched is a help for officers and
proves nothing. The invariant: a document number is taken from a block in a transaction that is on the disk before
anybody sees it, so this terminal never gives out a number twice, whatever the server says of the block later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ops.terminal.queue_file import Queue, Tick
from ops.terminal.trust import id_text
from schemas import canonical

MAX_ITEM: Final = 4_194_304
SERIES: Final = "series"
_KEY: Final = re.compile(r"[^/\0]{1,64}/[^\0]{1,64}/\d{4}", re.ASCII | re.DOTALL)


class NoNumber(Exception):
    """No number can be taken offline: `code` says why, the text what to do."""

    def __init__(self, code: str, text: str) -> None:
        """Keep the code apart from the sentence."""
        super().__init__(text)
        self.code = code


class BadItems(Exception):
    """An answer of the feed has not the form of the wire protocol; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the feed, looked at."""

    items: tuple[Mapping[str, Any], ...]
    more: bool
    next: str
    reset: bool


@dataclass(frozen=True, slots=True)
class Due:
    """An open deadline of one of the officers' matters; `state` as of an instant that the caller gave."""

    kind: str
    key: str
    rule: str
    due: int
    state: Literal["due", "ahead_1", "ahead_3", "running"]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A number that was taken here, and how many are left in its block."""

    document_no: str
    n: int
    series: str
    left: int


def read_page(answer: Mapping[str, Any]) -> Page:
    """An answer of GET /sync/v1/changes. Raises BadItems; keys that are not known are ignored."""
    items, more, cursor = answer.get("items"), answer.get("more"), answer.get("next")
    if not isinstance(items, list) or not isinstance(more, bool) or not isinstance(cursor, str) or not cursor:
        raise BadItems("expected items, more and next")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("kind"), str) or not isinstance(item.get("key"), str):
            raise BadItems("expected items with kind and key")
    return Page(tuple(items), more, cursor, answer.get("reset") is True)


def keep(queue: Queue, page: Page, tick: Tick) -> None:
    """Take over one answer. Keeping it twice is keeping it once."""
    with queue.transaction() as db:
        if page.reset:
            db.execute("DELETE FROM change")
        for item in page.items:
            if item.get("gone") is True:
                db.execute("DELETE FROM change WHERE kind = ? AND key = ?", (item["kind"], item["key"]))
                continue
            data = canonical.encode(dict(item))
            if len(data) <= MAX_ITEM:
                db.execute(
                    "INSERT INTO change (kind, key, item) VALUES (?, ?, ?)"
                    " ON CONFLICT (kind, key) DO UPDATE SET item = excluded.item",
                    (item["kind"], item["key"], data),
                )
        db.execute(
            "INSERT INTO feed (one, cursor, fetched) VALUES (1, ?, ?)"
            " ON CONFLICT (one) DO UPDATE SET cursor = excluded.cursor, fetched = excluded.fetched",
            (page.next, tick.wall),
        )


def cursor_of(queue: Queue) -> str | None:
    """Where the feed goes on, None before the first fetch."""
    row = queue.db.execute("SELECT cursor FROM feed").fetchone()
    return None if row is None else str(row[0])


def fetched_at(queue: Queue) -> int | None:
    """When the feed was last fetched, by our clock."""
    row = queue.db.execute("SELECT fetched FROM feed").fetchone()
    return None if row is None else int(row[0])


def begin_anew(queue: Queue) -> None:
    """Forget the cursor: the server no longer takes it. What was fetched stays until the first answer replaces it."""
    with queue.transaction() as db:
        db.execute("DELETE FROM feed")


def items(queue: Queue, kind: str | None = None) -> list[dict[str, Any]]:
    """What is known, by kind and key."""
    rows = queue.db.execute(
        "SELECT item FROM change WHERE ?1 IS NULL OR kind = ?1 ORDER BY kind, key", (kind,)
    ).fetchall()
    return [_map(canonical.decode(row[0])) for row in rows]


def deadlines(queue: Queue, as_of: int) -> list[Due]:
    """Open deadlines of the officers' matters, the next to end first."""
    found = [
        Due(
            item["kind"],
            item["key"],
            _text(one, "rule"),
            due,
            _state(one, due, as_of),
            _text(one, "zh"),
            _text(one, "en"),
        )
        for item in items(queue)
        for one in _maps(item.get("deadlines"))
        if isinstance(due := one.get("due"), int)
    ]
    return sorted(found, key=lambda each: (each.due, each.kind, each.key, each.rule))


def signals(queue: Queue, as_of: int) -> list[dict[str, Any]]:
    """Signals that stand, with the matter that each is about."""
    return [
        {**one, "kind": item["kind"], "key": item["key"]}
        for item in items(queue)
        for one in _maps(item.get("signals"))
        if isinstance(one.get("opens"), int) and one["opens"] <= as_of
    ]


def corrections(queue: Queue) -> list[dict[str, Any]]:
    """What is to be put right, with the matter that each is about."""
    return [
        {**one, "kind": item["kind"], "key": item["key"]}
        for item in items(queue)
        for one in _maps(item.get("corrections"))
    ]


def reviews(queue: Queue) -> list[dict[str, Any]]:
    """Where legal review stands in the cases that this terminal's officers handle."""
    return [
        {**review, "kind": item["kind"], "key": item["key"]}
        for item in items(queue)
        if isinstance(review := item.get("review"), dict)
    ]


def asked_for(queue: Queue, event: str) -> dict[str, Any] | None:
    """The correction of a record that was asked for, the newest request; None where none was."""
    found = [one for one in corrections(queue) if one.get("about") == event and _text(one, "asked_in")]
    return found[-1] if found else None


def take_number(queue: Queue, token: str, year: int, as_of: int, tick: Tick) -> Taken:
    """The next document number of a block that was reserved for this terminal; works offline. Raises NoNumber.

    `as_of` (ms) is the server's time as far as it is known: a block that has expired gives nothing.
    """
    reason = "no_block"
    with queue.transaction() as db:
        mine = id_text(queue.state.id)
        for series, block in _blocks(queue, token, year):
            if block.get("terminal") != mine:
                continue  # a book of forms has numbers on paper: taking one here would use it twice
            if block.get("stopped") is True:
                reason = "stopped"
                continue
            if as_of >= block["expires_at"]:
                reason = "expired"
                continue
            end = min(block["last"], block.get("returned", block["last"] + 1) - 1)
            first = max(block["first"], block.get("next", block["first"]))
            row = db.execute(
                "SELECT max(n) FROM taken_number WHERE series = ? AND n BETWEEN ? AND ?",
                (series, block["first"], block["last"]),
            ).fetchone()
            n = first if row[0] is None else max(first, int(row[0]) + 1)
            if n > end:
                reason = "used_up"
                continue
            document_no = _printed(block["prefix"], token, year, n)
            db.execute(
                "INSERT INTO taken_number (series, n, document_no, taken) VALUES (?, ?, ?, ?)",
                (series, n, document_no, tick.wall),
            )
            return Taken(document_no, n, series, end - n)
    raise NoNumber(reason, _NO_NUMBER[reason])


def taken_numbers(queue: Queue) -> list[tuple[str, str, int]]:
    """(series, number as printed, when) of every number given out here, the newest first."""
    return queue.db.execute(
        "SELECT series, document_no, taken FROM taken_number ORDER BY taken DESC, n DESC"
    ).fetchall()


_NO_NUMBER: Final[dict[str, str]] = {
    "no_block": "没有为本终端预留这类文书的号段：联网后请管理人员预留，再执行 changes；"
    " no block of such numbers is reserved for this terminal: have one reserved, then fetch changes",
    "expired": "号段已失效：请交回并预留新号段；the block has expired: have it taken back and a new one reserved",
    "used_up": "号段已用完：请预留新号段；the block is used up: have a new one reserved",
    "stopped": "号段中出现重号，已停用：请报告管理人员；"
    "a number of the block was used twice, so it is stopped: report to the administrator",
}


def _blocks(queue: Queue, token: str, year: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Well-formed blocks of a token and year, the first numbers first."""
    found = []
    for item in items(queue, SERIES):
        key = item["key"]
        if _KEY.fullmatch(key) and key.partition("/")[2] == f"{token}/{year}":
            found += [(key, block) for block in _maps(item.get("blocks")) if _is_block(block)]
    yield from sorted(found, key=lambda each: (each[1]["first"], each[0]))


def _is_block(block: Mapping[str, Any]) -> bool:
    whole = all(type(block.get(name)) is int for name in ("first", "last", "expires_at"))
    return whole and isinstance(block.get("prefix"), str) and 1 <= block["first"] <= block["last"]


def _printed(prefix: str, token: str, year: int, n: int) -> str:
    """As the national document set prints it; a token with a dash has an office's own word behind the year."""
    word, dash, suffix = token.partition("-")
    return f"{prefix}{word}〔{year}〕{suffix}{dash}{n}号"


def _state(one: Mapping[str, Any], due: int, as_of: int) -> Literal["due", "ahead_1", "ahead_3", "running"]:
    warn = one.get("warn")
    three, last = warn if isinstance(warn, list) and len(warn) == 2 else (due, due)
    if as_of >= due:
        return "due"
    if type(last) is int and as_of >= last:
        return "ahead_1"
    return "ahead_3" if type(three) is int and as_of >= three else "running"


def _maps(value: object) -> Sequence[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def _map(value: object) -> dict[str, Any]:
    assert isinstance(value, dict), "only items that were looked at are kept"
    return value


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return value if isinstance(value, str) else ""
