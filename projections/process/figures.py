"""Figures as of a cut: the quarterly table, and the list that each of its numbers opens.

Runs as `projections.process.queries` does, in a transaction of one moment whose caller has set the scope. A cut is
{log_id: size}: asked for again, it gives the same table, however much was recorded since. The invariant: a number and
its list come from one question, so neither can differ from the other.
"""

from __future__ import annotations

import datetime
import hashlib
import re
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
        """The same for equal cuts, as that of every answer (`server.console.access.cut_name`)."""
        text = ",".join(f"{log}:{size}" for log, size in sorted(self.logs.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def vector(self) -> dict[str, dict[str, int]]:
        """{authority: {log: size}}, as a report prints it."""
        found: dict[str, dict[str, int]] = {}
        for log, size in sorted(self.logs.items()):
            found.setdefault(self.authorities[log], {})[str(log)] = size
        return found


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
    found: dict[str, dict[str, int | None]] = {one: {} for one in authorities}
    entries = _wanted(codes)
    items = await plans(conn, cut, authorities, period, laws)
    done = await _done(conn, cut, authorities, period) if any(isinstance(one, FromPlan) for one in entries) else {}
    by_kind = any(isinstance(one, Column) and one.kind for one in entries)
    kinds = await _kinds(conn, cut, authorities, period, laws) if by_kind else {}
    for entry in entries:
        match entry:
            case Share():
                continue
            case FromPlan():
                for one in authorities:
                    found[one][entry.code] = _of_plan(entry, items.get(one), done.get(one, {}))
            case Column(kind=kind) if kind:
                for one in authorities:
                    found[one][entry.code] = len(kinds.get((one, kind), ()))
            case Column():
                counted = await _count(conn, cut, authorities, period, entry, laws, items)
                for one in authorities:
                    found[one][entry.code] = counted.get(one, 0)
    return {one: shared(figures(), values) for one, values in found.items()}


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
            done = await _done(conn, cut, authorities, period)
            return _planned_units(entry, items, done)
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
    queries = await _queries(conn)
    rows = await conn.fetch(queries["plans"], *_cut(cut), sorted(authorities))
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
    revisions = [
        row
        for row in rows
        if row["measure"] == "plan_revision" and row["other"] in of_plan and row["day"] <= period.last
    ]
    for revision in sorted(revisions, key=lambda row: row["day"]):
        mine = items.setdefault(revision["authority"], {})
        changes = [
            row for row in rows if row["measure"] == "plan_change" and row["unit"].endswith(f"/{revision['unit']}")
        ]
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


# -- the parts --


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


def _cut(cut: Cut) -> tuple[list[int], list[int]]:
    logs = sorted(cut.logs)
    return logs, [cut.logs[log] for log in logs]


async def _count(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    period: Period,
    column: Column,
    laws: Context,
    items: Mapping[str, Mapping[str, Planned]],
) -> dict[str, int]:
    if column.in_time:
        rows = await _rows(conn, cut, authorities, period, column, laws, items)
        counted: dict[str, int] = {}
        for row in rows:
            counted[row.authority] = counted.get(row.authority, 0) + 1
        return counted
    queries = await _queries(conn)
    name = {"units": "n", "subjects": "subjects", "fen": "amount"}[column.of]
    found = await conn.fetch(queries["counts"], *_arguments(cut, authorities, period, column, items))
    return {row["authority"]: row[name] for row in found}


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
    rows = await conn.fetch(queries["rows"], *_arguments(cut, authorities, period, column, items))
    found = [_unit(row) for row in rows[:MAX_LIST]]
    if column.in_time:
        return [one for one in found if _in_time(column, one, laws)]
    return found


def _arguments(
    cut: Cut,
    authorities: Sequence[str],
    period: Period,
    column: Column,
    items: Mapping[str, Mapping[str, Planned]],
) -> tuple[Any, ...]:
    first = {"period": period.first, "year": period.year_began, "ever": EVER}[column.since]
    wanted: list[str] | None = []
    if column.planned == "none":
        wanted = None
    elif column.planned in ("key", "general"):
        # An impossible item where there is none: an empty list means all.
        wanted = sorted(
            item for mine in items.values() for item, one in mine.items() if one.kind == column.planned
        ) or ["-"]
    return (
        *_cut(cut), sorted(authorities), column.measure, list(column.words), first, period.last, column.need,
        list(column.need_words), column.lack, wanted, bool(column.planned),
        period.last if column.due_before_end else None,
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
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], period: Period
) -> dict[str, dict[str, Unit]]:
    queries = await _queries(conn)
    rows = await conn.fetch(queries["chains"], *_cut(cut), sorted(authorities), period.year_began, period.last)
    found: dict[str, dict[str, Unit]] = {}
    for row in sorted(rows, key=lambda row: (row["day"], row["unit"])):
        one = Unit(row["authority"], row["unit"], row["subject"], row["day"], "", row["item"], 0, 0, 0)
        found.setdefault(row["authority"], {}).setdefault(row["item"], one)
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
