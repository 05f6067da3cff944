"""A subscription: the notifications of an application that are there, and those to come, one after the other.

The invariant: LISTEN is in force before the first pull, so nothing is committed unseen between the two; and as a NOTIFY
may still be lost with its connection, the log is asked again every few seconds in any case.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from eventsourcing.persistence import Notification, Subscription

if TYPE_CHECKING:
    from server.log.recorders.recorder import LogApplicationRecorder

PAGE: Final = 500
POLL_SECONDS: Final = 5.0


class LogSubscription(Subscription["LogApplicationRecorder"]):
    """Pulls in the thread that iterates. `stop` may be called from any thread and ends the iteration at once."""

    def __init__(self, recorder: LogApplicationRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._engine = recorder.engine
        self._next: deque[Notification] = deque()
        self._woken = threading.Event()
        self._engine.wake_me(self._woken)

    def stop(self) -> None:
        """End the subscription."""
        super().stop()
        self._woken.set()
        self._engine.wake_me_no_more(self._woken)

    def __next__(self) -> Notification:
        """The next notification; waits for it. Raises StopIteration once stopped, OperationalError."""
        while not self._has_been_stopped:
            if self._next:
                return self._next.popleft()
            self._woken.clear()  # before the pull: what is committed during it wakes us again
            if self._pull():
                continue
            if not self._has_been_stopped:
                self._woken.wait(POLL_SECONDS)
        raise StopIteration

    def _pull(self) -> bool:
        if self._has_been_stopped:
            return False
        after = self._last_notification_id or 0
        newest = self._recorder.max_notification_id() or 0
        if newest <= after:
            return False
        found = self._recorder.select_notifications(
            start=after, limit=PAGE, stop=newest, topics=self._topics, inclusive_of_start=False
        )
        self._next.extend(found)
        # With topics, what was looked at and dropped need not be looked at again.
        self._last_notification_id = found[-1].id if len(found) == PAGE else newest
        return bool(found)
