"""A clean inspection, and a hazard that went its whole way, as facts to take from, to change and to add to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.judges import hazard, task
from domain.matter import Fact, Judgement, Signal, Verdict
from domain.rulebook import Rulebook
from tests.support.facts import (
    ENTERPRISE,
    EVIDENCE,
    HAZARD,
    HEAD,
    LIN,
    TASK,
    ZHAO,
    at,
    certificates,
    fact,
    matter,
    new_id,
    text_id,
)

Given = dict[str, Fact]
SITE = (f"enterprise:{ENTERPRISE}", f"task:{text_id(TASK)}")
ORDER_NO = "（辽本）应急责改〔2026〕1号"


def on_site(type_name: str, when: str, body: Mapping[str, Any] | None = None, /, **more: Any) -> Fact:
    """An act on the site of the task."""
    return fact(type_name, body, occurred=when, about=more.pop("about", SITE), **more)


def assigned(**fields: Any) -> Fact:
    """The task, assigned and approved the day before."""
    scheme = {"content": "用电安全", "approver": HEAD, "approved_at": at("2026-03-01 15:00")}
    given = {"task_id": TASK, "source": "plan", "enterprise_id": ENTERPRISE, "officers": [LIN, ZHAO], "scheme": scheme}
    return fact("task.assigned.v1", {**given, **fields}, occurred="2026-03-01 16:00", by=(HEAD,), about=SITE)


def film(step: str, start: str, end: str, **fields: Any) -> Fact:
    """A recording."""
    given: dict[str, Any] = {
        "segment_id": new_id(),
        "sha256": new_id() * 2,
        "media_type": "video/mp4",
        "step_code": step,
    }
    given |= {"start": at(start), "end": at(end), "size": 1_000}
    return on_site("recording.captured.v1", end, {**given, **fields})


def photo(when: str, **fields: Any) -> Fact:
    """A photo, with an id and a digest of its own."""
    more = {name: fields.pop(name) for name in ("captured", "received", "terminal", "by") if name in fields}
    given = {"kind": "photo", "description": "配电箱", "evidence_id": new_id(), "sha256": new_id() * 2}
    return on_site("evidence.captured.v1", when, {**given, **fields}, **more)


def found(when: str = "2026-03-02 09:30", **fields: Any) -> Fact:
    """A general hazard, found by two officers."""
    given = {"hazard_id": HAZARD, "grade": "general", "description": "配电箱无防护", "evidence_ids": [EVIDENCE]}
    return on_site("hazard.found.v1", when, {**given, **fields})


def ordered(when: str = "2026-03-02 10:30", **fields: Any) -> Fact:
    """The rectification order, until 20 March."""
    given = {"hazard_ids": [HAZARD], "ordered_on": when[:10], "deadline": "2026-03-20", "document_no": ORDER_NO}
    return on_site("rectification.ordered.v1", when, {**given, **fields})


def reinspected(when: str = "2026-03-19 10:00", outcome: str = "corrected", **fields: Any) -> Fact:
    """A re-inspection of the hazard."""
    by = fields.pop("by", (LIN, ZHAO))
    given = {"results": [{"hazard_id": HAZARD, "outcome": outcome}], "reinspected_on": when[:10]}
    about = (f"enterprise:{ENTERPRISE}",)
    return fact("reinspection.concluded.v1", {**given, **fields}, occurred=when, by=by, about=about)


def closed(when: str = "2026-03-19 15:00", **fields: Any) -> Fact:
    """The closure, entered by the office and approved."""
    given = {"hazard_id": HAZARD, "verifier": ZHAO, "approver": HEAD, "closed_on": when[:10]}
    about = (f"enterprise:{ENTERPRISE}",)
    return fact("hazard.closed.v1", {**given, **fields}, occurred=when, by=(HEAD,), source="office", about=about)


def inspection() -> Given:
    """An inspection that keeps every rule: one general hazard, an order that was served, everything recorded."""
    return {
        "assigned": assigned(),
        "entered": on_site(
            "site.entered.v1",
            "2026-03-02 09:00",
            officers_present=[LIN, ZHAO],
            arrival="2026-03-02 09:00",
            task_id=TASK,
        ),
        "shown": on_site(
            "credentials.shown.v1", "2026-03-02 09:02", certificates=["E21050017", "E21050023"], task_id=TASK
        ),
        "film": film("A7", "2026-03-02 08:59", "2026-03-02 10:20"),
        "photo": photo("2026-03-02 09:25", evidence_id=EVIDENCE),
        "found": found(),
        "record": on_site(
            "inspection_record.signed.v1",
            "2026-03-02 10:15",
            content="用电安全",
            signer="车间主任",
            task_id=TASK,
            problems=[{"text": "配电箱无防护", "hazard_id": HAZARD}],
            document_no="（辽本）应急检记〔2026〕1号",
        ),
        "ordered": ordered(),
        "served": on_site(
            "document.served.v1",
            "2026-03-02 10:40",
            document_no=ORDER_NO,
            method="direct",
            served_on="2026-03-02",
            task_id=TASK,
        ),
    }


def loop() -> Given:
    """A hazard that went its way: found, ordered, re-inspected, closed."""
    return {
        "photo": photo("2026-03-02 09:25", evidence_id=EVIDENCE),
        "found": found(),
        "ordered": ordered(),
        "reinspected": reinspected(),
        "closed": closed(),
    }


def judge_task(
    facts: Mapping[str, Fact] | Iterable[Fact],
    others: Mapping[str, Iterable[Fact]] | None = None,
    rules: Rulebook | None = None,
) -> Judgement:
    """The judgement of a task. Certificates of the two officers are valid unless `others` says otherwise."""
    own = list(facts.values() if isinstance(facts, Mapping) else facts)
    shelves = {**certificates(LIN, ZHAO), **(others or {})}
    return task.judge(matter("task", TASK, own, others=shelves, rules=rules))


def judge_hazard(
    facts: Mapping[str, Fact] | Iterable[Fact],
    others: Mapping[str, Iterable[Fact]] | None = None,
    rules: Rulebook | None = None,
) -> Judgement:
    """The judgement of the hazard, as `judge_task`."""
    own = list(facts.values() if isinstance(facts, Mapping) else facts)
    shelves = {**certificates(LIN, ZHAO), **(others or {})}
    return hazard.judge(matter("hazard", HAZARD, own, others=shelves, rules=rules))


def verdict(judgement: Judgement, rule: str, about: Fact | str | None = None) -> Verdict | None:
    """The verdict of a rule, about one act where there are several; None if it says nothing."""
    name = about.id.hex() if isinstance(about, Fact) else about
    found = [one for one in judgement.verdicts if one.rule == rule and name in (None, one.about)]
    return found[0] if found else None


def outcome(judgement: Judgement, rule: str, about: Fact | str | None = None) -> str:
    """kept, broken or unknown; "absent" before what rests on something that is not there, "" if nothing is said."""
    one = verdict(judgement, rule, about)
    if one is None:
        return ""
    return f"absent {one.outcome}" if one.absent else one.outcome


def signals(judgement: Judgement, rule: str, about: str = "") -> list[Signal]:
    """The signals of a rule whose `about` begins so."""
    return [one for one in judgement.signals if one.rule == rule and one.about.startswith(about)]
