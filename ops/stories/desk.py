"""What the office does in a penalty case, step by step (B2 to B22), as every good story tells it.

The invariant: a decision rests on the draft whose hash was told, reviewed and discussed; what is decided carries the
number that was given out for it after that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from ops.stories.event import MINUTE, china
from ops.stories.teller import (
    ARCHIVIST,
    AUTHORITY,
    DEPUTY,
    DISCLOSER,
    POWERS,
    PRINCIPAL,
    RECORDER,
    REMEDIES,
    REVIEWER,
    THIRD,
    Found,
    Teller,
)
from ops.stories.visit import film, serve
from schemas.events.case import Party
from schemas.events.draft import draft_hash
from schemas.events.penalty import Benchmark, PenaltyLine

ITEMS = (
    "body_competent", "officers_qualified", "procedure_lawful", "facts_clear", "evidence_sufficient",
    "law_applied_correctly", "discretion_proper", "within_powers", "documents_complete", "crime_referral",
)  # fmt: skip
Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft of a decision: its id and hash, and the parts of the body that the decision takes over."""

    id: bytes
    hash: bytes
    version: int
    body: Mapping[str, Any]


def party(tell: Teller) -> dict[str, Any]:
    """The enterprise of the story as a party."""
    return {"type": "organisation", "id": tell.enterprise.id, "name": tell.enterprise.name}


def file_case(tell: Teller, cause: str, hazards: Sequence[Found], **more: Any) -> None:
    """B2: the head approves the filing and names the team as handlers."""
    tell.case, tell.in_case = tell.id(), True
    found = next((one.body["found_on"] for one in tell.events if "found_on" in one.body), tell.today())
    body = {
        "case_id": tell.case, "document_no": tell.number("立"), "source": "inspection", "cause": cause,
        "party": party(tell), "suspected_clauses": [each.clause for each in hazards] or ["安全生产法第三十六条"],
        "found_on": found, "violation_on": found, "filed_on": tell.today(),
        "handlers": list(tell.team.officers), "approver": PRINCIPAL, "task_id": tell.task,
        "violation_id": tell.id(), "complex": False, "serious": False, "item_code": POWERS[0],
    }  # fmt: skip
    if hazards:
        body["hazard_ids"] = [each.id for each in hazards]
    tell.office("case.filed.v1", {**body, **more}, by=PRINCIPAL)


def interview(tell: Teller, minutes: int = 45) -> None:
    """B4: the person in charge is questioned by both officers, who signs each page; filmed."""
    number, start = tell.number("询"), tell.at
    image = sha256(b"signature of the person questioned").digest()
    tell.field(
        "interview.recorded.v1",
        {
            "interview_id": tell.id(), "case_id": tell.case, "interviewee": {"role": "安全管理员", "kind": "party"},
            "interviewers": list(tell.team.officers), "recorder": tell.team.officers[1], "start": start,
            "end": start + minutes * MINUTE, "place": "示例市应急管理局询问室", "text_hash": tell.digest("询问笔录"),
            "document_no": number, "rights_told": ["有权陈述和申辩", "有权申请回避"],
            "signatures": [
                {"signer": "interviewee", "image_hash": image},
                *({"signer": "interviewer", "officer": each, "image_hash": image} for each in tell.team.officers),
            ],
            "summary": "承认上述设备未按期检修，已安排整改。",
        },
        minutes=minutes, private={"interviewee.person_name": "赵某某"},
    )  # fmt: skip
    film(tell, "B4", start)


def investigated(tell: Teller, facts: str, proposal: str = "penalise", **more: Any) -> None:
    """B6: the handlers conclude the investigation and propose."""
    tell.office(
        "investigation.concluded.v1",
        {
            "case_id": tell.case, "facts_hash": sha256(facts.encode()).digest(), "proposal": proposal,
            "handlers": list(tell.team.officers), "document_no": tell.number("处呈"), "concluded_on": tell.today(),
            "head_opinion": "同意承办人意见。", **more,
        },
        by=tell.team.officers[0],
    )  # fmt: skip


def draft(
    tell: Teller, facts: str, bases: Sequence[str], lines: Lines, benchmark: Mapping[str, Any] | None = None,
    before: Draft | None = None,
) -> Draft:  # fmt: skip
    """B6: the handlers draft the decision; `before` is the version that this one replaces."""
    evidence = sorted(event.body["sha256"] for event in tell.events if event.type == "evidence.captured.v1")
    body: dict[str, Any] = {
        "party": party(tell), "facts": facts, "bases": list(bases), "penalties": [dict(line) for line in lines],
        "remedies_text": REMEDIES,
    }  # fmt: skip
    if evidence:
        body["evidence"] = evidence
    if benchmark is not None:
        body["benchmark"] = dict(benchmark)
    made = Draft(
        tell.id(),
        draft_hash(
            party=msgspec.convert(body["party"], Party),
            facts=facts,
            evidence=evidence,
            bases=bases,
            penalties=msgspec.convert(body["penalties"], tuple[PenaltyLine, ...]),
            benchmark=msgspec.UNSET if benchmark is None else msgspec.convert(body["benchmark"], Benchmark),
            remedies=REMEDIES,
        ),
        1 if before is None else before.version + 1,
        body,
    )
    replaced = {} if before is None else {"supersedes": before.hash}
    tell.office(
        "decision.drafted.v1",
        {
            "draft_id": made.id, "case_id": tell.case, "version": made.version, "kind": "penalty", **body,
            "draft_hash": made.hash, "drafted_by": tell.team.officers[0], "drafted_on": tell.today(), **replaced,
        },
        by=tell.team.officers[0], minutes=40,
    )  # fmt: skip
    return made


def notice(tell: Teller, intended: Draft, kind: str = "penalty", **more: Any) -> str:
    """B7, B8: the party is told the intended penalty, or its right to a hearing; returns the number."""
    number = tell.number("听告" if kind == "hearing" else "告")
    tell.field(
        "penalty_notice.served.v1",
        {
            "case_id": tell.case, "document_no": number, "kind": kind, "intended": intended.body["penalties"],
            "bases": intended.body["bases"], "served_on": tell.today(), "method": "direct",
            "facts": intended.body["facts"], "draft_id": intended.id, "draft_hash": tell.digest(number), **more,
        },
    )  # fmt: skip
    serve(tell, number)
    return number


def defence(tell: Teller, *, waived: bool, adopted: str = "rejected", result: str = "事实清楚，意见不予采纳。") -> None:
    """B9: the party defends itself by word of mouth, filmed, or waives it in writing."""
    body: dict[str, Any] = {
        "case_id": tell.case, "waived": waived, "recorded_on": tell.today(), "signature": tell.digest("签名"),
        "document_no": tell.number("申辩"),
    }  # fmt: skip
    start = tell.at
    if waived:
        body |= {"waived_document": tell.digest("放弃声明")}
    else:
        body |= {"content_hash": tell.digest("陈述申辩"), "adopted": adopted, "review_result": result}
    tell.field("defence.recorded.v1", body, minutes=20)
    if not waived:
        film(tell, "B9", start)


def review(tell: Teller, of: Draft, trigger: str) -> bytes:
    """B11: the legal unit is asked, and passes the draft two working days later; returns the review's id."""
    one, asked = tell.id(), tell.at
    tell.office(
        "legal_review.requested.v1",
        {
            "review_id": one, "case_id": tell.case, "draft_hash": of.hash, "requested_at": asked,
            "requested_by": tell.team.officers[0], "requesting_unit": "执法一科", "unit": "法规科", "trigger": trigger,
            "materials": ["决定书草案", "证据目录", "告知和申辩材料"],
        },
        by=tell.team.officers[0],
    )  # fmt: skip
    tell.later(2, "15:00")
    tell.office(
        "legal_review.concluded.v1",
        {
            "review_id": one, "case_id": tell.case, "reviewer": REVIEWER, "unit": "法规科", "draft_hash": of.hash,
            "items": [{"item": item, "answer": "pass", "text": "经审核，未发现问题。"} for item in ITEMS[:-1]]
            + [{"item": ITEMS[-1], "answer": "not_applicable"}],
            "outcome": "passed", "opinion": "事实清楚，证据充分，程序合法，裁量适当，同意。",
            "catalogue_version": "1", "requested_at": asked, "concluded_at": tell.at,
        },
        by=REVIEWER, minutes=0,
    )  # fmt: skip
    return one


def discuss(tell: Teller, of: Draft) -> bytes:
    """B12: the heads discuss the case and agree; returns the event id."""
    members = [PRINCIPAL, DEPUTY, THIRD]
    return tell.office(
        "collective_discussion.held.v1",
        {
            "case_id": tell.case, "document_no": tell.number("集讨"), "held_on": tell.today(), "draft_hash": of.hash,
            "host": PRINCIPAL, "principal": PRINCIPAL, "members": members, "recorder": RECORDER,
            "opinions": [{"member": each, "view": "agree", "text": "同意承办机构意见。"} for each in members],
            "vote": {"agree": 3, "disagree": 0, "abstain": 0}, "outcome": "as_proposed",
            "decision": "同意按草案作出行政处罚决定。", "principal_against_majority": False,
            "record_hash": tell.digest("集体讨论记录"),
        },
        by=RECORDER,
    )  # fmt: skip


def issue(tell: Teller, token: str, of: Draft | None = None) -> str:
    """A document number given out at the desk for the case; returns it."""
    number = tell.number(token)
    body: dict[str, Any] = {
        "document_no": number, "agency": AUTHORITY, "token": token, "year": china(tell.at).year, "n": 1,
        "case_id": tell.case, "issued_to": tell.team.officers[0],
    }  # fmt: skip
    if of is not None:
        body["draft_hash"] = of.hash
    tell.office("document_number.issued.v1", body, by=tell.team.officers[0])
    return number


def decide(tell: Teller, of: Draft, **more: Any) -> str:
    """B13: the head decides what the draft says; returns the number of the decision."""
    number = issue(tell, "罚", of)
    taken = {key: value for key, value in of.body.items() if key not in ("party", "evidence")}
    filed = next(event for event in tell.events if event.type == "case.filed.v1")
    tell.office(
        "penalty.decided.v1",
        {
            "case_id": tell.case, "document_no": number, "decided_on": tell.today(), **taken, "draft_hash": of.hash,
            "draft_id": of.id, "signed_by": PRINCIPAL, "seal_ref": "示应急印-1", "party_present": True,
            "violation_id": filed.body["violation_id"], "item_code": filed.body["item_code"],
            "pay_by": tell.today(15), **more,
        },
        by=PRINCIPAL, minutes=2,
    )  # fmt: skip
    return number


def publish(tell: Teller, number: str, content: str, subject: str = "penalty") -> bytes:
    """B15: a second person releases the result to the public feed; returns the record's id."""
    record = tell.id()
    name, result = ("CF_XDR_MC", "CF_NR") if subject == "penalty" else ("JC_DX", "JC_JG")
    fields = [{"code": name, "value": tell.enterprise.name}, {"code": result, "value": content}]
    body: dict[str, Any] = {
        "record_id": record, "feed": "penalties" if subject == "penalty" else "inspections", "subject": subject,
        "fields": fields, "redaction_version": "1", "snapshot_hash": sha256(content.encode()).digest(),
        "prepared_by": RECORDER, "approver": DISCLOSER, "published_on": tell.today(), "until": tell.today(365),
    }  # fmt: skip
    if number:
        body["document_no"] = number
        fields.insert(1, {"code": "CF_WSH", "value": number})
    body |= {"case_id": tell.case} if tell.in_case else {"task_id": tell.task}
    tell.office("disclosure.published.v1", body, by=DISCLOSER)
    return record


def pay(tell: Teller, number: str, fen: int, **more: Any) -> None:
    """B16: the bank reports a payment."""
    tell.office(
        "fine_payment.recorded.v1",
        {
            "case_id": tell.case, "document_no": number, "amount_fen": fen, "paid_on": tell.today(),
            "channel": "bank", "ticket_no": f"示票{tell.digest(number).hex()[:8]}", "towards": "fine", **more,
        },
        by=RECORDER,
    )  # fmt: skip


def finish(tell: Teller, ground: str = "executed", papers: Sequence[str] = ("行政处罚决定书",), **more: Any) -> None:
    """B21, B22: the head approves the closing; five working days later the file is archived."""
    tell.office(
        "case.closed.v1",
        {
            "case_id": tell.case, "document_no": tell.number("结"), "ground": ground,
            "all_fulfilled": ground == "executed", "closed_on": tell.today(), "approver": PRINCIPAL, **more,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    tell.later(5, "14:00")
    tell.office(
        "case_file.archived.v1",
        {
            "case_id": tell.case, "archive_no": f"2026-CF-{tell.name}",
            "volume_hashes": [
                {"name": "main", "number": 1, "sha256": tell.digest("正卷"), "pages": 46},
                {"name": "annex", "number": 1, "sha256": tell.digest("副卷"), "pages": 12},
            ],
            "document_list": [
                {"order": order, "title": title, "volume": "main", "sha256": tell.digest(title)}
                for order, title in enumerate(papers, 1)
            ],
            "retention": "permanent", "archived_on": tell.today(), "archivist": ARCHIVIST,
        },
        by=ARCHIVIST,
    )  # fmt: skip
