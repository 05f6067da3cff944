"""How often a terminal may upload: a token bucket for each, in this process, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from schemas.problems import Problem

MAX_BUCKETS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Quota:
    """`rate` uploads a second sustained, `burst` at once. rate 0 = no quota."""

    rate: float = 20.0
    burst: int = 600


class Quotas:
    """Buckets by terminal; time is an argument (monotonic seconds)."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, terminal: bytes, now: float) -> None:
        """Count one upload. Raises Problem quota_exceeded with `retry_after`, the seconds to wait."""
        quota = self._quota
        if quota.rate <= 0:
            return
        level, then = self._buckets.get(terminal, (float(quota.burst), now))
        level = min(float(quota.burst), level + (now - then) * quota.rate)
        if level < 1.0:
            raise Problem("quota_exceeded", "too many uploads", retry_after=int((1.0 - level) / quota.rate) + 1)
        self._buckets[terminal] = (level - 1.0, now)
        self._buckets.move_to_end(terminal)
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
