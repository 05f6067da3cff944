"""What is noticeable about when a record came: late, afterwards, offline, out of order, outside the system. Pure.

`occurred` and `at` are the terminal's word, `received` is ours; the flags put them side by side and judge nothing: what
follows from lateness is said by the signals. Invariant: flags depend on the items and the limit alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from projections.views import Item

OFFLINE_MS: Final = 10 * 60_000
"""A record that came so long after it was made was made without a network."""
OUTSIDE: Final = frozenset(("external_record.received.v1",))
"""Types that report what was done outside the system."""
FLAGS: Final = ("off_system", "afterwards", "late", "out_of_order", "offline")
"""In the order of their weight."""


def flags(items: Sequence[Item], late_ms: int) -> Mapping[tuple[int, int], tuple[str, ...]]:
    """(log_id, position) -> flags of each item that has some. `late_ms`: how long an upload may take.

    out_of_order: something that took place later was received earlier. afterwards: written down so long after the act.
    """
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    newest = None
    behind: set[tuple[int, int]] = set()
    for item in sorted(items, key=lambda one: (one.received, one.log_id, one.position)):
        if item.kind == "office":
            continue
        if newest is not None and item.occurred < newest[0] and item.received > newest[1]:
            behind.add((item.log_id, item.position))
        if newest is None or item.occurred > newest[0]:
            newest = item.occurred, item.received
    for item in items:
        place = item.log_id, item.position
        some = {"out_of_order"} if place in behind else set()
        if item.at is not None:
            if item.received - item.at > late_ms:
                some.add("late")
            elif item.received - item.at > OFFLINE_MS:
                some.add("offline")
            if item.at - item.occurred > late_ms:
                some.add("afterwards")
        if item.body.get("network") == "offline":
            some.add("offline")
        if item.type in OUTSIDE or "backfill" in item.body or "import" in item.body:
            some.add("off_system")
        if some:
            found[place] = tuple(name for name in FLAGS if name in some)
    return found
