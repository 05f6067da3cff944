"""A lawful penalty case of 2026, act by act, and how tests bend it: leave acts out, change them, add others.

A fine of 60,000 yuan on an organisation, so that a hearing, a review and a discussion are all due. Every judge of a
case says nothing bad of it; a test says only in what its case differs. All persons and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from domain.judges import case
from domain.matter import Fact, Judgement, Signal, Verdict
from domain.rulebook import Rulebook
from schemas.events import REGISTRY
from schemas.events.draft import DecisionDrafted, hash_of
from tests.support.facts import CASE, ENTERPRISE, HEAD, LIN, ZHAO, at, certificate, certificates, fact, matter
from tests.support.vector_parts import digest, uid

REVIEWER: Final = "officer-0030"
CHAIR: Final = "officer-0031"
NUMBER: Final = "（示）应急罚〔2026〕7号"
PARTY: Final = {"id": ENTERPRISE, "name": "示例制造有限公司", "type": "organisation"}
FINE: Final = [{"kind": "P03", "amount_fen": 6_000_000}]
CLAUSES: Final = ["中华人民共和国安全生产法 第二十八条"]
FACTS: Final = "未按规定对从业人员进行安全生产教育和培训"
BENCHMARK: Final = {"id": "WSL-97", "version": "wsl-2021", "tier": "责令改正"}
REMEDIES: Final = "可以自收到之日起六十日内申请行政复议，或者六个月内提起行政诉讼"

DRAFT: Final[Mapping[str, Any]] = {
    "draft_id": uid(70), "case_id": CASE, "version": 1, "kind": "penalty", "party": PARTY, "facts": FACTS,
    "bases": CLAUSES, "penalties": FINE, "benchmark": BENCHMARK, "remedies_text": REMEDIES, "drafted_by": LIN,
    "drafted_on": "2026-03-11", "draft_hash": bytes(32),
}  # fmt: skip


def hash_of_draft(**changes: Any) -> bytes:
    """The hash of the draft of the story with some fields changed."""
    made = REGISTRY.decode_body("decision.drafted.v1", {**DRAFT, **changes})
    assert isinstance(made, DecisionDrafted)
    return hash_of(made)


HASH: Final = hash_of_draft()

Act = tuple[str, str, dict[str, Any]]

STORY: Final[Mapping[str, Act]] = {
    "filed": ("case.filed.v1", "2026-03-02", {
        "source": "inspection", "cause": "未按规定进行安全生产教育和培训", "party": PARTY, "suspected_clauses": CLAUSES,
        "violation_on": "2026-02-10", "found_on": "2026-02-12", "filed_on": "2026-03-02", "handlers": [LIN, ZHAO],
        "approver": HEAD, "document_no": "（示）应急立〔2026〕5号",
    }),
    "interview": ("interview.recorded.v1", "2026-03-04", {
        "interviewers": [LIN, ZHAO], "start": "2026-03-04 09:00", "end": "2026-03-04 10:00",
    }),
    "concluded": ("investigation.concluded.v1", "2026-03-10", {"proposal": "penalise", "handlers": [LIN, ZHAO]}),
    "drafted": ("decision.drafted.v1", "2026-03-11", {**DRAFT, "draft_hash": HASH}),
    "notice": ("penalty_notice.served.v1", "2026-03-12", {
        "kind": "penalty", "intended": FINE, "served_on": "2026-03-12", "method": "direct",
    }),
    "hearing_right": ("penalty_notice.served.v1", "2026-03-12 09:30", {
        "kind": "hearing", "intended": FINE, "served_on": "2026-03-12", "method": "direct",
    }),
    "defence": ("defence.recorded.v1", "2026-03-13", {"waived": False, "content_hash": digest("defence")}),
    "defence_film": ("recording.captured.v1", "2026-03-13 09:05", {
        "segment_id": uid(73), "step_code": "B9", "start": "2026-03-13 08:58", "end": "2026-03-13 09:05",
        "media_type": "video/mp4",
    }),
    "requested": ("hearing.requested.v1", "2026-03-16", {"requested_on": "2026-03-16", "requested_by": "party"}),
    "hearing_notice": ("hearing_notice.served.v1", "2026-03-17", {
        "served_on": "2026-03-17", "hearing_on": "2026-03-30", "chair": CHAIR, "method": "direct",
    }),
    "held": ("hearing.held.v1", "2026-03-30", {
        "held_on": "2026-03-30", "chair": CHAIR, "public": True, "absent_waiver": False,
        "record_hash": digest("record"),
    }),
    "hearing_film": ("recording.captured.v1", "2026-03-30 09:05", {
        "segment_id": uid(74), "step_code": "B10", "start": "2026-03-30 08:58", "end": "2026-03-30 09:05",
        "media_type": "video/mp4",
    }),
    "review_requested": ("legal_review.requested.v1", "2026-03-31", {
        "review_id": uid(71), "draft_hash": HASH, "requested_at": "2026-03-31 09:00", "requested_by": LIN,
        "requesting_unit": "执法科",
    }),
    "reviewed": ("legal_review.concluded.v1", "2026-04-01", {
        "review_id": uid(71), "draft_hash": HASH, "outcome": "passed", "reviewer": REVIEWER, "unit": "法规科",
        "concluded_at": "2026-04-01 09:00",
    }),
    "discussed": ("collective_discussion.held.v1", "2026-04-02", {
        "held_on": "2026-04-02", "members": [HEAD, "officer-0003", "officer-0004"], "host": HEAD, "principal": HEAD,
        "recorder": LIN, "outcome": "as_proposed", "decision": "同意", "principal_against_majority": False,
    }),
    "decided": ("penalty.decided.v1", "2026-04-03", {
        "document_no": NUMBER, "decided_on": "2026-04-03", "penalties": FINE, "facts": FACTS, "bases": CLAUSES,
        "benchmark": BENCHMARK, "remedies_text": REMEDIES, "draft_hash": HASH,
    }),
    "served": ("document.served.v1", "2026-04-08", {
        "document_no": NUMBER, "served_on": "2026-04-08", "method": "direct",
    }),
    "published": ("disclosure.published.v1", "2026-04-09", {
        "record_id": uid(72), "document_no": NUMBER, "subject": "penalty", "published_on": "2026-04-09",
    }),
    "paid": ("fine_payment.recorded.v1", "2026-04-15", {
        "case_id": CASE, "document_no": NUMBER, "amount_fen": 6_000_000, "paid_on": "2026-04-15", "channel": "bank",
    }),
    "closed": ("case.closed.v1", "2026-04-20", {"ground": "executed", "all_fulfilled": True, "approver": HEAD}),
    "archived": ("case_file.archived.v1", "2026-04-27", {"archived_on": "2026-04-27"}),
}  # fmt: skip

CERTIFIED: Final[Mapping[str, list[Fact]]] = {
    **certificates(LIN, ZHAO, CHAIR),
    f"certificate:{REVIEWER}": [certificate(REVIEWER, reviewer_qualification={"obtained_on": "2020-03-01"})],
}


def act(name: str, **changes: Any) -> Fact:
    """One act of the story, some fields changed; `occurred`, `received`, `came_from` … are the fact's."""
    type_name, when, fields = STORY[name]
    return of_case(type_name, **{"occurred": when, **fields, **changes})


def of_case(type_name: str, **fields: Any) -> Fact:
    """Any act of the case: filed under it by a tag, by the two handlers."""
    own = {
        name: fields.pop(name)
        for name in ("occurred", "received", "captured", "claim", "id", "terminal", "about")
        if name in fields
    }
    if "came_from" in fields:
        own["source"] = fields.pop("came_from")
    by = fields.pop("signed", (LIN, ZHAO))
    own["about"] = (f"case:{_text(CASE)}", *own.get("about", ()))
    body = {name: value for name, value in fields.items() if value is not None}
    if any(field.encode_name == "case_id" for field in _fields(type_name)):
        body.setdefault("case_id", CASE)
    return fact(type_name, body, by=by, **own)


def story(*, until: str = "archived", without: Iterable[str] = (), **changes: Mapping[str, Any]) -> list[Fact]:
    """The acts up to one of them, some left out, some changed: `story(decided={…}, without=("held",))`."""
    left = set(without)
    found = []
    for name in STORY:
        if name not in left:
            found.append(act(name, **changes.get(name, {})))
        if name == until:
            break
    return found


def judged(
    facts: Iterable[Fact],
    *,
    others: Mapping[str, Iterable[Fact]] | None = None,
    rules: Rulebook | None = None,
) -> Judgement:
    """What the judge says of these facts; officers are certified and the reviewer qualified unless `others` differs."""
    return case.judge(matter("case", CASE, facts, others={**CERTIFIED, **(others or {})}, rules=rules))


def verdicts(found: Judgement, rule: str) -> list[Verdict]:
    """The verdicts of one rule."""
    return [one for one in found.verdicts if one.rule == rule]


def outcome(found: Judgement, rule: str, about: Fact | None = None) -> str:
    """The one outcome of a rule, about an act if it is named; "" if the rule has nothing to say."""
    every = [one for one in verdicts(found, rule) if about is None or one.about == about.id.hex()]
    assert len({one.outcome for one in every}) <= 1, every
    return every[0].outcome if every else ""


def signals(found: Judgement, rule: str) -> list[Signal]:
    """The signals of one rule."""
    return [one for one in found.signals if one.rule == rule]


def _fields(type_name: str) -> Any:
    from msgspec import inspect

    info = inspect.type_info(REGISTRY[type_name].body)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _text(value: bytes) -> str:
    from tests.support.facts import text_id

    return text_id(value)


__all__ = [
    "BENCHMARK", "CASE", "CHAIR", "CLAUSES", "ENTERPRISE", "FACTS", "FINE", "HASH", "HEAD", "LIN", "NUMBER", "PARTY",
    "REVIEWER", "ZHAO", "act", "at", "hash_of_draft", "judged", "of_case", "outcome", "signals", "story", "verdicts",
]  # fmt: skip
