"""Before the number of a penalty decision is given out: would the decision pass its gates (INV-11, 13, 14, 17, 19, 22)?

The case is read as its judge reads it, from everything that is filed; what came into the log since is caught by an
append condition on the case. The invariant: the number of a decision stands in the log only if no gate was closed to
that decision on all facts of the case that stood before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

from domain.document_series import Issue, Series
from domain.judges import decision_gate
from domain.office import gates
from projections.process.judging import TooManyFacts
from projections.process.store import Store
from schemas.events import REGISTRY
from schemas.problems import Problem
from server.log.acts import Condition
from server.log.ids import uuid7, uuid_text

STOPPING: Final = frozenset(name for name in REGISTRY if not name.startswith("document_number."))
"""Types of a case's events after which it must be looked at again."""


async def passed(
    pool: asyncpg.Pool, queries: Mapping[str, str], series: Series, issue: Issue, document_no: str, now: int
) -> tuple[tuple[Condition, ...], bytes]:
    """The conditions under which the number may be appended, none for a document that has no gate, and the hash of the
    draft that passed (32 bytes, empty without a gate).

    Raises Problem: bad_request (a decision without its case), not_found (no such case), gate_closed with `gates`.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        slot = await connection.fetchval(queries["process_slot"])
        logs = {row["log_id"]: row["authority"] for row in await connection.fetch(queries["authority_logs"])}
        store = Store(connection, slot, logs, quiet=True)
        if not decision_gate.is_decision(await store.rules(), series.token, now, series.authority):
            return (), issue.draft_hash
        if not issue.case_id:
            raise Problem("bad_request", "the number of a decision is given out for its case: name it")
        name = uuid_text(issue.case_id)
        try:
            matter = await store.matter(("case", name))
        except TooManyFacts:
            raise Problem("not_ready", "the case cannot be judged: look at its page") from None
        if matter is None or matter.authority != series.authority:
            raise Problem("not_found", "no case of this id is in the record of this authority")
        filed = await store.positions()
    try:
        closed, draft = decision_gate.closed(matter, document_no, uuid7(), series.authority, now, issue.draft_hash)
    except decision_gate.NoDraft:
        raise gates.shut("INV-17", "案件没有处罚决定的草案。", "The case has no draft of a penalty decision.") from None
    if closed:
        raise gates.problem(closed, [one for some in (matter.facts, *matter.others.values()) for one in some])
    newest = max((log for log, authority in logs.items() if authority == series.authority), default=0)
    return (Condition(STOPPING, f"case:{name}", filed.get(newest, 0) - 1),), draft
