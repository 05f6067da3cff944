"""Signals of planned inspections and of reports on the plan: done without records (SIG-11), other figures (SIG-24).

The invariant: an item that was only called done is told by what is missing of its inspection, never by who says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain.judges.case_findings import Alarm
from domain.judges.chain import chain_of
from domain.judges.inspection_findings import signals
from domain.judges.visit import Visit, arrival, given, stated
from domain.matter import Signal
from domain.workdays import day_of
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured
from schemas.events.oversight import PeriodicReportSubmitted
from schemas.events.task import TaskConcluded

MISSING: Final = {
    "entry": ("进入现场", "the entry"),
    "credentials": ("出示证件", "certificates shown"),
    "record": ("现场检查记录", "the inspection record"),
    "photo": ("照片", "a picture"),
}
SHOWN: Final = 5
"""Figures that a reason names; all of them stand in the report."""


def of_task(visit: Visit) -> Iterator[Signal]:
    """SIG-11 of a task that was made for an item of a plan and is called concluded."""
    assigned = None if visit.assigned is None else visit.assigned[1]
    if assigned is None or given(assigned.plan_item_id) is None:
        return
    for fact, body in visit.of(TaskConcluded):
        yield from signals(visit.matter, "SIG-11", "serious", lambda body=body: sig_11(visit, body), fact)  # type: ignore[misc]


def sig_11(visit: Visit, concluded: TaskConcluded) -> Iterator[Alarm]:
    """SIG-11: an item of the plan called done without entry, certificates, record, signature, picture or stay."""
    chain = chain_of(visit)
    if chain.state == "no_entry":
        return
    missing = [MISSING[name] for name in chain.missing]
    if concluded.outcome != "no_entry" and chain.state != "incomplete":
        missing += _weak(visit)
    if missing:
        yield Alarm(
            f"计划项目已办结，系统内却缺少：{'、'.join(zh for zh, _ in missing)}。",
            f"The item of the plan is called done; missing on the system: {_listed(en for _, en in missing)}.",
            chain.facts,
            score=90 if chain.state == "incomplete" else 60,
            absent=True,
        )
    if chain.state == "complete":
        yield from _short(visit)


def sig_24(body: PeriodicReportSubmitted) -> Iterator[Alarm]:
    """SIG-24: figures that were reported differ from those that the system gave for the same moment."""
    system = {one.code: one.value for one in body.system_figures}
    differ = [
        (one.code, one.value, system[one.code]) for one in body.figures if system.get(one.code, one.value) != one.value
    ]
    if not differ:
        return
    explained = body.explanation is not UNSET and bool(body.explanation.strip())
    more = len(differ) - SHOWN
    zh = "，".join(f"{code} 上报 {told}、系统 {known}" for code, told, known in differ[:SHOWN])
    en = " - ".join(f"{code} reported {told} and counted {known}" for code, told, known in differ[:SHOWN])
    yield Alarm(
        f"上报数与系统数不符：{zh}{f'，另有 {more} 项' if more > 0 else ''}。"
        + ("已说明原因。" if explained else "未说明原因。"),
        f"Reported figures differ from those of the system: {en}{f' - and {more} more' if more > 0 else ''}."
        + (" The difference is explained." if explained else " No explanation is given."),
        score=40 if explained else 90,
    )


def _weak(visit: Visit) -> Iterator[tuple[str, str]]:
    """What a chain without a gap may lack all the same: a signature or its refusal, pictures, a recording."""
    record = visit.records[-1][1]
    if record.signer is UNSET and record.signer_name is UNSET and record.refused is UNSET:
        yield "签字或拒签记载", "a signature or its refusal"
    day = day_of(visit.records[-1][0].occurred)
    fewest = visit.matter.rules.get("inspection.photos_minimum", day, visit.matter.authority)
    if len(visit.of(EvidenceCaptured)) < fewest.value:
        yield "现场照片", "pictures of the site"
    if not visit.of(RecordingCaptured):
        yield "音像记录", "an audio-video record"


def _short(visit: Visit) -> Iterator[Alarm]:
    entry, record = visit.entries[0], visit.records[-1]
    stay = stated(*record) - arrival(*entry)
    shortest = visit.limit("inspection.stay_minutes", record[0].occurred)
    if 0 <= stay < shortest.value * 60_000:
        yield Alarm(
            f"进入现场到制作检查记录仅 {stay // 60_000} 分钟，不足 {shortest.value} 分钟。",
            f"Between entry and record there were {stay // 60_000} minutes - less than {shortest.value}.",
            (entry[0], record[0]),
            score=60,
            rule=shortest,
            about=f"stay:{record[0].id.hex()}",
        )


def _listed(words: Iterator[str]) -> str:
    return " and ".join(words)
