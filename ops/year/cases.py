"""A penalty case told step by step: from filing to archive, each step on its own day.

The invariant: a decision takes over what its draft says, word for word, and its hash is that of the draft.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ops.year import almanac
from ops.year.telling import POWERS, Finding, Scene
from schemas.events.case import Party
from schemas.events.draft import draft_hash
from schemas.events.penalty import Benchmark, PenaltyLine

REMEDIES: Final = "可自收到本决定书之日起六十日内申请行政复议，或者六个月内提起行政诉讼。"
BASES: Final = ["《中华人民共和国安全生产法》第九十九条第二项"]
ITEMS: Final = (
    "body_competent", "officers_qualified", "procedure_lawful", "facts_clear", "evidence_sufficient",
    "law_applied_correctly", "discretion_proper", "within_powers", "documents_complete",
)  # fmt: skip


class Case:
    """One case in the making, beside the scene of its inspection."""

    def __init__(self, scene: Scene, found: Sequence[Finding] = (), **filing: Any) -> None:
        """File it now, or as `filing` says; a `case_id` must not be given."""
        self.scene = scene
        scene.case = self.id = scene.id()
        self.filed_on: datetime.date = scene.day
        self.draft_hash, self.draft_id, self.parts = b"", b"", dict[str, Any]()
        self.violation = scene.id()
        body: dict[str, Any] = {
            "case_id": self.id, "source": "inspection", "cause": "涉嫌未对安全设备进行经常性维护、保养",
            "party": self.party, "suspected_clauses": ["安全生产法第三十六条第二款"], "found_on": scene.today(),
            "violation_on": scene.today(), "filed_on": scene.today(), "handlers": list(scene.officers),
            "approver": scene.desk("principal"), "violation_id": self.violation, "complex": False, "serious": False,
            "item_code": POWERS[0], **filing,
        }  # fmt: skip
        if found:
            body["hazard_ids"] = [one.id for one in found]
        self.item = body["item_code"]
        scene.office("case.filed.v1", body, *self._tags(), by="principal")

    @property
    def party(self) -> dict[str, Any]:
        """The enterprise as a party."""
        return {"type": "organisation", "id": self.scene.site.id, "name": self.scene.site.name}

    def _tags(self) -> tuple[str, ...]:
        return (f"enterprise:{self.scene.site.id}",)

    def interview(self, minutes: int = 30, **more: Any) -> None:
        """The person in charge is questioned by both officers; filmed."""
        scene, start = self.scene, self.scene.at
        scene.wait(minutes)
        scene.act("interview.recorded.v1", interview(scene, start, scene.at, case_id=self.id, **more))

    def investigated(self, proposal: str = "penalise") -> None:
        """The handlers conclude the investigation."""
        scene = self.scene
        scene.act(
            "investigation.concluded.v1",
            {
                "case_id": self.id, "facts_hash": scene.digest(), "proposal": proposal,
                "handlers": list(scene.officers), "concluded_on": scene.today(), "head_opinion": "同意承办人意见。",
            },
        )  # fmt: skip

    def draft(self, fen: int, benchmark: Mapping[str, Any] | None, lines: Sequence[Mapping[str, Any]] = ()) -> None:
        """The handlers draft the decision."""
        scene = self.scene
        penalties = [dict(one) for one in lines] or [{"kind": "P03", "amount_fen": fen}]
        facts = f"{scene.site.name}安全设备未按规定维护保养。"
        self.parts = {"penalties": penalties, "facts": facts, "bases": BASES, "remedies_text": REMEDIES}
        if benchmark is not None:
            self.parts["benchmark"] = dict(benchmark)
        self.draft_id = scene.id()
        self.draft_hash = draft_hash(
            party=msgspec.convert(self.party, Party), facts=facts, evidence=(), bases=BASES,
            penalties=msgspec.convert(penalties, tuple[PenaltyLine, ...]),
            benchmark=msgspec.UNSET if benchmark is None else msgspec.convert(dict(benchmark), Benchmark),
            remedies=REMEDIES,
        )  # fmt: skip
        scene.office(
            "decision.drafted.v1",
            {
                "draft_id": self.draft_id, "case_id": self.id, "version": 1, "kind": "penalty", "party": self.party,
                **self.parts, "draft_hash": self.draft_hash, "drafted_by": scene.officers[0],
                "drafted_on": scene.today(),
            },
            *self._tags(), by="clerk",
        )  # fmt: skip

    def notice(self, kind: str = "penalty", **more: Any) -> None:
        """The party is told the intended penalty, or its right to a hearing."""
        scene = self.scene
        scene.wait(4)
        scene.act(
            "penalty_notice.served.v1",
            {
                "case_id": self.id, "kind": kind, "intended": self.parts["penalties"], "bases": BASES,
                "served_on": scene.today(), "method": "direct", "facts": self.parts["facts"],
                "draft_id": self.draft_id, **more,
            },
        )  # fmt: skip

    def waived(self) -> None:
        """The party waives its defence in writing."""
        scene = self.scene
        scene.wait(10)
        scene.act(
            "defence.recorded.v1",
            {
                "case_id": self.id, "waived": True, "recorded_on": scene.today(), "signature": scene.digest(),
                "waived_document": scene.digest(),
            },
        )  # fmt: skip

    def heard(self) -> None:
        """The party defends itself by word of mouth; filmed."""
        scene, start = self.scene, self.scene.at
        scene.wait(15)
        scene.act(
            "defence.recorded.v1",
            {
                "case_id": self.id, "waived": False, "recorded_on": scene.today(), "signature": scene.digest(),
                "content_hash": scene.digest(), "adopted": "rejected", "review_result": "事实清楚，意见不予采纳。",
            },
        )  # fmt: skip
        scene.wait(1)
        scene.film("B9", start, case_id=self.id)

    def review(self, concluded: int | None = None, outcome: str = "passed") -> None:
        """The legal unit is asked an hour before, and passes the draft at `concluded` (ms; now if not given)."""
        scene = self.scene
        done = scene.at if concluded is None else concluded
        back, review = scene.at, scene.id()
        scene.at = done - almanac.HOUR
        scene.office(
            "legal_review.requested.v1",
            {
                "review_id": review, "case_id": self.id, "draft_hash": self.draft_hash, "requested_at": scene.at,
                "requested_by": scene.officers[0], "requesting_unit": "执法科", "unit": "法规科",
            },
            by="clerk",
        )  # fmt: skip
        scene.at = done
        scene.office(
            "legal_review.concluded.v1",
            {
                "review_id": review, "case_id": self.id, "reviewer": scene.desk("reviewer"), "unit": "法规科",
                "draft_hash": self.draft_hash, "items": [{"item": one, "answer": "pass"} for one in ITEMS],
                "outcome": outcome, "opinion": "事实清楚，证据充分，程序合法，裁量适当，同意。",
                "concluded_at": done,
            },
            by="reviewer",
        )  # fmt: skip
        scene.at = max(back, done)

    def discuss(self, members: int = 3, absent: int = 0) -> None:
        """The heads discuss the case: so many take part, so many do not."""
        scene = self.scene
        names = [scene.desk(one) for one in ("principal", "deputy", "third", "fourth", "fifth", "sixth", "seventh")]
        there, away = names[:members], names[members : members + absent]
        body: dict[str, Any] = {
            "case_id": self.id, "held_on": scene.today(), "draft_hash": self.draft_hash, "host": names[0],
            "principal": names[0], "members": there, "recorder": scene.desk("clerk"), "outcome": "as_proposed",
            "decision": "同意按草案作出行政处罚决定。", "principal_against_majority": False,
        }  # fmt: skip
        if away:
            body["absent"] = away
        scene.office("collective_discussion.held.v1", body, by="clerk")

    def decide(self, number: str, **more: Any) -> None:
        """The head decides what the draft says, under a number that was issued for it."""
        scene = self.scene
        scene.office(
            "penalty.decided.v1",
            {
                "case_id": self.id, "document_no": number, "decided_on": scene.today(), **self.parts,
                "draft_hash": self.draft_hash, "draft_id": self.draft_id, "signed_by": scene.desk("principal"),
                "party_present": True, "violation_id": self.violation, "item_code": self.item, **more,
            },
            *self._tags(), by="principal",
        )  # fmt: skip

    def publish(self, number: str, **more: Any) -> bytes:
        """The decision is published. Returns the id of the record."""
        scene, record = self.scene, self.scene.id()
        scene.office(
            "disclosure.published.v1",
            {
                "record_id": record, "feed": "penalties", "subject": "penalty", "case_id": self.id,
                "document_no": number,
                "fields": [{"code": "CF_XDR_MC", "value": scene.site.name}, {"code": "CF_NR", "value": "罚款"}],
                "redaction_version": "1", "snapshot_hash": scene.digest(), "prepared_by": scene.desk("clerk"),
                "approver": scene.desk("discloser"), "published_on": scene.today(), "until": scene.today(365), **more,
            },
            by="discloser",
        )  # fmt: skip
        return record

    def pay(self, number: str, fen: int, **more: Any) -> None:
        """The bank reports a payment."""
        scene = self.scene
        scene.office(
            "fine_payment.recorded.v1",
            {
                "case_id": self.id, "document_no": number, "amount_fen": fen, "paid_on": scene.today(),
                "channel": "bank", "ticket_no": f"示票{scene.dice.randrange(10**8):08}", "towards": "fine", **more,
            },
            by="clerk",
        )  # fmt: skip

    def closed(self, ground: str = "executed", **more: Any) -> None:
        """The head approves the closing."""
        scene = self.scene
        scene.office(
            "case.closed.v1",
            {
                "case_id": self.id, "ground": ground, "all_fulfilled": ground == "executed",
                "closed_on": scene.today(), "approver": scene.desk("principal"), "correction_verified": True, **more,
            },
            by="principal",
        )  # fmt: skip


def interview(scene: Scene, start: int, end: int, **more: Any) -> dict[str, Any]:
    """The body of an interview by both officers between two instants (ms)."""
    return {
        "interview_id": scene.id(), "interviewee": {"role": "安全管理员", "kind": "party"},
        "interviewers": list(scene.officers), "recorder": scene.officers[1], "start": start, "end": end,
        "place": scene.site.address, "text_hash": scene.digest(), "rights_told": ["有权陈述和申辩", "有权申请回避"],
        "signatures": [
            {"signer": "interviewee", "image_hash": scene.digest()},
            *({"signer": "interviewer", "officer": one, "image_hash": scene.digest()} for one in scene.officers),
        ],
        "summary": "承认上述设备未按期检修，已安排整改。", "actors": scene.actors(), **more,
    }  # fmt: skip
