"""Side procedures of a case: preserved evidence and transfer to the police or another agency (INV-12, 28, SIG-22).

Each is a small machine of its own beside the case: ordered and disposed, proposed, decided and delivered. The
invariant: acts of one procedure are joined by its id, never by their order; an act whose counterpart is not recorded is
judged as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain.judges.case_facts import Case, describe, fine_of, last_of, moment
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, kept, part, unknown
from domain.judges.case_periods import ends_after
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule
from schemas.events.case import CaseFiled
from schemas.events.penalty import PenaltyDecided
from schemas.events.preservation import EvidencePreservationDisposed, EvidencePreservationOrdered
from schemas.events.review import LegalReviewConcluded
from schemas.events.transfer import TransferAnswered, TransferDecided, TransferDelivered, TransferProposed

HOUR: Final = 3_600_000


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, EvidencePreservationOrdered, "INV-12", inv_12)
    yield from each(case, TransferProposed, "INV-28", inv_28)
    yield from each(case, PenaltyDecided, "INV-28", inv_28_fine)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, TransferProposed, "SIG-22", "medium", sig_22)
    yield from each_alarm(case, CaseFiled, "SIG-22", "medium", sig_22_prompt)
    yield from each_alarm(case, PenaltyDecided, "SIG-22", "medium", sig_22_fine)


def inv_12(case: Case, _: Fact, body: EvidencePreservationOrdered) -> Finding:
    """INV-12: preserved evidence was disposed of within seven working days (PPL 56)."""
    ends, rule = ends_after(case, "preservation.dispose_days", body.ordered_on)
    done = case.joined(EvidencePreservationDisposed, "preservation_id", body.preservation_id)
    if not done:
        return unknown(
            f"登记保存的证据应当在 {last_of(ends)} 以前作出处理决定；尚无处理记录。",
            f"Preserved evidence must be disposed of by {last_of(ends)}; no disposal is recorded yet.",
            rule=rule,
        )
    fact, disposed = done[0]
    if moment(fact, disposed.disposed_on) >= ends:
        return broken(
            f"处理决定（{disposed.disposed_on}）晚于期限 {last_of(ends)}。",
            f"Preserved evidence had to be disposed of by {last_of(ends)}; it was on {disposed.disposed_on}.",
            fact,
            rule=rule,
        )
    return kept(
        f"已于 {disposed.disposed_on} 处理。", f"Disposed of on {disposed.disposed_on}, in time.", fact, rule=rule
    )


def inv_28(case: Case, _: Fact, body: TransferProposed) -> Finding | None:
    """INV-28: a suspected crime is decided on within three days and delivered within 24 hours (R310 5)."""
    if body.kind != "crime":
        return None
    ends, rule = ends_after(case, "transfer.decide_days", body.reported_on)
    decided = case.joined(TransferDecided, "transfer_id", body.transfer_id)
    if not decided:
        return unknown(
            f"负责人应当在 {last_of(ends)} 以前决定是否移送；尚无决定记录。",
            f"The principal head must decide on the transfer by {last_of(ends)}; no decision is recorded yet.",
            rule=rule,
        )
    fact, decision = decided[0]
    if decision.decided_at >= ends:
        return broken(
            f"移送决定（{describe(decision.decided_at)}）晚于期限 {last_of(ends)}。",
            f"The transfer had to be decided on by {last_of(ends)}; it was at {describe(decision.decided_at)}.",
            fact,
            rule=rule,
        )
    if not decision.approved:
        if decision.reason is UNSET:
            return broken(
                "不批准移送应当记录理由。", "A transfer that is not approved must be recorded with its reason.", fact
            )
        return kept("已决定不移送并记录理由。", "It was decided, with a reason, not to transfer.", fact, rule=rule)
    hours = case.limit("transfer.deliver_hours", decision.decided_on)
    by = decision.decided_at + int(hours.value) * HOUR
    delivered = case.joined(TransferDelivered, "transfer_id", body.transfer_id)
    if not delivered:
        return unknown(
            f"批准后应当在 {describe(by)} 前移送；尚无送达记录。",
            f"Once approved it must be delivered before {describe(by)}; no delivery is recorded yet.",
            fact,
            rule=hours,
        )
    handed, delivery = delivered[0]
    if delivery.delivered_at > by:
        return broken(
            f"移送送达（{describe(delivery.delivered_at)}）超过批准后 {hours.value} 小时。",
            f"Delivered at {describe(delivery.delivered_at)}, more than {hours.value} hours after the approval.",
            fact,
            handed,
            rule=hours,
        )
    return kept("移送在期限内决定并送达。", "Decided and delivered in time.", fact, handed, rule=hours)


def inv_28_fine(case: Case, act: Fact, body: PenaltyDecided) -> Finding | None:
    """INV-28: no fine is decided instead of a criminal referral that is under way (R310 11, PPL 8, 82)."""
    if not fine_of(body.penalties):
        return None
    for fact, proposed in case.before(TransferProposed, moment(act, body.decided_on)):
        if proposed.kind != "crime" or proposed.reported_on > body.decided_on:
            continue
        decided = case.joined(TransferDecided, "transfer_id", proposed.transfer_id)
        if any(not decision.approved and decision.decided_on <= body.decided_on for _, decision in decided):
            continue
        if returned := [
            answer for answer, back in _answers(case, proposed.transfer_id) if back and answer.occurred <= act.occurred
        ]:
            return kept(
                "对方未立案并退回后作出罚款。", "The fine was decided after the matter came back.", fact, *returned
            )
        return broken(
            f"涉嫌犯罪已于 {proposed.reported_on} 提出移送，不得以罚款代替移送。",
            f"A transfer for suspected crime was proposed on {proposed.reported_on}; a fine must not take its place.",
            fact,
            *(one for one, _ in decided),
        )
    return None


def sig_22(case: Case, act: Fact, body: TransferProposed) -> Iterator[Alarm]:
    """SIG-22: a criminal referral that is decided on or delivered late; it opens when the period has ended."""
    if body.kind != "crime":
        return
    ends, rule = ends_after(case, "transfer.decide_days", body.reported_on)
    decided = case.joined(TransferDecided, "transfer_id", body.transfer_id)
    if not decided or decided[0][1].decided_at >= ends:
        yield Alarm(
            f"涉嫌犯罪移送应当在 {last_of(ends)} 以前决定。",
            f"The transfer of a suspected crime had to be decided on by {last_of(ends)}.",
            tuple(fact for fact, _ in decided),
            60,
            opens=ends,
            absent=not decided,
            rule=rule,
            about=part(act, "decision"),
        )
    if not decided or not decided[0][1].approved:
        return
    hours = case.limit("transfer.deliver_hours", decided[0][1].decided_on)
    by = decided[0][1].decided_at + int(hours.value) * HOUR
    delivered = case.joined(TransferDelivered, "transfer_id", body.transfer_id)
    if not delivered or delivered[0][1].delivered_at > by:
        yield Alarm(
            f"批准移送后应当在 {describe(by)} 前送达。",
            f"The approved transfer had to be delivered before {describe(by)}.",
            (decided[0][0], *(fact for fact, _ in delivered)),
            60,
            opens=by,
            absent=not delivered,
            rule=hours,
            about=part(act, "delivery"),
        )


def sig_22_prompt(case: Case, _: Fact, body: CaseFiled) -> Iterator[Alarm]:
    """SIG-22: casualties or loss reach a threshold, or a crime is suspected, and no referral is proposed: a prompt."""
    if any(one.kind == "crime" for _, one in case.of(TransferProposed)):
        return
    reached: list[tuple[str, str, Rule | None]] = []
    for field, key, zh, en in (
        ("deaths", "transfer.prompt.deaths", "死亡人数", "the number of deaths"),
        ("injured", "transfer.prompt.injuries", "重伤人数", "the number of serious injuries"),
        ("loss_fen", "transfer.prompt.loss_fen", "直接经济损失", "the direct loss"),
    ):
        value = getattr(body, field)
        rule = case.find(key, body.filed_on) if value is not UNSET else None
        if rule is not None and rule.reaches(int(value)):
            reached.append((zh, en, rule))
    if not reached and body.suspected_crime is not True:
        return
    ask = (
        "；是否构成犯罪由人判断，需要移送的应当及时提出。",
        "whether it is a crime is for people to judge; propose it if it is.",
    )
    if reached:
        zh = f"{'、'.join(zh for zh, _, _ in reached)}达到提示标准，没有移送记录"
        en = f"A referral is to be considered for {' and '.join(en for _, en, _ in reached)}, and none is recorded"
    else:
        zh, en = (
            "立案时注明涉嫌犯罪，没有移送记录",
            "A crime was suspected when the case was filed, and no referral is recorded",
        )
    yield Alarm(zh + ask[0], f"{en}; {ask[1]}", (), 40, absent=True, rule=reached[0][2] if reached else None)


def sig_22_fine(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-22: a fine where a referral was under way, or where the reviewer suggested one and none was proposed."""
    found = inv_28_fine(case, act, body)
    if found is not None and found.outcome == "broken":
        yield Alarm(found.zh, found.en, found.facts, 70)
    if any(one.kind == "crime" for _, one in case.of(TransferProposed)):
        return
    for fact, review in case.of(LegalReviewConcluded):
        crime = any(item.item == "crime_referral" and item.answer == "problem" for item in review.items)
        if crime or review.outcome == "transfer_suggested":
            yield Alarm(
                "法制审核提示涉嫌犯罪或应移送，没有找到移送记录；请提出移送或说明理由。",
                "The legal review suggested a transfer; none is recorded. Propose it, or say why not.",
                (fact,),
                60,
                absent=True,
                about=f"{act.id.hex()}:{fact.id.hex()}",
            )


def _answers(case: Case, transfer_id: bytes) -> list[tuple[Fact, bool]]:
    """The answers to a transfer, each with whether the matter came back to the agency."""
    back = ("not_filed", "returned", "not_prosecuted")
    return [(fact, one.outcome in back) for fact, one in case.joined(TransferAnswered, "transfer_id", transfer_id)]
