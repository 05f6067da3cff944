"""What the office may do with a case: draft, review, discussion, decision, service, hearing, court, close, archive.

`decide` looks at the case as its judge is given it and answers with the fact that the act becomes; gates are asked
afterwards, with that very fact (domain.office.gates). The invariant: hash, version, party, number, who acts and when
are worked out here and never taken from whoever asks.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from domain.judges import case as judge
from domain.judges.case_facts import Case, number_of, same_number
from domain.matter import Fact, Matter
from domain.office import commands as ask
from domain.office import gates
from domain.office.refusals import changed, not_yours, refused, wrong
from domain.office.reviews import Review, drafts, evidence_of, reviews
from domain.workdays import day_of
from schemas.events import Body, encode_canonical
from schemas.events.archive import CaseFileArchived, Document, Volume
from schemas.events.case import CaseClosed
from schemas.events.correction import CorrectionSubmitted, RecordCorrected
from schemas.events.decision import NoPenaltyDecided
from schemas.events.discussion import CollectiveDiscussionHeld, Opinion, Vote
from schemas.events.document import DocumentServed
from schemas.events.draft import DecisionDrafted, hash_of
from schemas.events.execution import CourtEnforcementApplied
from schemas.events.hearing import HearingHeld
from schemas.events.penalty import Benchmark, PenaltyDecided, PenaltyLine
from schemas.events.remedy import DecisionAltered
from schemas.events.review import (
    CorrectionAsked,
    LegalReviewAssigned,
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
    ReviewItem,
)

CaseCommand: TypeAlias = (
    ask.DraftDecision
    | ask.RequestReview
    | ask.AssignReview
    | ask.AskForCorrection
    | ask.ConcludeReview
    | ask.WithdrawReview
    | ask.HoldDiscussion
    | ask.Decide
    | ask.ServeDocument
    | ask.HoldHearing
    | ask.ApplyToCourt
    | ask.ApproveCorrection
    | ask.CloseCase
    | ask.ArchiveCase
)
HEADS: Final = frozenset({"unit_head", "bureau_head"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: officer id, roles, and the unit in the register, "" where none is set."""

    name: str
    roles: frozenset[str]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The fact that an act would become, and its tags. `front` is set where it is to bear the decision's next number:
    `body.document_no` is then empty, or a number that was given out for this draft and bears nothing yet.
    `before` are parts of one act that is too long for one entry: they stand before it, in the same transaction.
    """

    body: Body
    about: tuple[str, ...] = ()
    front: str | None = None
    before: tuple[Body, ...] = ()


def decide(matter: Matter, command: CaseCommand, actor: Actor, now: int, act: bytes) -> Proposal:
    """The fact that a command becomes; `act` is its id, which also names a draft or a review that it begins.

    Raises Problem: conflict, forbidden, bad_request, not_found; each says why in zh and en.
    """
    case = Case(matter)
    _not_over(case, command)
    about = tuple(sorted(_tags(case)))
    match command:
        case ask.DraftDecision():
            return Proposal(_drafted(case, command, actor, now, act), about)
        case ask.RequestReview():
            return Proposal(_requested(case, command, actor, now, act), about)
        case ask.AssignReview():
            return Proposal(_assigned(case, command, actor, now), about)
        case ask.AskForCorrection():
            return Proposal(_returned(case, command, actor, now), about)
        case ask.ConcludeReview():
            return Proposal(_concluded(case, command, actor, now), about)
        case ask.WithdrawReview():
            return Proposal(_withdrawn(case, command, actor, now), about)
        case ask.HoldDiscussion():
            return Proposal(_discussed(case, command, now), about)
        case ask.Decide():
            return Proposal(_decided(case, command, actor, now), about, command.front)
        case ask.ServeDocument():
            return Proposal(_served(case, command, now), about)
        case ask.HoldHearing():
            return Proposal(_heard(case, command, now), about)
        case ask.ApplyToCourt():
            return Proposal(_applied(case, command, actor, now), about)
        case ask.ApproveCorrection():
            return Proposal(_corrected(case, command, actor), about)
        case ask.CloseCase():
            return Proposal(_closed(case, command, actor, now), about)
        case ask.ArchiveCase():
            return Proposal(_archived(case, command, actor, now), about)


def id_of(text: str, field: str) -> bytes:
    """An id as 16 bytes. Raises Problem bad_request."""
    try:
        return UUID(text).bytes
    except ValueError:
        raise wrong(field, "应为 36 位编号。", f"expected an id of 36 characters as {field}") from None


def or_unset(value: Any) -> Any:
    """What an optional field holds: nothing where a command has "" or None."""
    return UNSET if value is None or value == "" else value


# -- the state --------------------------------------------------------------------------------------------------------


def key_of(case: Case) -> bytes:
    """The id of the case. Raises Problem not_found for a key that is none."""
    try:
        return UUID(case.matter.key).bytes
    except ValueError:
        raise refused("not_found", "没有这个案件。", "no case has such an id") from None


def standing_decision(case: Case) -> tuple[Fact, PenaltyDecided] | None:
    """The decision that stands: made, and neither revoked nor found invalid."""
    gone = [body.target_document_no for _, body in case.of(DecisionAltered) if body.effect in ("revoked", "invalid")]
    found = [pair for pair in case.decisions if not any(same_number(pair[1].document_no, number) for number in gone)]
    return found[-1] if found else None


def open_review(case: Case, text: str) -> Review:
    """A review that has not ended. Raises Problem not_found, conflict."""
    wanted = id_of(text, "review")
    found = next((one for one in reviews(case) if one.id == wanted), None)
    if found is None:
        raise refused("not_found", "本案没有这次审核。", "the case has no review of this id")
    if found.ended is not None:
        by = ", ".join(found.ended[0].by)
        raise changed(
            f"这次审核已由 {by} 办结。", f"the review has ended already, by {by}", by=by, at=found.ended[0].received
        )
    return found


def newest_draft(case: Case, wanted: str) -> tuple[Fact, DecisionDrafted]:
    """The newest draft, if that is the one that is meant (64 hexadecimal digits). Raises Problem conflict."""
    known = drafts(case)
    if not known:
        raise changed("本案没有决定草案；先起草决定。", "the case has no draft of a decision: write one first")
    fact, body = known[-1]
    if body.draft_hash.hex() == wanted:
        return fact, body
    by = ", ".join(fact.by)
    if any(one.draft_hash.hex() == wanted for _, one in known):
        raise changed(
            f"草案已由 {by} 改为第 {body.version} 版；请以新版为准，新版须重新审核。",
            f"the draft was changed to version {body.version} by {by}: look at the new one; it must be reviewed anew",
            by=by, at=fact.received,
        )  # fmt: skip
    raise changed("本案没有这份草案。", "the case has no draft of this hash")


def _not_over(case: Case, command: CaseCommand) -> None:
    if case.filing is None:
        raise changed("案件尚未立案；先办理立案。", "the case was not filed: file it first")
    if case.of(CaseFileArchived):
        if not isinstance(command, ask.ApproveCorrection):
            raise gates.shut(
                "INV-32",
                "案卷已归档，不得增加内容。",
                "The file is archived; nothing may be added to it.",
                case.of(CaseFileArchived)[-1][0],
            )
        return
    if case.of(CaseClosed) and not isinstance(command, ask.ArchiveCase | ask.ApproveCorrection | ask.ServeDocument):
        raise changed("案件已结案。", "the case is closed")


def _handles(case: Case, actor: Actor) -> None:
    if actor.name not in case.handlers and "unit_head" not in actor.roles:
        handlers = "、".join(case.handlers)
        raise not_yours(
            f"此项由承办人（{handlers}）或承办机构负责人办理。",
            f"this is for the handlers ({', '.join(case.handlers)}) or the head of their unit",
        )


def _tags(case: Case) -> set[str]:
    found = {f"authority:{case.matter.authority}", f"case:{case.matter.key}"}
    if case.party is not None and case.party.id is not UNSET:
        found.add(f"enterprise:{case.party.id}")
    return {tag for tag in found if len(tag.encode()) <= 128}


def _past(day: datetime.date, field: str, now: int) -> datetime.date:
    if day > day_of(now):
        raise wrong(field, "日期不能晚于今天。", f"expected a day up to today as {field}")
    return day


# -- draft and review -------------------------------------------------------------------------------------------------


def _drafted(case: Case, command: ask.DraftDecision, actor: Actor, now: int, act: bytes) -> DecisionDrafted:
    _handles(case, actor)
    if standing_decision(case) is not None:
        raise changed("本案已作出决定。", "the case is decided already")
    assert case.filing is not None
    known = drafts(case)
    filed = evidence_of(case)
    evidence = tuple(sorted({bytes.fromhex(one) for one in command.evidence}))
    stray = [one for one in evidence if one not in filed]
    if stray:
        raise wrong(
            "evidence",
            f"本案没有摘要为 {stray[0].hex()[:16]}… 的证据。",
            f"no record of the case relies on a file with the digest {stray[0].hex()[:16]}…",
        )
    mark = command.benchmark
    benchmark: Benchmark | UnsetType = UNSET
    if mark is not None:
        benchmark = Benchmark(
            id=mark.id, version=mark.version, tier=mark.tier, low_fen=or_unset(mark.low_fen),
            high_fen=or_unset(mark.high_fen),
        )  # fmt: skip
    lines = tuple(
        PenaltyLine(
            kind=one.kind, amount_fen=or_unset(one.amount_fen), object=or_unset(one.object), until=or_unset(one.until)
        )
        for one in command.penalties
    )
    for one in lines:
        if one.kind in ("P03", "P04", "P05") and not one.amount_fen:
            raise wrong("penalties", "罚款、没收应当写明金额。", "a fine or a confiscation needs its amount")
    draft = DecisionDrafted(
        draft_id=act, case_id=key_of(case), version=1 + max((body.version for _, body in known), default=0),
        kind="penalty", party=case.filing[1].party, facts=command.facts, evidence=evidence, bases=command.bases,
        penalties=lines, benchmark=benchmark, outside_reason=or_unset(command.outside_reason),
        remedies_text=or_unset(command.remedies_text), draft_hash=bytes(32),
        supersedes=known[-1][1].draft_hash if known else UNSET, explanation=or_unset(command.explanation),
        drafted_by=actor.name, drafted_on=day_of(now),
    )  # fmt: skip
    made = structs.replace(draft, draft_hash=hash_of(draft))
    if known and known[-1][1].draft_hash == made.draft_hash:
        raise changed(
            f"与第 {known[-1][1].version} 版内容相同，没有改动。",
            f"nothing was changed: it says what version {known[-1][1].version} says",
        )
    return made


def _requested(case: Case, command: ask.RequestReview, actor: Actor, now: int, act: bytes) -> LegalReviewRequested:
    _handles(case, actor)
    _, draft = newest_draft(case, command.draft_hash)
    before = [one for one in reviews(case) if one.ended is None]
    if before:
        raise changed(
            "已有审核正在进行；先撤回，再重新送审。", "a review is going on: withdraw it, then ask for another"
        )
    same = [one for one in reviews(case) if one.asked[1].draft_hash == draft.draft_hash and one.state == "passed"]
    if same:
        raise changed("这份草案已审核通过。", "this draft has passed its review")
    last = reviews(case)
    return LegalReviewRequested(
        review_id=act, case_id=key_of(case), draft_hash=draft.draft_hash, requested_at=now, requested_by=actor.name,
        requesting_unit=or_unset(actor.unit or command.requesting_unit), unit=or_unset(command.unit),
        trigger=or_unset(command.trigger), materials=command.materials, repeats=last[-1].id if last else UNSET,
    )  # fmt: skip


def _assigned(case: Case, command: ask.AssignReview, actor: Actor, now: int) -> LegalReviewAssigned:
    review = open_review(case, command.review)
    if review.reviewer == command.reviewer:
        raise changed(f"已分派给 {command.reviewer}。", f"{command.reviewer} has it already")
    if review.reviewer and not command.reason:
        raise wrong("reason", "改派应当说明理由。", "giving a review over to somebody else needs a reason")
    return LegalReviewAssigned(
        review_id=review.id, case_id=key_of(case), reviewer=command.reviewer, unit=or_unset(command.unit),
        assigned_by=actor.name, assigned_at=now, due_on=or_unset(command.due_on), reason=or_unset(command.reason),
    )  # fmt: skip


def _mine(review: Review, actor: Actor) -> None:
    if not review.reviewer:
        raise changed("审核尚未分派；先分派审核人员。", "nobody was given the review: assign it first")
    if review.reviewer != actor.name:
        raise not_yours(
            f"这次审核由 {review.reviewer} 办理；需要换人的先改派。",
            f"{review.reviewer} has this review: have it assigned to you first",
        )


def _asked(case: Case, corrections: tuple[ask.Correction, ...]) -> tuple[CorrectionAsked, ...]:
    known = {fact.id for fact in case.matter.facts}
    found = []
    for one in corrections:
        event = id_of(one.event, "corrections")
        if event not in known:
            raise wrong("corrections", "需更正的记录不在本案中。", f"no record {one.event} is in the case")
        found.append(CorrectionAsked(event=event, field=or_unset(one.field), text=one.text))
    return tuple(found)


def _returned(case: Case, command: ask.AskForCorrection, actor: Actor, now: int) -> LegalReviewReturned:
    review = open_review(case, command.review)
    _mine(review, actor)
    if not command.missing and not command.corrections:
        raise wrong(
            "missing", "写明缺少什么，或者哪条记录需要更正。", "say what is missing, or which record is to be corrected"
        )
    return LegalReviewReturned(
        review_id=review.id, case_id=key_of(case), reviewer=actor.name, missing=command.missing,
        reason=command.reason, returned_at=now, corrections=_asked(case, command.corrections),
    )  # fmt: skip


def _concluded(case: Case, command: ask.ConcludeReview, actor: Actor, now: int) -> LegalReviewConcluded:
    review = open_review(case, command.review)
    _mine(review, actor)
    _, draft = newest_draft(case, command.draft_hash)
    if review.asked[1].draft_hash != draft.draft_hash:
        raise changed(
            "送审之后草案已改；撤回后以新版重新送审。",
            "the draft was changed after it was sent: withdraw it and send the new version",
        )
    answers = {one.item: one for one in command.items}
    if len(answers) != len(command.items) or set(answers) != set(ask.ITEMS):
        missing = [item for item in ask.ITEMS if item not in answers]
        raise wrong("items", "十项审核内容应当逐项作出意见。", f"expected one answer to each of ten: {missing}")
    problems = [one for one in command.items if one.answer == "problem"]
    if any(not one.text.strip() for one in problems):
        raise wrong("items", "认为有问题的，应当说明。", "an item with a problem needs its explanation")
    if command.outcome == "passed" and problems:
        raise wrong(
            "outcome", "有问题的草案不能审核通过。", "a draft with a problem does not pass: return or reject it"
        )
    if command.outcome in ("returned_for_correction", "rejected") and not problems:
        raise wrong(
            "items",
            "退回或者不同意的，至少一项应为“有问题”并说明。",
            "whoever returns or rejects a draft says in at least one item what the problem is",
        )
    return LegalReviewConcluded(
        review_id=review.id, case_id=key_of(case), reviewer=actor.name,
        unit=or_unset(actor.unit or command.unit or (review.assigned[1].unit if review.assigned else "")),
        assisted_by=command.assisted_by, draft_hash=draft.draft_hash,
        items=tuple(
            ReviewItem(item=item, answer=answers[item].answer, text=or_unset(answers[item].text)) for item in ask.ITEMS
        ),
        outcome=command.outcome, opinion=command.opinion,
        catalogue_version=_catalogue(case, day_of(now)), requested_at=review.asked[1].requested_at, concluded_at=now,
        corrections=_asked(case, command.corrections),
    )  # fmt: skip


def _catalogue(case: Case, day: datetime.date) -> Any:
    rule = case.find("review.triggers", day)
    return UNSET if rule is None else rule.version


def _withdrawn(case: Case, command: ask.WithdrawReview, actor: Actor, now: int) -> LegalReviewWithdrawn:
    _handles(case, actor)
    review = open_review(case, command.review)
    return LegalReviewWithdrawn(
        review_id=review.id, case_id=key_of(case), withdrawn_at=now, withdrawn_by=actor.name, reason=command.reason
    )


def _discussed(case: Case, command: ask.HoldDiscussion, now: int) -> CollectiveDiscussionHeld:
    _, draft = newest_draft(case, command.draft_hash)
    members = tuple(dict.fromkeys(one.member for one in command.opinions))
    if len(members) != len(command.opinions):
        raise wrong("opinions", "每名参加人员只能有一条意见。", "expected one opinion of each member")
    if set(members) & set(command.absent):
        raise wrong("absent", "同一人不能既参加又缺席。", "nobody both took part and was absent")
    if command.principal_against_majority and not command.principal_dissent_reason.strip():
        raise wrong(
            "principal_dissent_reason",
            "主要负责人否决多数意见的，应当说明理由。",
            "a principal who decides against the majority gives the reason",
        )
    views = [one.view for one in command.opinions]
    return CollectiveDiscussionHeld(
        case_id=key_of(case), held_on=_past(command.held_on, "held_on", now), draft_hash=draft.draft_hash,
        host=command.host, principal=command.principal, members=members, absent=command.absent,
        recorder=command.recorder,
        opinions=tuple(Opinion(member=one.member, view=one.view, text=or_unset(one.text)) for one in command.opinions),
        vote=Vote(agree=views.count("agree"), disagree=views.count("disagree"), abstain=views.count("abstain")),
        outcome=command.outcome, decision=command.decision,
        principal_against_majority=command.principal_against_majority,
        principal_dissent_reason=or_unset(command.principal_dissent_reason),
    )  # fmt: skip


# -- decision and what follows ----------------------------------------------------------------------------------------


def _decided(case: Case, command: ask.Decide, actor: Actor, now: int) -> PenaltyDecided:
    if "bureau_head" not in actor.roles:
        raise not_yours("处罚决定由行政机关负责人签发。", "the head of the bureau makes the decision")
    made = standing_decision(case)
    if made is not None:
        by = ", ".join(made[0].by)
        raise changed(
            f"决定已由 {by} 作出：{made[1].document_no}。", f"decided already by {by}: {made[1].document_no}",
            by=by, at=made[0].received, document_no=made[1].document_no,
        )  # fmt: skip
    if case.of(NoPenaltyDecided):
        raise changed("本案已决定不予处罚。", "it was decided not to punish")
    _, draft = newest_draft(case, command.draft_hash)
    if not draft.penalties:
        raise changed("草案没有处罚内容。", "the draft has no penalty")
    passed = [one for one in reviews(case) if one.asked[1].draft_hash == draft.draft_hash and one.state == "passed"]
    talks = [fact for fact, body in case.of(CollectiveDiscussionHeld) if body.draft_hash in (UNSET, draft.draft_hash)]
    hearings = case.of(HearingHeld)
    return PenaltyDecided(
        case_id=draft.case_id, document_no="", decided_on=day_of(now), penalties=draft.penalties, facts=draft.facts,
        bases=draft.bases, benchmark=draft.benchmark, outside_reason=draft.outside_reason,
        draft_hash=draft.draft_hash, seal_ref=or_unset(command.seal_ref), remedies_text=draft.remedies_text,
        signed_by=actor.name, violation_id=case.filing[1].violation_id if case.filing else UNSET,
        item_code=case.filing[1].item_code if case.filing else UNSET, party_present=or_unset(command.party_present),
        draft_id=draft.draft_id, review_id=passed[-1].id if passed else UNSET,
        hearing=hearings[-1][0].id if hearings else UNSET, discussion=talks[-1].id if talks else UNSET,
        pay_by=or_unset(command.pay_by),
    )  # fmt: skip


def _number(case: Case, wanted: str, field: str) -> str:
    """A number that a document of the case bears, as it is printed there."""
    for fact in case.matter.facts:
        if fact.counts and (found := number_of(fact)) and same_number(found, wanted):
            return found
    raise wrong(field, f"本案没有文号为 {wanted} 的文书。", f"no document of the case bears the number {wanted}")


def _served(case: Case, command: ask.ServeDocument, now: int) -> DocumentServed:
    number = _number(case, command.document_no, "document_no")
    if command.method == "left" and not command.witness:
        raise wrong("witness", "留置送达应当有见证人。", "a document that is left needs a witness")
    if command.method == "public_notice" and not command.notice_reason:
        raise wrong("notice_reason", "公告送达应当说明理由。", "public notice needs its reason")
    if command.method == "electronic" and command.electronic_consent is not True:
        raise wrong(
            "electronic_consent", "电子送达应当有当事人签署的同意。", "electronic service needs the signed consent"
        )
    return DocumentServed(
        document_no=number, method=command.method, served_on=_past(command.served_on, "served_on", now),
        recipient=or_unset(command.recipient), witness=or_unset(command.witness), place=or_unset(command.place),
        case_id=key_of(case), tracking_no=or_unset(command.tracking_no),
        notice_reason=or_unset(command.notice_reason), electronic_consent=or_unset(command.electronic_consent),
    )  # fmt: skip


def _heard(case: Case, command: ask.HoldHearing, now: int) -> HearingHeld:
    if not command.public and not command.closed_reason:
        raise wrong("closed_reason", "不公开听证应当说明理由。", "a hearing that is not public needs its reason")
    return HearingHeld(
        case_id=key_of(case), held_on=_past(command.held_on, "held_on", now), chair=command.chair,
        recorder=or_unset(command.recorder), public=command.public, closed_reason=or_unset(command.closed_reason),
        absent_waiver=command.absent_waiver, record_hash=bytes.fromhex(command.record_hash),
        opinion=or_unset(command.opinion),
    )  # fmt: skip


def _applied(case: Case, command: ask.ApplyToCourt, actor: Actor, now: int) -> CourtEnforcementApplied:
    return CourtEnforcementApplied(
        case_id=key_of(case), document_no=command.document_no,
        decision_no=_number(case, command.decision_no, "decision_no"), demand_no=or_unset(command.demand_no),
        court=command.court, applied_on=_past(command.applied_on, "applied_on", now),
        amount_fen=or_unset(command.amount_fen), head_signed="bureau_head" in actor.roles, signed_by=actor.name,
        seal_ref=or_unset(command.seal_ref),
    )  # fmt: skip


def _corrected(case: Case, command: ask.ApproveCorrection, actor: Actor) -> RecordCorrected:
    wanted = id_of(command.submitted, "submitted")
    found = next((pair for pair in case.of(CorrectionSubmitted) if pair[0].id == wanted), None)
    if found is None:
        raise refused("not_found", "本案没有这份提交的更正。", "no such correction was submitted in the case")
    fact, body = found
    if any(one.submitted == wanted for _, one in case.of(RecordCorrected)):
        raise changed("这份更正已批准。", "this correction was approved already")
    if actor.name in fact.by:
        raise not_yours("提交更正的人不能批准自己的更正。", "whoever submitted a correction does not approve it")
    target = next((one for one in case.matter.facts if one.id == body.target_event), None)
    if target is None:
        raise changed("被更正的记录不在本案中。", "the record that it corrects is not in the case")
    return RecordCorrected(
        target_event=body.target_event,
        target_authority=target.authority if target.authority != case.matter.authority else UNSET,
        effect=body.effect, field_changes=body.field_changes, reason=command.reason, approver=actor.name,
        submitted=wanted,
    )  # fmt: skip


def _closed(case: Case, command: ask.CloseCase, actor: Actor, now: int) -> CaseClosed:
    return CaseClosed(
        case_id=key_of(case), document_no=or_unset(command.document_no), ground=command.ground,
        all_fulfilled=command.all_fulfilled, closed_on=day_of(now), approver=actor.name,
        correction_verified=or_unset(command.correction_verified), reason=or_unset(command.reason),
    )  # fmt: skip


def _archived(case: Case, command: ask.ArchiveCase, actor: Actor, now: int) -> CaseFileArchived:
    listed: Any = judge.judge(case.matter).page["documents"]
    there = [one for one in listed if one["events"]]
    names = {"front": "main", "annex": "annex"}
    documents = tuple(
        Document(
            order=order, title=one["zh"],
            document_no=or_unset(next((event["document_no"] for event in one["events"] if event["document_no"]), "")),
            volume="annex" if one["volume"] == "annex" else "main",
        )
        for order, one in enumerate(there, 1)
    )  # fmt: skip
    volumes = []
    for kind, name in names.items():
        inside = [one for one in there if one["volume"] == kind]
        if inside:
            volumes.append(Volume(name="annex" if name == "annex" else "main", number=1, sha256=volume_hash(inside)))
    if not volumes:
        raise changed("案卷没有文书可归档。", "the file holds no document")
    return CaseFileArchived(
        case_id=key_of(case), archive_no=or_unset(command.archive_no), volume_hashes=tuple(volumes),
        document_list=documents, retention=command.retention, archived_on=day_of(now), archivist=actor.name,
    )  # fmt: skip


def volume_hash(documents: list[Any]) -> bytes:
    """SHA-256 of a volume as one file: the canonical list of its documents, each with its code and event ids (hex)."""
    inside = [{"code": one["code"], "events": [event["id"] for event in one["events"]]} for one in documents]
    return sha256(encode_canonical({"documents": inside})).digest()
