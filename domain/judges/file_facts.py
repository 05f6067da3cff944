"""What is known of files themselves: what a picture says of itself, where it was seen before, and whether it is whole.

Rests on acts that the server wrote when a file arrived or was checked (`blob.examined.v1`, `blob.damaged.v1`), never on
the file: the judges read the log alone. The invariant: two files are never taken for one because they look alike; what
looks alike is said to look alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import UNSET

from domain.filing import look_key, text_of
from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_period, en_time, many, zh_period, zh_time
from domain.matter import Fact, Matter
from domain.workdays import day_of
from schemas.events.custody import BlobDamaged, BlobExamined
from schemas.events.evidence import BlobReceived
from schemas.events.terminal import TerminalFaultReported

HOUR: Final = 3_600_000


def examined(facts: Iterable[Fact]) -> dict[bytes, BlobExamined]:
    """What files say of themselves, by the ids of the events that cite them."""
    return {
        event: fact.body
        for fact in facts
        if fact.counts and isinstance(fact.body, BlobExamined)
        for event in fact.body.events
    }


def needs(fact: Fact) -> Iterator[str]:
    """The shelf of pictures that look like one of this fact."""
    if fact.counts and isinstance(fact.body, BlobExamined) and fact.body.looks_like is not UNSET:
        key = look_key(fact.body.looks_like)
        if key:
            yield key


def not_arrived(matter: Matter, facts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-03: a declared file that had not arrived the configured hours after its record; one alarm for each upload."""
    came = _arrivals(matter.facts)
    together: dict[tuple[bytes, int], list[Fact]] = {}
    for fact in facts:
        if fact.blobs:
            together.setdefault((fact.terminal, fact.received), []).append(fact)
    for (terminal, received), declared in sorted(together.items()):
        rule = matter.rules.get("recording.upload_hours", day_of(received), matter.authority)
        due = received + rule.value * HOUR
        late = {
            (fact, digest): arrived
            for fact in declared
            for digest in fact.blobs
            if (arrived := came.get((fact.id, digest))) is None or arrived > due
        }
        if not late:
            continue
        left = {digest for (_, digest), arrived in late.items() if arrived is None}
        last = max((arrived for arrived in late.values() if arrived is not None), default=due)
        number = len({digest for _, digest in late})
        days = sorted({day_of(fact.occurred) for fact, _ in late})
        shelf = [one for day in days for one in matter.others.get(f"device:{text_of(terminal)}/{day}", ())]
        why = [one for one in shelf if one.counts and isinstance(one.body, TerminalFaultReported)]
        yield Alarm(
            f"{number}个登记的文件在记录上传后{zh_period(rule)}内没有到达"
            + (f"，其中{len(left)}个至今未到。" if left else f"，最后一个于{zh_time(last)}才到达。")
            + ("该终端当日有故障申报。" if why else ""),
            f"{many(number, 'declared file')} had not arrived {en_period(rule)} after the records were uploaded"
            + (f"; still missing: {len(left)}." if left else f"; the last came on {en_time(last)}.")
            + (" A fault of the terminal was reported on that day." if why else ""),
            (*dict.fromkeys(fact for fact, _ in late), *why),
            score=25 if why else 50,
            opens=due,
            closes=None if left else last,
            rule=rule,
            about=f"files/{terminal.hex()}/{received}",
        )


def _arrivals(facts: Iterable[Fact]) -> dict[tuple[bytes, bytes], int]:
    """When files first came, by the event that declares them and their digest."""
    found: dict[tuple[bytes, bytes], int] = {}
    for fact in facts:
        if fact.counts and isinstance(fact.body, BlobReceived):
            for event in fact.body.events:
                name = (event, fact.body.sha256)
                found[name] = min(fact.occurred, found.get(name, fact.occurred))
    return found


def damaged(facts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-15: a file that had arrived has another digest or is gone, until it has come again."""
    for fact in facts:
        if not fact.counts or not isinstance(fact.body, BlobDamaged):
            continue
        body = fact.body
        again = [
            one.occurred
            for one in facts
            if one.counts
            and isinstance(one.body, BlobReceived)
            and one.body.sha256 == body.sha256
            and one.occurred >= fact.occurred
        ]
        lost = body.state == "lost"
        yield Alarm(
            f"已到达的证据文件{'丢失' if lost else '与其摘要不符'}（{body.sha256.hex()[:16]}），已向终端重新索取。",
            f"A file of evidence that had arrived ({body.sha256.hex()[:16]}) "
            f"{'is gone' if lost else 'does not have its digest any more'}; the terminal was asked for it again.",
            (fact,),
            score=80,
            opens=fact.occurred,
            closes=min(again, default=None),
            about=f"damaged/{fact.id.hex()}",
        )


def seen_before(own: Sequence[Fact], others: Mapping[str, Sequence[Fact]], tag: str) -> Iterator[Alarm]:
    """SIG-15, SIG-28: a picture of this matter that looks like one of another before. `tag` is the matter's own."""
    for fact in own:
        for key in needs(fact):
            assert isinstance(fact.body, BlobExamined)
            earlier = sorted(
                (
                    one
                    for one in others.get(key, ())
                    if one.counts
                    and isinstance(one.body, BlobExamined)
                    and tag not in one.about
                    and (one.occurred, one.id) < (fact.occurred, fact.id)
                ),
                key=lambda one: (one.occurred, one.id),
            )
            if not earlier:
                continue
            first = earlier[0]
            same = isinstance(first.body, BlobExamined) and first.body.sha256 == fact.body.sha256
            yield Alarm(
                f"这张照片与另一任务于{zh_time(first.occurred)}到达的照片{'是同一个文件' if same else '看上去相同'}。",
                f"This picture {'is the same file as' if same else 'looks the same as'} one of another task that "
                f"arrived on {en_time(first.occurred)}.",
                (first, fact),
                score=85 if same else 60,
                opens=fact.occurred,
                about=f"elsewhere/{fact.id.hex()}",
            )
