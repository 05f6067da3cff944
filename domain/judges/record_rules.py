"""What the records themselves tell: chains and clocks of terminals, corrections (INV-34 … 36), lateness (SIG-03, 16).

They concern acts on the site whatever these are about, so they take the acts, not a task or a hazard. The invariant: a
fault of a record says nothing about the act; the act is judged by other evaluators as if the record were sound.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from msgspec import UNSET

from domain.filing import text_of
from domain.judges import file_facts
from domain.judges.case_findings import Alarm, Finding, broken, kept, unknown
from domain.judges.inspection_findings import (
    en_length,
    en_period,
    en_time,
    many,
    signals,
    verdict,
    zh_length,
    zh_period,
    zh_time,
)
from domain.matter import Fact, Matter, Signal, Verdict
from domain.rulebook import Rule
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.correction import BackfillApproved, RecordCorrected
from schemas.events.evidence import RecordingCaptured
from schemas.events.interview import InterviewRecorded
from schemas.events.terminal import TerminalClockChecked, TerminalFaultReported

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

CHAIN: Final = ("after_hole", "duplicate_id", "seq_mismatch", "terminal_mismatch", "unlinked")
"""Notes of the log that tell of a fault in a terminal's chain (wire protocol, section 3.1)."""

_ZH: Final = {
    "after_hole": "其前有记录遗失",
    "branch": "位于分叉链上",
    "clock_jump": "时钟跳变",
    "duplicate_id": "事件编号重复",
    "seq_mismatch": "序号不符",
    "terminal_mismatch": "终端编号不符",
    "unlinked": "与前一记录不相连",
}
_EN: Final = {
    "after_hole": "records before it are lost",
    "branch": "on a side chain",
    "clock_jump": "the clock jumped",
    "duplicate_id": "its id is used twice",
    "seq_mismatch": "another sequence number",
    "terminal_mismatch": "another terminal",
    "unlinked": "not linked to the record before",
}


def verdicts(matter: Matter, facts: Sequence[Fact]) -> Iterator[Verdict]:
    """What these invariants say of acts that a terminal recorded, and of corrections."""
    taken = [fact for fact in facts if fact.source != "office"]
    if taken:
        yield from verdict("INV-34", partial(inv_34, taken))
        yield from verdict("INV-35", partial(inv_35, matter, taken))
    for fact in facts:
        if fact.counts and isinstance(fact.body, RecordCorrected):
            yield from verdict("INV-36", partial(inv_36, facts, fact.body), fact)


def alarms(matter: Matter, facts: Sequence[Fact], officers: tuple[str, ...]) -> Iterator[Signal]:
    """The signals that these records raise."""
    taken = [fact for fact in facts if fact.source == "field" and fact.counts]
    if taken:
        yield from signals(matter, "SIG-03", "serious", partial(sig_03, matter, taken, facts), officers=officers)
        yield from signals(
            matter, "SIG-03", "medium", partial(file_facts.not_arrived, matter, taken), officers=officers
        )
        noted = [fact for fact in facts if fact.source != "office"]
        yield from signals(matter, "SIG-16", "medium", partial(sig_16, matter, noted), officers=officers)


def needs(fact: Fact) -> Iterator[str]:
    """The shelf that these evaluators ask for: how the terminal was on that day."""
    if fact.terminal:
        yield f"device:{text_of(fact.terminal)}/{day_of(fact.occurred)}"


def inv_34(facts: Sequence[Fact]) -> Finding:
    """INV-34: a terminal's records follow one another without a hole, a repetition or a fork."""
    odd = [(fact, faults) for fact in facts if (faults := chain_faults(fact))]
    if odd:
        names = sorted({fault for _, faults in odd for fault in faults})
        return broken(
            f"终端记录应当逐条相连；有{len(odd)}条不是：{'、'.join(_ZH[name] for name in names)}。",
            f"A terminal's records must follow one another; faults in {many(len(odd), 'record')}: "
            f"{', '.join(_EN[n] for n in names)}.",
            *(fact for fact, _ in odd),
        )
    return kept(
        f"{len(facts)}条终端记录逐条相连。",
        f"Terminals made {many(len(facts), 'record')}, each linked to the one before.",
    )


def inv_35(matter: Matter, facts: Sequence[Fact]) -> Finding:
    """INV-35: a record was made before it was received, within the tolerance of clocks."""
    rule = matter.rules.get("clock.tolerance_ms", day_of(min(f.received for f in facts)), matter.authority)
    early = [f for f in facts if f.captured is not None and f.captured > f.received + rule.value]
    if early:
        worst = max((f.captured or 0) - f.received for f in early)
        return broken(
            f"记录的采集时刻不应晚于服务器收到的时刻；有{len(early)}条晚于，最多晚{zh_length(worst)}，终端时钟有误。",
            "A record cannot be made after it was received; by its terminal's clock that is so of "
            f"{many(len(early), 'record')}, by up to {en_length(worst)}: the clock was wrong.",
            *early,
            rule=rule,
        )
    return kept("各条记录的采集时刻都不晚于收到的时刻。", "Every record was made before it was received.", rule=rule)


def inv_36(facts: Sequence[Fact], correction: RecordCorrected) -> Finding:
    """INV-36: nothing is changed or deleted; a correction names the record that it corrects, and both stay (PPL 47)."""
    target = next((fact for fact in facts if fact.id == correction.target_event), None)
    name = text_of(correction.target_event)
    if target is None:
        return unknown(
            f"更正指向记录{name}，该记录尚不在本卷中。",
            f"The correction names the record {name}, which is not in this file yet.",
        )
    return kept(
        f"更正指向记录{name}，原记录保留。",
        f"The correction names the record {name}, which stays as it was.",
        target,
    )


def sig_03(matter: Matter, facts: Sequence[Fact], all_facts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-03: uploaded late, written down long after the act, or written in the reverse order of the acts.

    A backfill that is declared and approved is no signal; one that is declared without approval has a lower score.
    """
    rule = matter.rules.get("upload.late_hours", day_of(min(f.received for f in facts)), matter.authority)
    limit = rule.value * HOUR
    approved = _approved(all_facts)
    plain = [fact for fact in facts if fact.captured is not None and not _allowed(fact, approved)]
    for declared in (False, True):
        mine = [fact for fact in plain if _declared(fact) is declared]
        yield from _late(mine, limit, rule, "declared" if declared else "")
        yield from _afterwards(matter, mine, limit, rule, "declared" if declared else "")
    yield from _reversed(plain, matter)


def sig_16(matter: Matter, facts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-16: the clock was wrong or moved, or the chain of records is broken; a reported fault explains it."""
    for terminal in sorted({fact.terminal for fact in facts}):
        mine = [fact for fact in facts if fact.terminal == terminal]
        days = {day_of(fact.occurred) for fact in mine}
        shelf = [f for day in sorted(days) for f in matter.others.get(f"device:{text_of(terminal)}/{day}", ())]
        explained = [f for f in shelf if f.counts and isinstance(f.body, TerminalFaultReported)]
        score = 25 if explained else 70
        odd = [f for f in mine if "clock_jump" in f.notes or chain_faults(f)]
        if odd:
            names = sorted({n for f in odd for n in (*chain_faults(f), *(m for m in f.notes if m == "clock_jump"))})
            yield Alarm(
                f"终端的记录或时钟异常，涉及{len(odd)}条记录："
                f"{'、'.join(_ZH[name] for name in names)}。{_zh_why(explained)}",
                f"The clock or the records of the terminal are at fault in {many(len(odd), 'record')}: "
                f"{', '.join(_EN[name] for name in names)}.{_en_why(explained)}",
                (*odd, *explained),
                score=score,
                opens=min(f.received for f in odd),
                about=f"chain/{terminal.hex()}",
            )
        yield from _offsets(matter, shelf, explained, score)


def chain_faults(fact: Fact) -> tuple[str, ...]:
    """What is wrong with the place of a record in its terminal's chain; empty if nothing is."""
    faults = tuple(note for note in fact.notes if note in CHAIN)
    return (*faults, "branch") if fact.source == "branch" else faults


def _offsets(matter: Matter, shelf: Sequence[Fact], explained: list[Fact], score: int) -> Iterator[Alarm]:
    checks = [(f, f.body) for f in shelf if f.counts and isinstance(f.body, TerminalClockChecked)]
    for fact, check in checks:
        rule = matter.rules.get("clock.offset_limit_ms", day_of(fact.occurred), matter.authority)
        if abs(check.offset_ms) > rule.value:
            yield Alarm(
                f"终端对时偏差{zh_length(check.offset_ms)}，超过{zh_length(rule.value)}。{_zh_why(explained)}",
                f"The terminal's clock was {en_length(check.offset_ms)} off; the limit is {en_length(rule.value)}."
                f"{_en_why(explained)}",
                (fact, *explained),
                score=score,
                opens=fact.occurred,
                rule=rule,
                about=f"clock/{fact.id.hex()}",
            )


def _late(facts: Sequence[Fact], limit: int, rule: Rule, kind: str) -> Iterator[Alarm]:
    late = [f for f in facts if f.received - (f.captured or 0) > limit]
    if late:
        worst = max(f.received - (f.captured or 0) for f in late)
        yield Alarm(
            f"{len(late)}条记录上传延迟，最长{zh_length(worst)}，限{zh_period(rule)}{_zh_declared(kind)}。",
            f"Uploaded late: {many(len(late), 'record')}, after up to {en_length(worst)}; the limit is "
            f"{en_period(rule)}{_en_declared(kind)}.",
            tuple(late),
            score=_rising(worst - limit),
            opens=min((f.captured or 0) + limit for f in late),
            rule=rule,
            about=f"late/{kind}",
        )


def _afterwards(matter: Matter, facts: Sequence[Fact], limit: int, rule: Rule, kind: str) -> Iterator[Alarm]:
    after = [f for f in facts if (f.captured or 0) - f.occurred > limit]
    if not after:
        return
    worst = max((f.captured or 0) - f.occurred for f in after)
    steps = matter.rules.get("upload.same_day_steps", day_of(after[0].received), matter.authority).value
    together = _densest(after)
    score = max(_rising(worst - limit), 90 if together >= steps else 0)
    yield Alarm(
        f"{len(after)}条记录在行为发生后才补记，最长隔{zh_length(worst)}；其中{together}条在同一小时内写成"
        f"{_zh_declared(kind)}。",
        f"Written long after the act: {many(len(after), 'record')}, by up to {en_length(worst)}; {together} within one "
        f"hour{_en_declared(kind)}.",
        tuple(after),
        score=score,
        opens=min(f.captured or 0 for f in after),
        rule=rule,
        about=f"afterwards/{kind}",
    )


def _reversed(facts: Sequence[Fact], matter: Matter) -> Iterator[Alarm]:
    """Acts of one terminal that took place one after the other and were written down the other way round.

    What lasts (a recording, an interview) took place when it ended; what is written within the tolerance is in order.
    """
    rule = matter.rules.find(
        "upload.reversed_minutes", day_of(min((f.received for f in facts), default=0)), matter.authority
    )
    apart = 0 if rule is None else rule.value * MINUTE
    pairs = []
    for terminal in sorted({fact.terminal for fact in facts}):
        mine = sorted((f for f in facts if f.terminal == terminal), key=lambda f: (f.occurred, f.captured or 0, f.id))
        pairs += [
            (one, two)
            for one, two in pairwise(mine)
            if one.type != two.type and _ended(one) < two.occurred and (one.captured or 0) > (two.captured or 0) + apart
        ]
    if pairs:
        one, _ = pairs[0]
        yield Alarm(
            f"步骤的记录次序与发生次序相反，共{len(pairs)}处；例如{zh_time(one.occurred)}的步骤写于"
            f"{zh_time(one.captured or 0)}，晚于其后一步。",
            f"Steps were written down in the reverse order of the acts ({many(len(pairs), 'pair')}); the one of "
            f"{en_time(one.occurred)} was written on {en_time(one.captured or 0)}, after the step that followed it.",
            tuple(fact for pair in pairs for fact in pair),
            score=70,
            opens=min(two.captured or 0 for _, two in pairs),
            rule=rule,
            about="reversed",
        )


def _ended(fact: Fact) -> int:
    """When an act was over: a recording and an interview have an end of their own."""
    return (
        max(fact.occurred, fact.body.end)
        if isinstance(fact.body, RecordingCaptured | InterviewRecorded)
        else fact.occurred
    )


def _approved(facts: Iterable[Fact]) -> frozenset[bytes]:
    """Ids of the acts whose later recording was approved by an act of its own (E49): by name, or by who and when."""
    taken = list(facts)
    found: set[bytes] = set()
    for fact in taken:
        if fact.counts and isinstance(fact.body, BackfillApproved):
            found.update(fact.body.target_events)
            found.update(act.id for act in taken if _covers(fact.body, act))
    return frozenset(found)


def _covers(approval: BackfillApproved, act: Fact) -> bool:
    """Whether an approval for a time covers an act: it names a terminal or an officer, and both ends of the time."""
    if approval.from_at is UNSET or approval.until_at is UNSET:
        return False
    if not approval.from_at <= act.occurred <= approval.until_at:
        return False
    if approval.terminal_id is UNSET and approval.officer_id is UNSET:
        return False
    right_terminal = approval.terminal_id is UNSET or approval.terminal_id == act.terminal
    return right_terminal and (approval.officer_id is UNSET or approval.officer_id in act.by)


def _allowed(fact: Fact, approved: frozenset[bytes]) -> bool:
    if not isinstance(fact.body, Act) or fact.body.import_ is not UNSET:
        return True
    backfill = fact.body.backfill
    return fact.id in approved or (backfill is not UNSET and backfill.approver is not UNSET)


def _declared(fact: Fact) -> bool:
    return isinstance(fact.body, Act) and fact.body.backfill is not UNSET


def _densest(facts: Sequence[Fact]) -> int:
    """The most records that were written within one hour."""
    taken = sorted(f.captured or 0 for f in facts)
    return max((bisect_left(taken, start + HOUR) - number for number, start in enumerate(taken)), default=0)


def _rising(over: int) -> int:
    """50 at the limit, 5 more for each further day, at most 95."""
    return min(95, 50 + 5 * (over // DAY))


def _zh_declared(kind: str) -> str:
    return "；已申报补录，未经批准" if kind else ""


def _en_declared(kind: str) -> str:
    return "; declared as backfill, not approved" if kind else ""


def _zh_why(explained: Sequence[Fact]) -> str:
    return "该终端当日有故障申报。" if explained else ""


def _en_why(explained: Sequence[Fact]) -> str:
    return " A fault of the terminal was reported on that day." if explained else ""
