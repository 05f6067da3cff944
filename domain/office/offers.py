"""Which acts the desk offers to a person on a matter as it stands: a help for pages, never the check itself.

The invariant: what is offered may still be refused, by a rule or by a gate; what is not offered would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET

from domain.judges.case_facts import Case, number_of
from domain.judges.hazard_facts import Hazard
from domain.judges.plan import Plan
from domain.matter import Fact, Matter
from domain.office.case import Actor, standing_decision
from domain.office.reviews import drafts, reviews
from schemas.events.archive import CaseFileArchived
from schemas.events.case import CaseClosed
from schemas.events.correction import CorrectionSubmitted, RecordCorrected
from schemas.events.on_site import SiteEntered
from schemas.events.plan import PlanFiled
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded

HANDLING: Final = frozenset({"inspector", "unit_head"})
LEGAL: Final = frozenset({"legal_reviewer"})
HEADS: Final = frozenset({"unit_head", "bureau_head"})
BUREAU: Final = frozenset({"bureau_head"})
CASE_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "draft": HANDLING,
    "request-review": HANDLING,
    "assign-review": LEGAL | BUREAU,
    "ask-for-correction": LEGAL,
    "conclude-review": LEGAL,
    "withdraw-review": HANDLING,
    "discuss": HEADS,
    "decide": BUREAU,
    "serve": HANDLING | BUREAU,
    "hold-hearing": HEADS | LEGAL,
    "apply-to-court": BUREAU,
    "approve-correction": HEADS,
    "close": BUREAU,
    "archive": HANDLING | BUREAU,
}
"""Who may ask for an act on a case, by role."""
PLANNING: Final = frozenset({"planner", "bureau_head"})
OTHER_ROLES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "hazard": {"close": HEADS, "delist": HEADS},
    "task": {"conclude": HANDLING | BUREAU, "cancel": HEADS},
    "plan": {
        "change": PLANNING,
        "leave-out": PLANNING,
        "approve": PLANNING,
        "file": PLANNING,
        "assign": HEADS,
        "revise": PLANNING,
        "approve-revision": PLANNING,
        "close": PLANNING,
    },
    "enterprise": {
        "assess": PLANNING | HEADS,
        "assign-supervisor": PLANNING,
        "end-supervision": PLANNING,
    },
    "officer": {
        "record-certificate": HEADS,
        "change-certificate": HEADS,
    },
    "signal": {
        "dispute": HANDLING | LEGAL | BUREAU,
        "resolve": HEADS | frozenset({"supervisor"}),
    },
}
"""The same for the other matters."""


def roles_of(kind: str, act: str) -> frozenset[str] | None:
    """Who may ask for an act, None where there is no such act."""
    return CASE_ROLES.get(act) if kind == "case" else OTHER_ROLES.get(kind, {}).get(act)


def on_case(case: Case, actor: Actor) -> list[str]:
    """Acts on a case that make sense now for this person, in the order of the process."""
    return [act for act in _possible(case, actor) if actor.roles & CASE_ROLES[act]]


def on_hazard(matter: Matter, actor: Actor) -> list[str]:
    """The same on a hazard."""
    try:
        hazard = Hazard(matter, bytes.fromhex(matter.key.replace("-", "")))
    except ValueError:
        return []
    if hazard.found is None or hazard.closings:
        return []
    listed = bool(hazard.listings) and not (
        hazard.delistings and hazard.delistings[-1][0].occurred >= hazard.listings[-1][0].occurred
    )
    acts = ["delist", "close"] if listed else ["close"]
    return [act for act in acts if actor.roles & OTHER_ROLES["hazard"][act]]


def on_task(matter: Matter, actor: Actor) -> list[str]:
    """The same on an inspection."""
    over = matter.first(TaskConcluded) is not None or matter.first(TaskCancelled) is not None
    if over or matter.first(TaskAssigned) is None:
        return []
    acts = ["conclude"] if matter.first(SiteEntered) is not None else ["conclude", "cancel"]
    return [act for act in acts if actor.roles & OTHER_ROLES["task"][act]]


def on_plan(matter: Matter, actor: Actor) -> list[str]:
    """The same on an annual plan. Items are given to officers, candidates left out and revisions approved where they
    stand on the page.
    """
    plan = Plan(matter)
    if plan.closings:
        acts = ["file"] if matter.first(PlanFiled) is None else []
    elif not plan.parts:
        acts = ["change", "approve"] if plan.draft is not None else []
    else:
        acts = [*(["file"] if matter.first(PlanFiled) is None else []), "revise", "close"]
    return [act for act in acts if actor.roles & OTHER_ROLES["plan"][act]]


def submitted(case: Case) -> list[tuple[Fact, CorrectionSubmitted]]:
    """Corrections that were submitted and that nobody approved yet."""
    done = {body.submitted for _, body in case.of(RecordCorrected)}
    return [(fact, body) for fact, body in case.of(CorrectionSubmitted) if fact.id not in done]


def _possible(case: Case, actor: Actor) -> list[str]:
    if case.filing is None:
        return []
    waiting = ["approve-correction"] if any(actor.name not in fact.by for fact, _ in submitted(case)) else []
    if case.of(CaseFileArchived):
        return waiting
    if case.of(CaseClosed):
        return ["serve", "archive", *waiting] if _numbered(case) else ["archive", *waiting]
    known, asked = drafts(case), reviews(case)
    open_one = next((one for one in reversed(asked) if one.ended is None), None)
    decided = standing_decision(case) is not None
    handles = actor.name in case.handlers or "unit_head" in actor.roles
    found = []
    if handles and not decided:
        found.append("draft")
    newest = known[-1][1].draft_hash if known else UNSET
    passed = any(one.asked[1].draft_hash == newest and one.state == "passed" for one in asked)
    if known and not decided:
        if handles and open_one is None and not passed:
            found.append("request-review")
        if open_one is not None:
            found += _on_review(open_one.reviewer, actor, handles)
        found += ["decide", "discuss", "hold-hearing"] if passed else ["hold-hearing", "discuss", "decide"]
    if _numbered(case):
        found.append("serve")
    last = ["close", "apply-to-court"] if decided else ["close"]
    return [*found, *waiting, *last]


def _on_review(reviewer: str, actor: Actor, handles: bool) -> list[str]:
    found = ["assign-review"]
    if reviewer == actor.name:
        found += ["conclude-review", "ask-for-correction"]
    return [*found, "withdraw-review"] if handles else found


def _numbered(case: Case) -> bool:
    return any(fact.counts and number_of(fact) for fact in case.matter.facts)
