"""Aggregates of the office on the log: loaded from their `office` entries, saved as new ones.

The aggregates are those of the `eventsourcing` library; the mapper is ours, because an act must stand in the log as
the wire protocol says (section 4). The invariant: a type string read from the log is looked up among the events that
the aggregate class itself declares, and never imported.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from eventsourcing.domain import Aggregate, CanMutateAggregate

from schemas import entries
from schemas.entries import EntryRefused, OfficeEntry, Who
from schemas.events import REGISTRY, Body, InvalidBody, Registry
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act, Condition, Effect, OfficeActs, Placed
from server.log.book import Book
from server.log.committer import Committer
from server.log.group import Turn
from server.log.ids import uuid7
from server.log.store import Connection

MAX_ACTS: Final = 10_000
"""Acts of one aggregate that are read at once; none of ours comes near."""

A = TypeVar("A", bound=Aggregate)


class OfficeRepository(Generic[A]):
    """Aggregates of one class, with explicit topics from the registry; events carry `body`, a class of that type."""

    def __init__(
        self,
        aggregate_class: type[A],
        committer: Committer,
        pool: asyncpg.Pool,
        registry: Registry = REGISTRY,
    ) -> None:
        self._class = aggregate_class
        self._committer = committer
        self._pool = pool
        self._registry = registry
        self._queries = store.load_queries("server.log", "office.sql")
        self._events = dict(_events_of(aggregate_class))

    async def load(self, authority: str, origin: bytes) -> A | None:
        """The aggregate as its acts in all epochs of the authority make it; None if it has none there.

        Raises Problem not_ready where an act is newer than this server.
        """
        rows = await self._pool.fetch(self._queries["acts_of"], authority, store.uuid(origin), MAX_ACTS + 1)
        if len(rows) > MAX_ACTS:
            raise Problem("not_ready", f"an aggregate has more than {MAX_ACTS} acts", limit=MAX_ACTS)
        aggregate: A | None = None
        for row in rows:
            aggregate = self._to_event(bytes(row["entry"])).mutate(aggregate)
        return aggregate

    async def save(
        self,
        authority: str,
        aggregate: A,
        about: Sequence[str],
        who: Who,
        received: int,
        *,
        conditions: Sequence[Condition] = (),
        effects: Sequence[tuple[bytes, Effect]] = (),
        beside: Mapping[str, Any] | None = None,
    ) -> Placed:
        """Append the pending events. Idempotency: (origin, version).

        `beside` goes into every body next to the fields of its type: readers ignore what they do not know (section 1).

        Raises Problem conflict where somebody else was quicker; the aggregate is then of no further use.
        """
        acts = [self._to_act(event, about, beside or {}) for event in aggregate.collect_events()]
        if not acts:
            raise ValueError("expected pending events, the aggregate has none")
        version_of = self._queries["version_of"]
        work = VersionedActs(version_of, authority, acts, who, received, conditions=conditions, effects=effects)
        placed: Placed = await self._committer.submit(work)
        return placed

    def _to_event(self, data: bytes) -> CanMutateAggregate[UUID]:
        try:
            entry = entries.decode(data)
            if not isinstance(entry, OfficeEntry):
                raise EntryRefused(f"expected an office entry, got {type(entry).__name__}")
            event_class = self._events[entry.y]
            body = self._registry.decode_body(entry.y, entry.b)
        except KeyError as fault:
            raise Problem("not_ready", f"an act of type {fault} is newer than this server: update it") from None
        except (EntryRefused, InvalidBody) as fault:
            raise Problem("not_ready", f"an act cannot be read ({fault}): run `liuhen verify`") from None
        fields: dict[str, Any] = {
            "originator_id": UUID(bytes=entry.o),
            "originator_version": entry.q,
            "timestamp": datetime.datetime.fromtimestamp(entry.r / 1000, datetime.UTC),
            "body": body,
        }
        if entry.q == self._class.INITIAL_VERSION:
            # Our own class's topic, registered by the library when the class was made; not text of the entry.
            fields["originator_topic"] = self._class.TOPIC  # type: ignore[attr-defined]  # asked for by _events_of
        return event_class(**fields)

    def _to_act(self, event: Any, about: Sequence[str], beside: Mapping[str, Any]) -> Act:
        body: Body = event.body
        return Act(
            type=type(event).TOPIC,
            about=about,
            body={**beside, **msgspec.to_builtins(body, builtin_types=(bytes,))},
            origin=event.originator_id.bytes,
            version=event.originator_version,
            id=uuid7(),
        )


class VersionedActs(OfficeActs):
    """Acts whose version counts over all epochs of the authority."""

    def __init__(self, version_of: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._query = version_of

    async def _newest(self, connection: Connection, turn: Turn, book: Book, origin: bytes) -> int:  # noqa: ARG002 - the query is ours
        version: int = await connection.fetchval(self._query, turn.log.log_id, store.uuid(origin))
        return version


def _events_of(aggregate_class: type[Aggregate]) -> Iterator[tuple[str, type[CanMutateAggregate[UUID]]]]:
    if not getattr(aggregate_class, "TOPIC", ""):
        raise TypeError(f"expected an explicit TOPIC on {aggregate_class.__name__}")
    for name, value in vars(aggregate_class).items():
        if isinstance(value, type) and issubclass(value, CanMutateAggregate) and name != "Event":
            yield value.TOPIC, value  # type: ignore[attr-defined]  # the library refuses a class without one
