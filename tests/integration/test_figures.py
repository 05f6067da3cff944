"""The quarterly table: equal to a count by somebody else, the same again at its cut, each number with its list."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from domain import quarterly
from domain.quarterly import FromPlan, Share, period
from projections.process import figures, reports
from schemas import canonical, entries
from schemas.entries import FieldEntry, OfficeEntry
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.process import judge, paper
from tests.support.projections import PROJECTOR, officer
from tests.support.stories import story_events

SPAN = period("2026")
DATED = ("found_on", "ordered_on", "reinspected_on", "filed_on", "decided_on", "paid_on")
"""Fields that say when something was done, where it is not when it took place."""


def told(data: list[bytes]) -> Iterator[tuple[str, dict[str, object], int]]:
    """(type, body, occurred) of every event of a log, read with nothing but the wire format."""
    for raw in data:
        entry = entries.decode(raw)
        if isinstance(entry, FieldEntry):
            envelope = canonical.decode(entry.e)
            assert isinstance(envelope, dict)
            yield envelope["type"], envelope["body"], envelope["occurred"]
        elif isinstance(entry, OfficeEntry):
            yield entry.y, dict(entry.b), entry.r


def day(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000, ZoneInfo("Asia/Shanghai")).date().isoformat()


def counted_by_hand(data: list[bytes]) -> dict[str, int]:
    """Some figures of 2026, counted event by event by somebody who knows the events and nothing of ours."""
    entered: dict[bytes, str] = {}
    tasks: dict[bytes, dict[str, object]] = {}
    hazards: dict[bytes, str] = {}
    corrected: set[bytes] = set()
    decisions: dict[bytes, int] = {}
    simple: set[bytes] = set()
    cases: set[bytes] = set()
    paid = 0
    passed: set[bytes] = set()
    documents: dict[str, int] = {"rectification": 0, "reinspection": 0, "inspection_record": 0, "on_site_measure": 0}
    for name, body, occurred in told(data):
        dated = [str(body[key]) for key in DATED if key in body] or [day(occurred)]
        in_year = dated[0].startswith("2026")
        if not in_year and name not in ("task.assigned.v1", "reinspection.concluded.v1", "legal_review.concluded.v1"):
            continue
        match name:
            case "task.assigned.v1":
                tasks.setdefault(body["task_id"], body)  # type: ignore[arg-type]
            case "site.entered.v1" if body.get("outcome", "entered") == "entered":
                entered.setdefault(body["task_id"], day(occurred))  # type: ignore[arg-type]
            case "hazard.found.v1":
                hazards.setdefault(body["hazard_id"], str(body["grade"]))  # type: ignore[arg-type]
            case "reinspection.concluded.v1":
                documents["reinspection"] += in_year
                for result in body["results"]:  # type: ignore[attr-defined]
                    if result["outcome"] == "corrected":
                        corrected.add(result["hazard_id"])
            case "rectification.ordered.v1":
                documents["rectification"] += 1
            case "inspection_record.signed.v1":
                documents["inspection_record"] += 1
            case "on_site_measure.ordered.v1":
                documents["on_site_measure"] += 1
            case "case.filed.v1":
                cases.add(body["case_id"])  # type: ignore[arg-type]
            case "penalty.decided.v1":
                fine = sum(line.get("amount_fen", 0) for line in body["penalties"] if line["kind"] == "P03")  # type: ignore[attr-defined]
                decisions.setdefault(body["case_id"], fine)  # type: ignore[arg-type]
            case "on_spot_penalty.decided.v1":
                decisions.setdefault(body["case_id"], body["amount_fen"])  # type: ignore[arg-type]
                simple.add(body["case_id"])  # type: ignore[arg-type]
            case "fine_payment.recorded.v1" if body.get("towards", "fine") == "fine":
                paid += body["amount_fen"]  # type: ignore[operator]
            case "legal_review.concluded.v1" if body["outcome"] == "passed":
                passed.add(body["case_id"])  # type: ignore[arg-type]
            case _:
                pass
    return {
        "visits": len(entered),
        "inspected": len({tasks[task]["enterprise_id"] for task in entered if task in tasks}),
        "visits_planned": sum("plan_item_id" in tasks.get(task, {}) for task in entered),
        "visits_triggered": sum("plan_item_id" not in tasks.get(task, {}) for task in entered),
        "general_found": sum(grade == "general" for grade in hazards.values()),
        "general_corrected": sum(grade == "general" and one in corrected for one, grade in hazards.items()),
        "major_found": sum(grade == "major" for grade in hazards.values()),
        **{f"documents_{name}": number for name, number in documents.items()},
        "cases": len(cases),
        "decided": len(decisions),
        "decided_simple": len(simple),
        "fines": sum(decisions.values()),
        "collected": paid,
        "reviewed_decisions": len(passed & decisions.keys()),
    }


async def test_figures_equal_a_count_by_somebody_else_and_stay_what_they_were(database: TestDatabase) -> None:
    events = story_events()
    half = len(events) // 2
    async with paper(database) as log:
        await log.append(events[:half])
        await judge(database)
        async with officer(database) as conn:
            then = await figures.newest(conn, [AUTHORITY])
            laws = await figures.laws_of(conn, then)
            before = await figures.table(conn, then, [AUTHORITY], SPAN, laws)
        await log.append(events[half:])
        await judge(database)
    async with officer(database) as conn:
        cut = await figures.newest(conn, [AUTHORITY])
        laws = await figures.laws_of(conn, cut)
        now = await figures.table(conn, cut, [AUTHORITY], SPAN, laws)
        again = await figures.table(conn, then, [AUTHORITY], SPAN, await figures.laws_of(conn, then))
        lists = {
            entry.code: await figures.units(conn, cut, [AUTHORITY], SPAN, entry.code, laws)
            for entry in figures.figures().entries
        }
    connection = await database.connect("liuhen_auditor")
    try:
        rows = await connection.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    finally:
        await connection.close()

    mine = now[AUTHORITY]
    by_hand = counted_by_hand([bytes(row["entry"]) for row in rows])
    assert {code: mine[code] for code in by_hand} == by_hand
    assert all(by_hand.values()), "the stories have something of everything that is counted here"
    assert json.dumps(again) == json.dumps(before), "a table at its cut is what it was, byte for byte"
    assert before != now
    for entry in figures.figures().entries:
        match entry:
            case Share():
                continue
            case FromPlan(what="days") | quarterly.Column(of="fen"):
                assert sum(unit.amount for unit in lists[entry.code]) == mine[entry.code], entry.code
            case quarterly.Column(of="subjects"):
                assert len({unit.subject for unit in lists[entry.code] if unit.subject}) == mine[entry.code], entry.code
            case _:
                assert len(lists[entry.code]) == mine[entry.code], entry.code


async def test_a_report_is_the_same_bytes_at_its_cut_and_reads_as_a_table(database: TestDatabase) -> None:
    events = story_events()
    half = len(events) // 2
    async with paper(database) as log:
        await log.append(events[:half])
        await judge(database)
        async with officer(database) as conn:
            made = await reports.quarterly(conn, [AUTHORITY], SPAN)
        await log.append(events[half:])
        await judge(database)
    async with officer(database) as conn:
        again = await reports.quarterly(conn, [AUTHORITY], SPAN, made.cut)
        later = await reports.quarterly(conn, [AUTHORITY], SPAN)

    assert reports.as_json(again) == reports.as_json(made) != reports.as_json(later)
    assert reports.as_csv(again) == reports.as_csv(made)
    rows = list(csv.reader(io.StringIO(reports.as_csv(made, "en"))))
    assert {"period", made.cut.name} <= {cell for row in rows[:3] for cell in row}
    shown = {row[0]: row for row in rows if len(row) == 6}
    assert int(shown["visits"][3]) == made.whole["visits"] == made.each[AUTHORITY]["visits"]
    assert all(row[5] for row in shown.values()), "every figure says how it is counted"


async def test_another_authority_is_not_counted_and_an_unknown_cut_is_said(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
        await judge(database)
    async with officer(database, "210521") as conn:
        cut = await figures.newest(conn, [AUTHORITY, "210521"])
        found = await figures.table(conn, cut, [AUTHORITY], SPAN, await figures.laws_of(conn, cut))
        with pytest.raises(figures.NoCut):
            await figures.kept(conn, "0123456789ab", [AUTHORITY])

    assert AUTHORITY not in cut.authorities.values()
    assert not any(value for value in found[AUTHORITY].values())


async def test_two_who_ask_at_one_moment_keep_the_same_cut(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events()[:20])
        await judge(database)
    one, two = await database.connect(PROJECTOR), await database.connect(PROJECTOR)
    try:
        async with one.transaction(isolation="repeatable_read"):
            await one.execute("SELECT set_config('liuhen.authority', $1, true)", AUTHORITY)
            cut = await figures.newest(one, [AUTHORITY])
            await figures.keep(two, cut)

            assert await figures.keep(one, cut) == cut.name
            assert await figures.newest(one, [AUTHORITY]) == cut, "the transaction goes on"
        assert await figures.logs_of_cut(one, cut.name) == cut.logs
    finally:
        await one.close()
        await two.close()


def test_periods_are_read_or_refused() -> None:
    assert (period("2024-Q1").first, period("2024-Q1").last) == (datetime.date(2024, 1, 1), datetime.date(2024, 3, 31))
    assert period("2024-02").last == datetime.date(2024, 2, 29)
    assert period("2026-12").last == period("2026-Q4").last == period("2026").last == datetime.date(2026, 12, 31)
    for wrong in ("", "26", "2026-Q5", "2026-13", "2026-1", "1999", "2026-Q1 ", "２０２６"):
        with pytest.raises(quarterly.NoPeriod, match="expected a year, quarter or month"):
            period(wrong)


def test_shares_are_rounded_half_up_and_a_roll_up_computes_them_anew() -> None:
    table = figures.figures()
    city = quarterly.shared(table, {"planned": 3, "planned_key": 2})
    county = quarterly.shared(table, {"planned": 1, "planned_key": 1})

    assert city["planned_key_share"] == 667
    assert quarterly.summed(table, [city, county])["planned_key_share"] == 750
    assert quarterly.per_mille(1, 0) is None
    assert quarterly.per_mille(1, 16) == 63


def test_a_figure_that_is_not_in_order_is_refused_with_its_number() -> None:
    with pytest.raises(quarterly.FigureFault, match="figure 1"):
        quarterly.parse(b'[[figure]]\ncode = "x"\nblock = "plan"\nzh = "x"\nen = "x"\ncolour = "red"\n')
    with pytest.raises(quarterly.FigureFault, match="share of figures"):
        quarterly.parse(b'[[figure]]\ncode = "x"\nblock = "plan"\nzh = "x"\nen = "x"\npart = "a"\nwhole = "b"\n')


async def test_statistics_of_a_year_are_in_10_000_yuan_to_the_fen_and_of_a_month_add_up(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with officer(database) as conn:
        year = await reports.quarterly(conn, [AUTHORITY], SPAN, kind="annual")
        months = [
            await reports.quarterly(conn, [AUTHORITY], period(f"2026-{month:02}"), kind="monthly")
            for month in range(1, 13)
        ]
    (row,) = (row for row in reports.sheet(year, "en").rows if row[0] == "fines")
    assert row[2] == "10,000 yuan"
    fines = year.whole["fines"]
    assert fines is not None
    assert Decimal(str(row[3])) == Decimal(fines) / 1_000_000
    for code in ("visits", "decided", "fines", "cases", "general_found"):
        assert sum(one.whole[code] or 0 for one in months) == year.whole[code], code
    by_kind = {code: value for code, value in year.whole.items() if code.startswith("decided_P")}
    assert sum(value or 0 for value in by_kind.values()) == year.whole["decided"], (
        "a case counts once, under the heaviest"
    )
