"""What an officer does with a terminal that was enrolled: resolve its fork, hold it, release it, revoke it.

One act end to end: load the aggregate from the log, decide (domain.terminal), append with its version. The invariant:
the decision holds under the head's lock as well. Another officer's act makes it `conflict`; where only the terminal has
gone on meanwhile (an upload between reading and appending), it is decided anew on what the terminal has become.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

import asyncpg
from eventsourcing.domain import Aggregate

from domain import terminal as domain
from domain.terminal import Command, Fact, Hold, Release, ResolveFork, Revoke, Standing
from schemas.admission import Rare, TerminalState
from schemas.entries import Who
from schemas.events import REGISTRY, Body
from schemas.events.terminal import (
    TerminalEnrolled,
    TerminalForkResolved,
    TerminalHeld,
    TerminalReleased,
    TerminalRevoked,
)
from schemas.problems import Problem
from server.log import acts, store
from server.log.acts import Effect, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid_text
from server.log.repository import OfficeRepository
from server.log.terminals import decode_rare

MAX_TRIES: Final = 5
"""How often a decision is made anew because the terminal uploads without a pause."""


class Terminal(Aggregate):
    """The aggregate of one terminal. Its topics are types of the closed registry; `facts` is the domain's state."""

    TOPIC = "liuhen.terminal"

    class Event(Aggregate.Event):
        """One act, with its body."""

        body: Body

        def apply(self, aggregate: Terminal) -> None:
            """Evolve the domain's state."""
            aggregate.facts = domain.evolve(aggregate.facts, self.body)

    class Created(Event, Aggregate.Created):
        """Enrolled: written by `server.log.acts.Enrolment`, only read here."""

        TOPIC = TerminalEnrolled.SPEC.name

    class ForkResolved(Event):
        """A branch was named."""

        TOPIC = TerminalForkResolved.SPEC.name

    class Held(Event):
        """The hold began."""

        TOPIC = TerminalHeld.SPEC.name

    class Released(Event):
        """The hold ended."""

        TOPIC = TerminalReleased.SPEC.name

    class Revoked(Event):
        """The service ended."""

        TOPIC = TerminalRevoked.SPEC.name

    def __init__(self, body: TerminalEnrolled) -> None:
        self.facts = domain.begin(body)

    def execute(self, standing: Standing, command: Command, received: int) -> tuple[Fact, ...]:
        """Decide and trigger what the command brings about. Raises Problem."""
        facts = domain.decide(self.facts, standing, command)
        for fact in facts:
            at = datetime.datetime.fromtimestamp(received / 1000, datetime.UTC)
            self.trigger_event(_EVENTS[type(fact)], body=fact, timestamp=at)
        return facts


_EVENTS: Final[dict[type[Fact], type[Terminal.Event]]] = {
    TerminalForkResolved: Terminal.ForkResolved,
    TerminalHeld: Terminal.Held,
    TerminalReleased: Terminal.Released,
    TerminalRevoked: Terminal.Revoked,
}


class TerminalActs:
    """The officers' service. `pool` reads the log (role of the log's writer), `committer` appends."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self._repository: OfficeRepository[Terminal] = OfficeRepository(Terminal, committer, pool, REGISTRY)
        self._pool = pool
        self._queries = committer.book.queries

    async def resolve_fork(
        self, authority: str, terminal: bytes, branch: bytes | None, reason: str, who: Who
    ) -> Placed:
        """Name the branch on which a forked terminal goes on; None keeps the chain that goes on now. It stays held.

        Returns where the act stands. Raises Problem: unknown_terminal (also for one of another authority), not_found
        (no such branch), bad_request (no reason), conflict (no open fork, or another officer was quicker).
        """
        return await self._do(authority, terminal, ResolveFork(branch, reason), who)

    async def hold(self, authority: str, terminal: bytes, reason: str, who: Who) -> Placed:
        """Hold a terminal: what it hands in from now on bears the note `held`. Raises as `resolve_fork`."""
        return await self._do(authority, terminal, Hold(reason), who)

    async def release(self, authority: str, terminal: bytes, reason: str, who: Who) -> Placed:
        """End the hold on a terminal. Raises as `resolve_fork`; conflict also while a fork is open or once revoked."""
        return await self._do(authority, terminal, Release(reason), who)

    async def revoke(self, authority: str, terminal: bytes, reason: str, who: Who) -> Placed:
        """End a terminal's service; what it has declared by now may still come in. Raises as `resolve_fork`."""
        return await self._do(authority, terminal, Revoke(reason), who)

    async def _do(self, authority: str, terminal: bytes, command: Command, who: Who) -> Placed:
        if len(terminal) != 16:
            raise Problem("unknown_terminal", "expected an id of 16 bytes")
        for _ in range(MAX_TRIES):
            aggregate = await self._repository.load(authority, terminal)
            row = await self._pool.fetchrow(self._queries["terminals"], [store.uuid(terminal)])
            if aggregate is None or row is None:
                raise Problem("unknown_terminal", "no terminal of this id belongs to this authority")
            standing = _standing(row["held"], decode_rare(row["rare"]), row["declared"], row["seq"])
            before, received = aggregate.facts, now_ms()
            facts = aggregate.execute(standing, command, received)
            check = _StillSo(before, command, facts)
            try:
                return await self._repository.save(
                    authority,
                    aggregate,
                    [f"authority:{authority}", f"terminal:{uuid_text(terminal)}"],
                    who,
                    received,
                    effects=[(terminal, check)],
                    beside={"reason": command.reason},
                )
            except Problem:
                if not check.moved:
                    raise
        raise Problem("overloaded", "the terminal uploads without a pause: try again")


class _StillSo:
    """The effect of the facts on the terminal's row, if the same decision comes out under the lock."""

    def __init__(self, before: domain.Terminal, command: Command, facts: Sequence[Fact]) -> None:
        self._before = before
        self._command = command
        self._facts = tuple(facts)
        self.moved = False

    def __call__(self, state: TerminalState) -> TerminalState:
        self.moved = False
        standing = _standing(state.held, state.rare, state.declared, state.seq)
        if domain.decide(self._before, standing, self._command) != self._facts:
            self.moved = True
            raise Problem("conflict", "the terminal has uploaded meanwhile")
        for fact in self._facts:
            state = _effect(fact)(state)
        return state


def _standing(held: bool, rare: Rare, declared: int, seq: int) -> Standing:
    return Standing(held, rare.open_branches, frozenset(b.id for b in rare.branches), max(declared, seq))


def _effect(fact: Fact) -> Effect:
    match fact:
        case TerminalForkResolved():
            return acts.resolve_effect(None if fact.branch == "stored" else fact.branch)
        case TerminalHeld():
            return acts.hold_effect
        case TerminalReleased():
            return acts.release_effect
        case TerminalRevoked():
            return acts.revoke_effect
