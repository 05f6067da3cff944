"""The quarterly table counted by somebody else: from an export of the logs, with pencil and paper as it were.

    python -m ops.year.count EXPORT 2025-Q1 [AUTHORITY …]

Reads what `liuhen export-log` wrote, entry by entry, and counts what the table says that it counts. It shares nothing
with the program that makes the table but the published event types; definitions are those printed in the table. The
invariant: an act stands for itself; what a terminal claims of an act that is the office's counts for nothing.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ops.year import almanac
from schemas import entries, tiles
from schemas.entries import FieldEntry, OfficeEntry
from schemas.events import REGISTRY

Day = datetime.date
Values = dict[str, int | None]
WEIGHT: Final = {
    "P01": 1, "P02": 2, "P03": 3, "P04": 4, "P05": 4, "P06": 5, "P07": 6, "P09": 6, "P10": 7, "P12": 7, "P08": 8,
    "P11": 9,
}  # fmt: skip
"""How heavy each kind of penalty is (handbook 8.4); of two that weigh the same the first by its code."""
KINDS: Final = (*(f"P{number:02}" for number in range(1, 14)), "P99")
STOPS: Final = ("stop_production", "stop_construction", "stop_using_equipment")


@dataclass(slots=True)
class Item:
    """An item of a plan: kind and days."""

    kind: str
    days: int


@dataclass(slots=True)
class Decision:
    """A decision: when, by which procedure, of which kinds, with which fine (fen)."""

    day: Day
    simple: bool
    kinds: tuple[str, ...]
    fen: int


@dataclass(slots=True)
class Book:
    """What one authority did, one list for each kind of thing; ids are bytes."""

    plan: list[tuple[Day, int, bytes, list[tuple[bytes, Item]]]] = field(default_factory=list)
    revisions: list[tuple[Day, bytes, bool, bytes, list[Mapping[str, Any]]]] = field(default_factory=list)
    approved: set[bytes] = field(default_factory=set)
    entered: dict[bytes, Day] = field(default_factory=dict)
    steps: dict[bytes, dict[str, list[int]]] = field(default_factory=dict)
    concluded: dict[bytes, list[tuple[Day, int]]] = field(default_factory=dict)
    hazards: dict[bytes, tuple[Day, str]] = field(default_factory=dict)
    ordered: dict[bytes, Day] = field(default_factory=dict)
    dated: list[tuple[str, Day]] = field(default_factory=list)
    decisions: dict[bytes, Decision] = field(default_factory=dict)
    paid: list[tuple[Day, int]] = field(default_factory=list)
    tips: dict[bytes, tuple[Day, bool]] = field(default_factory=dict)
    delivered: dict[bytes, Day] = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """The books of all authorities, and what one finds under an id whoever wrote it down."""

    of: dict[str, Book] = field(default_factory=dict)
    tasks: dict[bytes, tuple[str, str, bytes]] = field(default_factory=dict)
    corrected: set[bytes] = field(default_factory=set)
    deadlines: dict[bytes, Day] = field(default_factory=dict)
    filed: dict[bytes, tuple[Day, str]] = field(default_factory=dict)
    parties: dict[bytes, set[str]] = field(default_factory=dict)
    passed: set[bytes] = field(default_factory=set)
    published: dict[bytes, Day] = field(default_factory=dict)
    crimes: set[bytes] = field(default_factory=set)
    closed_tips: set[bytes] = field(default_factory=set)
    seen: set[tuple[str, bytes]] = field(default_factory=set)

    def once(self, what: str, unit: bytes) -> bool:
        """Whether this is the first time that a thing is written down."""
        new = (what, unit) not in self.seen
        self.seen.add((what, unit))
        return new


def read(export: Path) -> Iterator[tuple[str, str, Mapping[str, Any], int, bytes]]:
    """(authority, type, body, instant, event id) of every act in an export that counts."""
    manifest = json.loads((export / "manifest.json").read_text("utf-8"))
    envelopes = msgspec.msgpack.Decoder(dict[str, Any])
    for log in sorted(manifest["logs"], key=lambda one: (one["authority"], one["epoch"])):
        folder = export / quote(log["authority"], safe="") / str(log["epoch"])
        for tile in tiles.bundles_between(0, log["size"]):
            for raw in tiles.decode_bundle((folder / tiles.path_of(tile)).read_bytes(), tile.width):
                entry = entries.decode(raw)
                if isinstance(entry, OfficeEntry):
                    yield log["authority"], entry.y, entry.b, entry.r, entry.i
                elif isinstance(entry, FieldEntry):
                    told = envelopes.decode(entry.e)
                    kind = REGISTRY.lookup(told["type"])
                    if kind is not None and not kind.office_only:
                        yield log["authority"], told["type"], told["body"], told["occurred"], told["id"]


def keep(export: Path) -> Books:
    """Write down everything that an export says."""
    books = Books()
    for authority, kind, body, at, event in read(export):
        _written(books, books.of.setdefault(authority, Book()), kind, body, at, event)
    return books


def _day(body: Mapping[str, Any], name: str, at: int) -> Day:
    return Day.fromisoformat(body[name]) if name in body else almanac.day_of(at)


def _written(books: Books, book: Book, kind: str, body: Mapping[str, Any], at: int, event: bytes) -> None:
    match kind:
        case "plan.approved.v1":
            items = [(one["item_id"], Item(one["kind"], one.get("days", 0))) for one in body["items"]]
            book.plan.append((_day(body, "approved_on", at), body["year"], body["plan_id"], items))
        case "plan_revision.decided.v1":
            day = _day(body, "decided_on", at)
            book.revisions.append(
                (day, body["revision_id"], body.get("major") is True, body["plan_id"], list(body["changes"]))
            )
        case "plan_revision.approved.v1":
            book.approved.add(body["revision_id"])
        case "task.assigned.v1":
            task = body["enterprise_id"], body["source"], body.get("plan_item_id", b"")
            books.tasks.setdefault(body["task_id"], task)
        case "site.entered.v1" if body.get("outcome", "entered") == "entered":
            unit = body.get("task_id", event)
            if books.once("entered", unit):
                book.entered[unit] = almanac.day_of(at)
            book.steps.setdefault(unit, {}).setdefault("entered", []).append(at)
        case "credentials.shown.v1":
            book.steps.setdefault(body.get("task_id", event), {}).setdefault("shown", []).append(at)
        case "inspection_record.signed.v1":
            book.steps.setdefault(body.get("task_id", event), {}).setdefault("recorded", []).append(at)
            book.dated.append(("documents_inspection_record", almanac.day_of(at)))
        case "task.concluded.v1" if body["outcome"] != "no_entry":
            book.concluded.setdefault(body["task_id"], []).append((_day(body, "concluded_on", at), at))
        case "hazard.found.v1" if books.once("hazard", body["hazard_id"]):
            book.hazards[body["hazard_id"]] = _day(body, "found_on", at), body["grade"]
        case "rectification.ordered.v1":
            day = _day(body, "ordered_on", at)
            book.dated.append(("documents_rectification", day))
            _due(books, book, body, day)
        case "rectification.extension_decided.v1" if body["granted"] and "deadline" in body:
            _due(books, book, body, _day(body, "decided_on", at))
        case "reinspection.concluded.v1":
            book.dated.append(("documents_reinspection", _day(body, "reinspected_on", at)))
            books.corrected |= {one["hazard_id"] for one in body["results"] if one["outcome"] == "corrected"}
        case "major_hazard.listed.v1" if books.once("listed", body["hazard_id"]):
            book.dated.append(("major_listed", _day(body, "listed_on", at)))
        case "major_hazard.delisted.v1" if books.once("delisted", body["hazard_id"]):
            book.dated.append(("major_delisted", _day(body, "delisted_on", at)))
        case "on_site_measure.ordered.v1":
            book.dated.append(("documents_on_site_measure", almanac.day_of(at)))
            if any(one["kind"] in STOPS for one in body["measures"]) and books.once("stop", body["measure_id"]):
                book.dated.append(("stop_orders", almanac.day_of(at)))
        case "compulsory_measure.imposed.v1" if body["kind"] != "other" and books.once("measure", body["measure_id"]):
            book.dated.append(({"seal": "sealed", "seize": "seized"}[body["kind"]], _day(body, "imposed_on", at)))
        case "power_cut.ordered.v1" if books.once("power", body["power_cut_id"]):
            book.dated.append(("power_cut", _day(body, "decided_on", at)))
        case "case.filed.v1":
            day = _day(body, "filed_on", at)
            books.parties.setdefault(body["case_id"], set()).add(body["party"]["type"])
            if books.once("case", body["case_id"]):
                book.dated.append(("cases", day))
                books.filed[body["case_id"]] = day, body["source"]
        case "penalty.decided.v1" if books.once("decision", body["case_id"]):
            lines = body["penalties"]
            fen = sum(one.get("amount_fen", 0) for one in lines if one["kind"] == "P03")
            kinds = tuple(one["kind"] for one in lines)
            book.decisions[body["case_id"]] = Decision(_day(body, "decided_on", at), False, kinds, fen)
        case "on_spot_penalty.decided.v1":
            books.parties.setdefault(body["case_id"], set()).add(body["party"]["type"])
            if books.once("decision", body["case_id"]):
                kinds, fen = tuple(body["kinds"]), body.get("amount_fen", 0)
                book.decisions[body["case_id"]] = Decision(_day(body, "decided_on", at), True, kinds, fen)
        case "fine_payment.recorded.v1" if body.get("towards", "fine") == "fine":
            book.paid.append((_day(body, "paid_on", at), body["amount_fen"]))
        case "hearing.held.v1" if books.once("heard", body["case_id"]):
            book.dated.append(("heard", _day(body, "held_on", at)))
        case "legal_review.concluded.v1":
            if body["outcome"] == "passed":
                books.passed.add(body["case_id"])
            if books.once("review", body["review_id"]):
                book.dated.append(("reviewed", almanac.day_of(body["concluded_at"])))
        case "collective_discussion.held.v1" if books.once("discussed", body["case_id"]):
            book.dated.append(("discussed", _day(body, "held_on", at)))
        case "transfer.proposed.v1" if body["kind"] == "crime":
            books.crimes.add(body["transfer_id"])
        case "transfer.delivered.v1":
            book.delivered.setdefault(body["transfer_id"], _day(body, "delivered_on", at))
        case "court_enforcement.applied.v1":
            book.dated.append(("court", _day(body, "applied_on", at)))
        case "reconsideration.opened.v1" | "suit.opened.v1" if books.once(kind, body["remedy_id"]):
            code = "suits" if kind.startswith("suit") else "reconsiderations"
            book.dated.append((code, _day(body, "opened_on", at)))
        case "reconsideration.closed.v1" | "suit.closed.v1":
            code = REMEDIES.get(body["outcome"], "")
            if code and books.once(code, body["remedy_id"]):
                book.dated.append((code, _day(body, "closed_on", at)))
        case "disclosure.published.v1" if body["subject"] == "penalty":
            day = _day(body, "published_on", at)
            if "case_id" in body:
                books.published[body["case_id"]] = min(day, books.published.get(body["case_id"], day))
            if books.once("published", body["record_id"]):
                book.dated.append(("published", day))
        case "disclosure.withdrawn.v1" if books.once("withdrawn", body["record_id"]):
            book.dated.append(("withdrawn", _day(body, "withdrawn_on", at)))
        case "tip.received.v1" if body["accepted"] and books.once("tip", body["tip_id"]):
            book.tips[body["tip_id"]] = almanac.day_of(body["received_at"]), True
        case "tip.concluded.v1":
            books.closed_tips.add(body["tip_id"])
        case _:
            pass


REMEDIES: Final = {
    "upheld": "upheld", "altered": "remedy_altered", "revoked": "remedy_revoked", "invalid": "remedy_revoked",
    "unlawful": "remedy_revoked",
}  # fmt: skip
DATED: Final = (
    "documents_inspection_record", "documents_on_site_measure", "documents_rectification", "documents_reinspection",
    "major_listed", "major_delisted", "stop_orders", "sealed", "seized", "power_cut", "cases", "heard", "reviewed",
    "discussed", "court", "reconsiderations", "suits", "upheld", "remedy_altered", "remedy_revoked", "published",
    "withdrawn",
)  # fmt: skip
SHARES: Final = {
    "planned_key_share": ("planned_key", "planned"), "completion": ("items_done", "planned"),
    "completion_key": ("items_done_key", "planned_key"), "correction_rate": ("general_corrected", "general_found"),
    "published_share": ("published_in_time", "decided"),
}  # fmt: skip


def _due(books: Books, book: Book, body: Mapping[str, Any], day: Day) -> None:
    for hazard in body["hazard_ids"]:
        if books.once("ordered", hazard):
            book.ordered[hazard] = day
        deadline = Day.fromisoformat(body["deadline"])
        books.deadlines[hazard] = max(deadline, books.deadlines.get(hazard, deadline))


def table(books: Books, authority: str, first: Day, last: Day) -> Values:
    """Every number of one authority for the days from `first` to `last`."""
    book = books.of.get(authority, Book())
    found: Values = dict.fromkeys(DATED, 0)
    for code, day in book.dated:
        if first <= day <= last:
            found[code] = (found[code] or 0) + 1
    items = _items(book, last)
    every = {item: one for other in books.of.values() for item, one in (_items(other, last) or {}).items()}
    found |= _planned(books, book, items, last)
    found |= _visited(books, book, every, first, last)
    hazards = {one: grade for one, (day, grade) in book.hazards.items() if first <= day <= last}
    found["general_found"] = sum(grade == "general" for grade in hazards.values())
    found["general_corrected"] = sum(g == "general" and one in books.corrected for one, g in hazards.items())
    found["major_found"] = sum(grade == "major" for grade in hazards.values())
    found["overdue"] = sum(
        day <= last and one not in books.corrected and books.deadlines[one] < last for one, day in book.ordered.items()
    )
    found |= _punished(books, book, first, last)
    found["collected"] = sum(fen for day, fen in book.paid if first <= day <= last)
    found["to_police"] = sum(first <= day <= last and one in books.crimes for one, day in book.delivered.items())
    tips = [one for one, (day, _) in book.tips.items() if first <= day <= last]
    found["tips"], found["tips_closed"] = len(tips), sum(one in books.closed_tips for one in tips)
    return _shared(found)


def summed(tables: Sequence[Values]) -> Values:
    """The numbers of several authorities together; shares are computed anew."""
    whole: Values = {}
    for one in tables:
        for code, value in one.items():
            if code not in SHARES:
                known = whole.get(code)
                whole[code] = known if value is None else value + (known or 0)
    return _shared(whole)


def _shared(found: Values) -> Values:
    for code, (part, whole) in SHARES.items():
        some, all_of_them = found.get(part), found.get(whole)
        found[code] = None if some is None or not all_of_them else (2_000 * some + all_of_them) // (2 * all_of_them)
    return found


def _items(book: Book, last: Day) -> dict[bytes, Item] | None:
    """The items of the plan with the revisions that hold; None without a plan. A big revision needs its approval."""
    plans: set[bytes] = set()
    items: dict[bytes, Item] = {}
    for day, year, plan, some in book.plan:
        if day <= last and year == last.year:
            plans.add(plan)
            items.update((item, Item(one.kind, one.days)) for item, one in some)
    if not plans:
        return None
    for day, revision, major, plan, changes in sorted(book.revisions, key=lambda one: one[0]):
        if day > last or plan not in plans:
            continue
        gone = [one["item"]["item_id"] for one in changes if one["action"] == "removed"]
        big = major or any(item in items and items[item].kind == "key" for item in gone)
        big = big or (bool(items) and 100 * len(changes) > 10 * len(items))
        if big and revision not in book.approved:
            continue
        for one in changes:
            item = one["item"]
            if one["action"] == "removed":
                items.pop(item["item_id"], None)
            else:
                items[item["item_id"]] = Item(item["kind"], item.get("days", 0))
    return items


def _planned(books: Books, book: Book, items: dict[bytes, Item] | None, last: Day) -> Values:
    if items is None:
        codes = ("planned", "planned_key", "planned_general", "planned_days", "items_done", "items_done_key")
        return dict.fromkeys(codes)
    done = set()
    for task, ends in book.concluded.items():
        item = books.tasks.get(task, ("", "", b""))[2]
        steps = book.steps.get(task, {})
        if item in items and any(_in_order(steps, at) for day, at in ends if day.year == last.year and day <= last):
            done.add(item)
    return {
        "planned": len(items),
        "planned_key": sum(one.kind == "key" for one in items.values()),
        "planned_general": sum(one.kind == "general" for one in items.values()),
        "planned_days": sum(one.days for one in items.values()),
        "items_done": len(done),
        "items_done_key": sum(items[item].kind == "key" for item in done),
    }


def _in_order(steps: Mapping[str, Sequence[int]], end: int) -> bool:
    return any(
        entered <= shown <= recorded <= end
        for entered in steps.get("entered", ())
        for shown in steps.get("shown", ())
        for recorded in steps.get("recorded", ())
    )


def _visited(books: Books, book: Book, items: Mapping[bytes, Item], first: Day, last: Day) -> Values:
    visits = [task for task, day in book.entered.items() if first <= day <= last]
    known = [books.tasks[task] for task in visits if task in books.tasks]

    def places(kind: str) -> int:
        return len({enterprise for enterprise, _, item in known if item in items and items[item].kind == kind})

    return {
        "inspected": len({enterprise for enterprise, _, _ in known}),
        "inspected_key": places("key"), "inspected_general": places("general"), "visits": len(visits),
        "visits_planned": sum(item != b"" for _, _, item in known),
        "visits_triggered": len(visits) - sum(item != b"" for _, _, item in known),
        **{
            f"visits_{source}": sum(one == source for _, one, _ in known)
            for source in ("tip", "transferred", "campaign", "joint")
        },
    }  # fmt: skip


def _punished(books: Books, book: Book, first: Day, last: Day) -> Values:
    mine = {case: one for case, one in book.decisions.items() if first <= one.day <= last}
    kinds = [_heaviest(one.kinds) for one in mine.values()]
    filed = books.filed
    in_time = sum(
        not one.simple and case in filed and one.day <= almanac.rolled(filed[case][0], 90) for case, one in mine.items()
    )
    published = sum(
        case in books.published and books.published[case] <= almanac.add_workdays(one.day, 7)
        for case, one in mine.items()
    )
    return {
        "decided": len(mine),
        "decided_simple": sum(one.simple for one in mine.values()),
        "decided_general": sum(not one.simple for one in mine.values()),
        "decided_persons": sum("person" in books.parties.get(case, ()) for case in mine),
        "decided_units": sum("organisation" in books.parties.get(case, ()) for case in mine),
        "decided_accident": sum(filed.get(case, ("", ""))[1] == "accident" for case in mine),
        **{f"decided_{kind}": kinds.count(kind) for kind in KINDS},
        "fines": sum(one.fen for one in mine.values()),
        "reviewed_decisions": len(mine.keys() & books.passed),
        "decided_in_time": in_time,
        "published_in_time": published,
    }


def _heaviest(kinds: Sequence[str]) -> str:
    most = max((WEIGHT.get(kind, 0) for kind in kinds), default=0)
    return min((kind for kind in kinds if WEIGHT.get(kind, 0) == most), default="P99") if most else "P99"


def quarter(name: str) -> tuple[Day, Day]:
    """First and last day of a quarter such as 2025-Q1. Raises ValueError."""
    year, _, number = name.partition("-Q")
    month = 3 * int(number) - 2
    following = Day(int(year) + month // 10, (month + 3) % 12, 1)
    return Day(int(year), month, 1), following - almanac.DAY


def main(arguments: Sequence[str]) -> int:
    """Print the numbers of a quarter as JSON."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)  # noqa: T201 - a script
        return 2
    books = keep(Path(arguments[0]))
    first, last = quarter(arguments[1])
    wanted = list(arguments[2:]) or sorted(books.of)
    each = {authority: table(books, authority, first, last) for authority in wanted}
    print(json.dumps({"each": each, "whole": summed(list(each.values()))}, ensure_ascii=False))  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
