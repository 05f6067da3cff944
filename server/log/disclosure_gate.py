"""Before anything of a case becomes public: how its judge sees the decision, on all that is filed (INV-17 and friends).

The invariant: nothing is published of a decision to which a gate is closed, which was altered, or whose rules do not
publish it; what came into the case since it was judged is caught by an append condition on the case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from domain import corrections
from domain.disclosure_record import Gate
from domain.judges import case, case_disclosure
from domain.judges import case_money as money
from domain.judges.case_facts import Case
from domain.matter import Fact, Matter
from projections.process.judging import TooManyFacts
from projections.process.store import Store
from schemas.events import REGISTRY
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.problems import Problem
from server.log.acts import Condition

STOPPING: Final = frozenset(name for name in REGISTRY if not name.startswith(("document_number.", "disclosure.")))
"""Types of events after which a matter must be looked at again. Acts on the record itself meet at its version."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A matter as it is filed, corrections applied, and the condition under which an act that rests on it may stand."""

    matter: Matter
    condition: Condition


async def open_matter(pool: asyncpg.Pool, queries: Mapping[str, str], authority: str, kind: str, key: str) -> Opened:
    """A case or a task of the authority. Raises Problem not_found, not_ready."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        slot = await connection.fetchval(queries["process_slot"])
        logs = {row["log_id"]: row["authority"] for row in await connection.fetch(queries["authority_logs"])}
        store = Store(connection, slot, logs, quiet=True)
        try:
            matter = await store.matter((kind, key))
        except TooManyFacts:
            raise Problem("not_ready", "the file cannot be judged: look at its page") from None
        if matter is None or matter.authority != authority:
            raise Problem("not_found", f"no {kind} of this id is in the record of this authority")
        filed = await store.positions()
    found = corrections.corrections(matter.facts)
    newest = max((log for log, owner in logs.items() if owner == authority), default=0)
    known = Matter(
        matter.kind,
        matter.key,
        matter.authority,
        corrections.applied(matter.facts, found) if found else matter.facts,
        matter.rules,
        matter.calendar,
        matter.others,
    )
    return Opened(known, Condition(STOPPING, f"{kind}:{key}", filed.get(newest, 0) - 1))


def closed(matter: Matter, decision: bytes) -> tuple[Gate, ...]:
    """The gates that keep a decision or a result from being published, none where it may be."""
    fact = next((one for one in matter.facts if one.id == decision), None)
    if fact is None or not fact.counts:
        return (Gate("INV-29", "卷宗里没有这项决定", "the file has no such decision"),)
    if matter.kind != "case":
        return ()
    return (*_lawful(matter, fact), *_standing(Case(matter), fact))


def _lawful(matter: Matter, fact: Fact) -> Sequence[Gate]:
    """What its judge says of the decision and of the review and hearing that it rests on."""
    return [Gate(one.rule, one.reason.zh, one.reason.en) for one in case.gates_of(matter, fact)]


def _standing(found: Case, fact: Fact) -> Sequence[Gate]:
    """Whether it still stands as it was decided, and is published at all by the rules."""
    body = fact.body
    gates: list[Gate] = []
    if isinstance(body, case_disclosure.Public):
        altered = money.alterations(found, body.document_no)
        if altered:
            day = altered[-1][1].effective_on
            gates.append(
                Gate(
                    "INV-29",
                    f"该决定自 {day} 起已变更或者撤销，不得公示",
                    f"the decision was altered as of {day}: it is not published",
                )
            )
        rule = case_disclosure.left_out(found, body)
        if rule is not None:
            gates.append(
                Gate("INV-29", f"按规定（{rule.version}）不公示", f"by the rules ({rule.version}) it is not published")
            )
    elif not isinstance(body, PenaltyDecided | OnSpotPenaltyDecided):
        gates.append(Gate("INV-29", "这类决定不在此公示", "a decision of this kind is not published here"))
    return gates
