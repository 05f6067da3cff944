"""The judges: one pure function for each kind of matter, in a table that is closed.

A kind that has no judge yet is filed and not judged. A judge comes in by its line here; nothing registers itself. The
invariant: what a judge says depends on the facts, the rules and the calendar that it is given, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.judges import (
    accident,
    case,
    day,
    enterprise,
    hazard,
    officer,
    outside,
    plan,
    report,
    review,
    series,
    task,
    tip,
)
from domain.matter import Judge

JUDGES: Final[Mapping[str, Judge]] = {
    "case": case.JUDGE,
    "task": task.JUDGE,
    "hazard": hazard.JUDGE,
    "day": day.JUDGE,
    "series": series.JUDGE,
    "officer": officer.JUDGE,
    "enterprise": enterprise.JUDGE,
    "plan": plan.JUDGE,
    "tip": tip.JUDGE,
    "accident": accident.JUDGE,
    "review": review.JUDGE,
    "outside": outside.JUDGE,
    "report": report.JUDGE,
}
"""Kind of matter -> its judge. Whoever adds a judge imports it above and adds one line: `"task": task.JUDGE,`."""
