"""The judge of reports that belong to no plan: `report:<authority>/<kind>/<period>` (SIG-24).

A report on a plan is judged with its plan. Where none was approved figures are handed in all the same, and stand beside
those of the system in the same way. The invariant: what was handed in is compared with what the system had at that
moment, which stands in the same act; what no system figure stands beside is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from domain.judges.inspection_findings import signals
from domain.judges.plan_signals import sig_24
from domain.matter import Fact, Judge, Judgement, Matter
from domain.reporting import compare
from schemas.events.oversight import PeriodicReportSubmitted

VERSION: Final = 1


def judge(matter: Matter) -> Judgement:
    """What was handed in for one period, and SIG-24 of each report whose figures differ."""
    reports = matter.of(PeriodicReportSubmitted)
    found = tuple(
        signal for fact, body in reports for signal in signals(matter, "SIG-24", "serious", partial(sig_24, body), fact)
    )
    kind, period = matter.key.split("/")[1:]
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage="differs" if found else "agrees",
        columns={"report": kind, "period": period, "handed_in": len(reports), "differing": len(found)},
        page={
            "reports": [
                {
                    "event": fact.id.hex(),
                    "id": body.report_id.hex(),
                    "on": str(body.submitted_on),
                    "by": body.submitter,
                    "differing": sum(one.differs for one in compare(body.figures, body.system_figures, {}, ())),
                }
                for fact, body in reports
            ]
        },
        signals=found,
    )


def needs(_: Sequence[Fact]) -> frozenset[str]:
    """Nothing beside: the figures of the system stand in the act."""
    return frozenset()


JUDGE: Final = Judge(kind="report", version=VERSION, judge=judge, needs=needs)
