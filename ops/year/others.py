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
from ops.year.in_office import CORRECTED, filed_case, on_spot, public, settled, small, told_of
from ops.year.planting import Place, Plot
from ops.year.province import decide_on
from ops.year.telling import Scene, Told, new_id

LATER = 15
"""Days after which a book comes in."""
CASH = 10_000
"""Fen that may be taken in cash without a further ground: a hundred yuan."""


def _book(plot: Plot, kind: str, source: str, row: dict[str, Any], columns: tuple[tuple[str, str], ...]) -> str:
    """A book with one row, imported some days after the day that the row states. Returns the row's key."""
    key = str(row.pop("key", f"r:{row['reference']}"))
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
    """SIG-04: a receipt without a payment, cash that was handed in late, or a ticket of no book or passed over."""
    return plot.dice.choice((_receipt, _receipt, _cash, _stray, _passed_over))(plot)


def _cash(plot: Plot) -> Place:
    """Cash reaches the agency, or then the bank, on the day behind its two working days; near: on the second."""
    scene = plot.visit(plot.day(first=2))
    taken = scene.day
    first, _ = _tickets(plot, taken - plot.dice.randrange(20) * DAY)
    number = _cashed(plot, scene, first)
    late = plot.dice.choice(("agency", "bank"))
    day, when = taken, []
    for step in ("agency", "bank"):
        day = almanac.add_workdays(day, 2) + (DAY if plot.wrong and step == late else 0 * DAY)
        when.append(day)
        scene.on(day, 16, 0)
        _deposit(scene, number, step)
    return plot.of_case(scene, f"cash of {taken}, at the agency {when[0]}, at the bank {when[1]}")


def _stray(plot: Plot) -> Place:
    """A ticket for cash is the one before its book, or the book came a day later; near: the first, that very day."""
    scene = plot.visit(plot.day(first=2))
    taken = scene.day
    if plot.dice.random() < 0.5:
        first, mark = _tickets(plot, taken - plot.dice.randrange(20) * DAY)
        ticket = f"{mark}{int(first.removeprefix(mark)) - 1:08}" if plot.wrong else first
        told = f"ticket {ticket}, book from {first}"
    else:
        _tickets(plot, taken - (1 + plot.dice.randrange(20)) * DAY)
        given_out = taken + DAY if plot.wrong else taken
        ticket, _ = _tickets(plot, given_out)
        told = f"ticket {ticket} of {taken}, its book of {given_out}"
    _handed_in(scene, _cashed(plot, scene, ticket))
    return plot.of_case(scene, told)


def _passed_over(plot: Plot) -> Place:
    """The first ticket of a book was passed over for the second; near: the first was used."""
    scene = plot.visit(plot.day(first=2))
    on = scene.day - plot.dice.randrange(20) * DAY
    first, mark = _tickets(plot, on)
    ticket = f"{mark}{int(first.removeprefix(mark)) + 1:08}" if plot.wrong else first
    _handed_in(scene, _cashed(plot, scene, ticket))
    return _row(plot, "tickets", on, _book_key(first, mark, on), f"book from {first}, used {ticket}")


def _tickets(plot: Plot, on: datetime.date) -> tuple[str, str]:
    """A book of tickets with a front of its own is given out on a day. Returns its first number, and the front."""
    mark = "".join(plot.dice.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(5))
    first = f"{mark}{1 + plot.dice.randrange(90_000_000):08}"
    row = {
        "key": _book_key(first, mark, on), "reference": first, "until": _last(first, mark), "on": on.isoformat(),
        "agency": f"{plot.authority}执法科",
    }  # fmt: skip
    columns = (("起始号码", "reference"), ("终止号码", "until"), ("领用日期", "on"), ("领用单位", "agency"))
    _book(plot, "tickets", "示例市财政局", row, columns)
    return first, mark


def _last(first: str, mark: str) -> str:
    return f"{mark}{int(first.removeprefix(mark)) + 24:08}"


def _book_key(first: str, mark: str, on: datetime.date) -> str:
    return f"b:{first}/{_last(first, mark)}/issued/{on}"


def _cashed(plot: Plot, scene: Scene, ticket: str) -> str:
    """During a visit a fine of a hundred yuan is taken in cash, on a ticket. Returns the mark of the number."""
    scene.arrive()
    plot.finish(scene)
    scene.wait(10)
    cash = {"received_fen": CASH, "ticket_no": ticket, "ground": "small_fine"}
    number = on_spot(scene, CASH, cash=cash)
    scene.on(almanac.add_workdays(scene.day, 1), 15, 0)
    public(scene, number)
    return number


def _handed_in(scene: Scene, number: str) -> None:
    """The cash reaches agency and bank at once."""
    for step in ("agency", "bank"):
        scene.wait(20)
        _deposit(scene, number, step)


def _deposit(scene: Scene, number: str, step: str) -> None:
    scene.office(
        "cash.deposited.v1",
        {
            "case_id": scene.case, "document_no": number, "step": step, "amount_fen": CASH,
            "deposited_on": scene.today(),
        },
        by="clerk",
    )  # fmt: skip


def _receipt(plot: Plot) -> Place:
    """A receipt over one fen more or less than was paid; or one of nobody, ten days before the year's end."""
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
