"""Legal review and collective discussion: INV-17, INV-18, INV-19, SIG-09, SIG-10.

Whether a decision must be reviewed follows from the catalogue in force on the day of the decision. The invariant: a
review is of exactly one draft; what was decided on another draft was not reviewed, however alike the two may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain import penalty_kinds
from domain.judges.case_facts import Case, confiscated, describe, fine_of, moment, same_number
from domain.judges.case_findings import (
    Alarm,
    Finding,
    broken,
    each,
    each_alarm,
    en_names,
    kept,
    names,
    once_alarm,
    yuan,
)
from domain.judges.case_hearing import hearing_due
from domain.judges.case_officers import qualified
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.discussion import CollectiveDiscussionHeld
from schemas.events.draft import DecisionDrafted, hash_of
from schemas.events.hearing import HearingHeld
from schemas.events.penalty import PenaltyDecided
from schemas.events.remedy import DecisionAltered
from schemas.events.review import LegalReviewAssigned, LegalReviewConcluded, LegalReviewRequested


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, PenaltyDecided, "INV-17", inv_17, gate=True)
    yield from each(case, CompulsoryMeasureImposed, "INV-17", inv_17_measure, gate=True)
    yield from each(case, LegalReviewAssigned, "INV-18", inv_18_assigned, gate=True)
    yield from each(case, LegalReviewConcluded, "INV-18", inv_18, gate=True)
    yield from each(case, PenaltyDecided, "INV-19", inv_19, gate=True)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, PenaltyDecided, "SIG-09", "serious", sig_09)
    yield from once_alarm(case, "SIG-09", "serious", sig_09_claims)
    yield from each_alarm(case, PenaltyDecided, "SIG-10", "medium", sig_10)


def review_due(case: Case, act: Fact, body: PenaltyDecided) -> tuple[bool, str, str, Rule]:
    """Whether the catalogue of the day of the decision asks for a review, why (zh, en), and the entry that does."""
    day, until = body.decided_on, moment(act, body.decided_on)
    triggers = case.limit("review.triggers", day)
    if "hearing_held" in triggers.value and any(one.held_on <= day for _, one in case.before(HearingHeld, until)):
        return True, "案件经过听证", "the case went through a hearing", triggers
    if "complex" in triggers.value and case.called("complex", until) is not None:
        return True, *_TRIGGERS["complex"], triggers
    for _, asked in case.before(LegalReviewRequested, until):
        if asked.trigger is not UNSET and asked.trigger in triggers.value:
            zh, en = _TRIGGERS[asked.trigger]
            return True, zh, en, triggers
    rule = case.find("review.kinds", day)
    for line in body.penalties:
        if rule is not None and line.kind in rule.value:
            kind = penalty_kinds.name(line.kind)
            return True, f"{kind.zh}列入审核目录", f"{kind.en} is in the catalogue", rule
    for key, amount, zh, en in (
        (f"review.threshold_fen.{case.party_type}", fine_of(body.penalties), "罚款", "fine"),
        ("review.confiscation_fen", confiscated(body.penalties), "没收", "confiscation"),
    ):
        rule = case.find(key, day)
        if rule is not None and amount and rule.reaches(amount):
            return (
                True,
                f"{zh} {yuan(amount)} 元达到审核标准",
                f"the {en} of {yuan(amount)} yuan is in the catalogue",
                rule,
            )
    rule = case.find("review.outside_benchmark", day)
    if rule is not None and rule.value and body.outside_reason is not UNSET:
        return True, "突破裁量基准", "the discretion benchmark was left", rule
    rule = case.find("review.hearing_possible", day)
    if rule is not None and rule.value and hearing_due(case, body.penalties, day)[0]:
        return True, "符合听证条件", "the party may ask for a hearing", rule
    return False, "不属于审核目录", "the decision is not in the review catalogue", triggers


def inv_17(case: Case, act: Fact, body: PenaltyDecided) -> Finding:
    """INV-17: a decision of the catalogue was passed in review, for the same draft, before it was made."""
    due, zh, en, rule = review_due(case, act, body)
    if not due:
        return kept(f"{zh}，不需审核。", f"No review is due: {en}.", rule=rule)
    decided = moment(act, body.decided_on)
    altered = _altered(case, body)
    reviews = case.of(LegalReviewConcluded)
    same = [(fact, one) for fact, one in reviews if one.draft_hash == body.draft_hash]
    early = [(fact, one) for fact, one in same if one.concluded_at <= decided]
    if early and early[-1][1].outcome == "passed":
        if altered is not None:
            return broken(
                "决定书内容与送审草案不一致；内容变更的草案应当重新审核。",
                "The decision does not say what the reviewed draft says; a changed draft must be reviewed again.",
                early[-1][0],
                altered,
                rule=rule,
            )
        return kept(
            "决定草案已审核通过。", "This draft passed the review before the decision.", early[-1][0], rule=rule
        )
    lift = ("同一草案审核通过后方可决定", "Let this draft pass the review, then decide")
    if early:
        outcome = early[-1][1].outcome
        return broken(
            f"{zh}，应当审核；审核意见为“{_OUTCOMES[outcome][0]}”。{lift[0]}。",
            f"A review is due ({en}); its outcome was: {_OUTCOMES[outcome][1]}. {lift[1]}.",
            early[-1][0],
            rule=rule,
        )
    if same:
        return broken(
            f"{zh}，应当在决定前审核；审核于 {describe(same[0][1].concluded_at)} 完成，晚于决定。",
            f"A review is due before the decision ({en}); it ended at {describe(same[0][1].concluded_at)}, after it.",
            same[0][0],
            rule=rule,
        )
    if reviews:
        return broken(
            f"{zh}，应当审核；审核的是另一份草案，本决定的草案未经审核。{lift[0]}。",
            f"A review is due ({en}); another draft was reviewed, not that of this decision. {lift[1]}.",
            *(fact for fact, _ in reviews),
            rule=rule,
            absent=True,
        )
    return broken(
        f"{zh}，应当审核；没有找到审核记录。{lift[0]}。",
        f"A review is due ({en}); none is recorded. {lift[1]}.",
        rule=rule,
        absent=True,
    )


def inv_17_measure(case: Case, _: Fact, body: CompulsoryMeasureImposed) -> Finding | None:
    """INV-17 for compulsory measures, where the authority's catalogue has them; urgent ones are reviewed afterwards."""
    rule = case.find("review.compulsory", body.imposed_on)
    if rule is None or not rule.value or body.urgent:
        return None
    for fact, one in case.of(LegalReviewConcluded):
        if one.concluded_at <= body.imposed_at and one.outcome == "passed" and one.draft_hash == body.document_hash:
            return kept("强制措施决定已审核通过。", "The measure passed the review before.", fact, rule=rule)
    return broken(
        "强制措施决定列入审核目录；没有找到实施前对该决定书通过的审核意见。审核通过后方可实施。",
        "Measures are in the review catalogue; no passed review of this one is recorded. Review it first.",
        rule=rule,
        absent=True,
    )


def inv_18(case: Case, _: Fact, body: LegalReviewConcluded) -> Finding:
    """INV-18: the reviewer did not handle the case, and was qualified or in post before qualification was asked for."""
    handlers = case.handlers_ever
    if body.reviewer in handlers:
        return broken(
            f"审核人 {body.reviewer} 是本案承办人（{names(handlers)}）；应由未承办本案的人员重新审核。",
            f"The reviewer {body.reviewer} handled the case ({en_names(handlers)}); have somebody else review it.",
            *([case.filing[0]] if case.filing else []),
        )
    for fact, asked in case.of(LegalReviewRequested):
        same = asked.requesting_unit is not UNSET and asked.requesting_unit == body.unit
        if asked.review_id == body.review_id and same:
            return broken(
                f"审核机构（{body.unit}）就是送审的承办机构；应由法制机构审核。",
                f"The unit that reviewed ({body.unit}) is the one that asked; the legal unit must review it.",
                fact,
            )
    return qualified(case, body.reviewer, body.concluded_at)


def inv_18_assigned(case: Case, act: Fact, body: LegalReviewAssigned) -> Finding:
    """INV-18, before there is an opinion: the review goes to somebody who may give one."""
    handlers = case.handlers_ever
    if body.reviewer in handlers:
        return broken(
            f"审核人 {body.reviewer} 是本案承办人（{names(handlers)}）；应分派给未承办本案的人员。",
            f"{body.reviewer} handled the case ({en_names(handlers)}); give the review to somebody else.",
            *([case.filing[0]] if case.filing else []),
        )
    return qualified(case, body.reviewer, act.occurred)


def bypassed(case: Case, at: int) -> list[tuple[Fact, Finding]]:
    """Decisions that stand without the review that they needed (INV-17), made by an instant, each with why.

    What was revoked stands no more. A decision that only a terminal says was made is one of them, until the office made
    it or the record was withdrawn.
    """
    gone = [
        body.target_document_no for _, body in case.before(DecisionAltered, at) if body.effect in ("revoked", "invalid")
    ]
    found = [
        (fact, why)
        for fact, body in case.before(PenaltyDecided, at)
        if not any(same_number(body.document_no, number) for number in gone)
        and (why := inv_17(case, fact, body)).outcome == "broken"
    ]
    return [*found, *((fact, _claimed(body)) for fact, body in claimed(case) if fact.received <= at)]


def claimed(case: Case) -> list[tuple[Fact, PenaltyDecided]]:
    """Decisions that a terminal reported and that the office never made."""
    made = [body.document_no for _, body in case.of(PenaltyDecided)]
    return [
        (fact, fact.body)
        for fact in case.matter.facts
        if fact.claim
        and fact.source == "field"
        and isinstance(fact.body, PenaltyDecided)
        and not any(same_number(fact.body.document_no, number) for number in made)
    ]


def _claimed(body: PenaltyDecided) -> Finding:
    return broken(
        f"终端上报处罚决定 {body.document_no}，机关没有作出这一决定，也没有经过审核。",
        f"A terminal reports the decision {body.document_no}; the office never made it, and nobody reviewed it.",
    )


def sig_09_claims(case: Case) -> Iterator[Alarm]:
    """SIG-09: the field reports a decision that bypassed the office: its review, its number, its head."""
    for fact, body in claimed(case):
        said = _claimed(body)
        yield Alarm(said.zh, said.en, (fact,), 90, opens=fact.received, about=f"{fact.id.hex()}:claim")


def inv_19(case: Case, act: Fact, body: PenaltyDecided) -> Finding:
    """INV-19: a complex or serious case was discussed by enough of the heads before it was decided."""
    due, zh, en, rule = discussion_due(case, act, body)
    if not due:
        return kept(f"{zh}，不需集体讨论。", f"No discussion is due: {en}.", rule=rule)
    decided = moment(act, body.decided_on)
    held = [(fact, one) for fact, one in case.of(CollectiveDiscussionHeld)]
    early = [(fact, one) for fact, one in held if one.held_on <= body.decided_on and fact.occurred <= decided]
    if not early:
        return broken(
            f"{zh}，负责人应当在决定前集体讨论；没有找到决定前的讨论记录。讨论后方可决定。",
            f"The heads must discuss it first ({en}); no discussion before the decision is recorded. Discuss it.",
            *(fact for fact, _ in held),
            rule=rule,
            absent=not held,
        )
    fact, one = early[-1]
    short = _quorum(case, one, body)
    if short is not None:
        return broken(short[0], short[1], fact, rule=short[2])
    return kept("决定前已集体讨论。", "The heads discussed it before the decision.", fact, rule=rule)


def discussion_due(case: Case, act: Fact, body: PenaltyDecided) -> tuple[bool, str, str, Rule]:
    """Whether the case is complex or serious in the sense of PPL 57, why (zh, en), and the rule that says so."""
    day = body.decided_on
    triggers = case.limit("discussion.triggers", day)
    until = moment(act, day)
    asked = any(one.trigger == "complex" for _, one in case.before(LegalReviewRequested, until))
    if "complex" in triggers.value and (asked or case.called("complex", until) is not None):
        return True, "情节复杂", "the case is complex", triggers
    if "serious" in triggers.value and case.called("serious", until) is not None:
        return True, "属于重大违法", "the violation is serious", triggers
    if "serious" in triggers.value:
        rule = case.find("discussion.kinds", day)
        for line in body.penalties:
            if rule is not None and line.kind in rule.value:
                kind = penalty_kinds.name(line.kind)
                return True, f"{kind.zh}属于较重处罚", f"{kind.en} is a serious penalty", rule
        rule = case.find(f"discussion.threshold_fen.{case.party_type}", day)
        amount = fine_of(body.penalties)
        if rule is not None and amount and rule.reaches(amount):
            return True, f"罚款 {yuan(amount)} 元属于较重处罚", f"a fine of {yuan(amount)} yuan is serious", rule
    return False, "不属于情节复杂或重大违法", "the case is neither complex nor serious", triggers


def sig_09(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-09: the review is absent, late, not passed, of another draft, by a handler, or by one not qualified."""
    found = inv_17(case, act, body)
    if found.outcome == "broken":
        yield Alarm(found.zh, found.en, found.facts, 90, absent=found.absent, rule=found.rule)
        return
    for fact, review in case.of(LegalReviewConcluded):
        if review.draft_hash == body.draft_hash and fact in found.facts:
            who = inv_18(case, fact, review)
            if who.outcome == "broken":
                yield Alarm(who.zh, who.en, (fact, *who.facts), 80, absent=who.absent, rule=who.rule)


def sig_10(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-10: no discussion where one is due, too few members, or the principal against the majority without reason."""
    found = inv_19(case, act, body)
    if found.outcome == "broken":
        yield Alarm(found.zh, found.en, found.facts, 70, absent=found.absent, rule=found.rule)
    for fact, one in case.before(CollectiveDiscussionHeld, moment(act, body.decided_on)):
        if one.principal_against_majority and one.principal_dissent_reason is UNSET:
            yield Alarm(
                "主要负责人否决多数意见，没有记录理由；应当说明理由。",
                "The principal head decided against the majority and gave no reason; it must be recorded.",
                (fact,),
                70,
                about=f"{act.id.hex()}:dissent",
            )


def _quorum(case: Case, one: CollectiveDiscussionHeld, body: PenaltyDecided) -> tuple[str, str, Rule] | None:
    """In what a discussion fell short of its quorum (zh, en, rule); None if it did not."""
    there, all_members = len(set(one.members)), len({*one.members, *one.absent})
    rule = case.limit("discussion.quorum", body.decided_on)
    if there < rule.value:
        return (
            f"集体讨论应有至少 {rule.value} 人参加，实际 {there} 人。",
            f"At least {rule.value} members must take part in the discussion; of this one the record names {there}.",
            rule,
        )
    share = case.find("discussion.quorum_percent", body.decided_on)
    if share is not None and not (
        100 * there > share.value * all_members or (share.inclusive and 100 * there == share.value * all_members)
    ):
        return (
            f"集体讨论参加人数 {there}/{all_members}，未达到 {share.value}% 的要求。",
            f"{there} of {all_members} members took part in the discussion, short of {share.value} per cent.",
            share,
        )
    return None


def _altered(case: Case, body: PenaltyDecided) -> Fact | None:
    """The recorded draft of that hash, if the hash is not its own or the decision says something else than it does."""
    for fact, draft in case.of(DecisionDrafted):
        if draft.draft_hash != body.draft_hash:
            continue
        says = (draft.penalties, draft.facts, draft.bases, draft.benchmark, draft.remedies_text)
        if hash_of(draft) != draft.draft_hash or says != (
            body.penalties,
            body.facts,
            body.bases,
            body.benchmark,
            body.remedies_text,
        ):
            return fact
    return None


_TRIGGERS: Final = {
    "public_interest": ("涉及重大公共利益", "a major public interest is involved"),
    "complex": ("案情疑难复杂", "the case is difficult or complex"),
}
_OUTCOMES: Final = {
    "passed": ("同意", "passed"),
    "returned_for_correction": ("建议修改、补正", "returned for correction"),
    "rejected": ("不同意", "rejected"),
    "transfer_suggested": ("建议移送", "transfer suggested"),
}
