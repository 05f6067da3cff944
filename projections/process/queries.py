"""The questions that pages ask of what the judges said.

Every function runs as those of `projections.queries`: role liuhen_console, a transaction in which the caller has set
`liuhen.authority`, isolation `repeatable_read` where several answers must be of one cut. `as_of` (ms) is the instant as
of which something is due, stands, or is left; it is always an argument. What rests on an absence is *undecided* or
*unknown* while a terminal of the matter has events that were not uploaded. A list goes on with `after` = its `next`.

    list_matters(kind, …)       tasks board, hazard ledger, cases, officers register, enterprises, series, plans, tips
    matter(kind, key, as_of)    everything said of one, with where its events stand
    chain(name, …)              the four lists (四个清单), each row with the ids of its rows in the next list
    deadlines(as_of, …)         the board; `within` working days, `provisional` ones, by rule, kind, officer
    signals(as_of, …)           the ledger; by state, severity, rule, kind, officer; signal(id) for one
    verdicts(rule, outcome)     one rule over all matters
    counts(as_of, officer)      for the header of every page
    changes(officers, after)    what changed for some officers, for terminals
    stages(kind), alerts(), lag(), cut()

Lists are of all authorities that the transaction looks at (`liuhen.below` names further ones, with commas); everything
about one matter is asked with `liuhen.authority` set to its `holder`.

Invariant: a question sees no authority that the caller did not name, and answers the same for the same cut and the same
`as_of`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from domain.settling import Outstanding
from domain.workdays import Calendar, day_of, end_of
from projections import ledgers as ledger_views
from projections import rulefiles, statements, terminal_ledger
from projections.process import rows as rows_of
from projections.process.views import (
    Alert,
    ChainPage,
    ChainRow,
    Change,
    Counts,
    DeadlinePage,
    MatterFile,
    MatterPage,
    MatterRow,
    Missing,
    Place,
    ProcessLag,
    SignalPage,
    SignalRow,
    Stages,
    VerdictPage,
)
from projections.queries import BadCursor

MAX_ROWS: Final = 200
MAX_CHANGES: Final = 1_000
FAR: Final = 2**62
CHAIN: Final = ("tasks", "hazards", "rectifications", "reinspections")
"""The four lists: inspection tasks, hazards found, rectification ordered, re-inspection and acceptance."""

_Record = Mapping[str, Any]


# -- matters -----------------------------------------------------------------------------------------------------------


async def list_matters(
    conn: asyncpg.Connection,
    kind: str,
    *,
    as_of: int,
    stages: Sequence[str] | None = None,
    where: Mapping[str, Any] | None = None,
    officer: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> MatterPage:
    """Matters of a kind, newest fact first, `limit` <= MAX_ROWS. Raises BadCursor.

    `where`: values that `columns` must have (equal). `officer`: only those that concern this officer.
    """
    queries = await _queries(conn)
    limit = max(1, min(limit, MAX_ROWS))
    last, key = (FAR, "") if after is None else _read_cursor(after, int, str)
    filters = None if where is None else msgspec.json.encode(dict(where)).decode()
    rows = await conn.fetch(
        queries["list"], kind, None if stages is None else list(stages), filters, officer, last, key, limit + 1
    )
    found = await _matter_rows(conn, queries, kind, rows[:limit], as_of)
    more = len(rows) > limit
    return MatterPage(found, _cursor(rows[limit - 1]["last"], rows[limit - 1]["key"]) if more else None)


async def matter(conn: asyncpg.Connection, kind: str, key: str, *, as_of: int) -> MatterFile | None:
    """Everything that is said of one matter; None where the authority has none of that name."""
    if "\0" in key:
        return None
    queries = await _queries(conn)
    row = await conn.fetchrow(queries["matter"], kind, key)
    if row is None:
        return None
    missing = await outstanding(conn, row["terminals"])
    gaps = [missing[name] for name in sorted(missing)]
    calendar = rulefiles.load()[1]
    (line,) = await _matter_rows(conn, queries, kind, [row], as_of)
    deadlines = tuple(
        rows_of.deadline(one, as_of, missing, calendar) for one in await conn.fetch(queries["deadlines_of"], kind, key)
    )
    verdicts = tuple(rows_of.verdict(one, missing) for one in await conn.fetch(queries["verdicts_of"], kind, key))
    signals = tuple(rows_of.signal(one, as_of, missing) for one in await conn.fetch(queries["signals_of"], kind, key))
    cited = {name for some in (deadlines, verdicts, signals) for one in some for name in one.inputs}
    return MatterFile(
        row=line,
        page=rows_of.plain(row["page"]),
        deadlines=deadlines,
        verdicts=verdicts,
        signals=signals,
        missing=tuple(Missing(str(UUID(bytes=one.terminal)), one.waiting, one.lost) for one in gaps),
        places=await places(conn, cited),
    )


async def holder(conn: asyncpg.Connection, kind: str, key: str) -> str | None:
    """Which of the authorities that are looked at holds a matter, or the signal `key`; None where none does."""
    if "\0" in key:
        return None
    queries = await _queries(conn)
    wanted = ("signal_holder", key) if kind == "signal" else ("holder", kind, key)
    found = await conn.fetchval(queries[wanted[0]], *wanted[1:])
    return None if found is None else str(found)


async def stages(conn: asyncpg.Connection, kind: str) -> Stages:
    """How many matters of a kind are at each stage."""
    queries = await _queries(conn)
    rows = await conn.fetch(queries["stages"], kind)
    return Stages(kind, {row["stage"]: row["number"] for row in rows})


async def chain(
    conn: asyncpg.Connection,
    name: str,
    *,
    as_of: int,
    of: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ChainPage:
    """One of the four lists (CHAIN): task -> hazards found -> rectification ordered -> re-inspected and accepted.

    Each is a view of the same tasks and hazards, none of it is typed by hand: a hazard stands in a list from the moment
    at which there is an act for it, and its row there has the name of that act (hex). `of`: only the rows of one task
    (its id, in the list of hazards), order, re-inspection or closure (hex). Raises BadCursor, ValueError.
    """
    step = CHAIN.index(name)
    page = MatterPage((), None)
    for field in (_OF[step] if of is not None else ()) or ("",):
        where = {**({_IN[step]: True} if step else {}), **({field: of} if field else {})} or None
        page = await list_matters(
            conn, "task" if step == 0 else "hazard", as_of=as_of, where=where, limit=limit, after=after
        )
        if page.rows:
            break
    return ChainPage(tuple(_chain_row(step, row) for row in page.rows), page.next)


_IN: Final = {1: "in_problems", 2: "in_rectification", 3: "in_acceptance"}
_OF: Final = {0: (), 1: ("task_id",), 2: ("order_id",), 3: ("reinspection_id", "closing_id")}
"""In which column of a list's rows stands what its rows are of."""


def _chain_row(step: int, row: MatterRow) -> ChainRow:
    columns = row.columns
    # In which list a row has which name: the task, the hazard, the order, the re-inspection or what closed it.
    names = (row.key, row.key, columns.get("order_id"), columns.get("reinspection_id") or columns.get("closing_id"))
    onward = (columns.get("hazard_ids"), names[2] if columns.get(_IN[2]) else None, names[3], None)[step]
    return ChainRow(
        list=CHAIN[step],
        id=str(names[step] or row.key),
        kind=row.kind,
        key=row.key,
        stage=row.stage,
        next=tuple(onward.split()) if isinstance(onward, str) else (),
        columns=columns,
        due=row.due,
        signals=row.signals,
    )


# -- deadlines ---------------------------------------------------------------------------------------------------------


async def deadlines(
    conn: asyncpg.Connection,
    *,
    as_of: int,
    within: int | None = None,
    over: bool = False,
    finished: bool = False,
    past: bool = False,
    rule: str | None = None,
    kind: str | None = None,
    officer: str | None = None,
    provisional: bool | None = None,
    limit: int = 100,
    after: str | None = None,
) -> DeadlinePage:
    """The deadline board, the next to end first, `limit` <= MAX_ROWS. Raises BadCursor.

    `within` n: those that end within n working days or have ended; `over`: only those that have ended; both leave out
    what is not binding. `finished`: also those that were met or lost their object. `past`: the board as it was at
    `as_of`, without what began later, and with what was done only later as not done yet.
    """
    queries = await _queries(conn)
    limit = max(1, min(limit, MAX_ROWS))
    calendar = rulefiles.load()[1]
    until = as_of if over else FAR if within is None else ahead(calendar, as_of, within)
    start = (-FAR, "", "", "", "") if after is None else _read_cursor(after, int, str, str, str, str)
    name = "deadlines_all" if finished else "deadlines_then" if past else "deadlines_open"
    rows = await conn.fetch(
        queries[name],
        *start,
        until,
        rule,
        kind,
        officer,
        provisional,
        over or within is not None,
        limit + 1,
        *((as_of if past else None,) if name != "deadlines_open" else ()),
    )
    missing = await outstanding(conn, rows_of.terminals(rows[:limit]))
    found = tuple(rows_of.deadline(row, as_of, missing, calendar) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return DeadlinePage(
        found, None if last is None else _cursor(*(last[name] for name in ("due", "kind", "key", "rule", "about")))
    )


def ahead(calendar: Calendar, as_of: int, days: int) -> int:
    """The instant (ms) at which the n-th working day from now ends; 0 is today."""
    return end_of(calendar.add_workdays(day_of(as_of), days).day if days else day_of(as_of))


# -- signals and verdicts ----------------------------------------------------------------------------------------------


async def signals(
    conn: asyncpg.Connection,
    *,
    as_of: int,
    states: Sequence[str] | None = ("open", "disputed"),
    severity: str | None = None,
    rule: str | None = None,
    kind: str | None = None,
    officer: str | None = None,
    past: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> SignalPage:
    """The signal ledger, the newest first, `limit` <= MAX_ROWS. Raises BadCursor. `states` None: all.

    One that is stored as open is shown as undecided while a terminal of its matter has events that were not uploaded.
    `past`: the ledger as it was at `as_of`, without what was said of a signal later.
    """
    queries = await _queries(conn)
    limit = max(1, min(limit, MAX_ROWS))
    opens, name = (FAR, "") if after is None else _read_cursor(after, int, str)
    wanted = [as_of, opens, name, None if states is None else list(states), severity, rule, kind, limit + 1]
    if past:
        rows = await conn.fetch(queries["signals_then"], *wanted, officer)
    elif officer is None:
        rows = await conn.fetch(queries["signals"], *wanted)
    else:
        rows = await conn.fetch(queries["signals_for"], *wanted, officer)
    missing = await outstanding(conn, rows_of.terminals(rows[:limit]))
    found = tuple(rows_of.signal(row, as_of, missing) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return SignalPage(found, None if last is None else _cursor(last["opens"], last["id"]))


async def signal(conn: asyncpg.Connection, signal_id: str, *, as_of: int) -> SignalRow | None:
    """One signal by its name (16 hex digits)."""
    queries = await _queries(conn)
    row = None if "\0" in signal_id else await conn.fetchrow(queries["signal"], signal_id)
    return None if row is None else rows_of.signal(row, as_of, await outstanding(conn, row["terminals"]))


async def verdicts(
    conn: asyncpg.Connection, rule: str, *, outcome: str = "broken", limit: int = 100, after: str | None = None
) -> VerdictPage:
    """What one rule says over all matters, `limit` <= MAX_ROWS. Raises BadCursor."""
    queries = await _queries(conn)
    limit = max(1, min(limit, MAX_ROWS))
    start = ("", "", "") if after is None else _read_cursor(after, str, str, str)
    rows = await conn.fetch(queries["verdicts"], rule, outcome, *start, limit + 1)
    missing = await outstanding(conn, rows_of.terminals(rows[:limit]))
    found = tuple(rows_of.verdict(row, missing) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return VerdictPage(found, None if last is None else _cursor(last["kind"], last["key"], last["about"]))


# -- for headers and terminals -----------------------------------------------------------------------------------------


async def counts(conn: asyncpg.Connection, *, as_of: int, officer: str | None = None) -> Counts:
    """What is due, comes due, and stands open, for the authority or for one officer."""
    queries = await _queries(conn)
    calendar = rulefiles.load()[1]
    row = await conn.fetchrow(queries["counts"], as_of, ahead(calendar, as_of, 1), ahead(calendar, as_of, 3), officer)
    return Counts(
        due=row["due"], ahead_1=row["ahead_1"], ahead_3=row["ahead_3"], signals=row["signals"], serious=row["serious"]
    )


async def changes(
    conn: asyncpg.Connection,
    authorities: Sequence[str],
    officers: Iterable[str],
    *,
    after: int,
    limit: int = MAX_CHANGES,
) -> tuple[Change, ...]:
    """What changed for these officers, and for everybody (''), behind the number `after`; `limit` <= MAX_CHANGES.

    Numbers rise in the order of commits: the last one is where to go on, and nothing behind it is missed. A matter that
    changed again moves to its newest number. Kind "rules" is a rule set that an authority published.
    """
    queries = await _queries(conn)
    rows = await conn.fetch(
        queries["changes"], list(authorities), sorted({"", *officers}), after, max(1, min(limit, MAX_CHANGES))
    )
    return tuple(Change(row["change"], row["officer"], row["kind"], row["key"], row["gone"]) for row in rows)


async def alerts(conn: asyncpg.Connection, *, limit: int = 100) -> tuple[Alert, ...]:
    """What the sweeper noticed, the newest first."""
    queries = await _queries(conn)
    rows = await conn.fetch(queries["alerts"], max(1, min(limit, MAX_ROWS)))
    return tuple(Alert(**{**dict(row), "officers": tuple(row["officers"])}) for row in rows)


async def lag(conn: asyncpg.Connection) -> ProcessLag:
    """How far the judges are."""
    queries = await _queries(conn)
    row = await conn.fetchrow(queries["lag"])
    return ProcessLag(row["behind"], row["dirty"], row["parked"], row["misfiled"])


async def cut(conn: asyncpg.Connection) -> dict[int, int]:
    """The cut that answers rest on: {log_id: entries filed} of the authority; `lag` says what is not judged of it."""
    queries = await _queries(conn)
    return {row["log_id"]: row["position"] for row in await conn.fetch(queries["cut"])}


async def places(conn: asyncpg.Connection, ids: Iterable[str]) -> dict[str, Place]:
    """Where events (ids in hex) stand in the logs of the authority; those of others are left out."""
    wanted = [UUID(one) for one in sorted(set(ids))]
    if not wanted:
        return {}
    queries = await _queries(conn)
    rows = await conn.fetch(queries["places"], wanted)
    # The first place of an event: what was offered again to a later epoch stands in both.
    return {row["id"].hex: Place(row["log_id"], row["pos"]) for row in reversed(rows)}


async def outstanding(conn: asyncpg.Connection, terminals: Iterable[UUID]) -> dict[bytes, Outstanding]:
    """Those of these terminals that have more than they uploaded, by id."""
    wanted = sorted(set(terminals))
    if not wanted:
        return {}
    queries = await _queries(conn)
    folds = statements.load("queries", (await conn.fetchrow(queries["slots"]))["folds"])
    epochs = {row["log_id"]: row["epoch"] for row in await conn.fetch(folds["logs"])}
    own: dict[UUID, list[tuple[int, bytes]]] = {}
    for row in await conn.fetch(folds["terminals_of"], wanted):
        own.setdefault(UUID(str(row["terminal"])), []).append((row["log_id"], row["state"]))
    found: dict[bytes, Outstanding] = {}
    for name, states in own.items():
        ordered = sorted(states, key=lambda state: epochs.get(state[0], 0))
        merged = terminal_ledger.merge([(log_id, terminal_ledger.decode(data)) for log_id, data in ordered])
        view = ledger_views.ledger("", str(name), merged, {})
        lost = sum(max(0, hole.last - hole.first + 1 - hole.filled) for hole in view.holes)
        if view.waiting > 0 or lost:
            found[name.bytes] = Outstanding(name.bytes, max(0, view.waiting), lost)
    others = [name for name in wanted if UUID(str(name)) not in own]
    if others:
        for row in await conn.fetch(queries["outstanding"], others):
            raw = UUID(str(row["terminal"])).bytes
            found[raw] = Outstanding(raw, row["waiting"])
    return found


# -- the parts ---------------------------------------------------------------------------------------------------------


async def _queries(conn: asyncpg.Connection) -> Mapping[str, str]:
    row = await conn.fetchrow(statements.load("process_queries", "a")["slots"])
    return statements.load("process_queries", row["slot"])


async def _matter_rows(
    conn: asyncpg.Connection, queries: Mapping[str, str], kind: str, rows: Sequence[rows_of.Record], as_of: int
) -> tuple[MatterRow, ...]:
    if not rows:
        return ()
    found = await conn.fetch(queries["beside"], kind, [row["key"] for row in rows], as_of)
    beside = {row["key"]: row for row in found}
    missing = await outstanding(conn, rows_of.terminals(rows))
    return tuple(rows_of.matter_row(row, beside[row["key"]], as_of, missing) for row in rows)


def _cursor(*values: int | str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode().rstrip("=")


def _read_cursor(text: str, *kinds: type) -> tuple[Any, ...]:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        values = msgspec.msgpack.decode(data, type=list[int | str])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        values = []
    if len(values) != len(kinds) or not all(map(_fits, values, kinds)):
        raise BadCursor("expected a cursor that this list gave: leave `after` out to begin again")
    return tuple(values)


def _fits(value: int | str, kind: type) -> bool:
    return isinstance(value, kind) and (-FAR <= value <= FAR if isinstance(value, int) else "\0" not in value)
