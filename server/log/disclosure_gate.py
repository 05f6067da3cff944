"""Before anything of a case becomes public: how its judge sees the decision, on all that is filed (INV-17 and friends).

The invariant: nothing is published of a decision to which a gate is closed, which was altered, or whose rules do not
publish it; what came into the case since it was judged is caught by an append condition on the case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import asyncpg

from domain import corrections, public_files
from domain.disclosure_record import Gate
from domain.judges import case, case_disclosure
from domain.judges import case_money as money
from domain.judges.case_facts import Case
from domain.matter import Fact, Matter
from domain.office.refusals import refused
from projections.process.judging import TooManyFacts
from projections.process.store import Store
from schemas import entries
from schemas.events import REGISTRY
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.plan import RandomSelectionAnnounced, RandomSelectionCancelled, RandomSelectionRevealed
from server.log import store as rows_of
from server.log.acts import Condition

MAX_ACTS: Final = 1_000
STOPPING: Final = frozenset(name for name in REGISTRY if not name.startswith(("document_number.", "disclosure.")))
"""Types of events after which a matter must be looked at again. Acts on the record itself meet at its version."""


OTHER_OFFICERS: Final = Gate(
    "INV-29",
    "名单拟稿后执法证情况已变化，请重新拟稿",
    "certificates changed since the list was prepared: prepare it anew",
)
CANCELLED: Final = Gate("E11", "该次抽取已取消", "this draw was cancelled")


@dataclass(frozen=True, slots=True)
class Unmoved:
    """Refuse if the aggregate `origin` has another version than the one that was read."""

    origin: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A matter as it is filed, corrections applied, and the conditions under which an act on it may stand."""

    matter: Matter
    conditions: tuple[Condition | Unmoved, ...]


async def open_matter(pool: asyncpg.Pool, queries: Mapping[str, str], authority: str, kind: str, key: str) -> Opened:
    """A case, a task, a draw or the officers of the authority. Raises Problem not_found, not_ready."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        slot = await connection.fetchval(queries["process_slot"])
        logs = {row["log_id"]: row["authority"] for row in await connection.fetch(queries["authority_logs"])}
        store = Store(connection, slot, logs, quiet=True)
        if kind == "draw":
            return await _draw(connection, queries, store, authority, key)
        if kind == "officers":
            return await _officers(connection, queries, store, authority, key)
        try:
            matter = await store.matter((kind, key))
        except TooManyFacts:
            raise refused(
                "not_ready", "这份卷宗无法判定，请查看它的页面。", "the file cannot be judged: look at its page"
            ) from None  # fmt: skip
        if matter is None or matter.authority != authority:
            raise refused(
                "not_found", "本机关没有这个编号的卷宗。", f"no {kind} of this id is in the record of this authority"
            )
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
    return Opened(known, (Condition(STOPPING, f"{kind}:{key}", filed.get(newest, 0) - 1),))


async def _draw(
    connection: asyncpg.Connection, queries: Mapping[str, str], store: Store, authority: str, key: str
) -> Opened:
    """The acts of a draw, with the names of whom its result names."""
    origin = UUID(key).bytes
    rows = await connection.fetch(queries["acts_of"], authority, rows_of.uuid(origin), MAX_ACTS)
    facts = tuple(_fact(authority, bytes(row["entry"])) for row in rows)
    if not any(isinstance(one.body, RandomSelectionAnnounced) for one in facts):
        raise refused(
            "not_found", "本机关没有这个编号的抽取。", "no draw of this id is in the record of this authority"
        )
    matter = replace(await store.empty(("draw", key), authority), facts=facts)
    told = matter.last(RandomSelectionRevealed)
    if told is not None:
        matter = await store.beside(matter, public_files.beside(told[1]))
    return Opened(matter, (Unmoved(origin, rows[-1]["version"]),))


async def _officers(
    connection: asyncpg.Connection, queries: Mapping[str, str], store: Store, authority: str, key: str
) -> Opened:
    """The certificates of everybody in the register of the authority, as far as it is filed."""
    if key != authority:
        raise refused("not_found", "只能公示本机关的执法人员。", "an authority publishes its own officers")
    slot = await connection.fetchval(queries["process_slot"])
    await connection.execute(queries["looks_at"], authority)
    rows = await connection.fetch(queries["certified_officers"], authority, slot)
    matter = await store.empty(("officers", key), authority)
    return Opened(await store.beside(matter, [f"certificate:{row['key']}" for row in rows]), ())


def _fact(authority: str, data: bytes) -> Fact:
    entry = entries.decode(data)
    assert isinstance(entry, entries.OfficeEntry), "acts of an aggregate are entries of the office"
    by = (entry.w.officer,) if isinstance(entry.w.officer, str) else ()
    body = REGISTRY.decode_body(entry.y, entry.b)
    return Fact(entry.i, entry.y, body, tuple(entry.a), by, "office", authority, entry.r, entry.r)


def closed(matter: Matter, decision: bytes) -> tuple[Gate, ...]:
    """The gates that keep a decision or a result from being published, none where it may be."""
    if matter.kind == "officers":
        return ()
    fact = next((one for one in matter.facts if one.id == decision), None)
    if fact is None or not fact.counts:
        return (Gate("INV-29", "卷宗里没有这项决定", "the file has no such decision"),)
    if matter.kind == "draw":
        return (CANCELLED,) if matter.last(RandomSelectionCancelled) is not None else ()
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
    elif not isinstance(body, PenaltyDecided | OnSpotPenaltyDecided | CompulsoryMeasureImposed):
        gates.append(Gate("INV-29", "这类决定不在此公示", "a decision of this kind is not published here"))
    return gates
