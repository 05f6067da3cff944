"""Document numbers as a service: reserve a block, issue a number, void one, take the rest of a block back (E08).

One act end to end: load the sequence from its office acts, look at what stands on paper, decide (the domain's
document_series), append with the next version. The invariant (INV-33): two acts of one sequence never rest on the same
version, so no number is given out twice, by however many processes; and a number is not issued that a document in the
log bears as a tag, checked under the head's lock.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

import asyncpg
import msgspec
from msgspec import UNSET, structs

from domain import document_series as domain
from domain.document_numbers import parse
from domain.document_series import Command, Fact, Issue, Reserve, Return, Series, Standing, Void
from domain.numbered import BEARING
from projections.scope import look
from schemas import entries
from schemas.entries import EntryRefused, OfficeEntry, Who
from schemas.events import REGISTRY, InvalidBody, Registry
from schemas.events.document_number import (
    DocumentNumberIssued,
    DocumentNumbersReserved,
    DocumentNumbersReturned,
    DocumentNumberVoided,
)
from schemas.problems import Problem
from server.log import number_gate, store
from server.log.acts import Act, Condition, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.repository import VersionedActs

MAX_TRIES: Final = 8
"""How often a decision is made anew because somebody else was quicker, or the number stands on paper already."""
PAGE: Final = 1_000
FOLLOW_SECONDS: Final = 0.25
KEPT: Final = 256
"""Sequences whose state is kept in memory; what was added since is read each time."""
NAMESPACE: Final = uuid.UUID("6f3c1c1e-7a7d-5d0e-9d3a-5f0c2b8e4a10")
"""Of the names (series keys) from which the ids of the aggregates are made."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """What an act brought about and where it stands."""

    fact: Fact
    placed: Placed


Beside: TypeAlias = Callable[[DocumentNumberIssued], Awaitable[tuple[list[Act], tuple[Condition, ...], int]]]
"""Makes the acts that stand or fall with a number, the conditions of appending them, and their instant (ms)."""


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    state: Series


class NumberActs:
    """The officers' service. `pool` reads the log and the process tables (role of the writer), `committer` appends."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool, registry: Registry = REGISTRY) -> None:
        self._committer = committer
        self._pool = pool
        self._registry = registry
        self._queries = store.load_queries("server.log", "office.sql")
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def load(self, key: str) -> Series:
        """The sequence as its acts in all epochs make it. Raises Problem bad_request, not_ready."""
        return (await self._load(key)).state

    async def reserve(
        self, key: str, count: int, expires_at: int, prefix: str, who: Who, *, terminal: bytes = b"", holder: str = ""
    ) -> Numbered:
        """Set `count` numbers aside for a terminal of the authority or for an officer's book of forms.

        Raises Problem bad_request, conflict, unknown_terminal.
        """
        if terminal:
            authority = domain.begin(key).authority
            row = await self._pool.fetchrow(self._committer.book.queries["terminals"], [store.uuid(terminal)])
            if row is None or row["authority"] != authority:
                raise Problem("unknown_terminal", "no terminal of this id belongs to this authority")
            if row["revoked"] is not None:
                raise Problem("conflict", "the terminal is revoked: it gets no numbers")
        return await self._do(key, Reserve(uuid7(), count, expires_at, prefix, terminal, holder), who)

    async def issue(
        self,
        key: str,
        prefix: str,
        who: Who,
        *,
        case_id: bytes = b"",
        task_id: bytes = b"",
        draft_hash: bytes = b"",
        beside: Beside | None = None,
        alone: bool = True,
    ) -> Numbered:
        """Give out the next number to who asks. Not idempotent: whoever asks twice has two. Raises Problem.

        `beside` makes the document that bears the number: both are appended in one transaction, so neither is ever
        there without the other. It is asked anew with every try, passes the gates itself, and may raise Problem.
        `alone` False: a document that has gates gets no number without it, even where none of them is closed.
        """
        asks = who.officer or who.service or ""
        return await self._do(key, Issue(prefix, asks, case_id, task_id, draft_hash), who, beside, alone)

    async def void(self, key: str, n: int, reason: str, approver: str, photos: Sequence[bytes], who: Who) -> Numbered:
        """Declare a number spoiled. Idempotency: the number – the second attempt is `conflict`. Raises Problem."""
        return await self._do(key, Void(n, reason, approver, tuple(photos)), who)

    async def take_back(
        self, key: str, block_id: bytes, from_n: int, reason: domain.ReturnReason, who: Who
    ) -> Numbered:
        """Take the rest of a block back. Idempotency: the block. Raises Problem bad_request, conflict, not_found."""
        return await self._do(key, Return(block_id, from_n, reason), who)

    async def _do(
        self, key: str, command: Command, who: Who, beside: Beside | None = None, alone: bool = True
    ) -> Numbered:
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:  # who asks in this process takes turns; who asks in another meets at the version
            return await self._act(key, command, who, beside, alone)

    async def _act(self, key: str, command: Command, who: Who, beside: Beside | None, alone: bool) -> Numbered:
        behind = 0  # numbers up to it stand on paper, as an earlier try found out
        for _ in range(MAX_TRIES):
            kept = await self._load(key)
            standing = await self._standing(kept.state, command, behind)
            received = now_ms()
            fact = domain.decide(kept.state, standing, command, received)
            tags = _tags(kept.state.authority, fact)
            if isinstance(fact, DocumentNumberIssued) and await self._on_paper(kept.state.authority, fact.document_no):
                behind = fact.n
                continue
            conditions = _conditions(fact)
            acts: list[Act] = []
            if isinstance(fact, DocumentNumberIssued) and beside is not None:
                acts, more, received = await beside(fact)
                conditions += more
            elif isinstance(fact, DocumentNumberIssued) and isinstance(command, Issue):
                more, draft = await number_gate.passed(
                    self._pool, self._queries, kept.state, command, fact.document_no, received
                )
                if more and not alone:
                    raise Problem(
                        "conflict",
                        "the number of a decision is given out with the decision: make it on the page of its case",
                        zh="决定书的文号随决定一并产生：请在案件页面作出决定。",
                        en="The number of a decision is given out with the decision: make it on the page of its case.",
                    )
                conditions += more
                fact = structs.replace(fact, draft_hash=draft or UNSET)
            act = Act(
                type=fact.SPEC.name,
                about=tags,
                body=msgspec.to_builtins(fact, builtin_types=(bytes,)),
                origin=origin_of(key),
                version=kept.version + 1,
                id=uuid7(),
            )
            work = VersionedActs(
                self._queries["version_of"],
                kept.state.authority,
                [act, *acts],
                who,
                received,
                conditions=conditions,
            )
            try:
                placed: Placed = await self._committer.submit(work)
            except Problem as refused:
                if refused.code != "conflict":
                    raise
                self._kept.pop(key, None)  # another process, or a terminal, was quicker: decide on what is there now
                if len(conditions) > 1 and beside is None:
                    await asyncio.sleep(FOLLOW_SECONDS)  # the case went on: its new facts are filed within moments
                continue
            self._keep(key, _Kept(kept.version + 1, domain.evolve(kept.state, fact)))
            return Numbered(fact, placed)
        raise Problem("overloaded", "others take numbers of this series without a pause: try again")

    async def _load(self, key: str) -> _Kept:
        kept = self._kept.get(key) or _Kept(0, domain.begin(key))
        while True:
            rows = await self._pool.fetch(
                self._queries["acts_since"], kept.state.authority, store.uuid(origin_of(key)), kept.version, PAGE
            )
            for row in rows:
                kept = _Kept(row["version"], domain.evolve(kept.state, self._body(bytes(row["entry"]))))
            if len(rows) < PAGE:
                break
        self._keep(key, kept)
        return kept

    def _keep(self, key: str, kept: _Kept) -> None:
        before = self._kept.get(key)
        if before is None or before.version <= kept.version:
            self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _body(self, data: bytes) -> Any:
        try:
            entry = entries.decode(data)
            if not isinstance(entry, OfficeEntry):
                raise EntryRefused(f"expected an office entry, got {type(entry).__name__}")
            return self._registry.decode_body(entry.y, entry.b)
        except KeyError as fault:
            raise Problem("not_ready", f"an act of type {fault} is newer than this server: update it") from None
        except (EntryRefused, InvalidBody) as fault:
            raise Problem("not_ready", f"an act cannot be read ({fault}): run `liuhen verify`") from None

    async def _standing(self, state: Series, command: Command, behind: int) -> Standing:
        """What the process tables say of the numbers on paper: they follow the log within moments."""
        n, first, last = 0, 1, 0
        match command:
            case Void():
                n = command.n
            case Return():
                block = next((each for each in state.blocks if each.id == command.block_id), None)
                first, last = (block.first, block.last) if block is not None else (1, 0)
            case _:
                pass
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await look(connection, [state.authority])
            row = await connection.fetchrow(self._queries["series_standing"], state.key, n, first, last)
        if row is None:
            return Standing(highest=behind)
        return Standing(max(row["highest"], behind), row["used"], row["last_used"])

    async def _on_paper(self, authority: str, document_no: str) -> bool:
        """Whether any entry of the authority has the number as its tag: a document took it without asking."""
        found: bool = await self._pool.fetchval(self._queries["tagged"], authority, document_tag(document_no))
        return found


def origin_of(key: str) -> bytes:
    """The id of the aggregate of a sequence: the same in every process and for ever."""
    return uuid.uuid5(NAMESPACE, key).bytes


def document_tag(document_no: str) -> str:
    """The tag under which a document stands in the log: its number in the normal form."""
    return f"document:{parse(document_no).normal}"


def _tags(authority: str, fact: Fact) -> list[str]:
    tags = [f"authority:{authority}"]
    match fact:
        case DocumentNumbersReserved():
            if fact.terminal_id is not UNSET:
                tags.append(f"terminal:{uuid_text(fact.terminal_id)}")
        case DocumentNumberIssued():
            tags.append(document_tag(fact.document_no))
            if fact.case_id is not UNSET:
                tags.append(f"case:{uuid_text(fact.case_id)}")
            if fact.task_id is not UNSET:
                tags.append(f"task:{uuid_text(fact.task_id)}")
        case DocumentNumberVoided():
            if fact.document_no is not UNSET:
                tags.append(document_tag(fact.document_no))
        case DocumentNumbersReturned():
            pass
    return sorted(tags)


def _conditions(fact: Fact) -> tuple[Condition, ...]:
    if not isinstance(fact, DocumentNumberIssued):
        return ()
    return (Condition(frozenset(BEARING), document_tag(fact.document_no), -1),)
