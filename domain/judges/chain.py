"""Whether an inspection was carried out on the system: its chain of acts, or a recorded reason why nobody could enter.

A plan item counts as done by this alone (INV-08), never by a tick box. The invariant: the answer rests on acts that
count; an act that was only claimed completes no chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from msgspec import UNSET

from domain.judges.case_findings import Finding, broken, kept, unknown
from domain.judges.visit import Visit, arrival
from domain.matter import Fact, Reason
from schemas.events.evidence import EvidenceCaptured
from schemas.events.task import TaskConcluded

STEPS: Final = {
    "entry": Reason("进入现场", "entry"),
    "credentials": Reason("出示证件", "showing of certificates"),
    "record": Reason("现场检查记录", "inspection record"),
}


@dataclass(frozen=True, slots=True)
class Chain:
    """`state`: complete; no_entry (nobody could enter, with a picture that shows it); or what it is lacking.

    `missing` are names of STEPS, or "photo" for a closed gate without a picture. `facts` are what it rests on.
    """

    state: Literal["complete", "no_entry", "out_of_order", "incomplete"]
    missing: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it carries the conclusion of a plan item."""
        return self.state in ("complete", "no_entry")


def chain_of(visit: Visit) -> Chain:
    """How complete the chain of an inspection is."""
    if not visit.entries and visit.attempts:
        return _at_the_gate(visit)
    there = {
        "entry": [fact for fact, _ in visit.entries],
        "credentials": [fact for fact, _ in visit.shown],
        "record": [fact for fact, _ in visit.records],
    }
    missing = tuple(name for name, facts in there.items() if not facts)
    facts = tuple(fact for found in there.values() for fact in found[:1])
    if missing:
        return Chain("incomplete", missing, facts)
    entered = arrival(*visit.entries[0])
    if not entered <= there["credentials"][0].occurred <= there["record"][-1].occurred:
        return Chain("out_of_order", (), facts)
    return Chain("complete", (), facts)


def inv_08(visit: Visit) -> Finding | None:
    """INV-08: a task of a plan item is concluded only with its chain on the system, or a recorded closed gate."""
    concluded = visit.matter.first(TaskConcluded)
    planned = visit.assigned is not None and visit.assigned[1].plan_item_id is not UNSET
    if not planned:
        return None
    chain = chain_of(visit)
    if chain.done:
        return kept(
            "计划项目的检查在系统内留有完整记录。"
            if chain.state == "complete"
            else "未能进入现场，已记明情况并留有照片。",
            "The inspection of the plan item is complete on the system."
            if chain.state == "complete"
            else "Nobody could enter; this was recorded with a picture.",
            *chain.facts,
        )
    zh, en = describe(chain)
    if concluded is None:
        return unknown(f"检查尚未办结：{zh}。", f"The inspection is not concluded yet: {en}.", *chain.facts)
    return broken(
        f"计划项目不能办结：{zh}。",
        f"The plan item cannot be concluded: {en}.",
        concluded[0],
        *chain.facts,
        absent=chain.state == "incomplete",
    )


def describe(chain: Chain) -> tuple[str, str]:
    """What a chain is lacking, in both languages."""
    if chain.state == "out_of_order":
        return "进入现场、出示证件、检查记录的次序颠倒", "entry, certificates and record are out of order"
    if chain.missing == ("photo",):
        return "未能进入现场而没有照片证明", "nobody could enter, and no picture shows it"
    return (
        "缺少" + "、".join(STEPS[name].zh for name in chain.missing),
        "it lacks the " + ", ".join(STEPS[name].en for name in chain.missing),
    )


def _at_the_gate(visit: Visit) -> Chain:
    """A closed gate, a refusal, a move: it counts if a picture shows it (SIG-11)."""
    attempt, body = visit.attempts[-1]
    cited = set(body.evidence_ids)
    for _, conclusion in visit.of(TaskConcluded):
        cited |= set(conclusion.evidence_ids)
    pictures = [fact for fact, _ in visit.of(EvidenceCaptured)]
    if cited or pictures:
        return Chain("no_entry", (), (attempt, *pictures))
    return Chain("incomplete", ("photo",), (attempt,))
