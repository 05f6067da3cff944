"""The four recorders of the `eventsourcing` library on the log's own tables.

A recorder appends to one log (that of its application and purpose) through the committer, and reads entries back in the
order of their positions, which is the order of the commits and has no holes. Topics are opaque text here: they stay in
the application's log and never meet our registry of event types.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    Notification,
    NotSupportedError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from schemas import entries
from schemas.entries import EntryRefused, StoredEntry
from server.log import store
from server.log.recorders.engine import Engine, Lease
from server.log.recorders.subscription import LogSubscription
from server.log.recorders.work import Event, StoredEvents, Tracked
from server.log.store import Connection

MAX_EVENTS: Final = 10_000
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_VERSION: Final = 2**53 - 1
MAX_NAME: Final = 128
SCAN: Final = 2_000
"""Entries read at once where topics are filtered: they stand inside the entries, so a filter reads what it drops."""


class LogRecorder:
    """What all recorders have in common: their right to the engine."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    @property
    def engine(self) -> Engine:
        """The engine. Raises InterfaceError once its application is closed."""
        if self._lease.engine.closed:
            raise InterfaceError("the persistence of this application is closed: make the application anew")
        return self._lease.engine


class LogAggregateRecorder(LogRecorder, AggregateRecorder):
    """Events of aggregates, or their snapshots, in the log `authority`."""

    def __init__(self, lease: Lease, authority: str) -> None:
        LogRecorder.__init__(self, lease)
        self.authority = authority

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append events, all or none. Versions may begin anywhere and skip; each (originator, version) stands once.

        Raises IntegrityError where one is taken, DataError for what no entry can hold, OperationalError.
        """
        self._append(stored_events, None, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one originator with gt < version <= lte, by version."""
        rows = self.engine.fetch(
            "events_descending" if desc else "events_ascending",
            self.authority,
            store.uuid(_origin(originator_id)),
            -MAX_VERSION if gt is None else min(gt, MAX_VERSION) + 1,
            MAX_VERSION if lte is None else max(min(lte, MAX_VERSION), -MAX_VERSION),
            limit,
        )
        found = (_stored(bytes(row["entry"])) for row in rows)
        return [StoredEvent(UUID(bytes=e.o), e.q, e.y, e.b) for e in found]

    def _append(
        self, stored_events: Sequence[StoredEvent], tracked: Tracked | None, tracking: Tracking | None = None, **_: Any
    ) -> list[int]:
        if tracking is not None:
            # Dropping it would make a projection process its notifications twice.
            raise NotSupportedError(f"{type(self).__name__} records no tracking: use a process recorder")
        if not stored_events and tracked is None:
            return []
        if len(stored_events) > MAX_EVENTS:
            raise DataError(f"expected at most {MAX_EVENTS} events at once, got {len(stored_events)}")
        received = time.time_ns() // 1_000_000
        events = [_event(stored_event, received) for stored_event in stored_events]
        engine = self.engine
        if engine.recent.any_of(self.authority, events):
            raise IntegrityError("an event with this originator and version is stored already")
        work = StoredEvents(self.authority, events, tracked, engine.recent)
        if work.size > MAX_BYTES:
            raise DataError(f"expected at most {MAX_BYTES} bytes at once, got {work.size}")
        ids: list[int] = engine.append(work)
        return ids


class LogApplicationRecorder(LogAggregateRecorder, ApplicationRecorder):
    """Events of an application. The notification id of an event is its position in the log: 1, 2, 3 without holes."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append events as the aggregate recorder does; returns their notification ids."""
        return self._append(stored_events, None, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """At most `limit` notifications from `start` (itself included or not) to `stop`, of these topics if any."""
        first = 1 if start is None else max(1, start + (0 if inclusive_of_start else 1))
        last = MAX_VERSION if stop is None else min(stop, MAX_VERSION)
        wanted = frozenset(topics)
        found: list[Notification] = []
        while len(found) < limit and first <= last:
            page = max(SCAN, limit) if wanted else limit - len(found)
            rows = self.engine.fetch("notifications", self.authority, first, last, page)
            for row in rows:
                entry = _stored(bytes(row["entry"]))
                if not wanted or entry.y in wanted:
                    found.append(Notification(UUID(bytes=entry.o), entry.q, entry.y, entry.b, row["id"]))
            if len(rows) < page:
                break
            first = rows[-1]["id"] + 1
        return found[:limit]

    def max_notification_id(self) -> int | None:
        """The newest notification id, None if there is no event."""
        newest: int = self.engine.fetch("max_notification", self.authority)[0][0]
        return newest or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Iterate over notifications with id > gt, those to come included. Raises OperationalError."""
        return LogSubscription(self, gt, topics)


class LogTrackingRecorder(LogRecorder, TrackingRecorder):
    """What a projection has processed. A materialised view is a subclass that writes its own tables through `tx`."""

    def __init__(self, lease: Lease, projection: str) -> None:
        LogRecorder.__init__(self, lease)
        if not 1 <= len(projection.encode()) <= MAX_NAME:
            raise ProgrammingError(f"expected a projection's name of 1 to {MAX_NAME} bytes")
        self.projection = projection

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record that a notification was processed. Raises IntegrityError if it or a later one was recorded."""
        self.tx(tracking, _nothing)

    def tx(self, tracking: Tracking, work: Callable[[Connection], Awaitable[None]]) -> None:
        """Run `work` on a connection and record the tracking in the same transaction: exactly once, or not at all.

        `work` runs on the engine's loop, with the rights of the log's writer; it must neither commit nor call a
        recorder. Raises IntegrityError if the notification or a later one was recorded, and then `work` is not run.
        """
        queries = self.engine.queries
        of = (self.projection, tracking.application_name)

        async def both(connection: Connection) -> None:
            await connection.execute(queries["tracking_lock"], *of)
            newest = await connection.fetchval(queries["max_tracking"], *of)
            if newest is not None and tracking.notification_id <= newest:
                raise IntegrityError("this notification or a later one is tracked already")
            await work(connection)
            await connection.execute(queries["insert_tracking"], *of, tracking.notification_id)

        self.engine.transaction(both)

    def max_tracking_id(self, application_name: str) -> int | None:
        """The newest notification of an application that was processed, None if there is none."""
        newest: int | None = self.engine.fetch("max_tracking", self.projection, application_name)[0][0]
        return newest


class LogProcessRecorder(LogTrackingRecorder, LogApplicationRecorder, ProcessRecorder):
    """Events of an application, and what it has processed of others, in one transaction."""

    def __init__(self, lease: Lease, authority: str, projection: str) -> None:
        LogApplicationRecorder.__init__(self, lease, authority)
        LogTrackingRecorder.__init__(self, lease, projection)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, tracking: Tracking | None = None, **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events and the tracking, both or neither; returns the notification ids. Raises IntegrityError."""
        if tracking is None:
            return self._append(stored_events, None, **kwargs)
        if not stored_events:
            self.insert_tracking(tracking)
            return []
        tracked = Tracked(self.projection, tracking.application_name, tracking.notification_id)
        return self._append(stored_events, tracked, **kwargs)


async def _nothing(connection: Connection) -> None:  # noqa: ARG001 - a view without tables
    return None


def _origin(originator_id: UUID | str) -> bytes:
    if not isinstance(originator_id, UUID):
        raise NotSupportedError(f"expected originator ids of type UUID, got {type(originator_id).__name__}")
    return originator_id.bytes


def _event(stored_event: StoredEvent, received: int) -> Event:
    version = stored_event.originator_version
    if abs(version) > MAX_VERSION:
        raise DataError(f"expected a version within 53 bits, got {version}")
    origin = _origin(stored_event.originator_id)
    try:
        entry = entries.stored(bytes(stored_event.state), origin, version, stored_event.topic, received)
    except EntryRefused as fault:
        raise DataError(f"the event cannot be stored: {fault}") from None
    except (TypeError, ValueError, OverflowError) as fault:
        raise DataError(f"the event cannot be stored: expected bytes and valid text ({type(fault).__name__})") from None
    return Event(origin, version, entry)


def _stored(data: bytes) -> StoredEntry:
    entry = entries.decode(data)
    if not isinstance(entry, StoredEntry):
        raise InternalError(f"expected a stored event in an application's log, got {type(entry).__name__}")
    return entry
