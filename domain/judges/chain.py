"""Whether an inspection was carried out on the system: its chain of acts, or a recorded reason why nobody could enter.

Whether its plan item is done (INV-08) is for the judge of the plan to say, which reads the same acts. The invariant:
the answer rests on acts that count; an act that was only claimed completes no chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.judges.visit import Visit, arrival
from domain.matter import Fact
from schemas.events.evidence import EvidenceCaptured
from schemas.events.task import TaskConcluded


@dataclass(frozen=True, slots=True)
class Chain:
    """`state`: complete; no_entry (nobody could enter, with a picture that shows it); or what it is lacking.

    `missing`: entry, credentials, record, or photo for a closed gate without a picture. `facts`: what it rests on.
    """

    state: Literal["complete", "no_entry", "out_of_order", "incomplete"]
    missing: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


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
