"""Acts of the office at the desk: read the matter, decide, ask the gates, append with version and condition.

One act end to end. A case, a hazard, an inspection, an officer, a plan, an enterprise, a signal's matter: each is an
aggregate whose acts have versions of their own; what the act rests on beside them is held by an append condition on the
matter's tag. The invariant: what is appended was decided, and passed its gates, on everything that the log holds of the
matter up to the very entry before it; of two acts at once one wins, and the other is decided anew on what it finds
then, or is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import asyncpg
import msgspec
from msgspec import structs

from domain.document_numbers import series_key
from domain.filing import text_of
from domain.judges import JUDGES, decision_gate
from domain.judges.case_facts import same_number
from domain.judges.plan import Plan
from domain.matter import Fact, Matter, Verdict
from domain.office import case as case_acts
from domain.office import commands as ask
from domain.office import gates, others, plans
from domain.office.case import Actor, CaseCommand, Proposal
from domain.office.others import OtherCommand
from domain.office.plans import EnterpriseCommand, PlanCommand
from domain.office.refusals import changed, refused, wrong
from domain.office.stamp import since, stamp
from domain.plan_criteria import Suggestion
from domain.rulebook import NoRule
from domain.workdays import day_of
from projections import statements
from projections.process import planning
from projections.process.judging import TooManyFacts
from projections.process.store import Memory, Store
from schemas import entries
from schemas.entries import OfficeEntry, Who
from schemas.envelope import ABOUT_KINDS
from schemas.events import REGISTRY, Body
from schemas.events.document_number import DocumentNumberIssued
from schemas.events.penalty import PenaltyDecided
from schemas.events.task import TaskAssigned
from schemas.outline import places
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act, Condition, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7
from server.log.number_acts import NumberActs, document_tag
from server.log.number_gate import STOPPING
from server.log.repository import VersionedActs
from server.log.store import Connection

Command: TypeAlias = CaseCommand | OtherCommand | PlanCommand | EnterpriseCommand
Gate: TypeAlias = Callable[[Matter, Fact], Sequence[Verdict]]
"""Which gates of a matter are closed to an act."""
MAX_TRIES: Final = 8
"""How often an act is decided anew because the matter went on meanwhile."""
MAX_BEHIND: Final = 20_000
"""Entries of one matter that may stand in the log and not be filed yet."""
NAMESPACE: Final = uuid.UUID("0b6d9f5e-3c1d-5e0a-8d7e-7c2f4a915b11")
OWN_ORIGIN: Final = frozenset({"case", "task", "hazard"})
"""Kinds whose key is an id, which is the origin of their acts as well."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A matter as it stands in the log: all its facts, and the stamp that forms carry.

    `log_id` is the newest log of the authority, `size` how many entries it had when the matter was read.
    """

    matter: Matter
    stamp: str
    log_id: int
    epoch: int
    size: int


@dataclass(frozen=True, slots=True)
class Done:
    """An act that stands in the log: its id, type and body, and where. `again`: it stood there before it was asked."""

    id: bytes
    type: str
    body: Body
    epoch: int
    position: int
    again: bool = False


class Desk:
    """The officers' service. `pool` reads the log and the process tables (role of the writer), `committer` appends.

    `gate` says which gates are closed to an act. Nothing but a test that shows what happens without them gives another.
    """

    def __init__(
        self, committer: Committer, pool: asyncpg.Pool, numbers: NumberActs, gate: Gate = gates.closed
    ) -> None:
        self._committer = committer
        self._pool = pool
        self._numbers = numbers
        self._gate = gate
        self._queries = store.load_queries("server.log", "office.sql")
        self._memory = Memory()

    async def stand(self, authority: str, kind: str, key: str) -> Stand:
        """A matter of the authority as the log has it at this moment. Raises Problem not_found, not_ready."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found, _ = await self._read(connection, authority, kind, key)
        if not found.matter.facts:
            raise refused("not_found", "没有这个事项。", "no such matter is in the record of this authority")
        return found

    async def do(
        self,
        authority: str,
        kind: str,
        key: str,
        command: Command,
        who: Who,
        roles: frozenset[str],
        *,
        act: bytes,
        seen: str | None = None,
        unit: str = "",
    ) -> Done:
        """Do an act. Idempotency: `act`, its id – the second attempt gets what the first one brought about.

        `seen` is the stamp of the matter as the officer saw it; None does not ask. Raises Problem: gate_closed (with
        `gates`), precondition_failed (with `changes`), conflict, forbidden, bad_request, not_found, not_ready.
        """
        done = await self._done(authority, act, kind, key)
        if done is not None:
            return done
        actor = Actor(who.officer if isinstance(who.officer, str) else "", roles, unit)
        try:
            if isinstance(command, ask.Decide):
                return await self._decide(authority, key, command, who, actor, act, seen)
            return await self._act(authority, kind, key, command, who, actor, act, seen)
        except Problem:
            # The same form may have been quicker than itself: then what stops it is what it did.
            done = await self._done(authority, act, kind, key)
            if done is None:
                raise
            return done

    async def weigh(
        self, authority: str, kind: str, key: str, command: Command, who: Who, roles: frozenset[str], unit: str = ""
    ) -> Body:
        """What an act would become if it were done now, behind its gates; nothing is recorded. Raises Problem as `do`.

        Not for decisions, which get their number where they are done.
        """
        actor = Actor(who.officer if isinstance(who.officer, str) else "", roles, unit)
        acts, _, _ = await self._prepared(authority, kind, key, command, actor, uuid7(), None)
        return REGISTRY.decode_body(acts[-1].type, acts[-1].body)

    async def _act(
        self,
        authority: str,
        kind: str,
        key: str,
        command: Command,
        who: Who,
        actor: Actor,
        act: bytes,
        seen: str | None,
        number: str = "",
    ) -> Done:
        for _ in range(MAX_TRIES):
            acts, conditions, received = await self._prepared(authority, kind, key, command, actor, act, seen, number)
            work = VersionedActs(self._queries["version_of"], authority, acts, who, received, conditions=conditions)
            try:
                return _of(acts[-1], await self._committer.submit(work))
            except Problem as refusal:
                if refusal.code != "conflict":
                    raise
        raise Problem("overloaded", "the matter goes on without a pause: try again")

    async def _decide(
        self,
        authority: str,
        key: str,
        command: ask.Decide,
        who: Who,
        actor: Actor,
        act: bytes,
        seen: str | None,
    ) -> Done:
        """A decision, with the next number of its sequence in the same transaction, or with one given out for it."""
        series, front, given = await self._series(authority, key, command)
        if given:
            return await self._act(authority, "case", key, command, who, actor, act, seen, given)
        made: list[Act] = []

        async def beside(number: DocumentNumberIssued) -> tuple[list[Act], tuple[Condition, ...], int]:
            acts, conditions, received = await self._prepared(
                authority, "case", key, command, actor, act, seen, number.document_no
            )
            made[:] = acts
            return acts, conditions, received

        numbered = await self._numbers.issue(
            series, front, who, case_id=case_acts.id_of(key, "case"), draft_hash=bytes.fromhex(command.draft_hash),
            beside=beside,
        )  # fmt: skip
        placed = numbered.placed
        return _of(made[-1], Placed(placed.log_id, placed.epoch, placed.positions[1:], placed.note))

    # -- reading ------------------------------------------------------------------------------------------------------

    async def _read(self, connection: Connection, authority: str, kind: str, key: str) -> tuple[Stand, Store]:
        """The matter on all that the log holds of it: what is filed, and what the judges have not come to yet."""
        if kind not in JUDGES or not 1 <= len(key) <= 200 or "\0" in key:
            raise refused("not_found", "没有这个事项。", "no such matter")
        head = await connection.fetchrow(self._queries["newest_head"], authority)
        if head is None:
            raise Problem("not_ready", "the authority has no log")
        slot = await connection.fetchval(self._queries["process_slot"])
        logs = {row["log_id"]: row["authority"] for row in await connection.fetch(self._queries["authority_logs"])}
        tables = Store(connection, slot, logs, quiet=True, memory=self._memory)
        filed = await tables.positions()
        newer: list[tuple[int, int]] = []
        if _has_tag(kind, key):
            mine = [log for log, of in logs.items() if of == authority]
            least = min((filed.get(log, 0) for log in mine), default=0)
            for row in await connection.fetch(self._queries["tagged_since"], authority, f"{kind}:{key}", least):
                log_id, found = row["log_id"], places(row["position"], bytes(row["offsets"]))
                newer += [(log_id, place) for place in found if place >= filed.get(log_id, 0)]
        if len(newer) > MAX_BEHIND:
            raise Problem("not_ready", "the judges are far behind the log: try again later")
        try:
            matter = await tables.matter((kind, key), newer)
        except TooManyFacts:
            raise Problem("not_ready", "the matter has more records than can be judged") from None
        if matter is None:
            matter = await tables.empty((kind, key), authority)
        elif matter.authority != authority:
            raise refused("not_found", "没有这个事项。", "no such matter is in the record of this authority")
        return Stand(matter, stamp(matter.facts), head["log_id"], head["epoch"], head["size"]), tables

    async def _prepared(
        self,
        authority: str,
        kind: str,
        key: str,
        command: Command,
        actor: Actor,
        act: bytes,
        seen: str | None,
        number: str = "",
    ) -> tuple[list[Act], tuple[Condition, ...], int]:
        """Decide an act on what the log holds now: the act, its conditions, its instant. Raises Problem."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found, tables = await self._read(connection, authority, kind, key)
            matter = found.matter
            if not matter.facts and not isinstance(command, ask.RecordCertificate | ask.DraftPlan):
                raise refused("not_found", "没有这个事项。", "no such matter is in the record of this authority")
            if seen is not None and seen != found.stamp:
                raise stale(matter, seen)
            # Never before what it follows, whatever the clocks of two machines say.
            received = max([now_ms(), *(fact.received for fact in matter.facts if fact.source == "office")])
            known = await _criteria(connection, tables, authority, command, matter)
            proposal = _proposed(matter, command, actor, received, act, known)
            body = proposal.body if not number else structs.replace(proposal.body, document_no=number)
            about = sorted({*proposal.about, *([document_tag(number)] if number else [])})
            parts = [
                Fact(
                    id=act if one is proposal.body else uuid7(), type=one.SPEC.name,
                    body=body if one is proposal.body else one, about=tuple(about), by=(actor.name,), source="office",
                    authority=authority, occurred=received, received=received,
                )
                for one in (*proposal.before, proposal.body)
            ]  # fmt: skip
            fact = parts[-1]
            matter = replace(matter, facts=(*matter.facts, *parts[:-1]))
            matter = await tables.beside(matter, JUDGES[kind].needs((*matter.facts, fact)))
            shut = [(matter, self._gate(matter, fact))]
            if kind == "task" and (plan := _plan_of(matter)):
                other = await tables.matter(("plan", plan))
                if other is not None:
                    shut.append((other, self._gate(other, fact)))
            version = await connection.fetchval(
                self._queries["version_of"], found.log_id, store.uuid(origin_of(kind, key))
            )
        verdicts = [one for _, some in shut for one in some]
        if verdicts:
            cited = [one for asked, _ in shut for some in (asked.facts, *asked.others.values()) for one in some]
            raise gates.problem(verdicts, cited)
        made = [
            Act(
                type=one.type, about=about, body=msgspec.to_builtins(one.body, builtin_types=(bytes,)),
                origin=origin_of(kind, key), version=version + number_of_part, id=one.id,
            )
            for number_of_part, one in enumerate(parts, 1)
        ]  # fmt: skip
        conditions: tuple[Condition, ...] = ()
        if _has_tag(kind, key):
            conditions = (Condition(STOPPING, f"{kind}:{key}", found.size - 1),)
        return made, conditions, received

    async def _done(self, authority: str, act: bytes, kind: str, key: str) -> Done | None:
        """The act of that id, if it stands in the log. Raises Problem conflict where it is about something else."""
        if len(act) != 16:
            raise wrong("act", "应为 36 位编号。", "expected the act's id, 36 characters")
        row = await self._pool.fetchrow(self._queries["act_with_id"], authority, store.uuid(act))
        if row is None:
            return None
        entry = entries.decode(bytes(row["entry"]))
        if not isinstance(entry, OfficeEntry) or entry.o != origin_of(kind, key):
            raise changed("这个编号已用于另一件事。", "this id was used for another act")
        body = REGISTRY.decode_body(entry.y, entry.b)
        return Done(act, entry.y, body, row["epoch"], row["position"], again=True)

    async def _series(self, authority: str, key: str, command: ask.Decide) -> tuple[str, str, str]:
        """(sequence, front, a number that was given out for this draft and bears nothing yet or "")."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found, tables = await self._read(connection, authority, "case", key)
            rules = await tables.rules()
        if not found.matter.facts:
            raise refused("not_found", "没有这个案件。", "no such case is in the record of this authority")
        today = day_of(now_ms())
        token = decision_gate.token(rules, today, authority)
        if not token:
            raise Problem("not_ready", "no rule says which document word decisions bear: publish numbers.tokens")
        series = series_key(authority, token, today.year)
        kept = await self._numbers.load(series)
        given = _unused(found.matter, command.draft_hash, token, today.year, kept.voided)
        front = command.front.strip()
        if not given and not front and not kept.prefix:
            raise wrong("front", "写明文号前的机关代字，如（辽本）应急。", "expected the front of the number")
        return series, front, given


def stale(matter: Matter, seen: str) -> Problem:
    """The refusal of an act that was decided on an older state; `changes`: what was done since, by whom, when (ms)."""
    found = since(matter.facts, seen)
    changes = [
        {
            "id": text_of(fact.id), "type": fact.type, "by": list(fact.by), "at": fact.received,
            "zh": fact.type if (known := REGISTRY.lookup(fact.type)) is None else known.title_zh,
            "en": fact.type if known is None else known.title_en,
        }
        for fact in found or ()
    ]  # fmt: skip
    return Problem("precondition_failed", "the matter was changed since it was looked at", changes=changes)


def origin_of(kind: str, key: str) -> bytes:
    """The id of the aggregate of a matter: its own id where its key is one."""
    if kind in OWN_ORIGIN:
        try:
            return uuid.UUID(key).bytes
        except ValueError:
            pass
    return uuid.uuid5(NAMESPACE, f"{kind}:{key}").bytes


def _proposed(
    matter: Matter, command: Command, actor: Actor, now: int, act: bytes, known: dict[str, Suggestion]
) -> Proposal:
    if isinstance(command, CaseCommand):
        if matter.kind != "case":
            raise wrong("command", "此项只适用于案件。", "this act is for cases")
        return case_acts.decide(matter, command, actor, now, act)
    if isinstance(command, PlanCommand):
        if matter.kind != "plan":
            raise wrong("command", "此项只适用于年度计划。", "this act is for annual plans")
        return plans.decide(matter, command, actor, now, act, known)
    if isinstance(command, EnterpriseCommand):
        if matter.kind != "enterprise":
            raise wrong("command", "此项只适用于监管对象。", "this act is for enterprises")
        return plans.decide_enterprise(matter, command, now)
    return others.decide(matter, command, actor, now)


async def _criteria(
    connection: Connection, tables: Store, authority: str, command: Command, matter: Matter
) -> dict[str, Suggestion]:
    """The criteria of the enterprises for a plan's year, where an act asks: as the judges filed them."""
    asking = ask.ApprovePlan | ask.LeaveOut | ask.RevisePlan | ask.ImportRevision
    if not isinstance(command, asking) or matter.kind != "plan":
        return {}
    plan = Plan(matter)
    year = plan.year or (0 if plan.draft is None else plan.draft.year)
    if not year:
        return {}
    await connection.fetchrow(statements.load("planning", tables.slot)["scope"], authority)
    try:
        return await planning.suggestions(connection, authority, year, await tables.rules(), tables.slot)
    except NoRule as missing:
        raise Problem(
            "not_ready", f"no rule says when an enterprise must be in a plan: publish {missing.key}"
        ) from None


def _of(act: Act, placed: Placed) -> Done:
    body = REGISTRY.decode_body(act.type, act.body)
    return Done(act.id, act.type, body, placed.epoch, placed.positions[-1])


def _has_tag(kind: str, key: str) -> bool:
    return kind in ABOUT_KINDS and len(f"{kind}:{key}".encode()) <= 128


def _plan_of(matter: Matter) -> str:
    assigned = matter.first(TaskAssigned)
    if assigned is None:
        return ""
    return next((tag.partition(":")[2] for tag in assigned[0].about if tag.startswith("plan:")), "")


def _unused(matter: Matter, draft_hash: str, token: str, year: int, void: frozenset[int]) -> str:
    """A number of the sequence of decisions that was given out for a draft of the case, and that nothing bears."""
    used = [body.document_no for _, body in matter.of(PenaltyDecided)]
    for _, body in matter.of(DocumentNumberIssued):
        mine = (body.token, body.year, body.draft_hash) == (token, year, bytes.fromhex(draft_hash))
        if mine and body.n not in void and not any(same_number(body.document_no, number) for number in used):
            return body.document_no
    return ""
