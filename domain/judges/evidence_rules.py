"""Evidence of an inspection: when it was made, and whether it is what it is said to be (SIG-14, SIG-15).

Only what was declared, and what the server read in the files, is compared: digests, links between segments, times and
looks of files. The invariant: two pieces of evidence are never taken for one because their words agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import UNSET

from domain.judges import file_facts
from domain.judges.case_findings import Alarm
from domain.judges.hazard_facts import evidence_id
from domain.judges.inspection_findings import en_length, en_time, signals, zh_length, zh_time
from domain.judges.visit import Visit, stated, tags
from domain.matter import Fact, Signal
from schemas.events.custody import BlobExamined
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured

DAY: Final = 86_400_000


def alarms(visit: Visit) -> Iterator[Signal]:
    """The signals about evidence of one inspection."""
    yield from signals(visit.matter, "SIG-14", "serious", lambda: sig_14(visit), officers=visit.officers)
    yield from signals(visit.matter, "SIG-15", "serious", lambda: sig_15(visit), officers=visit.officers)


def sig_14(visit: Visit) -> Iterator[Alarm]:
    """SIG-14: evidence that was captured after the record was signed; steps that come later are named by their code."""
    if not visit.records:
        return
    end, record = max((stated(*pair), pair[0]) for pair in visit.records)
    rule = visit.limit("recording.margin_seconds", end)
    later = visit.limit("evidence.after_steps", end).value
    said = file_facts.examined(visit.matter.facts)
    for fact, body in visit.of(EvidenceCaptured):
        if body.case_id is not UNSET or tags(fact, "case"):
            continue  # a case investigates on; its own judge looks at its evidence
        made = _made(fact, body, said)
        if made > end + rule.value * 1000 and (body.step_code is UNSET or body.step_code not in later):
            yield Alarm(
                f"现场检查记录在{zh_time(end)}签字，这件证据{zh_length(made - end)}后才采集。",
                f"The record was signed on {en_time(end)}; this evidence was captured {en_length(made - end)} later.",
                (fact, record),
                score=75,
                opens=fact.occurred,
                rule=rule,
                about=fact.id.hex(),
            )


def sig_15(visit: Visit) -> Iterator[Alarm]:
    """SIG-15: a file used twice, here or in another task, changed under its id, edited, older than the visit, not in
    its chain, or damaged on the server.
    """
    yield from _used_twice(visit)
    yield from _changed(visit)
    yield from _edited_or_old(visit)
    yield from _unlinked(visit)
    yield from file_facts.damaged(visit.matter.facts)
    yield from file_facts.seen_before(visit.matter.facts, visit.matter.others, f"task:{visit.matter.key}")


def _used_twice(visit: Visit) -> Iterator[Alarm]:
    """One file that stands for two pieces of evidence."""
    first: dict[bytes, tuple[Fact, EvidenceCaptured]] = {}
    for fact, body in visit.of(EvidenceCaptured):
        if body.sha256 is UNSET:
            continue
        known = first.setdefault(body.sha256, (fact, body))
        if known[0] is not fact and evidence_id(*known) != evidence_id(fact, body):
            yield Alarm(
                "同一个文件被用作两件不同的证据。",
                "One file stands for two different pieces of evidence.",
                (known[0], fact),
                score=85,
                opens=fact.occurred,
                about=f"twice/{fact.id.hex()}",
            )


def _changed(visit: Visit) -> Iterator[Alarm]:
    """Evidence that was recorded again under the same id with another file."""
    first: dict[bytes, tuple[Fact, bytes]] = {}
    files = [(f, evidence_id(f, b), b.sha256) for f, b in visit.of(EvidenceCaptured) if b.sha256 is not UNSET]
    files += [(f, b.segment_id, b.sha256) for f, b in visit.of(RecordingCaptured)]
    for fact, name, digest in files:
        known, was = first.setdefault(name, (fact, digest))
        if was != digest:
            yield Alarm(
                "同一编号的证据先后登记了两个不同的文件。",
                "Two different files were recorded under the id of one piece of evidence.",
                (known, fact),
                score=85,
                opens=fact.occurred,
                about=f"changed/{fact.id.hex()}",
            )


def _edited_or_old(visit: Visit) -> Iterator[Alarm]:
    """Edited copies without their original, and files that say they are older than the visit."""
    digests = {body.sha256 for _, body in visit.of(EvidenceCaptured) if body.sha256 is not UNSET}
    start = min((fact.occurred for fact, _ in visit.attempts), default=None)
    said = file_facts.examined(visit.matter.facts)
    for fact, body in visit.of(EvidenceCaptured):
        file_time = _file_time(fact, body, said)
        if body.derived_from is not UNSET and body.derived_from not in digests:
            yield Alarm(
                "证据是经过编辑的副本，其原始文件没有登记。",
                "The evidence is an edited copy; its original was not recorded.",
                (fact,),
                score=60,
                absent=True,
                about=f"edited/{fact.id.hex()}",
            )
        if file_time is not None and start is not None and file_time < start - DAY:
            yield Alarm(
                f"文件自带的时刻是{zh_time(file_time)}，早于本次检查。",
                f"The file itself says {en_time(file_time)}, which is before this inspection.",
                (fact,),
                score=70,
                about=f"old/{fact.id.hex()}",
            )


def _unlinked(visit: Visit) -> Iterator[Alarm]:
    """Segments that name a segment before them which nobody recorded."""
    recordings = visit.of(RecordingCaptured)
    known = {body.sha256 for _, body in recordings}
    for fact, body in recordings:
        if body.prev_segment_hash is not UNSET and body.prev_segment_hash not in known:
            yield Alarm(
                "音像片段所接的上一片段没有登记。",
                "The segment follows one that was not recorded.",
                (fact,),
                score=60,
                absent=True,
                about=f"segment/{fact.id.hex()}",
            )


def _made(fact: Fact, body: EvidenceCaptured, said: Mapping[bytes, BlobExamined]) -> int:
    """When the evidence was made: the later of what the terminal and what the file itself says."""
    captured = fact.occurred if fact.captured is None else fact.captured
    stated_by_file = _file_time(fact, body, said)
    return captured if stated_by_file is None else max(captured, stated_by_file)


def _file_time(fact: Fact, body: EvidenceCaptured, said: Mapping[bytes, BlobExamined]) -> int | None:
    """The instant that the file states: as the server read it, else as the terminal declared it."""
    found = said.get(fact.id)
    if found is not None and found.file_time is not UNSET:
        return found.file_time
    return None if body.file_time is UNSET else body.file_time
