"""Stories: what officers of an invented bureau do, told as events, for the demo, for fleets and for tests.

`histories` are random and endless; the named stories of `ops.stories.book` are told once each, from end to end. All
enterprises, officers and persons are invented. The invariant: a story is a pure function of its seed and its start.
"""

from __future__ import annotations

from ops.stories.event import (
    DAY,
    ENTERPRISES,
    HOUR,
    MINUTE,
    Enclosure,
    Enterprise,
    StoryEvent,
    china,
    text,
)
from ops.stories.histories import field_events, histories, officers

__all__ = [
    "DAY",
    "ENTERPRISES",
    "HOUR",
    "MINUTE",
    "Enclosure",
    "Enterprise",
    "StoryEvent",
    "china",
    "field_events",
    "histories",
    "officers",
    "text",
]
