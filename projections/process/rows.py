"""Rows of the tables as what questions return: states as of an instant, settled by what terminals have not uploaded.

Pure. Invariant: what rests on facts that are there is shown as it was judged; what rests on an absence is undecided or
unknown while a terminal of its matter has more.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from domain import settling
from domain.judges import officer
from domain.matter import Deadline, Reason, Signal, Verdict
from domain.settling import Outstanding
from domain.workdays import Calendar, day_of
from projections.process.views import DeadlineRow, Earlier, MatterRow, Next, SignalRow, VerdictRow
from projections.views import Title

Record: TypeAlias = Mapping[str, Any]


def matter_row(row: Record, beside: Record, as_of: int, missing: Mapping[bytes, Outstanding]) -> MatterRow:
    """A line of a list."""
    due = None
    if beside["due_at"] is not None:
        open_one = Deadline(beside["due_rule"], "", 0, beside["due_at"], None, absent=beside["due_absent"])
        state, _ = settling.deadline(open_one, as_of, _of(row, missing))
        due = Next(beside["due_rule"], beside["due_at"], _iso(beside["due_day"]), state)
    columns = plain(row["columns"])
    if row["kind"] == "officer" and "stood" in columns:
        columns["standing"] = officer.standing_on(columns["stood"], day_of(as_of))
    return MatterRow(
        authority=row["authority"],
        kind=row["kind"],
        key=row["key"],
        stage=row["stage"],
        first=row["first"],
        last=row["last"],
        facts=row["facts"],
        error=row["error"],
        officers=tuple(row["officers"]),
        columns=columns,
        due=due,
        signals=beside["signals"],
        broken=beside["broken"],
    )


def deadline(row: Record, as_of: int, missing: Mapping[bytes, Outstanding], calendar: Calendar) -> DeadlineRow:
    """A deadline as of an instant."""
    one = Deadline(
        row["rule"], row["version"], row["start"], row["due"], None, met=row["met"], cancelled=row["cancelled"],
        binding=row["binding"], absent=row["absent"], text=Reason(row["zh"], row["en"]),
    )  # fmt: skip
    state, text = settling.deadline(one, as_of, _of(row, missing))
    left = None
    if state == "running":
        # A period that ends as the day does has that day still; one in hours ends within its day.
        left = calendar.count_workdays(day_of(as_of), day_of(row["due"] - 1))
    return DeadlineRow(
        authority=row["authority"],
        kind=row["kind"],
        key=row["key"],
        rule=row["rule"],
        about=row["about"],
        version=row["version"],
        start=row["start"],
        due=row["due"],
        last_day=_iso(row["last_day"]),
        state=state,
        ahead=left,
        provisional=row["provisional"],
        binding=row["binding"],
        met=row["met"],
        met_by=row["met_by"],
        officers=tuple(row["officers"]),
        inputs=tuple(row["inputs"]),
        earlier=tuple(Earlier(was["due"], Title(was["zh"], was["en"])) for was in plain(row["earlier"])),
        text=Title(text.zh, text.en),
        stage=row["stage"],
        columns=plain(row["columns"]),
    )


def signal(row: Record, as_of: int, missing: Mapping[bytes, Outstanding]) -> SignalRow:
    """A signal as of an instant."""
    one = Signal(
        row["rule"], row["version"], row["severity"], row["score"], row["opens"], Reason(row["zh"], row["en"]),
        absent=row["absent"], closes=row["closes"],
    )  # fmt: skip
    acts = plain(row["acts"])
    state, reason = settling.signal(one, settling.stood(acts, row["closes"], as_of), as_of, _of(row, missing))
    return SignalRow(
        id=row["id"],
        authority=row["authority"],
        kind=row["kind"],
        key=row["key"],
        rule=row["rule"],
        about=row["about"],
        version=row["version"],
        severity=row["severity"],
        score=row["score"],
        opens=row["opens"],
        closes=row["closes"],
        state=state,
        reason=Title(reason.zh, reason.en),
        inputs=tuple(row["inputs"]),
        officers=tuple(row["officers"]),
        acts=tuple(act for act in acts if act["at"] <= as_of),
        stage=row["stage"],
        columns=plain(row["columns"]),
    )


def verdict(row: Record, missing: Mapping[bytes, Outstanding]) -> VerdictRow:
    """A verdict as it may be shown."""
    one = settling.verdict(
        Verdict(row["rule"], row["version"], row["outcome"], Reason(row["zh"], row["en"]), absent=row["absent"]),
        _of(row, missing),
    )
    return VerdictRow(
        authority=row["authority"],
        kind=row["kind"],
        key=row["key"],
        rule=row["rule"],
        about=row["about"],
        version=row["version"],
        outcome=one.outcome,
        gate=row["gate"],
        reason=Title(one.reason.zh, one.reason.en),
        inputs=tuple(row["inputs"]),
    )


def _iso(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _of(row: Record, missing: Mapping[bytes, Outstanding]) -> list[Outstanding]:
    return [missing[name] for one in row["terminals"] if (name := UUID(str(one)).bytes) in missing]


def terminals(rows: Iterable[Record]) -> set[UUID]:
    """The terminals that some rows rest on."""
    return {one for row in rows for one in row["terminals"]}


def plain(text: str) -> Any:
    """A value that the database keeps as JSON."""
    return msgspec.json.decode(text)
