"""What is known of files themselves: what a picture says of itself, where it was seen before, and whether it is whole.

Rests on acts that the server wrote when a file arrived or was checked (`blob.examined.v1`, `blob.damaged.v1`), never on
the file: the judges read the log alone. The invariant: two files are never taken for one because they look alike; what
looks alike is said to look alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET

from domain.filing import look_key
from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_time, zh_time
from domain.matter import Fact
from schemas.events.custody import BlobDamaged, BlobExamined
from schemas.events.evidence import BlobReceived


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
