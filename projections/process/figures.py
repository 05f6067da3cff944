"""Figures as of a cut: the quarterly table, and the list that each of its numbers opens.

Runs as `projections.process.queries` does, in a transaction of one moment whose caller has set the scope. A cut is
{log_id: size}: asked for again, it gives the same table, however much was recorded since. The invariant: a number and
its list come from one question, so neither can differ from the other.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any, Final

import asyncpg
import msgspec

from domain.deadlines import due
from domain.quarterly import Column, Entry, FromPlan, Period, Share, Table, heaviest, parse, shared
from domain.rulebook import NoRule
from domain.workdays import end_of
from projections import statements
from projections.process.context import Context
from projections.process.judging import arrange
from projections.process.reading import Reading
from schemas.events import REGISTRY

MAX_LIST: Final = 100_000
"""Rows of one figure at most; a period of a province has a tenth of it."""

_NAME: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)
_BY_PLAN: Final = {
    "": "", "none": "", "any": "task_planned", "key": "task_planned:key", "general": "task_planned:general",
}  # fmt: skip
"""What stands beside a visit of a figure, as `rows` names it. Visits of no plan lack it."""
EVER: Final = datetime.date(2000, 1, 1)


class NoCut(LookupError):
    """No cut of that name is kept."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Positions at one moment: {log_id: size}, whose logs they are, and the short name that reports print."""

    logs: Mapping[int, int]
    authorities: Mapping[int, str]

    @property
    def name(self) -> str:
        """The same for equal cuts (`cut_name`)."""
        return cut_name(self.logs)

    @property
    def columns(self) -> tuple[list[int], list[int]]:
        """(logs, sizes), in one order, as questions unnest them."""
        logs = sorted(self.logs)
        return logs, [self.logs[log] for log in logs]

    def vector(self) -> dict[str, dict[str, int]]:
        """{authority: {log: size}}, as a report prints it."""
        found: dict[str, dict[str, int]] = {}
        for log, size in sorted(self.logs.items()):
            found.setdefault(self.authorities[log], {})[str(log)] = size
        return found


def cut_name(logs: Mapping[int, int]) -> str:
    """The short name of the positions that an answer rests on, the same for equal ones."""
    text = ",".join(f"{log}:{size}" for log, size in sorted(logs.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that was counted: which, when, whose, how much (fen), and where the act stands."""

    authority: str
    unit: str
    subject: str
    day: datetime.date
    word: str
    other: str
    amount: int
    log_id: int
    position: int
    need_day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """An item of an authority's plan, as the revisions that hold made it."""

    authority: str
    item: str
    enterprise: str
    kind: str
    days: int
    year: int


@cache
def figures() -> Table:
    """The quarterly table that the package brings."""
    return parse((resources.files("domain") / "quarterly.toml").read_bytes())


async def newest(conn: asyncpg.Connection, authorities: Sequence[str]) -> Cut:
    """The cut of now: everything that is filed of these authorities."""
    queries = await _queries(conn)
    rows = await conn.fetch(queries["logs"], sorted(authorities))
    return Cut({row["log_id"]: row["size"] for row in rows}, {row["log_id"]: row["authority"] for row in rows})


async def keep(conn: asyncpg.Connection, cut: Cut) -> str:
    """Remember a cut under its name, so that a report can be asked for by it. Repeating it changes nothing."""
    queries = await _queries(conn)
    logs = msgspec.json.encode({str(log): size for log, size in sorted(cut.logs.items())}).decode()
    # Who kept the same cut since the moment of this transaction is nobody to wait for: one name has one content.
    with suppress(asyncpg.SerializationError):
        async with conn.transaction():
            await conn.execute(queries["keep_cut"], cut.name, logs)
    return cut.name


async def logs_of_cut(conn: asyncpg.Connection, name: str) -> dict[int, int]:
    """The positions that a cut keeps, {log_id: size}. Raises NoCut."""
    text = await conn.fetchval((await _queries(conn))["cut"], name) if _NAME.fullmatch(name) else None
    if text is None:
        raise NoCut(name)
    return {int(log): size for log, size in msgspec.json.decode(text, type=dict[str, int]).items()}


async def kept(conn: asyncpg.Connection, name: str, authorities: Sequence[str]) -> Cut:
    """A cut by its name, of the logs of these authorities. Raises NoCut."""
    logs = await logs_of_cut(conn, name)
    rows = await conn.fetch((await _queries(conn))["logs"], sorted(authorities))
    own = {row["log_id"]: row["authority"] for row in rows}
    return Cut({log: size for log, size in logs.items() if log in own}, {log: own[log] for log in logs if log in own})


async def laws_of(conn: asyncpg.Connection, cut: Cut) -> Context:
    """The rules and calendars as they were known at a cut: those of the program, and what was published before it."""
    queries = await _queries(conn)
    read = Reading(REGISTRY)
    published = [
        filed
        for row in await conn.fetch(queries["published_rules"])
        if row["pos"] < cut.logs.get(row["log_id"], 0)
        and (filed := read(row["authority"], bytes(row["entry"]), None)) is not None
    ]
    return Context(arrange(published))


async def table(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    period: Period,
    laws: Context,
    *,
    codes: Sequence[str] = (),
) -> dict[str, dict[str, int | None]]:
    """The quarterly table of each authority: {authority: {code: value}}; a figure without a plan or a whole is None.

    `codes`: only these figures, and what their shares are made of.
    """
    return (await tables(conn, cut, authorities, [period], laws, codes=codes))[period.name]


async def tables(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    periods: Sequence[Period],
    laws: Context,
    *,
    codes: Sequence[str] = (),
) -> dict[str, dict[str, dict[str, int | None]]]:
    """The tables of several periods by their names, as `table` has each: what they share is asked for once."""
    entries = _wanted(codes)
    planned = await _plan_rows(conn, cut, authorities)
    items = {span.name: _plans(planned, span, laws) for span in periods}
    chains = any(isinstance(one, FromPlan) for one in entries)
    done = await _done(conn, cut, authorities, periods) if chains else {span.name: {} for span in periods}
    columns = [one for one in entries if isinstance(one, Column) and not one.kind]
    counted = await _counts(conn, cut, authorities, periods, [one for one in columns if not one.in_time], items)
    by_kind = any(isinstance(one, Column) and one.kind for one in entries)
    found: dict[str, dict[str, dict[str, int | None]]] = {}
    for span in periods:
        mine: dict[str, dict[str, int | None]] = {one: {} for one in authorities}
        its_items, its_done = items[span.name], done[span.name]
        kinds = await _kinds(conn, cut, authorities, span, laws) if by_kind else {}
        for entry in entries:
            values: Mapping[str, int | None] = {}
            match entry:
                case Share():
                    continue
                case FromPlan():
                    values = {one: _of_plan(entry, its_items.get(one), its_done.get(one, {})) for one in authorities}
                case Column(kind=kind) if kind:
                    values = {one: len(kinds.get((one, kind), ())) for one in authorities}
                case Column(in_time=rule) if rule:
                    rows = await _rows(conn, cut, authorities, span, entry, laws, its_items)
                    values = dict(Counter(one.authority for one in rows))
                case Column():
                    values = {one: counted.get((span.name, entry.code, one), 0) for one in authorities}
            for one in authorities:
                mine[one][entry.code] = values.get(one, 0)
        found[span.name] = {one: shared(figures(), mine[one]) for one in authorities}
    return found


async def units(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], period: Period, code: str, laws: Context
) -> list[Unit]:
    """The list behind a figure, in the order of the days. A share opens what it is a share of. Raises KeyError."""
    entry = figures().by_code[code]
    match entry:
        case Share():
            return await units(conn, cut, authorities, period, entry.part, laws)
        case FromPlan():
            items = await plans(conn, cut, authorities, period, laws)
            done = await _done(conn, cut, authorities, [period])
            return _planned_units(entry, items, done[period.name])
        case Column(kind=kind) if kind:
            kinds = await _kinds(conn, cut, authorities, period, laws)
            found = [unit for (_, named), some in kinds.items() if named == kind for unit in some]
        case _:
            items = await plans(conn, cut, authorities, period, laws) if entry.planned else {}
            found = await _rows(conn, cut, authorities, period, entry, laws, items)
    return sorted(found, key=lambda one: (one.day, one.log_id, one.position, one.unit))


async def plans(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], period: Period, laws: Context
) -> dict[str, dict[str, Planned]]:
    """{authority: {item: …}}: the items of the plans of the period's year, with the revisions that hold at the cut."""
    return _plans(await _plan_rows(conn, cut, authorities), period, laws)


# -- the parts --


async def _plan_rows(conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = await conn.fetch((await _queries(conn))["plans"], _sizes(cut), sorted(authorities))
    return rows


def _plans(rows: Sequence[Mapping[str, Any]], period: Period, laws: Context) -> dict[str, dict[str, Planned]]:
    approved = {row["unit"] for row in rows if row["measure"] == "plan_revision_approved"}
    items: dict[str, dict[str, Planned]] = {}
    of_plan: dict[str, int] = {}
    for row in rows:
        if row["measure"] == "plan_item":
            plan, _, year = row["other"].partition("/")
            if int(year) == period.last.year and row["day"] <= period.last:
                of_plan[plan] = int(year)
                mine = items.setdefault(row["authority"], {})
                mine[row["unit"]] = Planned(
                    row["authority"], row["unit"], row["subject"], row["word"], row["amount"], int(year)
                )
    changed: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["measure"] == "plan_change":
            changed.setdefault(row["unit"].rpartition("/")[2], []).append(row)
    revisions = [
        row
        for row in rows
        if row["measure"] == "plan_revision" and row["other"] in of_plan and row["day"] <= period.last
    ]
    for revision in sorted(revisions, key=lambda row: row["day"]):
        mine = items.setdefault(revision["authority"], {})
        changes = changed.get(revision["unit"], [])
        if revision["unit"] not in approved and _major(revision, changes, mine, laws):
            continue
        for change in changes:
            action, _, kind = change["word"].partition(":")
            item = change["unit"].partition("/")[0]
            if action == "removed":
                mine.pop(item, None)
            else:
                year = of_plan[revision["other"]]
                mine[item] = Planned(change["authority"], item, change["subject"], kind, change["amount"], year)
    return items


def _wanted(codes: Sequence[str]) -> list[Entry]:
    """The entries of some codes with what their shares are made of, in the order of the table; all without codes."""
    table = figures()
    if not codes:
        return list(table.entries)
    wanted = set(codes)
    for code in codes:
        entry = table.by_code[code]
        if isinstance(entry, Share):
            wanted |= {entry.part, entry.whole}
    return [entry for entry in table.entries if entry.code in wanted]


async def _queries(conn: asyncpg.Connection) -> Mapping[str, str]:
    return _joined(await statements.process_slot(conn))


@cache
def _joined(slot: str) -> Mapping[str, str]:
    """The queries of a slot; a number is counted over the very text that gives its list."""
    queries = dict(statements.load("figures", slot))
    return {**queries, "counts": queries["counts"].replace("(the_rows)", f"({queries['rows']})")}


def _sizes(cut: Cut) -> list[int | None]:
    """How far each log is of a cut, by its id from 1 on: what the database looks a row's log up in."""
    return [cut.logs.get(log) for log in range(1, max(cut.logs, default=0) + 1)]


async def _counts(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    periods: Sequence[Period],
    columns: Sequence[Column],
    items: Mapping[str, Mapping[str, Mapping[str, Planned]]],
) -> dict[tuple[str, str, str], int]:
    """{(period, code, authority): value} of those that have any; figures of the same rows are asked for together.

    Which kind an item is of may change with the revisions of a year: those of one period are not taken for another.
    """
    text = (await _queries(conn))["counts"]
    together: dict[tuple[str, tuple[str, ...]], list[Column]] = {}
    for column in columns:
        together.setdefault((column.measure, column.words), []).append(column)
    found: dict[tuple[str, str, str], int] = {}
    for some in together.values():
        by_plan = any(one.planned in ("key", "general") for one in some)
        for spans in [[span] for span in periods] if by_plan else [periods]:
            asked = [(f"{span.name} {one.code}", span, one) for span in spans for one in some]
            kinds = items[spans[0].name] if by_plan else {}
            for row in await conn.fetch(text, *_arguments(cut, authorities, asked, kinds, listed=False)):
                span, _, code = row["figure"].partition(" ")
                found[span, code, row["authority"]] = row["value"]
    return found


async def _rows(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    period: Period,
    column: Column,
    laws: Context,
    items: Mapping[str, Mapping[str, Planned]],
) -> list[Unit]:
    queries = await _queries(conn)
    asked = [(column.code, period, column)]
    rows = await conn.fetch(queries["rows"], *_arguments(cut, authorities, asked, items, listed=True))
    found = [_unit(row) for row in rows[:MAX_LIST]]
    if column.in_time:
        return [one for one in found if _in_time(column, one, laws)]
    return found


def _arguments(
    cut: Cut,
    authorities: Sequence[str],
    asked: Sequence[tuple[str, Period, Column]],
    items: Mapping[str, Mapping[str, Planned]],
    *,
    listed: bool,
) -> tuple[Any, ...]:
    """What `rows` is asked with: figures of one measure and its words, each with its name and period."""
    measure, words = asked[0][2].measure, asked[0][2].words
    columns = [column for _, _, column in asked]
    beside = {name for one in columns for name in (one.need, one.lack) if name}
    kinds = {item: one.kind for mine in items.values() for item, one in mine.items()}
    return (
        _sizes(cut), sorted(authorities), measure, list(words),
        sorted(beside | {"task_planned" for one in columns if one.planned}),
        msgspec.json.encode(kinds).decode(), listed or any(one.of == "subjects" for one in columns),
        [name for name, _, _ in asked],
        [{"period": span.first, "year": span.year_began, "ever": EVER}[one.since] for _, span, one in asked],
        [span.last for _, span, _ in asked], [one.of for one in columns],
        [" ".join(f"{one.need}:{word}" for word in one.need_words) or one.need for one in columns],
        [_BY_PLAN[one.planned] for one in columns],
        [" ".join(filter(None, (one.lack, "task_planned" if one.planned == "none" else ""))) for one in columns],
        [one.due_before_end for one in columns],
    )  # fmt: skip


async def _kinds(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], period: Period, laws: Context
) -> dict[tuple[str, str], list[Unit]]:
    """Decisions of the period by authority and heaviest penalty."""
    column = next(entry for entry in figures().entries if entry.code == "decided")
    assert isinstance(column, Column)
    found: dict[tuple[str, str], list[Unit]] = {}
    for one in await _rows(conn, cut, authorities, period, column, laws, {}):
        kind = heaviest(one.other.split(","), laws.rules, one.day, one.authority)
        found.setdefault((one.authority, kind), []).append(one)
    return found


async def _done(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], periods: Sequence[Period]
) -> dict[str, dict[str, dict[str, Unit]]]:
    """{period: {authority: {item: …}}}: items of plans that were done by the end of a period, in its year.

    Asked for once a year: what was done by an earlier day is what has that day or one before it.
    """
    queries = await _queries(conn)
    last: dict[datetime.date, datetime.date] = {}
    for span in periods:
        last[span.year_began] = max(span.last, last.get(span.year_began, span.last))
    rows = {
        began: await conn.fetch(queries["chains"], _sizes(cut), sorted(authorities), began, day)
        for began, day in last.items()
    }
    found: dict[str, dict[str, dict[str, Unit]]] = {span.name: {} for span in periods}
    for span in periods:
        for row in sorted(rows[span.year_began], key=lambda row: (row["day"], row["unit"])):
            if row["day"] <= span.last:
                one = Unit(row["authority"], row["unit"], row["subject"], row["day"], "", row["item"], 0, 0, 0)
                found[span.name].setdefault(row["authority"], {}).setdefault(row["item"], one)
    return found


def _of_plan(entry: FromPlan, items: Mapping[str, Planned] | None, done: Mapping[str, Unit]) -> int | None:
    if items is None:
        return None
    match entry.what:
        case "items":
            return len(items)
        case "key" | "general":
            return sum(one.kind == entry.what for one in items.values())
        case "days":
            return sum(one.days for one in items.values())
        case "done":
            return sum(item in items for item in done)
        case "key_done":
            return sum(item in items and items[item].kind == "key" for item in done)


def _planned_units(
    entry: FromPlan, items: Mapping[str, Mapping[str, Planned]], done: Mapping[str, Mapping[str, Unit]]
) -> list[Unit]:
    found = []
    for authority, mine in sorted(items.items()):
        for item, one in sorted(mine.items(), key=lambda pair: (pair[1].enterprise, pair[0])):
            act = done.get(authority, {}).get(item)
            wanted = {
                "items": True, "days": True, "key": one.kind == "key", "general": one.kind == "general",
                "done": act is not None, "key_done": act is not None and one.kind == "key",
            }[entry.what]  # fmt: skip
            if wanted:
                day = datetime.date(one.year, 1, 1) if act is None else act.day
                unit = item if act is None else act.unit
                found.append(Unit(authority, unit, one.enterprise, day, one.kind, item, one.days, 0, 0))
    return found


def _major(revision: Any, changes: Sequence[Any], items: Mapping[str, Planned], laws: Context) -> bool:
    """As the judge of plans holds it: it says so, it removes a key item, or it changes too many."""
    if revision["word"] == "major":
        return True
    gone = [change["unit"].partition("/")[0] for change in changes if change["word"].startswith("removed:")]
    if any(item in items and items[item].kind == "key" for item in gone):
        return True
    rule = laws.rules.find("plan.major_change_percent", revision["day"], revision["authority"])
    return rule is not None and bool(items) and rule.reaches(Fraction(100 * len(changes), len(items)))


def _in_time(column: Column, one: Unit, laws: Context) -> bool:
    """Whether what was needed came by its deadline: from the decision on, or to it from the filing."""
    if one.need_day is None:
        return False
    start, end = (one.need_day, one.day) if column.in_time == "DL-01" else (one.day, one.need_day)
    try:
        found = due(column.in_time, start, laws.rules, laws.calendar(one.authority), one.authority, absent=False)
    except NoRule:
        return False
    return end_of(end) <= found.due


def _unit(row: Mapping[str, Any]) -> Unit:
    return Unit(
        row["authority"], row["unit"], row["subject"], row["day"], row["word"], row["other"], row["amount"],
        row["log_id"], row["position"], row["need_day"],
    )  # fmt: skip
