"""The judge of a tip: who handles it, by when it is answered, and where tips about deaths go (INV-40, DL-23).

Who gave the tip is sealed and never asked for here. The invariant: a complaint about the agency's own acts is shown to
nobody whom it names, so such a tip tells no officer anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET

from domain.deadlines import due
from domain.filing import text_of
from domain.judges.case_facts import moment
from domain.judges.case_findings import Finding, broken, kept, unknown
from domain.judges.inspection_findings import verdict
from domain.matter import Deadline, Fact, Judge, Judgement, Matter
from domain.rulebook import NoRule
from domain.workdays import day_of
from schemas.events.task import TaskAssigned
from schemas.events.tip import TipAssigned, TipConcluded, TipReceived


def judge(matter: Matter) -> Judgement:
    """The page of one tip, INV-40 and DL-23."""
    received = matter.first(TipReceived)
    assigned = matter.of(TipAssigned)
    concluded = matter.last(TipConcluded)
    body = received[1] if received is not None else None
    own = [one for _, one in assigned if one.route == "own"]
    restricted = body is not None and body.kind == "agency_conduct"
    return Judgement(
        kind="tip",
        key=matter.key,
        authority=matter.authority,
        stage=_stage(body, bool(assigned), concluded[1] if concluded is not None else None),
        columns={
            "channel": "" if body is None else body.channel,
            "kind": "" if body is None else body.kind,
            "enterprise": "" if body is None or body.enterprise_id is UNSET else body.enterprise_id,
            "received": None if body is None else body.received_at,
            "accepted": body is not None and body.accepted,
            "death_involved": body is not None and body.death_involved is True,
            "restricted": restricted,
            "outcome": "" if concluded is None else concluded[1].outcome,
            "replied_on": None
            if concluded is None or concluded[1].replied_on is UNSET
            else str(concluded[1].replied_on),
        },
        page={
            "routes": [
                {
                    "event": fact.id.hex(),
                    "route": one.route,
                    "to": one.assigned_to,
                    "on": str(one.assigned_on),
                    "due_on": None if one.due_on is UNSET else str(one.due_on),
                }
                for fact, one in assigned
            ],
            "conclusion": None if concluded is None else _conclusion(*concluded),
            "tasks": sorted({text_of(one.task_id) for _, one in matter.of(TaskAssigned)} | _tasks(assigned)),
            "acts_mentioned": 0 if body is None else len(body.acts_mentioned),
        },
        deadlines=tuple(_deadlines(matter)),
        verdicts=tuple(verdict("INV-40", lambda: inv_40(matter), *(() if received is None else (received[0],)))),
        officers=() if restricted else tuple(sorted({one.assigned_to for one in own})),
    )


JUDGE: Final = Judge(kind="tip", version=1, judge=judge, needs=lambda _facts: frozenset())


def inv_40(matter: Matter) -> Finding | None:
    """INV-40: a tip that reports deaths goes to the county government (WSL 73)."""
    received = matter.first(TipReceived)
    if received is None or received[1].death_involved is not True:
        return None
    rule = matter.rules.get("tip.death_route", day_of(received[1].received_at), matter.authority)
    assigned = matter.of(TipAssigned)
    right = [fact for fact, body in assigned if body.route == rule.value]
    if right:
        return kept(
            "举报涉及人员死亡，已转报县级人民政府。",
            "The tip reports deaths and went to the county government.",
            right[0],
            rule=rule,
        )
    concluded = matter.last(TipConcluded)
    if concluded is None:
        return unknown(
            "举报涉及人员死亡，应当转报县级人民政府组织核查；尚无转报记录。",
            "The tip reports deaths and must go to the county government; that is not recorded yet.",
            *(fact for fact, _ in assigned),
            rule=rule,
            absent=False,
        )
    return broken(
        "举报涉及人员死亡，应当转报县级人民政府；已经办结，没有转报。",
        "The tip reports deaths and must go to the county government; it was concluded without.",
        *(fact for fact, _ in assigned),
        concluded[0],
        rule=rule,
    )


def _deadlines(matter: Matter) -> Iterator[Deadline]:
    """DL-23: say whether it is accepted, then reply; the reply has the day that was set for it, if one was."""
    received = matter.first(TipReceived)
    if received is None:
        return
    fact, body = received
    concluded = matter.last(TipConcluded)
    dated = [
        (one.assigned_on, assigned.occurred, one.due_on)
        for assigned, one in matter.of(TipAssigned)
        if one.due_on is not UNSET
    ]
    last_day = max(dated)[2] if dated else None
    replied = None
    if concluded is not None and concluded[1].replied_on is not UNSET:
        replied = (moment(concluded[0], concluded[1].replied_on), concluded[0].id)
    accepted_on = day_of(body.received_at) if body.accepted_on is UNSET else body.accepted_on
    officers = () if body.kind == "agency_conduct" else tuple(one.assigned_to for _, one in matter.of(TipAssigned))
    try:
        yield due(
            "DL-23:accept", body.received_at, matter.rules, matter.calendar, matter.authority, event=fact.id,
            met=(moment(fact, accepted_on), fact.id), absent=False, officers=officers,
        )  # fmt: skip
        yield due(
            "DL-23", accepted_on, matter.rules, matter.calendar, matter.authority, event=fact.id, last_day=last_day,
            met=replied, absent=False, officers=officers,
            cancelled=not body.accepted or (concluded is not None and concluded[1].outcome == "withdrawn"),
        )  # fmt: skip
    except NoRule:
        return


def _stage(received: TipReceived | None, assigned: bool, concluded: TipConcluded | None) -> str:
    if received is None:
        return "unregistered"
    if concluded is not None:
        return "concluded"
    if not received.accepted:
        return "refused"
    return "assigned" if assigned else "received"


def _tasks(assigned: list[tuple[Fact, TipAssigned]]) -> set[str]:
    return {text_of(body.task_id) for _, body in assigned if body.task_id is not UNSET}


def _conclusion(fact: Fact, body: TipConcluded) -> dict[str, Any]:
    return {
        "event": fact.id.hex(),
        "outcome": body.outcome,
        "concluded_on": str(body.concluded_on),
        "replied_on": None if body.replied_on is UNSET else str(body.replied_on),
        "published_on": None if body.published_on is UNSET else str(body.published_on),
        "case": None if body.case_id is UNSET else text_of(body.case_id),
    }
