"""Planters for what only others tell: receipts of the treasury, visitors' books of enterprises, declared interests.

Rows of others' books come in as acts of the office, as an import leaves them. The invariant: apart from what is planted
a book agrees with what terminals and offices recorded.
"""

from __future__ import annotations

import datetime
from typing import Any

from ops.year import almanac
from ops.year.almanac import DAY
from ops.year.cases import Case
from ops.year.in_office import CORRECTED, filed_case, settled, small, told_of
from ops.year.planting import Place, Plot
from ops.year.province import decide_on
from ops.year.telling import Told, new_id

LATER = 15
"""Days after which a book comes in."""


def _book(plot: Plot, kind: str, source: str, row: dict[str, Any], columns: tuple[tuple[str, str], ...]) -> str:
    """A book with one row, imported some days after the day that the row states. Returns the row's key."""
    key = f"r:{row['reference']}"
    on = datetime.date.fromisoformat(row["on"])
    at = min(almanac.at(on + LATER * DAY, 9), almanac.END - almanac.HOUR)
    imported = new_id(plot.dice, at)
    about = (f"authority:{plot.authority}",)
    file = plot.dice.randbytes(32)
    bodies: tuple[tuple[str, dict[str, Any]], ...] = (
        (
            "outside_ledger.imported.v1",
            {
                "import_id": imported, "kind": kind, "source": source, "file": file, "size": 200, "form": "csv",
                "encoding": "utf-8", "columns": [{"title": title, "field": name} for title, name in columns],
                "rows": 1, "taken": 1, "known": 0, "refused": 0, "first_on": row["on"], "last_on": row["on"],
            },
        ),
        (
            "outside_ledger.rows_received.v1",
            {"import_id": imported, "kind": kind, "month": row["on"][:7], "rows": [{"n": 2, "key": key, **row}]},
        ),
    )  # fmt: skip
    for name, body in bodies:
        plot.events.append(
            Told(
                plot.authority, "", name, about, body, (f"clerk-{plot.authority}",), at, at, at, new_id(plot.dice, at)
            )
        )  # fmt: skip
    return key


def _row(plot: Plot, kind: str, on: datetime.date, key: str, what: str) -> Place:
    return plot.place(f"outside:{plot.authority}/{kind}/{on:%Y-%m}", what, f"row:{key}")


def unknown_payment(plot: Plot) -> Place:
    """SIG-04: a receipt over one fen more or less than was paid; or one of nobody, ten days before the year's end."""
    ticket = f"{plot.dice.randrange(10**10):010}"
    columns = (("票据号码", "reference"), ("开票日期", "on"), ("金额", "amount"))
    if plot.dice.random() < 0.5:
        on = datetime.date(almanac.YEAR, 12, 21 if plot.wrong else 22)
        fen = 10_000 + plot.dice.randrange(5_000_000)
        row = {"reference": ticket, "on": on.isoformat(), "amount_fen": fen}
        key = _book(plot, "receipts", "示例市财政局", row, columns)
        return _row(plot, "receipts", on, key, f"receipt of {on} for which nothing was paid")
    fen = small(plot)
    case = filed_case(plot, plot.day(last=9), fen, CORRECTED)
    told, scene = told_of(plot, case), case.scene
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
    scene.on(almanac.add_workdays(scene.day, 2), 15, 0)
    case.publish(number)
    scene.on(almanac.add_workdays(scene.day, 2), 11, 0)
    case.pay(number, fen, ticket_no=ticket)
    on = scene.day
    scene.on(almanac.add_workdays(on, 1), 15, 0)
    case.closed()
    other = fen + plot.dice.choice((1, -1)) * plot.wrong
    row = {"reference": ticket, "on": on.isoformat(), "amount_fen": other}
    key = _book(plot, "receipts", "示例市财政局", row, columns)
    return _row(plot, "receipts", on, key, f"receipt over {other} fen, paid {fen} fen")


def unknown_visit(plot: Plot) -> Place:
    """SIG-25: the book at an enterprise's gate has officers on the day after the recorded entry; near: on that day."""
    day = plot.day(last=10)
    scene = plot.visit(day)
    scene.arrive()
    plot.finish(scene)
    on = day + DAY if plot.wrong else day
    columns = (("序号", "reference"), ("日期", "on"), ("单位", "enterprise"))
    reference = f"F{plot.dice.randrange(10**10):010}"
    row = {"reference": reference, "on": on.isoformat(), "enterprise": scene.site.id}
    key = _book(plot, "visit_log", "企业扫码登记", row, columns)
    return _row(plot, "visit_log", on, key, f"entered {day}, at the gate {on}")


def interested(plot: Plot) -> Place:
    """SIG-31: a handler's interest began on the day of his last act, or on the day behind it; or a fine that fell by
    some fen after an intervention.
    """
    fen = small(plot)
    case = filed_case(plot, plot.day(last=9), fen, CORRECTED)
    told, scene = told_of(plot, case), case.scene
    if plot.dice.random() < 0.5:
        number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
        since = scene.day if plot.wrong else scene.day + DAY
        settled(case, number, fen)
        scene.on(max(since, scene.day), 16, 0)
        officer = plot.dice.choice(scene.officers)
        body: dict[str, Any] = {
            "officer_id": officer, "enterprise_id": scene.site.id, "relation": "shareholding",
            "since": since.isoformat(), "declared_on": scene.today(),
        }  # fmt: skip
        scene.office("interest.declared.v1", body, f"officer:{officer}", f"enterprise:{scene.site.id}", by="clerk")
        return plot.of_case(scene, f"interest since {since}")
    scene.on(almanac.add_workdays(told, 1), 10, 0)
    body = {
        "who": plot.dice.randbytes(32), "position": "副市长", "happened_at": scene.at, "form": "telephone",
        "content": "过问案件处理情况。", "case_id": case.id, "recorder": scene.officers[0],
    }  # fmt: skip
    scene.office("interference.recorded.v1", body, by="clerk")
    less = 1 + plot.dice.randrange(100) if plot.wrong else 0
    number = _lighter(case, scene.team.free(almanac.add_workdays(told, 3)), fen - less)
    settled(case, number, fen - less)
    return plot.of_case(scene, f"told {fen} fen, decided {fen - less} fen after an intervention")


def _lighter(case: Case, day: datetime.date, fen: int) -> str:
    """The decision over another draft with that fine."""
    scene = case.scene
    if fen != case.parts["penalties"][0]["amount_fen"]:
        scene.on(day, 8, 0)
        case.draft(fen, CORRECTED)
    return decide_on(case, day)
