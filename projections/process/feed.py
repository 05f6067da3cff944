"""What changed for some officers and one terminal, as items that a terminal can keep and show offline.

An item is the present state of one matter: its stage and columns, its page where that is short, deadlines with the
instants from which they are shown (three and one working days ahead), signals that nobody resolved, what is to be put
right, and of a sequence of document numbers the blocks of that terminal. So an item fetched twice, or late, is never
wrong. The invariant: an item is given only if the matter concerns one of the audiences at the moment of the question.

Runs as the questions of `projections.process.queries`: role liuhen_console, `liuhen.authority` and `liuhen.below` set
by the caller (the latter to the authorities above, whose rules bind), repeatable read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from domain import settling
from domain.matter import Reason, Signal, Verdict
from domain.settling import Outstanding
from domain.workdays import Calendar, day_of, start_of
from projections import rulefiles, statements
from projections.process import queries as asked
from schemas import canonical, entries
from schemas.entries import EntryRefused, OfficeEntry
from schemas.events import REGISTRY, InvalidBody
from schemas.events.rule_set import RuleSetPublished

AHEAD: Final = (3, 1)
"""Working days before the end of a deadline from which officers are told."""
MAX_PAGE: Final = 8_192
"""Bytes of a matter's page that go along; a longer one is read on the console."""
MAX_RULES: Final = 1_048_576
"""Bytes of an authority's rule sets that go along with their entries; of more, only what they are called."""
EVERYBODY: Final = ""
KINDS: Final = ("task", "hazard", "case", "officer", "enterprise", "plan", "tip", "accident", "series", "rules")
"""Kinds that terminals are told of; days of officers are for who looks at signals."""
RULES: Final = "rules"
SERIES: Final = "series"
CASE: Final = "case"
REVIEW: Final = "B11"
"""The step that asks for a correction, in the place of a rule."""

Item: TypeAlias = dict[str, Any]
_Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Newest:
    """Which slot answers, and the number of the newest change."""

    slot: str
    change: int


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of items; `last` is the number of the newest change that it covers."""

    items: tuple[Item, ...]
    more: bool
    last: int


async def newest(conn: asyncpg.Connection) -> Newest:
    """Where the feed stands."""
    row = await conn.fetchrow(statements.load("process_feed", "a")["now"])
    return Newest(row["slot"], row["change"])


async def items(
    conn: asyncpg.Connection,
    authority: str,
    audiences: Iterable[str],
    above: Sequence[str],
    *,
    after: int,
    limit: int,
    most_bytes: int,
    as_of: int,
) -> Feed:
    """What changed behind the number `after`, at most `limit` matters and about `most_bytes` bytes.

    `audiences` are officer ids and `terminal:<id>`; `above` the authorities whose rules bind this one. The work is that
    of the changes on the page, however many matters there are.
    """
    concerned = frozenset((EVERYBODY, *audiences))
    slot = (await newest(conn)).slot
    queries = statements.load("process_feed", slot)
    rows = await conn.fetch(queries["changes"], authority, sorted(concerned), list(above), after, limit + 1, KINDS)
    more = len(rows) > limit
    rows = rows[:limit]
    shelf = await _shelf(conn, queries, authority, [(row["kind"], row["key"]) for row in rows], as_of)
    found: list[Item] = []
    seen: set[_Key] = set()
    size, last = 0, after
    for row in rows:
        matter = (row["kind"], row["key"])
        if matter not in seen:
            item = await _rules(conn, queries, row["key"]) if matter[0] == RULES else shelf.item(matter, concerned)
            length = len(canonical.encode(item))
            if found and size + length > most_bytes:
                more = True
                break
            seen.add(matter)
            found.append(item)
            size += length
        last = row["change"]
    return Feed(tuple(found), more, last)


# -- the parts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Everything that the matters of a page consist of, read at once."""

    matters: Mapping[_Key, Any]
    deadlines: Mapping[_Key, list[Any]]
    signals: Mapping[_Key, list[Any]]
    broken: Mapping[_Key, list[Any]]
    missing: Mapping[bytes, Outstanding]
    calendar: Calendar
    as_of: int

    def item(self, matter: _Key, concerned: frozenset[str]) -> Item:
        """The present state of a matter, or that it is gone for these audiences."""
        kind, key = matter
        row = self.matters.get(matter)
        if row is None or row["error"] or concerned.isdisjoint(row["officers"]):
            return {"gone": True, "key": key, "kind": kind}
        item: Item = {
            "columns": _json(row["columns"]), "gone": False, "key": key, "kind": kind, "stage": row["stage"],
        }  # fmt: skip
        page = _json(row["page"])
        if kind == SERIES:
            item["blocks"] = [block for block in page.get("blocks", ()) if _is_ours(block, concerned)]
        elif len(canonical.encode(page)) <= MAX_PAGE:
            item["page"] = page
        gaps = [self.missing[one.bytes] for one in map(_raw, row["terminals"]) if one.bytes in self.missing]
        item["deadlines"] = [self._deadline(one) for one in self.deadlines.get(matter, ())]
        item["signals"] = [self._signal(one, gaps) for one in self.signals.get(matter, ())]
        item["corrections"] = [one for row in self.broken.get(matter, ()) if (one := self._broken(row, gaps))]
        if kind == CASE and not concerned.isdisjoint(str(item["columns"].get("handlers", "")).split(",")):
            # What legal review says goes to who handles the case, whoever else is told of its deadlines.
            item["corrections"] += [_asked(one) for one in page.get("asked", ())]
            if "review" in page:
                item["review"] = page["review"]
        return item

    def _deadline(self, row: Any) -> Item:
        last = day_of(row["due"] - 1)
        warn = [max(row["start"], start_of(self.calendar.workdays_before(last, days).day)) for days in AHEAD]
        return {
            "about": row["about"], "due": row["due"], "en": row["en"], "officers": list(row["officers"]),
            "provisional": row["provisional"], "rule": row["rule"], "start": row["start"], "warn": warn,
            "zh": row["zh"],
        }  # fmt: skip

    def _signal(self, row: Any, gaps: Sequence[Outstanding]) -> Item:
        said = Reason(row["zh"], row["en"])
        one = Signal(row["rule"], "", row["severity"], row["score"], row["opens"], said, absent=row["absent"])
        state, reason = settling.signal(one, row["state"], self.as_of, gaps)
        return {
            "en": reason.en, "id": row["id"], "opens": row["opens"], "rule": row["rule"], "score": row["score"],
            "severity": row["severity"], "state": state, "zh": reason.zh,
        }  # fmt: skip

    def _broken(self, row: Any, gaps: Sequence[Outstanding]) -> Item | None:
        one = Verdict(row["rule"], "", "broken", Reason(row["zh"], row["en"]), absent=row["absent"])
        settled = settling.verdict(one, gaps)
        if settled.outcome != "broken":
            return None
        return {"about": row["about"], "en": row["en"], "rule": row["rule"], "zh": row["zh"]}


async def _shelf(
    conn: asyncpg.Connection, queries: Mapping[str, str], authority: str, wanted: Sequence[_Key], as_of: int
) -> _Shelf:
    matters = sorted({matter for matter in wanted if matter[0] != RULES})
    kinds, keys = [kind for kind, _ in matters], [key for _, key in matters]
    calendar = rulefiles.load()[1]
    if not matters:
        return _Shelf({}, {}, {}, {}, {}, calendar, as_of)
    rows = await conn.fetch(queries["matters"], authority, kinds, keys)
    beside: dict[str, dict[_Key, list[Any]]] = {}
    for name in ("deadlines", "signals", "broken"):
        by_matter: dict[_Key, list[Any]] = {}
        for row in await conn.fetch(queries[name], authority, kinds, keys):
            by_matter.setdefault((row["kind"], row["key"]), []).append(row)
        beside[name] = by_matter
    missing = await asked.outstanding(conn, {terminal for row in rows for terminal in row["terminals"]})
    found = {(row["kind"], row["key"]): row for row in rows}
    return _Shelf(found, beside["deadlines"], beside["signals"], beside["broken"], missing, calendar, as_of)


async def _rules(conn: asyncpg.Connection, queries: Mapping[str, str], authority: str) -> Item:
    """Every rule set that an authority published, as its acts say; without entries where they are too many."""
    sets: list[Item] = []
    for row in await conn.fetch(queries["rule_sets"], authority):
        body = _rule_set(bytes(row["entry"]))
        if body is not None:
            sets.append(plain(msgspec.to_builtins(body, builtin_types=(bytes,))))
    item: Item = {"gone": False, "key": authority, "kind": RULES, "sets": sets}
    if len(canonical.encode(item)) > MAX_RULES:
        item["sets"] = [{name: value for name, value in each.items() if name != "entries"} for each in sets]
    return item


def _rule_set(data: bytes) -> RuleSetPublished | None:
    try:
        entry = entries.decode(data)
        if isinstance(entry, OfficeEntry) and entry.y == RuleSetPublished.SPEC.name:
            body = REGISTRY.decode_body(entry.y, entry.b)
            return body if isinstance(body, RuleSetPublished) else None
    except (EntryRefused, InvalidBody):
        pass
    return None


def _asked(one: Mapping[str, Any]) -> Item:
    """What a reviewer asks the handlers to put right, as one of the corrections of the item."""
    zh = f"法制审核要求更正“{one['zh'] or one['type']}”：{one['text']}"
    en = f"legal review asks to correct “{one['en'] or one['type']}”: {one['text']}"
    return {
        "about": one["event"], "asked_in": one["asked_in"], "en": en, "field": one["field"],
        "review_id": one["review_id"], "rule": REVIEW, "type": one["type"], "zh": zh,
    }  # fmt: skip


def _is_ours(block: Mapping[str, Any], concerned: frozenset[str]) -> bool:
    terminal, holder = block.get("terminal", ""), block.get("holder", "")
    return (bool(terminal) and f"terminal:{terminal}" in concerned) or (bool(holder) and holder in concerned)


def _raw(terminal: Any) -> UUID:
    return UUID(str(terminal))


def plain(value: Any) -> Any:
    """A JSON value as canonical MessagePack holds it: without nil, fractions and dates as text."""
    match value:
        case bool() | int() | str() | bytes():
            return value
        case Mapping():
            return {str(name): plain(item) for name, item in value.items() if item is not None}
        case list() | tuple():
            return [plain(item) for item in value if item is not None]
        case _:
            return str(value)


def _json(text: str) -> Any:
    return plain(msgspec.json.decode(text))
