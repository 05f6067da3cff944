"""The end of a case: closing, archive, what stalls, what ended with nothing.

INV-31, INV-32, INV-39, SIG-21 and SIG-29. The invariant: a case that lies still raises its signal at an instant
that follows from the last act; nothing here knows how old a case is today.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain.judges import case_money as money
from domain.judges.case_facts import Case
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, kept, once, once_alarm, yuan
from domain.judges.case_periods import decision_deadline, first_outcome
from domain.judges.case_review import bypassed
from domain.judges.case_steps import created
from domain.judges.inspection_findings import many
from domain.matter import Deadline, Fact, Signal, Verdict
from domain.workdays import day_of, end_of
from schemas.events import REGISTRY
from schemas.events.archive import CaseFileArchived
from schemas.events.case import CaseClosed, InvestigationConcluded
from schemas.events.custody import BlobDamaged, BlobExamined, EvidenceRead
from schemas.events.decision import NoPenaltyDecided
from schemas.events.evidence import BlobReceived
from schemas.events.export import CaseFileExportClosed, CaseFileExported
from schemas.events.filing import CaseNotFiled, CaseResumed, CaseSuspended
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.rectification import RectificationOrdered, ReinspectionConcluded
from schemas.events.remedy import DecisionAltered
from schemas.events.transfer import TransferDelivered

_GROUNDS: Final = {
    "executed": "执行完毕",
    "no_penalty": "不予处罚",
    "unproved": "违法事实不能成立",
    "transferred": "移送",
    "revoked": "撤销",
    "terminated": "终止",
    "other": "其他",
}
NOT_FILE: Final = ("E50",)
"""Families that are about signals: they look at a case and add nothing to its file."""
CUSTODY: Final = (BlobReceived, BlobExamined, BlobDamaged, EvidenceRead, CaseFileExported, CaseFileExportClosed)
"""What becomes of a file that was recorded before, and who looks at it: no act of the case either."""


def verdicts(case: Case, deadlines: tuple[Deadline, ...]) -> Iterator[Verdict]:
    """Those of this module, act by act; `deadlines` are those of the case, which INV-39 is about."""
    yield from each(case, CaseClosed, "INV-31", inv_31, gate=True)
    yield from each(case, CaseFileArchived, "INV-31", inv_31_archive, gate=True)
    yield from each(case, CaseFileArchived, "INV-32", inv_32)
    yield from once(case, "INV-39", lambda _: inv_39(case, deadlines))


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, NoPenaltyDecided, "SIG-21", "medium", sig_21)
    yield from each_alarm(case, CaseNotFiled, "SIG-21", "medium", sig_21)
    yield from once_alarm(case, "SIG-29", "medium", sig_29)
    yield from each_alarm(case, CaseClosed, "SIG-29", "medium", sig_29_closed)


def inv_31(case: Case, act: Fact, body: CaseClosed) -> Finding:
    """INV-31: closed when the fine is paid and the correction verified, or on a ground that needs neither."""
    rule = case.limit("closing.grounds", day_of(act.occurred))
    unreviewed = bypassed(case, act.occurred)
    if unreviewed:
        first, why = unreviewed[0]
        return broken(
            f"{why.zh}未经审核的决定撤销（上报有误的，更正撤回）后方可结案。",
            f"{why.en} Revoke it, or withdraw the record if it was a mistake; then close the case.",
            first,
            *why.facts,
            rule=rule,
        )
    if body.ground not in rule.value:
        if body.reason is UNSET:
            return broken(
                f"结案理由“{zh_ground(body.ground)}”不在规定范围内，也没有说明；写明理由后方可结案。",
                f"The ground {body.ground} is not among those of the rules and is not explained; give the reason.",
                rule=rule,
            )
        return kept("结案理由已说明。", "The ground is explained.", rule=rule)
    if body.ground != "executed":
        proof = _proof_of(case, body.ground, act.occurred)
        if proof is not None:
            return broken(*proof, rule=rule, absent=True)
        return kept(
            f"结案理由“{zh_ground(body.ground)}”不需履行。",
            f"The ground {body.ground.replace('_', ' ')} needs no execution.",
            rule=rule,
        )
    facts: list[Fact] = []
    for one in money.decisions(case):
        if one.fact.occurred > act.occurred:
            continue
        facts.append(one.fact)
        fine = money.due_fen(case, one)
        paid = [payment for payment in money.payments(case, one) if payment.fact.occurred <= act.occurred]
        towards = sum(payment.fen for payment in paid if payment.towards == "fine")
        facts += [payment.fact for payment in paid if payment.fact is not one.fact]
        if towards < fine:
            return broken(
                f"决定 {one.number} 罚款 {yuan(fine)} 元，已缴 {yuan(towards)} 元；缴清后方可以执行完毕结案。",
                f"{one.number} fines {yuan(fine)} yuan, and {yuan(towards)} are paid; close it when all is.",
                *facts,
                rule=rule,
                absent=True,
            )
    open_ones = _uncorrected(case, act.occurred)
    if open_ones and body.correction_verified is not True:
        return broken(
            f"责令整改的 {len(open_ones)} 项隐患没有复查合格的记录；核实整改后方可结案。",
            f"Not verified as corrected: {many(len(open_ones), 'hazard')} of the orders; re-inspect first.",
            *facts,
            rule=rule,
            absent=True,
        )
    if not facts:
        return broken(
            "没有处罚决定，不能以执行完毕结案。",
            "There is no decision that could have been executed.",
            rule=rule,
            absent=True,
        )
    return kept("罚款已缴清，整改已核实。", "The fine is paid and the correction verified.", *facts, rule=rule)


def inv_31_archive(case: Case, act: Fact, _: CaseFileArchived) -> Finding:
    """INV-31: only a closed case is archived."""
    closed = [fact for fact, _ in case.before(CaseClosed, act.occurred)]
    if not closed:
        return broken(
            "归档前应当先结案；没有结案记录。", "A case is closed before it is archived; none is recorded.", absent=True
        )
    return kept("结案后归档。", "Archived after it was closed.", closed[-1])


def inv_32(case: Case, act: Fact, body: CaseFileArchived) -> Finding:
    """INV-32: after archiving only alteration, disclosure and correction touch the case, and its hashes stay.

    A record that is made after the day of archiving touches the file as well, whatever day it bears.
    """
    rule = case.limit("archive.allowed_after", body.archived_on)
    allowed = {*rule.value, *NOT_FILE}
    day = day_of(created(act))
    late = [
        fact
        for fact in case.matter.facts
        if fact.counts
        and (fact.occurred > act.occurred or day_of(created(fact)) > day)
        and _family(fact) not in allowed
        and not isinstance(fact.body, CUSTODY)
        and not _again(fact, body)
    ]
    if late:
        zh, en = _type_names(late[0])
        return broken(
            f"归档后又有 {len(late)} 条案件记录（首条：{zh}）；归档后不得增加、抽取或修改，需要更正的另作更正记录。",
            f"After archiving the case was touched by {many(len(late), 'act')} (first: {en}); nothing may be added or "
            "changed, a correction is recorded as one.",
            *late,
            rule=rule,
        )
    return kept("归档后没有变动。", "Nothing touched the case after it was archived.", rule=rule)


def inv_39(_: Case, deadlines: tuple[Deadline, ...]) -> Finding | None:
    """INV-39: deadlines that were recomputed keep every value that they had before."""
    moved = [one for one in deadlines if one.earlier]
    if not moved:
        return None
    rules = sorted({one.rule for one in moved})
    return kept(
        f"期限 {'、'.join(rules)} 因依据变化重新计算，原期限均保留。",
        f"Computed again when their inputs changed: {', '.join(rules)}; every earlier value is kept.",
    )


def sig_21(case: Case, act: Fact, body: NoPenaltyDecided | CaseNotFiled) -> Iterator[Alarm]:
    """SIG-21: no penalty, or no case, for a minor violation that nobody verified as corrected (PPL 33)."""
    if body.ground not in ("minor_corrected", "first_minor"):
        return
    verified = [
        fact
        for fact, one in case.before(ReinspectionConcluded, act.occurred)
        if all(result.outcome == "corrected" for result in one.results)
    ]
    if not verified:
        yield Alarm(
            "以轻微或初次违法、已改正为由不予处罚，没有整改合格的记录。",
            "No penalty because it was minor and corrected, but no passed re-inspection is recorded.",
            (),
            50,
            absent=True,
        )


def sig_29(case: Case) -> Iterator[Alarm]:
    """SIG-29: nothing happened in an open case for so many days, or it ran over its period; opens when that is so."""
    if case.filing is None:
        return
    filed = case.filing[0]
    outcome = first_outcome(case)
    period = decision_deadline(case)
    closed = case.of(CaseClosed)
    ended = outcome if outcome is not None else (closed[0][0], closed[0][0].occurred) if closed else None
    if period is not None and period.last_day is not None and (ended is None or ended[1] >= period.due):
        facts = (filed,) if ended is None else (filed, ended[0])
        yield Alarm(
            f"案件应当在 {period.last_day} 以前作出处理决定"
            + ("，至今没有。" if ended is None else f"，实际 {day_of(ended[1])}。"),
            f"The case had to be decided by {period.last_day}; "
            + ("no decision is recorded." if ended is None else f"it ended on {day_of(ended[1])}."),
            facts,
            70,
            opens=period.due,
            absent=ended is None,
            rule=case.limit("case.decide_days", case.filing[1].filed_on),
            about="over_age",
        )
    if outcome is not None or closed or _suspended(case):
        return
    counted = [
        fact
        for fact in case.matter.facts
        if fact.counts and _family(fact) not in NOT_FILE and not isinstance(fact.body, CUSTODY)
    ]
    last = counted[-1]
    rule = case.limit("case.stalled_days", day_of(last.occurred))
    opens = end_of(case.matter.calendar.add_days(day_of(last.occurred), int(rule.value), roll=False).day)
    yield Alarm(
        f"自 {day_of(last.occurred)} 起 {rule.value} 日没有任何办案记录。",
        f"Nothing was recorded in the case for {rule.value} days since {day_of(last.occurred)}.",
        (last,),
        60,
        opens=opens,
        absent=True,
        rule=rule,
        about="stalled",
    )


def sig_29_closed(case: Case, _: Fact, body: CaseClosed) -> Iterator[Alarm]:
    """SIG-29: closed although nothing was decided, and no reason is given."""
    outcome = first_outcome(case)
    spots = case.of(OnSpotPenaltyDecided)
    if outcome is None and not spots and body.reason is UNSET:
        yield Alarm(
            f"没有任何处理决定即以“{zh_ground(body.ground)}”结案，没有说明理由。",
            f"Closed as {body.ground.replace('_', ' ')} although nothing was decided, and no reason is given.",
            (),
            70,
            absent=True,
        )


def zh_ground(ground: str) -> str:
    """A ground of closing in Chinese."""
    return _GROUNDS.get(ground, ground)


def en_ground(ground: str) -> str:
    """A ground of closing in English."""
    return ground.replace("_", " ")


def _proof_of(case: Case, ground: str, at: int) -> tuple[str, str] | None:
    """What is missing for a ground of closing that rests on a decision of its own (zh, en); None if nothing is."""
    match ground:
        case "no_penalty" | "unproved":
            concluded = [one for _, one in case.before(InvestigationConcluded, at) if one.proposal.startswith("no_pen")]
            if not case.before(NoPenaltyDecided, at) and not concluded:
                return "没有不予处罚决定；作出决定后方可结案。", "No decision not to punish is recorded; make it first."
        case "transferred":
            if not case.before(TransferDelivered, at):
                return "没有移送送达记录；移送后方可结案。", "No delivered transfer is recorded; deliver it first."
        case "revoked":
            if not any(one.effect in ("revoked", "invalid") for _, one in case.before(DecisionAltered, at)):
                return "没有撤销决定的记录；撤销后方可结案。", "No revocation is recorded; record it first."
        case _:
            return None
    return None


def _uncorrected(case: Case, at: int) -> set[bytes]:
    """Hazards that an order of this case names and that no re-inspection found corrected by an instant."""
    ordered = {one for _, body in case.before(RectificationOrdered, at) for one in body.hazard_ids}
    fine = {
        result.hazard_id
        for _, body in case.before(ReinspectionConcluded, at)
        for result in body.results
        if result.outcome == "corrected"
    }
    return ordered - fine


def _suspended(case: Case) -> bool:
    stopped = case.matter.last(CaseSuspended)
    if stopped is None:
        return False
    return not any(one.resumed_on >= stopped[1].suspended_on for _, one in case.of(CaseResumed))


def _again(fact: Fact, body: CaseFileArchived) -> bool:
    """Whether an act archives the same file again with the same hashes: nothing was changed."""
    return isinstance(fact.body, CaseFileArchived) and fact.body.volume_hashes == body.volume_hashes


def _type_names(fact: Fact) -> tuple[str, str]:
    """What a type of event is called, zh and en."""
    found = REGISTRY.lookup(fact.type)
    return (found.body.SPEC.zh, found.body.SPEC.en) if found is not None else (fact.type, fact.type)


def _family(fact: Fact) -> str:
    found = REGISTRY.lookup(fact.type)
    return found.family if found is not None else ""
