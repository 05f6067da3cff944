"""The judge of one sequence of document numbers: `series:<authority>/<token>/<year>` (INV-33, SIG-01, SIG-02, SIG-32).

Its facts are every event that prints a number of it, and the office's reservations, issues, voids and returns. Gaps are
listed with the instant from which each is one, and asked about when the longest time offline has passed. The invariant:
honest work of two offline terminals in their own blocks is neither disorder nor a gap, and an unused rest is none
before its block expires.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from domain.document_numbers import split_key
from domain.judges.series_facts import Block, Gap, Numbers, Use, numbers_of, runs
from domain.matter import Fact, Judge, Judgement, Matter, Reason, Signal, Verdict
from domain.rulebook import Rule
from domain.workdays import day_of, end_of, sane
from schemas.events import Act

VERSION: Final = "1"
_GAPS: Final = {
    "paper": (
        "没有任何文书、作废或交回记录，其后的文号已经使用",
        "is accounted for nowhere and a later number is used",
        80,
    ),
    "skipped": (
        "在号段内被跳过，没有使用、作废或交回记录",
        "was skipped within its block without a void or a return",
        70,
    ),
    "block": ("号段到期后仍未使用、作废或交回", "was neither used nor given back when its block had ended", 50),
    "issued": ("已经发放，却没有对应的文书", "was given out and no document bears it", 60),
    "void": ("作废没有照片或批准", "is void without a photo or an approval", 60),
}
"""What is said of a gap, by its kind: (zh, en, score)."""
MOST_LISTED: Final = 200
"""Findings of one kind that a page lists; the columns count them all."""


def judge(matter: Matter) -> Judgement:
    """Everything that is said of a sequence."""
    numbers = numbers_of(matter)
    _, token, year = split_key(matter.key)
    duplicates = list(numbers.duplicates())
    strays = list(_strays(numbers))
    gaps = list(numbers.gaps())
    stopped = {block.id for uses in duplicates if (block := numbers.block_of(uses[0].n)) is not None}
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage=_stage(numbers, bool(duplicates)),
        columns={
            "token": token,
            "year": year,
            "front": numbers.front,
            "highest": numbers.highest,
            "used": len(numbers.uses),
            "issued": len(numbers.issued),
            "voided": len(numbers.voids),
            "missing": sum(gap.last - gap.first + 1 for gap in gaps if gap.kind != "block"),
            "rest": sum(gap.last - gap.first + 1 for gap in gaps if gap.kind == "block"),
            "duplicates": len(duplicates),
            "blocks": len(numbers.blocks),
        },
        page={
            "used": [list(run) for run in runs([*numbers.uses, *numbers.field_voids])],
            "waiting": [list(run) for run in runs(n for n in numbers.issued if n not in numbers.uses)],
            "voided": [list(run) for run in runs(numbers.voids)],
            "blocks": [_block_page(block, numbers, block.id in stopped) for block in numbers.blocks],
            "gaps": [gap.page() for gap in gaps[:MOST_LISTED]],
            "other_fronts": sorted(numbers.others)[:MOST_LISTED],
            "duplicates": [
                {"n": uses[0].n, "printed": sorted({use.printed for use in uses}), "events": _ids(uses)}
                for uses in duplicates[:MOST_LISTED]
            ],
        },
        verdicts=(*inv_33(duplicates, strays), *_overlaps(numbers)),
        signals=(*sig_01(matter, numbers, gaps), *sig_02(numbers, duplicates, strays), *sig_32(matter, numbers)),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal} | numbers.terminals)),
        officers=audiences(numbers.blocks),
    )


JUDGE: Final = Judge(kind="series", version=3, judge=judge, needs=lambda _facts: frozenset())


def _stage(numbers: Numbers, conflict: bool) -> str:
    """`foreign`: somebody else's documents, approvals of a government say, that our records merely name."""
    if not (numbers.taken or numbers.issued or numbers.blocks):
        return "foreign"
    return "conflict" if conflict else "in_order"


def audiences(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Who must be told: officers who hold books of forms, and terminals that hold blocks, as `terminal:<id>`."""
    found = {block.holder for block in blocks if block.holder}
    found |= {f"terminal:{block.terminal_text}" for block in blocks if block.terminal}
    return tuple(sorted(found))


def inv_33(duplicates: Sequence[Sequence[Use]], strays: Sequence[tuple[Use, Reason]]) -> Iterator[Verdict]:
    """INV-33: numbers are unique in their sequence and come from the own block; what is printed is kept and flagged."""
    for uses in duplicates:
        yield _broken(f"{uses[0].n}", _twice(uses), [use.fact for use in uses])
    for use, reason in strays:
        yield _broken(f"block:{use.n}:{use.fact.id.hex()}", reason, [use.fact])
    if not duplicates and not strays:
        reason = Reason("没有重号，也没有号段以外的文号", "no number stands twice and none was used outside its block")
        yield Verdict("INV-33", VERSION, "kept", _sentence(reason), absent=True)


def sig_01(matter: Matter, numbers: Numbers, gaps: Sequence[Gap]) -> Iterator[Signal]:
    """SIG-01: a number that nothing accounts for, the longest time offline after it could have been uploaded.

    A block's rest counts from its end, a number between two others from when the later one came in; voids without photo
    or approval account for nothing.
    """
    for gap in gaps[:MOST_LISTED]:
        day = sane(day_of(gap.since))
        wait = matter.rules.find("numbers.gap_days", day, matter.authority)
        if not isinstance(wait, Rule):
            continue
        words = _GAPS[gap.kind]
        span = f"{gap.first}" if gap.first == gap.last else f"{gap.first}–{gap.last}"
        beside = [use.fact for n in (gap.first - 1, gap.last + 1) for use in numbers.uses.get(n, ())[:1]]
        issue = numbers.issued.get(gap.first)
        block = numbers.block_of(gap.first)
        facts = [*beside, *([issue.fact] if issue is not None else []), *([block.fact] if block is not None else [])]
        yield Signal(
            rule="SIG-01",
            version=f"{VERSION}+{wait.version}",
            severity="serious",
            score=words[2],
            opens=end_of(day + datetime.timedelta(days=wait.value)),
            reason=_sentence(Reason(f"{span} 号{words[0]}", f"no. {span} {words[1]}")),
            inputs=tuple(sorted({fact.id for fact in facts})),
            about=f"gap:{gap.first}",
            absent=True,
            officers=(block.holder,) if block is not None and block.holder else (),
        )


def sig_02(
    numbers: Numbers, duplicates: Sequence[Sequence[Use]], strays: Sequence[tuple[Use, Reason]]
) -> Iterator[Signal]:
    """SIG-02: a number twice; a later number with an earlier date in one block; a number outside its block."""
    for uses in duplicates:
        yield _signal(f"duplicate:{uses[0].n}", 90, _twice(uses), [use.fact for use in uses])
    for use, reason in strays:
        yield _signal(f"block:{use.n}:{use.fact.id.hex()}", 70, reason, [use.fact])
    for before, use in numbers.disorder():
        earlier, later = day_of(before.fact.occurred), day_of(use.fact.occurred)
        yield _signal(
            f"order:{use.n}",
            60,
            Reason(
                f"{before.n} 号的日期是 {earlier}，其后的 {use.n} 号却是 {later}",
                f"no. {before.n} is dated {earlier}, no. {use.n} behind it {later}",
            ),
            [before.fact, use.fact],
        )
    for use, issue in numbers.dated_before_issue():
        given, dated = day_of(issue.occurred), day_of(use.fact.occurred)
        yield _signal(
            f"issued:{use.n}",
            70,
            Reason(
                f"{use.n} 号于 {given} 发放，文书日期却是 {dated}",
                f"no. {use.n} was issued on {given}, its document is dated {dated}",
            ),
            [issue, use.fact],
        )


def sig_32(matter: Matter, numbers: Numbers) -> Iterator[Signal]:
    """SIG-32: more of the numbers are void than the rule expects; with few numbers nothing is said."""
    voids = sorted(numbers.void_facts, key=lambda fact: (fact.occurred, fact.id))
    if not voids:
        return
    day = day_of(voids[-1].occurred)
    share = matter.rules.find("numbers.void_percent", day, matter.authority)
    fewest = matter.rules.find("numbers.void_minimum", day, matter.authority)
    if not isinstance(share, Rule) or not isinstance(fewest, Rule):
        return
    all_of_them = len(set(numbers.uses) | set(numbers.voids) | set(numbers.issued))
    if all_of_them < fewest.value or len(numbers.voids) * 100 <= share.value * all_of_them:
        return
    yield Signal(
        rule="SIG-32",
        version=f"{VERSION}+{share.version}",
        severity="weak",
        score=40,
        opens=voids[-1].occurred,
        reason=Reason(
            f"{all_of_them} 个文号中作废 {len(numbers.voids)} 个，超过 {share.value}%。",
            f"Void are {len(numbers.voids)} of {all_of_them} numbers, more than {share.value} %.",
        ),
        inputs=tuple(sorted(fact.id for fact in voids))[:64],
        absent=True,
    )


def _strays(numbers: Numbers) -> Iterator[tuple[Use, Reason]]:
    """Numbers that their document should not have: of another terminal's block, expired, given back, void, ungiven."""
    for use in numbers.all_uses():
        reason = _stray(numbers, use)
        if reason is not None:
            yield use, reason


def _stray(numbers: Numbers, use: Use) -> Reason | None:
    n = use.n
    if n in numbers.voids:
        return Reason(f"{n} 号已作废，却用于文书", f"no. {n} is void and stands on a document all the same")
    block = numbers.block_of(n)
    if block is None:
        if numbers.was_returned(n):
            return Reason(f"{n} 号已随号段交回，却用于文书", f"no. {n} was given back with its block, and is used")
        issue = numbers.issued.get(n)
        if issue is not None:
            mine, theirs = issue.subject, use.subject
            if mine and theirs and mine.partition("=")[0] == theirs.partition("=")[0] and mine != theirs:
                return Reason(f"{n} 号是为另一案件或任务发放的", f"no. {n} was issued for another case or task")
            return None
        if numbers.managed_since is not None and use.fact.occurred >= numbers.managed_since:
            return Reason(f"{n} 号既未发放，也不在任何号段内", f"no. {n} was neither issued nor in any block")
        return None
    if block.terminal and use.fact.terminal != block.terminal:
        return Reason(
            f"{n} 号属于终端 {block.terminal_text[-12:]} 的号段，却由他处使用",
            f"no. {n} belongs to the block of terminal {block.terminal_text[-12:]} and was used elsewhere",
        )
    if use.fact.occurred >= block.expires_at:
        return Reason(f"{n} 号在其号段失效之后才使用", f"no. {n} was used after its block had expired")
    return None


def _overlaps(numbers: Numbers) -> Iterator[Verdict]:
    ordered = sorted(numbers.blocks, key=lambda block: (block.first, block.id))
    for before, block in pairwise(ordered):
        if block.first <= before.last:
            reason = Reason(
                f"两个号段重叠：{before.first}–{before.last} 与 {block.first}–{block.last}",
                f"two blocks overlap: {before.first}–{before.last} and {block.first}–{block.last}",
            )
            yield _broken(f"overlap:{block.first}", reason, [before.fact, block.fact])


def _twice(uses: Sequence[Use]) -> Reason:
    n = uses[0].n
    return Reason(
        f"{n} 号出现在 {len(uses)} 份不同的文书上，两份都保留",
        f"no. {n} stands on {len(uses)} different documents; all are kept",
    )


def _sentence(reason: Reason) -> Reason:
    """A finding as it is read: with a capital and a full stop."""
    return Reason(f"{reason.zh}。", f"{reason.en[:1].upper()}{reason.en[1:]}.")


def _broken(about: str, reason: Reason, facts: Sequence[Fact]) -> Verdict:
    return Verdict("INV-33", VERSION, "broken", _sentence(reason), tuple(sorted(fact.id for fact in facts)), about)


def _signal(about: str, score: int, reason: Reason, facts: Sequence[Fact]) -> Signal:
    return Signal(
        rule="SIG-02",
        version=VERSION,
        severity="medium",
        score=_lowered(score, facts),
        opens=max(fact.occurred for fact in facts),
        reason=_sentence(reason),
        inputs=tuple(sorted(fact.id for fact in facts)),
        about=about,
        officers=tuple(sorted({officer for fact in facts for officer in fact.by})),
    )


def _lowered(score: int, facts: Iterable[Fact]) -> int:
    """Less sure where an act was declared as entered later, or came from another system (handbook 7)."""
    bodies = [fact.body for fact in facts if isinstance(fact.body, Act)]
    if any(body.import_ for body in bodies):
        score -= 40
    elif any(body.backfill for body in bodies):
        score -= 20
    return max(score, 10)


def _block_page(block: Block, numbers: Numbers, stopped: bool) -> dict[str, Any]:
    used = numbers.taken_in(block)
    return {
        "id": block.id.hex(),
        "terminal": block.terminal_text,
        "holder": block.holder,
        "prefix": block.prefix,
        "first": block.first,
        "last": block.last,
        "expires_at": block.expires_at,
        "returned": block.returned,
        "used": len(used),
        "next": max(used, default=block.first - 1) + 1,
        "stopped": stopped,
    }


def _ids(uses: Sequence[Use]) -> list[str]:
    return sorted(use.fact.id.hex() for use in uses)
