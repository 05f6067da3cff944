"""Events of an `eventsourcing` application on their way into its log: entries of kind `stored`.

Idempotency key: (originator, version), and (projection, application, notification id) where a notification is tracked.
The invariant: either all events of a call and its tracking stand in the log's transaction, or none of them does.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.problems import Problem
from server.log import store
from server.log.book import Book
from server.log.committer import Committer
from server.log.group import Group, Turn
from server.log.store import Connection

STORED_CHAIN: Final = 0
"""The chain number of stored events in log.keys."""

TRACK: Final = "insert_tracking"
MAX_RECENT: Final = 20_000
RECENT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event: originator, version, and the bytes of its entry."""

    origin: bytes
    version: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Tracked:
    """`projection` has processed the notification of `application` with this id."""

    projection: str
    application: str
    notification: int


class RecentlyTaken:
    """Versions that were appended moments ago: who offers one again is refused without waiting for the head's lock.

    Many threads that change one aggregate offer little else. Only ever a hint that a version is taken: what is not
    here is looked up under the lock. Forgotten after seconds, because a restored database may have lost it.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[str, bytes, int], float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, authority: str, events: Sequence[Event]) -> None:
        """Remember what was appended."""
        until = time.monotonic() + RECENT_SECONDS
        with self._lock:
            for event in events:
                self._until[authority, event.origin, event.version] = until
            while len(self._until) > MAX_RECENT:
                self._until.popitem(last=False)

    def any_of(self, authority: str, events: Sequence[Event]) -> bool:
        """Whether one of the versions was appended moments ago."""
        now = time.monotonic()
        return any(self._until.get((authority, event.origin, event.version), 0.0) > now for event in events)


class StoredEvents:
    """Events of one application, with what they track. Answers with their notification ids, in order."""

    def __init__(self, authority: str, events: Sequence[Event], tracked: Tracked | None, recent: RecentlyTaken) -> None:
        self._recent = recent
        self._authority = authority
        self._events = events
        self._tracked = tracked
        self._taken = False
        self._newest: int | None = None
        self._before = 0
        self._positions: tuple[int, ...] = ()
        self.size = sum(len(event.entry) for event in events)

    @property
    def authority(self) -> str:
        """The log that this goes to."""
        return self._authority

    def terminals(self) -> Sequence[bytes]:
        """No terminal is concerned."""
        return ()

    def places(self, group: Group) -> None:
        """No field events are looked up."""

    def ids(self) -> Sequence[bytes]:
        """Stored events have no ids of their own."""
        return ()

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:  # noqa: ARG002
        """Under the head's lock: which versions are taken, what was tracked, and how many events older epochs hold."""
        self._taken = self._recent.any_of(self._authority, self._events)
        if self._taken:
            return
        queries = book.queries
        log_id = turn.log.log_id
        self._before = await connection.fetchval(queries["ids_before"], log_id)
        self._taken = None is not await connection.fetchrow(
            queries["taken_versions"],
            log_id,
            [store.uuid(event.origin) for event in self._events],
            [event.version for event in self._events],
        )
        if self._tracked is not None:
            of = (self._tracked.projection, self._tracked.application)
            # A tracking recorder without events takes this lock and no head, so the two cannot wait for each other.
            await connection.execute(queries["tracking_lock"], *of)
            self._newest = await connection.fetchval(queries["max_tracking"], *of)

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the events and the tracking. Raises Problem conflict, and then nothing of this work is appended."""
        taken = {(key[1], key[2]) for key in turn.keys if key[3] == STORED_CHAIN}
        for event in self._events:
            place = (event.origin, event.version)
            if self._taken or place in taken:
                raise Problem("conflict", "an event with this originator and version is stored already")
            taken.add(place)
        if self._tracked is not None:
            of = (self._tracked.projection, self._tracked.application)
            mine = [rest[2] for name, rest in group.statements if name == TRACK and rest[:2] == of]
            newest = max([*mine, *([] if self._newest is None else [self._newest])], default=None)
            if newest is not None and self._tracked.notification <= newest:
                raise Problem("conflict", "this notification or a later one is tracked already")
            group.statements.append((TRACK, (*of, self._tracked.notification)))
        positions = []
        for event in self._events:
            position = turn.append(event.entry)
            turn.key(event.origin, event.version, STORED_CHAIN, position)
            positions.append(position)
        self._positions = tuple(positions)

    async def answer(self, turn: Turn, committer: Committer) -> list[int]:  # noqa: ARG002 - the protocol of a work
        """The notification ids. Leaf 0 is the epoch, so in the first epoch they are the positions."""
        self._recent.add(self._authority, self._events)
        return [self._before + position for position in self._positions]
