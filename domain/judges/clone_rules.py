"""Records that are copies of another enterprise's (SIG-28): the same findings in the same words, the same photos.

What is compared is what was found, not what was looked at: checklists repeat lawfully, findings do not. Records of one
authority within two months are compared, so that one wording that everybody uses makes no shelf without end. The
invariant: likeness is said with its measure and never called a forgery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import UNSET

from domain import wording
from domain.filing import wording_months
from domain.judges import file_facts
from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_time, many, signals, zh_time
from domain.judges.visit import Visit, tags
from domain.matter import Fact, Signal
from schemas.events.custody import BlobExamined
from schemas.events.inspection_record import InspectionRecordSigned

MOST: int = 3
"""Alarms of one inspection at most: the records that are most alike."""


@dataclass(slots=True)
class Twin:
    """Another inspection that this one resembles: its record, the likeness of what was found (percent), its photos."""

    other: Fact
    mine: Fact
    alike: int = 0
    whole: bool = False
    photos: list[tuple[Fact, Fact]] = field(default_factory=list)

    @property
    def score(self) -> int:
        """How sure: the whole text alike, or the findings, or photos; more where both are."""
        words = 60 if self.whole else 40 if self.alike else 0
        return words + (30 if self.photos and words else 35 if self.photos else 0)


def needs(fact: Fact) -> Iterator[str]:
    """The shelves of records whose findings may be worded like those of this one."""
    if fact.counts and isinstance(fact.body, InspectionRecordSigned):
        yield from wording_months(fact, fact.body, earlier=True)


def alarms(visit: Visit) -> Iterator[Signal]:
    """The signal about copied records of one inspection."""
    yield from signals(visit.matter, "SIG-28", "weak", lambda: sig_28(visit), officers=visit.officers)


def sig_28(visit: Visit) -> Iterator[Alarm]:
    """SIG-28: findings worded like those of another enterprise's record, or photos that look like its photos."""
    twins: dict[str, Twin] = {}
    for record, body in visit.records:
        for other, twin in _worded_alike(visit, record, body):
            known = twins.get(other)
            if known is None or twin.score > known.score:
                twins[other] = twin
    for mine, first in _photographed_alike(visit):
        other = next(iter(tags(first, "task")), "")
        twins.setdefault(other, Twin(first, mine)).photos.append((first, mine))
    found = sorted(twins.items(), key=lambda item: (-item[1].score, item[1].other.occurred, item[0]))
    for other, twin in found[:MOST]:
        yield Alarm(
            f"与另一单位{zh_time(twin.other.occurred)}的检查雷同：{_zh(twin)}。",
            f"Resembles the inspection of another enterprise on {en_time(twin.other.occurred)}: {_en(twin)}.",
            (twin.other, twin.mine, *(fact for pair in twin.photos for fact in pair)),
            score=twin.score,
            opens=max(twin.mine.occurred, *(mine.occurred for _, mine in twin.photos), twin.other.occurred),
            about=f"clone/{other or twin.other.id.hex()}",
        )


def _worded_alike(visit: Visit, record: Fact, body: InspectionRecordSigned) -> Iterator[tuple[str, Twin]]:
    """(task, twin) of earlier records of other enterprises whose findings are worded alike."""
    own = wording.shingles(wording.findings(body))
    rule = visit.limit("records.alike_percent", record.occurred)
    seen: set[bytes] = set()
    for key in needs(record):
        for other in visit.matter.others.get(key, ()):
            there = other.body
            if other.id in seen or not other.counts or not isinstance(there, InspectionRecordSigned):
                continue
            seen.add(other.id)
            if (other.occurred, other.id) >= (record.occurred, record.id) or not _elsewhere(visit, other):
                continue
            whole = body.text_hash is not UNSET and body.text_hash == there.text_hash
            alike = wording.likeness(own, wording.shingles(wording.findings(there)))
            if whole or alike >= rule.value:
                name = next(iter(tags(other, "task")), "")
                yield name, Twin(other, record, alike if alike >= rule.value else 0, whole)


def _photographed_alike(visit: Visit) -> Iterator[tuple[Fact, Fact]]:
    """(own photo, the earlier one of another enterprise that it looks like)."""
    for fact in visit.acts:
        if not isinstance(fact.body, BlobExamined):
            continue
        for key in file_facts.needs(fact):
            earlier = [
                one
                for one in visit.matter.others.get(key, ())
                if one.counts
                and isinstance(one.body, BlobExamined)
                and (one.occurred, one.id) < (fact.occurred, fact.id)
                and _elsewhere(visit, one)
            ]
            if earlier:
                yield fact, min(earlier, key=lambda one: (one.occurred, one.id))


def _elsewhere(visit: Visit, other: Fact) -> bool:
    """Whether a fact belongs to another task and to another enterprise; one that names none is not said to."""
    body = other.body
    named = {body.enterprise_id} if isinstance(body, InspectionRecordSigned) and body.enterprise_id is not UNSET else ()
    there = {*tags(other, "enterprise"), *named}
    return bool(there) and visit.enterprise not in there and f"task:{visit.matter.key}" not in other.about


def _zh(twin: Twin) -> str:
    parts = []
    if twin.whole:
        parts.append("记录正文完全相同")
    if twin.alike:
        parts.append(f"所列问题的文字{twin.alike}%相同")
    if twin.photos:
        parts.append(f"{len(twin.photos)}张照片看上去相同")
    return "，".join(parts)


def _en(twin: Twin) -> str:
    parts = []
    if twin.whole:
        parts.append("the whole text of the record is the same")
    if twin.alike:
        parts.append(f"{twin.alike} % of the words of its findings are the same")
    if twin.photos:
        parts.append(f"{many(len(twin.photos), 'photo')} look the same")
    return ", ".join(parts)
