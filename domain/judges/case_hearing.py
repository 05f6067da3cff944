"""Notice, defence and hearing: INV-13, INV-14, INV-15 and the compressed timeline (SIG-08).

These are rules of procedure, so periods and thresholds are those of the day on which the notice was served. The
invariant: a period that has not ended and a waiver that is not written both keep the gate shut, and the reason says
what would open it, and when.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from msgspec import UNSET

from domain import penalty_kinds
from domain.judges.case_facts import Case, last_of, moment
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, en_names, kept, names, yuan
from domain.judges.case_periods import defence_ends, ends_after, notice_suffices
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule
from schemas.events.hearing import HearingHeld, HearingNoticeServed, HearingRequested, HearingWithdrawn
from schemas.events.penalty import DefenceRecorded, PenaltyDecided, PenaltyLine


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, PenaltyDecided, "INV-13", inv_13, gate=True)
    yield from each(case, PenaltyDecided, "INV-14", inv_14, gate=True)
    yield from each(case, HearingHeld, "INV-15", inv_15, gate=True)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, PenaltyDecided, "SIG-08", "serious", sig_08)
    yield from each_alarm(case, HearingHeld, "SIG-08", "serious", sig_08_hearing)


def inv_13(case: Case, act: Fact, body: PenaltyDecided) -> Finding:
    """INV-13: the penalty was told before it was decided, and the party defended itself, waived, or let time pass."""
    decided = moment(act, body.decided_on)
    notice = case.notice_before(decided, body.decided_on, "penalty")
    if notice is None:
        return broken(
            "作出决定前应当告知拟处罚内容、事实、理由、依据和权利；没有找到决定前送达的处罚告知书。送达告知书后方可决定。",
            "The intended penalty must be told before it is decided; no earlier notice is recorded. Serve it first.",
            absent=True,
        )
    told, served = notice
    answer = _answer(case, told, decided)
    if answer is not None and answer[1].waived:
        return kept("当事人明确放弃陈述申辩。", "The party waived its defence expressly.", told, answer[0])
    if answer is not None:
        return kept("决定前已记录当事人的陈述申辩。", "The defence was recorded before the decision.", told, answer[0])
    ends, rule = defence_ends(case, served)
    if decided >= ends:
        return kept(
            f"陈述申辩期限于 {last_of(ends)} 届满，当事人未提出。",
            f"The period for a defence ended with {last_of(ends)}; none was made.",
            told,
            rule=rule,
            absent=True,
        )
    return broken(
        f"陈述申辩期限至 {last_of(ends)}；决定（{body.decided_on}）作出时既无陈述申辩记录，也无明确放弃。"
        "记录申辩、取得书面放弃或等期限届满后方可决定。",
        f"The period for a defence runs to {last_of(ends)}; at the decision ({body.decided_on}) there was neither a "
        "defence nor an express waiver. Record one, or wait for the end.",
        told,
        rule=rule,
        absent=True,
    )


def hearing_due(case: Case, lines: Iterable[PenaltyLine], day: datetime.date) -> tuple[bool, str, str, Rule]:
    """Whether penalties are in the hearing list of a day (PPL 63), why (zh, en), and the rule that says so."""
    lines = list(lines)
    kinds = case.limit("hearing.list", day)
    for line in lines:
        if line.kind in kinds.value:
            named = penalty_kinds.name(line.kind)
            return True, f"{named.zh}属于听证范围", f"{named.en} is in the hearing list", kinds
    for kind, key, zh, en in (
        ("P03", "hearing.large_fine_fen", "罚款", "fine"),
        ("P04", "hearing.large_confiscation_fen", "没收", "confiscation"),
        ("P05", "hearing.large_confiscation_fen", "没收", "confiscation"),
    ):
        amount = sum(int(line.amount_fen) for line in lines if line.kind == kind and line.amount_fen is not UNSET)
        rule = case.find(f"{key}.{case.party_type}", day) if amount else None
        if rule is not None and rule.reaches(amount):
            return True, f"{zh} {yuan(amount)} 元达到听证标准", f"the {en} of {yuan(amount)} yuan is large", rule
    return False, "处罚不属于听证范围", "the penalty is not in the hearing list", kinds


def inv_14(case: Case, act: Fact, body: PenaltyDecided) -> Finding:
    """INV-14: where the penalty is in the hearing list the right was told, and a hearing held or its period ended."""
    decided = moment(act, body.decided_on)
    notice = case.notice_before(decided, body.decided_on)
    due, zh, en, rule = (
        hearing_due(case, notice[1].intended, notice[1].served_on)
        if notice is not None
        else hearing_due(case, body.penalties, body.decided_on)
    )
    if not due:
        due, zh, en, rule = hearing_due(case, body.penalties, body.decided_on)
    if not due:
        return kept(f"{zh}。", f"No hearing is due: {en}.", rule=rule)
    right = case.notice_before(decided, body.decided_on, "hearing")
    if right is None:
        return broken(
            f"{zh}，决定前应当告知听证权利；没有找到决定前送达的听证告知书。送达听证告知书后方可决定。",
            f"As {en}, the right to a hearing must be told first; no such notice is recorded. Serve it, then decide.",
            rule=rule,
            absent=True,
        )
    told, served = right
    held = [(fact, one) for fact, one in case.before(HearingHeld, decided) if one.held_on <= body.decided_on]
    if held:
        return kept("决定前已举行听证。", "A hearing was held before the decision.", told, held[-1][0], rule=rule)
    ends, period = ends_after(case, "hearing.request_days", served.served_on)
    requested = [
        (fact, one)
        for fact, one in case.before(HearingRequested, decided)
        if one.requested_on >= served.served_on and moment(fact, one.requested_on) < ends
    ]
    given_up = [
        (fact, one)
        for fact, one in case.before(HearingWithdrawn, decided)
        if served.served_on <= one.withdrawn_on <= body.decided_on
        and fact.occurred >= told.occurred
        and all(fact.occurred >= asked.occurred for asked, _ in requested)
    ]
    waivers = [
        fact
        for fact, one in case.before(DefenceRecorded, decided)
        if one.hearing_waived is True and one.waived_document is not UNSET and fact.occurred >= told.occurred
    ]
    if waivers and not requested:
        return kept("当事人书面放弃听证。", "The party gave up a hearing in writing.", told, waivers[-1], rule=rule)
    if given_up:
        fact, one = given_up[-1]
        text = (
            ("书面放弃听证", "gave up a hearing in writing") if one.waived else ("撤回听证要求", "withdrew its request")
        )
        return kept(f"当事人{text[0]}。", f"The party {text[1]}.", told, fact, rule=rule)
    if requested:
        return broken(
            f"当事人于 {requested[-1][1].requested_on} 要求听证，决定前没有举行。举行听证或取得书面撤回后方可决定。",
            f"The party asked for a hearing on {requested[-1][1].requested_on}; none was held before the decision. "
            "Hold it, or obtain a written withdrawal.",
            told,
            requested[-1][0],
            rule=rule,
            absent=True,
        )
    if decided >= ends:
        return kept(
            f"要求听证的期限于 {last_of(ends)} 届满，当事人未要求。",
            f"The period to ask for a hearing ended with {last_of(ends)}; none was asked for.",
            told,
            rule=period,
            absent=True,
        )
    return broken(
        f"{zh}；要求听证的期限至 {last_of(ends)}，决定（{body.decided_on}）作出时期限未满，也无书面放弃。"
        "取得书面放弃或等期限届满后方可决定。",
        f"As {en}, the party may ask for a hearing until {last_of(ends)}; the decision ({body.decided_on}) came "
        "before, without a written waiver. Obtain one, or wait for the end.",
        told,
        rule=period,
        absent=True,
    )


def inv_15(case: Case, act: Fact, body: HearingHeld) -> Finding:
    """INV-15: the chair did not handle the case, and the notice was served long enough before the hearing."""
    handlers = case.handlers_ever | set(body.investigators)
    if body.chair in handlers:
        return broken(
            f"听证主持人 {body.chair} 是本案承办人（{names(handlers)}）；应当另行指定主持人重新听证。",
            f"The chair {body.chair} handled the case ({en_names(handlers)}); name another and hear the party again.",
            *([case.filing[0]] if case.filing else []),
        )
    found = _hearing_notice(case, act, body)
    if found is None:
        return broken(
            "没有找到听证前送达的听证会通知书；应当提前通知当事人时间、地点。",
            "No notice of the hearing served before it is recorded; time and place must be told in advance.",
            absent=True,
        )
    fact, served = found
    enough, earliest, rule = notice_suffices(case, served.served_on, body.held_on)
    if not enough:
        return broken(
            f"听证会通知书 {served.served_on} 送达，最早应于 {earliest} 听证，实际为 {body.held_on}。",
            f"The notice was served on {served.served_on}; the hearing came on {body.held_on}, before {earliest}.",
            fact,
            rule=rule,
        )
    return kept(
        f"主持人不是承办人；通知书 {served.served_on} 送达，早于听证足够天数。",
        f"The chair did not handle the case; the notice of {served.served_on} came early enough.",
        fact,
        rule=rule,
    )


def sig_08(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-08: decided before a period ended without a written waiver, or on the day of the notice."""
    decided = moment(act, body.decided_on)
    for judge in (inv_13, inv_14):
        found = judge(case, act, body)
        if found.outcome == "broken" and found.facts:
            yield Alarm(
                found.zh,
                found.en,
                found.facts,
                90,
                absent=True,
                rule=found.rule,
                about=f"{act.id.hex()}:{judge.__name__}",
            )
    notice = case.notice_before(decided, body.decided_on)
    if notice is not None and notice[1].served_on == body.decided_on:
        signed = _waived(case, notice[0], decided)
        yield Alarm(
            f"告知与决定在同一天（{body.decided_on}）{'，当事人已书面放弃陈述申辩' if signed else ''}。",
            f"The penalty was told and decided on the same day ({body.decided_on})"
            f"{', and the party waived its defence in writing' if signed else ''}.",
            (notice[0],),
            20 if signed else 60,
            about=f"{act.id.hex()}:same_day",
        )


def sig_08_hearing(case: Case, act: Fact, body: HearingHeld) -> Iterator[Alarm]:
    """SIG-08: the hearing was held sooner after its notice than the period for it."""
    found = _hearing_notice(case, act, body)
    if found is None:
        return
    enough, earliest, rule = notice_suffices(case, found[1].served_on, body.held_on)
    if not enough:
        yield Alarm(
            f"听证早于通知期限：最早 {earliest}，实际 {body.held_on}。",
            f"The hearing came before its period: {earliest} at the earliest, held on {body.held_on}.",
            (found[0],),
            80,
            rule=rule,
        )


def _answer(case: Case, told: Fact, decided: int) -> tuple[Fact, DefenceRecorded] | None:
    """The last defence, or waiver with a signed paper, between the notice and the decision."""
    found = [
        (fact, body)
        for fact, body in case.before(DefenceRecorded, decided)
        if fact.occurred >= told.occurred
        and (body.waived_document is not UNSET or body.signature is not UNSET if body.waived else _heard(body))
    ]
    return found[-1] if found else None


def _waived(case: Case, told: Fact, decided: int) -> bool:
    """Whether the party gave up its defence in a paper that it signed: then nothing is left to wait for."""
    answer = _answer(case, told, decided)
    return answer is not None and answer[1].waived


def _heard(body: DefenceRecorded) -> bool:
    return body.content_hash is not UNSET or body.review_result is not UNSET


def _hearing_notice(case: Case, _: Fact, body: HearingHeld) -> tuple[Fact, HearingNoticeServed] | None:
    """The first notice of this hearing: of its day, or else the last before it."""
    found = [(fact, one) for fact, one in case.of(HearingNoticeServed) if one.served_on <= body.held_on]
    same = [(fact, one) for fact, one in found if one.hearing_on == body.held_on]
    if same:
        return same[0]
    return found[-1] if found else None
