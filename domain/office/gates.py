"""The gates of the office: would this act, were it made now, break a gate of its matter?

The judge of the matter is asked with the act added that nobody did yet; nothing else is judged here. A closed gate says
which invariant stops the act, why, on which records that rests, and what would lift it (handbook 0.5, 9.3). The
invariant: an act that the server brings about is appended only if `closed` had nothing to say on everything that stood
before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from domain import corrections
from domain.filing import text_of
from domain.judges import case, enterprise, hazard, plan
from domain.matter import Fact, Matter, Reason, Verdict
from domain.workdays import day_of
from schemas.events import REGISTRY
from schemas.problems import Problem

Told: TypeAlias = dict[str, Any]
"""A closed gate as an answer carries it: rule, zh, en, lift {zh, en}, facts [{id, type, zh, en, on}]."""

LIFTS: Final[Mapping[str, Reason]] = {
    "INV-01": Reason("由两名以上持证执法人员办理。", "Let two certified officers or more do it."),
    "INV-02": Reason("由证件在有效期内的人员办理，或者补登证件。", "Let officers whose certificates are valid do it."),
    "INV-07": Reason(
        "复查合格后销号；挂牌的隐患先由挂牌层级摘牌。",
        "Re-inspect and find it corrected; a listed hazard is delisted first, by the level that listed it.",
    ),
    "INV-08": Reason(
        "补齐进入现场、出示证件和现场检查记录，或者记录未能入场的情况。",
        "Record entry, certificates shown and the inspection record, or why nobody could enter.",
    ),
    "INV-09": Reason(
        "增加重点检查项目（或其工作日），或者减少一般检查项目，使占比达到规定。",
        "Add key items (or days of theirs), or take general ones out, until the share is reached.",
    ),
    "INV-10": Reason(
        "先终止原监管主体的监管，再确定新的监管主体。",
        "End the supervision by the other body first; then determine the new one.",
    ),
    "INV-11": Reason("先立案。", "File the case first."),
    "INV-13": Reason(
        "送达处罚告知书，并记录申辩、取得书面放弃或者等期限届满。",
        "Serve the penalty notice; then record the defence, get a written waiver, or wait for the period to end.",
    ),
    "INV-14": Reason(
        "告知听证权利；听证结束、书面放弃或者期限届满后再决定。",
        "Tell the hearing right; decide after the hearing, a written waiver, or the end of the period.",
    ),
    "INV-15": Reason(
        "由非承办人员主持，听证七个工作日前送达通知。",
        "Have somebody chair it who did not handle the case, with the notice served seven working days earlier.",
    ),
    "INV-17": Reason("同一草案经法制审核通过后再办理。", "Let this very draft pass legal review, then do it."),
    "INV-18": Reason(
        "由未承办本案、具备审核资格的人员审核。", "Have it reviewed by a qualified person who did not handle the case."
    ),
    "INV-19": Reason("由负责人集体讨论，参加人数达到规定。", "Let the heads discuss it, with the quorum present."),
    "INV-22": Reason(
        "去掉关闭、拘留；这些由政府、公安机关决定。",
        "Leave closure and detention out: they are for the government and the police.",
    ),
    "INV-27": Reason(
        "负责人签名；催告满十个工作日、救济期限届满后三个月内申请。",
        "Have the head sign; apply ten working days after the demand, within three months of the end of the remedies.",
    ),
    "INV-31": Reason(
        "缴清罚款、核实整改，或者选择规定的结案理由；未经审核的决定先撤销。",
        "Have the fine paid and the correction verified, or close it on another ground of the rules; a decision that "
        "was not reviewed is revoked first.",
    ),
    "INV-32": Reason("需要更正的，另作更正记录。", "Record a correction instead."),
    "INV-33": Reason("使用本机关号段内未用过的文号。", "Use a number of the own sequence that nothing bears yet."),
    "INV-37": Reason("先经负责人批准。", "Have the head approve it first."),
    "INV-38": Reason(
        "以委托机关名义、在委托有效期内办理。", "Act in the name of the entrusting agency, in its period."
    ),
}
"""What would lift each gate (handbook 9.3)."""


def closed(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gates of a matter that are closed to an act, none if it may be done.

    `act` is the fact with its final body, instant and an id that no event has; `matter.others` holds what the judge
    needs for it. Corrections that hold are applied first.
    """
    found = corrections.corrections(matter.facts)
    known = replace(matter, facts=corrections.applied(matter.facts, found)) if found else matter
    match matter.kind:
        case "case":
            return case.closed_gates(known, act)
        case "hazard":
            return hazard.closed_gates(known, act)
        case "plan":
            return plan.closed_gates(known, act)
        case "enterprise":
            return enterprise.closed_gates(known, act)
        case _:
            return ()


def told(verdicts: Sequence[Verdict], facts: Sequence[Fact]) -> list[Told]:
    """The closed gates as an answer carries them; `facts` are those that the verdicts may rest on."""
    known = {fact.id: fact for fact in facts}
    return [
        {
            "rule": one.rule, "zh": one.reason.zh, "en": one.reason.en, "lift": lift(one.rule),
            "facts": [_fact(known[name]) for name in one.inputs if name in known],
        }
        for one in verdicts
    ]  # fmt: skip


def lift(rule: str) -> dict[str, str]:
    """What would lift a gate, {zh, en}."""
    found = LIFTS.get(rule, Reason("", ""))
    return {"zh": found.zh, "en": found.en}


def problem(verdicts: Sequence[Verdict], facts: Sequence[Fact]) -> Problem:
    """The refusal of an act to which gates are closed."""
    rules = ", ".join(dict.fromkeys(one.rule for one in verdicts))
    return Problem("gate_closed", f"closed to this act: {rules}", gates=told(verdicts, facts))


def shut(rule: str, zh: str, en: str, *facts: Fact) -> Problem:
    """A gate that the desk itself finds closed."""
    verdict = Verdict(rule, "1", "broken", Reason(zh, en), tuple(sorted(fact.id for fact in facts)), gate=True)
    return problem([verdict], facts)


def _fact(fact: Fact) -> Told:
    kind = REGISTRY.lookup(fact.type)
    return {
        "id": text_of(fact.id), "type": fact.type, "on": str(day_of(fact.occurred)),
        "zh": fact.type if kind is None else kind.title_zh, "en": fact.type if kind is None else kind.title_en,
    }  # fmt: skip
