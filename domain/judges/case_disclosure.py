"""Disclosure of what a case decided: published in time, and withdrawn when it was altered (INV-29, INV-30).

The period runs from the date of the decision, not from its service. The invariant: only days are judged here; what a
snapshot contains is another rule's business.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from msgspec import UNSET

from domain.judges import case_money as money
from domain.judges import disclosure_rules
from domain.judges.case_facts import Case, last_of, same_number
from domain.judges.case_findings import Finding, broken, each, kept, unknown
from domain.judges.case_periods import ends_after
from domain.judges.inspection_findings import many
from domain.matter import Fact, Verdict
from domain.rulebook import Rule
from domain.workdays import end_of
from schemas.events.decision import DailyPenaltyDecided
from schemas.events.disclosure import (
    DisclosureCorrected,
    DisclosureExpired,
    DisclosurePublished,
    DisclosureWithdrawn,
    DisclosureWithheld,
)
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.remedy import DecisionAltered

Public = PenaltyDecided | OnSpotPenaltyDecided | DailyPenaltyDecided


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, DisclosurePublished, "INV-30", inv_30, gate=True)
    yield from each(case, DisclosureCorrected, "INV-30", inv_30_corrected, gate=True)
    yield from each(case, PenaltyDecided, "INV-29", inv_29)
    yield from each(case, OnSpotPenaltyDecided, "INV-29", inv_29)
    yield from each(case, DailyPenaltyDecided, "INV-29", inv_29)
    yield from each(case, DecisionAltered, "INV-29", inv_29_withdrawn)


def inv_29(case: Case, _: Fact, body: Public) -> Finding:
    """INV-29: a decision was published within seven working days of its date, not of its service (WSL 78)."""
    ends, rule = ends_after(case, "disclosure.decision_days", body.decided_on)
    asked = left_out(case, body)
    if asked is not None:
        return kept("按规定不公示。", "By the rules it is not published.", rule=asked)
    stays = withheld(case, body.document_no)
    if stays is not None:
        return kept("经审批不予公示。", "With approval it was decided not to publish it.", stays, rule=rule)
    found = publications(case, body.document_no)
    gone = money.undone(case, body.document_no)
    if not found:
        if gone is not None and end_of(gone[1].effective_on) <= ends:
            return kept("公示期限内决定已撤销。", "The decision was revoked before it had to be published.", gone[0])
        return unknown(
            f"决定应当在 {last_of(ends)} 以前公示；尚无公示记录。",
            f"The decision must be published by {last_of(ends)}; no disclosure is recorded yet.",
            rule=rule,
        )
    fact, one = found[0]
    if gone is not None and one.published_on > gone[1].effective_on:
        return broken(
            f"决定已于 {gone[1].effective_on} 撤销，却在 {one.published_on} 公示。",
            f"The decision was revoked on {gone[1].effective_on} and published on {one.published_on} all the same.",
            fact,
            gone[0],
            rule=rule,
        )
    if end_of(one.published_on) > ends:
        return broken(
            f"决定应当在 {last_of(ends)} 以前公示，实际 {one.published_on}。",
            f"The decision had to be published by {last_of(ends)}; it was on {one.published_on}.",
            fact,
            rule=rule,
        )
    return kept(f"于 {one.published_on} 公示。", f"Published on {one.published_on}, in time.", fact, rule=rule)


def inv_29_withdrawn(case: Case, act: Fact, body: DecisionAltered) -> Finding | None:
    """INV-29: what was published of a decision is withdrawn three working days after its alteration (PPL 48)."""
    left, taken, early = taken_back(case, act, body)
    if not early:
        return None
    ends, rule = ends_after(case, "disclosure.withdraw_days", body.effective_on)
    facts = [*early, *(fact for fact, _ in taken)]
    if left:
        return unknown(
            f"公示应当在 {last_of(ends)} 以前撤回并说明理由；{len(left)} 条尚无撤回记录。",
            f"The disclosure must be withdrawn by {last_of(ends)}; {many(len(left), 'record')} not withdrawn yet.",
            *facts,
            rule=rule,
        )
    last = max(day for _, day in taken)
    if end_of(last) > ends:
        return broken(
            f"公示应当在 {last_of(ends)} 以前撤回，实际 {last}。",
            f"The disclosure had to be withdrawn by {last_of(ends)}; it was on {last}.",
            *facts,
            rule=rule,
        )
    return kept(f"公示于 {last} 撤回。", f"Withdrawn on {last}, in time.", *facts, rule=rule)


def inv_30(case: Case, _: Fact, body: DisclosurePublished) -> Finding:
    """INV-30: what was published has only fields of the list (handbook 5.4)."""
    return disclosure_rules.inv_30(case.matter, body)


def inv_30_corrected(case: Case, act: Fact, body: DisclosureCorrected) -> Finding | None:
    """INV-30: a corrected record has only fields of the list of its feed as well (handbook 5.4)."""
    feeds = [one.feed for _, one in case.before(DisclosurePublished, act.occurred) if one.record_id == body.record_id]
    if not feeds:
        return None
    return disclosure_rules.listed(case.matter, feeds[0], body.corrected_on, body.fields)


def publications(case: Case, number: str) -> list[tuple[Fact, DisclosurePublished]]:
    """Every publication of the decision of a number, the earliest first."""
    found = [
        (fact, one)
        for fact, one in case.of(DisclosurePublished)
        if one.document_no is not UNSET and same_number(one.document_no, number)
    ]
    return sorted(found, key=lambda pair: (pair[1].published_on, pair[0].id))


def withheld(case: Case, number: str) -> Fact | None:
    """The approval by which the decision of a number is not published, None if there is none."""
    for fact, one in case.of(DisclosureWithheld):
        if one.document_no is not UNSET and same_number(one.document_no, number):
            return fact
    return None


def taken_back(
    case: Case, act: Fact, body: DecisionAltered
) -> tuple[set[bytes], list[tuple[Fact, datetime.date]], list[Fact]]:
    """Of what was public when a decision was altered: records still not taken back, who took back what, and all of it.

    What had expired before the alteration was not public any more.
    """
    over = {one.record_id for _, one in case.of(DisclosureExpired) if one.expired_on <= body.effective_on}
    early = [
        (fact, one)
        for fact, one in publications(case, body.target_document_no)
        if one.published_on <= body.effective_on and one.record_id not in over
    ]
    records = {one.record_id for _, one in early}
    taken = [
        (fact, one.record_id, one.withdrawn_on)
        for fact, one in case.of(DisclosureWithdrawn)
        if one.record_id in records and (one.alteration in (UNSET, act.id)) and one.withdrawn_on >= body.effective_on
    ]
    taken += [
        (fact, one.record_id, one.expired_on)
        for fact, one in case.of(DisclosureExpired)
        if one.record_id in records and one.expired_on >= body.effective_on
    ]
    left = records - {record for _, record, _ in taken}
    return left, [(fact, day) for fact, _, day in taken], [fact for fact, _ in early]


def left_out(case: Case, body: Public) -> Rule | None:
    """The rule by which a decision of this kind is not published, None where it is."""
    for key, mine in (
        ("disclosure.on_spot_published", isinstance(body, OnSpotPenaltyDecided)),
        ("disclosure.warnings_published", _warning_only(body)),
    ):
        asked = case.find(key, body.decided_on) if mine else None
        if asked is not None and not asked.value:
            return asked
    return None


def _warning_only(body: Public) -> bool:
    match body:
        case PenaltyDecided():
            return {line.kind for line in body.penalties} == {"P01"}
        case OnSpotPenaltyDecided():
            return set(body.kinds) == {"P01"}
        case _:
            return False
