"""The simple procedure: penalties on the spot and what they allow (INV-23, SIG-20; PPL 51-53, 68-70).

The invariant: what was printed is judged by the rules of the day of the decision; a ceiling that is exceeded makes no
penalty of another procedure out of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from domain.judges.case_discretion import second_fine
from domain.judges.case_facts import Case, given
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, kept, part, yuan
from domain.judges.case_violations import other_spots
from domain.matter import Fact, Signal, Verdict
from schemas.events.on_spot import OnSpotPenaltyDecided


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, OnSpotPenaltyDecided, "INV-23", inv_23)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, OnSpotPenaltyDecided, "SIG-20", "medium", sig_20_spot)


def inv_23(case: Case, _: Fact, body: OnSpotPenaltyDecided) -> Finding:
    """INV-23: a warning or a fine within the ceiling of its day; cash only as far as allowed, and with a ticket."""
    day = body.decided_on
    kinds = case.limit("on_spot.kinds", day)
    wrong = sorted(set(body.kinds) - set(kinds.value))
    if wrong:
        listed = "、".join(wrong)
        return broken(
            f"当场处罚只能是警告或者罚款，不能作出 {listed}；应当适用普通程序。",
            f"Only a warning or a fine is possible on the spot, not {', '.join(wrong)}; use the general procedure.",
            rule=kinds,
        )
    ceiling = case.limit(f"on_spot.ceiling_fen.{body.party.type}", day)
    amount = int(given(body.amount_fen) or 0)
    if not ceiling.within(amount):
        return broken(
            f"当场罚款 {yuan(amount)} 元超过上限 {yuan(ceiling.value)} 元；应当适用普通程序。",
            f"The fine of {yuan(amount)} yuan exceeds the ceiling of {yuan(ceiling.value)}; use the general procedure.",
            rule=ceiling,
        )
    cash = given(body.cash)
    if cash is None:
        return kept(
            "处罚种类和数额在当场处罚范围内。", "Kind and amount are within what is possible on the spot.", rule=ceiling
        )
    if cash.ticket_no is UNSET:
        return broken(
            "当场收缴罚款应当出具财政统一票据；没有票据号码。",
            "Cash needs an official ticket; no ticket number is recorded.",
            rule=ceiling,
        )
    limit = case.limit("on_spot.cash_fen", day)
    if not limit.within(amount) and cash.ground not in ("hard_to_collect", "remote_request"):
        return broken(
            f"罚款 {yuan(amount)} 元超过可以当场收缴的 {yuan(limit.value)} 元，也没有记录法定事由。",
            f"The fine of {yuan(amount)} yuan is above the {yuan(limit.value)} for cash, and no ground is given.",
            rule=limit,
        )
    if cash.received_fen > amount:
        return broken(
            f"收取现金 {yuan(cash.received_fen)} 元多于罚款 {yuan(amount)} 元。",
            f"The cash taken, {yuan(cash.received_fen)} yuan, is more than the fine of {yuan(amount)}.",
            rule=limit,
        )
    return kept(
        "处罚在当场处罚范围内，现金有票据。", "Within what is possible on the spot; the cash has a ticket.", rule=limit
    )


def sig_20_spot(case: Case, act: Fact, body: OnSpotPenaltyDecided) -> Iterator[Alarm]:
    """SIG-20: over the ceiling, cash above what is allowed or without a ticket, one violation split or fined twice."""
    yield from second_fine(case, act, body)
    found = inv_23(case, act, body)
    if found.outcome == "broken":
        yield Alarm(found.zh, found.en, found.facts, 80, rule=found.rule, about=part(act, "ceiling"))
    amount = int(given(body.amount_fen) or 0)
    split = case.limit("penalties.split_days", body.decided_on)
    near = [
        (fact, other)
        for fact, other in other_spots(case, body)
        if abs((other.decided_on - body.decided_on).days) <= int(split.value)
        and (other.decided_on, fact.id) < (body.decided_on, act.id)
    ]
    ceiling = case.find(f"on_spot.ceiling_fen.{body.party.type}", body.decided_on)
    total = amount + sum(int(given(other.amount_fen) or 0) for _, other in near)
    if near and amount and (ceiling is None or not ceiling.within(total)):
        yield Alarm(
            f"同一当事人 {split.value} 日内因相同条款当场处罚 {len(near) + 1} 次，合计 {yuan(total)} 元，疑似拆分。",
            f"The same party was fined {len(near) + 1} times on the spot within {split.value} days for the same "
            f"clauses, {yuan(total)} yuan in all: one violation may have been split.",
            tuple(fact for fact, _ in near),
            70,
            rule=split,
            about=part(act, "split"),
        )
