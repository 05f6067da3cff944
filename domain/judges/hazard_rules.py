"""Rules of a hazard's closed loop: closure (INV-07, SIG-19), re-inspection in time, the case that must follow (SIG-21).

The invariant: a closure is judged by what took place before it; what comes later explains it and never makes it kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from msgspec import UNSET

from domain.filing import look_key
from domain.judges.case_findings import Alarm, Finding, broken, kept
from domain.judges.hazard_facts import Hazard, Look
from domain.judges.inspection_findings import (
    en_period,
    en_time,
    period,
    signals,
    verdict,
    zh_day,
    zh_period,
    zh_time,
)
from domain.judges.who import officers_of
from domain.matter import Deadline, Fact, Signal, Verdict
from domain.rulebook import Rule
from domain.workdays import day_of, end_of
from schemas.events.custody import BlobExamined
from schemas.events.evidence import EvidenceCaptured
from schemas.events.hazard import HazardClosed
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed

MINUTE: Final = 60_000


def verdicts(hazard: Hazard) -> Iterator[Verdict]:
    """What the invariants say of a hazard; while it stands open, INV-07 says as a gate whether it may be closed."""
    for fact, body in hazard.closings:
        yield from verdict("INV-07", partial(inv_07, hazard, fact, body), fact)
    if not hazard.closings and hazard.found is not None:
        yield from verdict("INV-07", partial(may_close, hazard), about="gate", gate=True)


def gates(hazard: Hazard, act: Fact) -> Iterator[Verdict]:
    """What INV-07 says of an act that is about to be done: a closure, or a delisting."""
    match act.body:
        case HazardClosed() as closing:
            yield from verdict("INV-07", partial(inv_07, hazard, act, closing), act, gate=True)
        case MajorHazardDelisted() as delisting:
            yield from verdict("INV-07", partial(inv_07_delisting, hazard, act, delisting), act, gate=True)
        case _:
            return


def alarms(hazard: Hazard, periods: tuple[Deadline, ...], officers: tuple[str, ...]) -> Iterator[Signal]:
    """The signals of a hazard. `periods`: its deadlines for re-inspection (DL-18)."""
    yield from signals(hazard.matter, "SIG-19", "serious", partial(sig_19, hazard, periods), officers=officers)
    yield from signals(hazard.matter, "SIG-21", "medium", partial(sig_21, hazard), officers=officers)


def inv_07(hazard: Hazard, closing: Fact, body: HazardClosed) -> Finding:
    """INV-07: closed after a re-inspection that found it corrected; a listed one after its delisting at that level."""
    return _closable(hazard, closing.occurred, body.basis_event if body.basis_event is not UNSET else None)


def inv_07_delisting(hazard: Hazard, act: Fact, body: MajorHazardDelisted) -> Finding:
    """INV-07: delisted by the level that listed it, after a re-inspection that found it corrected."""
    listed, listing = hazard.listings[-1]
    rule = hazard.limit("listing.levels", listed.occurred)
    if _rank(rule, body.level) < _rank(rule, listing.level):
        return broken(
            f"隐患由{_LEVEL[listing.level]}级挂牌，应由该级摘牌，不能由{_LEVEL[body.level]}级摘牌。",
            f"It was listed by the {listing.level}; delisting is for that level, not for the {body.level}.",
            listed,
            rule=rule,
        )
    passed = hazard.last_passed(act.occurred)
    if passed is None or passed is not hazard.last_look(act.occurred) or passed.fact.occurred < listed.occurred:
        last = hazard.last_look(act.occurred)
        return broken(
            "摘牌应当以挂牌后复查合格为依据；没有这样的复查记录。",
            "A delisting rests on a re-inspection after the listing that found it corrected; none is recorded.",
            listed,
            *([] if last is None else [last.fact]),
            absent=True,
        )
    return kept("复查合格，可以摘牌。", "Re-inspected and found corrected; it may be delisted.", listed, passed.fact)


def may_close(hazard: Hazard) -> Finding:
    """INV-07 as a gate: what the server answers to whoever wants to close the hazard now."""
    return _closable(hazard, None, None)


def sig_19(hazard: Hazard, periods: tuple[Deadline, ...]) -> Iterator[Alarm]:
    """SIG-19: closed unseen or by the finder alone, the same photo before and after, or not re-inspected in time."""
    for fact, body in hazard.closings:
        look = hazard.last_passed(fact.occurred)
        if look is None and _on_the_spot(hazard, fact.occurred) is None:
            yield Alarm(
                f"隐患于{zh_time(fact.occurred)}销号，此前没有复查合格的记录。",
                f"The hazard was closed on {en_time(fact.occurred)}; no re-inspection before it found it corrected.",
                (fact,),
                score=85,
                absent=True,
                about=f"unseen/{fact.id.hex()}",
                officers=(body.verifier,),
            )
        yield from _alone(hazard, fact, body, look)
    yield from _same_photo(hazard)
    yield from _overdue(periods, hazard)


def sig_21(hazard: Hazard) -> Iterator[Alarm]:
    """SIG-21: a violation that must be penalised, and neither a case nor a written decision that there is none."""
    if hazard.found is None:
        return
    fact, found = hazard.found
    mandatory = found.mandatory_penalty is True
    if not mandatory:
        codes = hazard.limit("hazard.mandatory_penalty_codes", fact.occurred).value
        mandatory = found.code is not UNSET and found.code in codes
    if not mandatory:
        return
    rule = hazard.limit("hazard.case_days", fact.occurred)
    due = end_of(period(hazard.matter.calendar, day_of(fact.occurred), rule))
    answer = hazard.answers[0] if hazard.answers else None
    if answer is not None and answer.occurred < due:
        return
    yield Alarm(
        f"隐患属于应当处罚的情形，发现后{zh_period(rule)}内没有立案，也没有不予立案或者不予处罚的书面决定。"
        + ("" if answer is None else f"{zh_time(answer.occurred)}才有决定。"),
        "The hazard is a violation that must be penalised; within "
        f"{en_period(rule)} neither a case was filed nor a decision made in writing that there is none."
        + ("" if answer is None else f" One came on {en_time(answer.occurred)}."),
        (fact,) if answer is None else (fact, answer),
        score=75,
        opens=due,
        closes=None if answer is None else answer.occurred,
        absent=answer is None,
        rule=rule,
        about="no-case",
    )


def _closable(hazard: Hazard, instant: int | None, basis: bytes | None) -> Finding:
    """Whether it could be closed at an instant (None: after everything that is known)."""
    order, last = hazard.last_order(instant), hazard.last_look(instant)
    missing = _not_passed(hazard, order, last, basis, instant)
    if missing is not None:
        return missing
    until = hazard.listings if instant is None else [pair for pair in hazard.listings if pair[0].occurred <= instant]
    if until:
        listed, listing = until[-1]
        off = [
            (fact, body)
            for fact, body in hazard.delistings
            if fact.occurred >= listed.occurred and (instant is None or fact.occurred <= instant)
        ]
        refused = _not_delisted(listed, listing, off, hazard)
        if refused is not None:
            return refused
    seen = [last.fact] if last is not None else _on_the_spot(hazard, instant) or []
    zh, en = ("复查合格", "found corrected") if last is not None else ("当场整改", "put right on the spot, with photos")
    return kept(
        f"{zh}，可以销号。" if instant is None else f"{zh}，于{zh_time(instant)}销号。",
        f"The hazard was {en}; it may be closed."
        if instant is None
        else f"The hazard was {en}, and closed on {en_time(instant)}.",
        *([] if order is None else [order]),
        *seen,
        *(fact for fact, _ in until[-1:]),
    )


def _not_passed(
    hazard: Hazard, order: Fact | None, last: Look | None, basis: bytes | None, instant: int | None
) -> Finding | None:
    """Why the re-inspection does not carry a closure, None if it does."""
    if last is None:
        if order is None and _on_the_spot(hazard, instant) is not None:
            return None
        return broken(
            "销号应当以复查合格为依据；没有复查记录。",
            "A closure must rest on a re-inspection that found the hazard corrected; none is recorded.",
            *([] if order is None else [order]),
            absent=True,
        )
    if last.outcome != "corrected":
        return broken(
            f"最近一次复查（{zh_time(last.fact.occurred)}）的结果是{_ZH[last.outcome]}，不能销号。",
            f"The latest re-inspection, on {en_time(last.fact.occurred)}, found it {_EN[last.outcome]}; it cannot be "
            "closed.",
            last.fact,
        )
    if order is not None and last.fact.occurred < order.occurred:
        return broken(
            f"复查（{zh_time(last.fact.occurred)}）早于责令整改（{zh_time(order.occurred)}），整改之后没有复查。",
            f"The re-inspection of {en_time(last.fact.occurred)} came before the order of "
            f"{en_time(order.occurred)}; there is none after it.",
            last.fact,
            order,
            absent=True,
        )
    if basis is not None and basis not in hazard.passed_ids:
        return broken(
            "销号所指的依据不是这项隐患的合格复查。",
            "The event that the closure rests on is no re-inspection that found this hazard corrected.",
            last.fact,
            absent=True,
        )
    return None


def _not_delisted(
    listed: Fact,
    listing: MajorHazardListed,
    off: list[tuple[Fact, MajorHazardDelisted]],
    hazard: Hazard,
) -> Finding | None:
    """Why a listed hazard is not free yet, None if it was delisted at the level that listed it, or above."""
    if not off:
        return broken(
            f"隐患由{_LEVEL[listing.level]}级挂牌督办，尚未摘牌，不能销号。",
            f"The hazard is under listed supervision of the {listing.level}, and not delisted; it cannot be closed.",
            listed,
            absent=True,
        )
    rule = hazard.limit("listing.levels", listed.occurred)
    if any(_rank(rule, body.level) >= _rank(rule, listing.level) for _, body in off):
        return None
    last, body = off[-1]
    return broken(
        f"摘牌应当由挂牌的一级（{_LEVEL[listing.level]}）作出；作出摘牌的是{_LEVEL[body.level]}级。",
        f"Delisting is for the level that listed it, the {listing.level}; it was done by the {body.level}.",
        listed,
        last,
        rule=rule,
    )


def _rank(rule: Rule, level: str) -> int:
    """Place of a level in the list of the rules, lowest first, which calls a prefecture a city."""
    levels = ["prefecture" if name == "city" else name for name in rule.value]
    return levels.index(level) if level in levels else -1


def _on_the_spot(hazard: Hazard, instant: int | None) -> list[Fact] | None:
    """The two photos that show a general hazard corrected at once, minutes apart; None if there are none."""
    if hazard.found is None or hazard.major or hazard.orders:
        return None
    start = hazard.found[0].occurred
    rule = hazard.limit("hazard.spot_minutes", start)
    photos = [
        (fact, body)
        for fact, body in hazard.all_photos
        if instant is None or (fact.captured or fact.occurred) <= instant
    ]
    if not photos:
        return None
    one, first = photos[0]
    for two, second in reversed(photos):
        apart = (two.captured or two.occurred) - (one.captured or one.occurred)
        if apart >= rule.value * MINUTE and (first.sha256 is UNSET or first.sha256 != second.sha256):
            return [one, two]
    return None


def _alone(hazard: Hazard, closing: Fact, body: HazardClosed, look: Look | None) -> Iterator[Alarm]:
    """Found, re-inspected and closed by one and the same officer."""
    if hazard.found is None:
        return
    finders = officers_of(hazard.found[0])
    others = {body.verifier, *officers_of(closing), *(() if look is None else officers_of(look.fact))}
    if body.approver is not UNSET:
        others.add(body.approver)
    if body.verifier in finders and others == {body.verifier}:
        yield Alarm(
            f"隐患由{body.verifier}发现，又由其一人{'销号' if look is None else '复查、销号'}。",
            f"{body.verifier} found the hazard and alone {'closed' if look is None else 're-inspected and closed'} it.",
            (hazard.found[0], closing, *([] if look is None else [look.fact])),
            score=80,
            opens=closing.occurred,
            about=f"alone/{closing.id.hex()}",
            officers=(body.verifier,),
        )


def _same_photo(hazard: Hazard) -> Iterator[Alarm]:
    """One picture shown as the state before and the state after: the same file, or one that looks the same."""
    said = hazard.examined
    old = {look: fact for fact, body in hazard.photos(hazard.before_ids) for look in _looks(fact, body, said)}
    for fact, body in hazard.photos(hazard.after_ids):
        same = [look for look in _looks(fact, body, said) if look in old]
        if same:
            yield Alarm(
                "整改前后用了同一张照片。",
                "The pictures of the state before and after rectification are the same.",
                (old[same[0]], fact),
                score=90 if same[0].startswith("file:") else 70,
                opens=fact.occurred,
                about=f"photo/{fact.id.hex()}",
            )


def _looks(fact: Fact, body: EvidenceCaptured, said: Mapping[bytes, BlobExamined]) -> list[str]:
    """What a picture is recognised by: its digest, and how it looks to the server, else to the terminal."""
    found = [] if body.sha256 is UNSET else [f"file:{body.sha256.hex()}"]
    file = said.get(fact.id)
    if file is not None:
        found = [f"file:{file.sha256.hex()}"]
        if file.looks_like is not UNSET:
            return [*found, f"look:{file.looks_like}"] if look_key(file.looks_like) else found
    return found if body.looks_like is UNSET else [*found, f"look:{body.looks_like}"]


def _overdue(periods: tuple[Deadline, ...], hazard: Hazard) -> Iterator[Alarm]:
    facts = {fact.id: fact for fact in hazard.matter.facts}
    for term in periods:
        if term.cancelled or (term.met is not None and term.met < term.due):
            continue
        yield Alarm(
            f"应当在{_zh_last(term)}以前复查"
            + ("，没有复查记录。" if term.met is None else f"，{zh_time(term.met)}才复查。"),
            f"The hazard had to be re-inspected by {term.last_day}; "
            + ("no re-inspection is recorded." if term.met is None else f"it was on {en_time(term.met)}."),
            tuple(facts[i] for i in term.inputs if i in facts),
            score=70,
            opens=term.due,
            closes=term.met,
            absent=term.met is None,
            about=f"overdue/{term.about}",
            officers=term.officers,
        )


def _zh_last(term: Deadline) -> str:
    return zh_day(term.last_day) if term.last_day is not None else zh_time(term.due)


_LEVEL: Final = {"county": "县", "prefecture": "市", "province": "省", "state": "国家"}
_ZH: Final = {"corrected": "已整改", "partly_corrected": "部分整改", "not_corrected": "未整改"}
_EN: Final = {"corrected": "corrected", "partly_corrected": "partly corrected", "not_corrected": "not corrected"}
