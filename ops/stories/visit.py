"""What happens on a site, step by step (A3 to A16), as every good story tells it.

The invariant: each step leaves what the rules ask of it: approval before entry, certificates before evidence, a film
of what must be filmed, photos before and after. A story that does otherwise says so in its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ops.stories.event import MINUTE
from ops.stories.teller import HEAD, RIGHTS, Found, Teller, certificate, named

SECONDS: Final = 4
"""How much sound stands for a segment; the invented hours would only fill disks."""
LONG_TERMINAL: Final = "S-1"
LONG_SECONDS: Final = 60
"""One segment is long enough for its upload to be cut in the middle."""


def assign(tell: Teller, source: str = "double_random", **more: Any) -> None:
    """A3: the head sends two officers and approves the scheme."""
    tell.task = tell.id()
    match source:
        case "plan":
            more |= {"plan_id": named("plan"), "plan_item_id": named(f"item {tell.enterprise.id}"), "kind": "key"}
        case "double_random":
            more["draw_id"] = named("draw")
    tell.office(
        "task.assigned.v1",
        {
            "task_id": tell.task, "source": source, "enterprise_id": tell.enterprise.id,
            "officers": list(tell.team.officers), "unannounced": True, "kind": "general",
            "scheme": {
                "content": f"检查{tell.enterprise.name}（{tell.enterprise.trade}）：证照、设备、现场、教育培训。",
                "approver": HEAD, "approved_at": tell.at,
            },
            **more,
        },
    )  # fmt: skip


def enter(tell: Teller, *, told: bool = True) -> None:
    """A5, A6: the terminal's clock is checked, two officers enter, show certificates and tell the rights; filmed."""
    tell.field(
        "terminal.clock_checked.v1",
        {"offset_ms": 240, "method": "server", "checked_at": tell.at, "battery_percent": 96},
        minutes=0,
    )
    began = tell.at + MINUTE
    tell.field(
        "site.entered.v1",
        {
            "task_id": tell.task, "officers_present": list(tell.team.officers), "arrival": tell.at + 3 * MINUTE,
            "place": tell.enterprise.address, "person_met": "安全管理员", "outcome": "entered",
        },
        minutes=3, private={"person_met_name": "林某某"},
    )  # fmt: skip
    if told:
        tell.field(
            "credentials.shown.v1",
            {
                "task_id": tell.task, "certificates": [certificate(each) for each in tell.team.officers],
                "rights_told": list(RIGHTS), "recusal_asked": False, "acknowledged_by": "安全管理员",
            },
            minutes=4, private={"acknowledged_name": "林某某"},
        )  # fmt: skip
        film(tell, "A5", began)


def film(tell: Teller, step: str, start: int, minutes: int = 1, **more: Any) -> bytes:
    """A7: a segment from `start` (ms) until `minutes` from now; returns its id."""
    tell.wait(minutes)
    long = tell.team.terminal == LONG_TERMINAL and step == "A5"
    file = tell.file(f"录音{step}", LONG_SECONDS if long else SECONDS)
    segment = tell.id()
    named = {"case_id": tell.case} if tell.in_case else {"task_id": tell.task}
    tell.field(
        "recording.captured.v1",
        {
            "segment_id": segment, "step_code": step, "start": start, "end": tell.at, "sha256": file.sha256,
            "size": len(file.content), "media_type": file.media_type, "told": True,
            "officers": list(tell.team.officers), **named, **more,
        },
        minutes=0, files=(file,),
    )  # fmt: skip
    return segment


def photo(tell: Teller, what: str, step: str = "A8", *, minutes: int = 6, **more: Any) -> bytes:
    """A8: a photo as evidence; returns its evidence id."""
    file = tell.file(what)
    evidence = tell.id()
    named = {"case_id": tell.case} if tell.in_case else {"task_id": tell.task}
    tell.field(
        "evidence.captured.v1",
        {
            "kind": "photo", "description": what, "evidence_id": evidence, "sha256": file.sha256, "original": True,
            "step_code": step, "captured_by": tell.team.officers[0], **named, **more,
        },
        minutes=minutes, files=(file,),
    )  # fmt: skip
    return evidence


def find(tell: Teller, hazard: Found) -> Found:
    """A9: a hazard, with its photo; returns it with the photo's evidence id."""
    evidence = photo(tell, f"{hazard.place}：{hazard.description}", minutes=9)
    tell.field(
        "hazard.found.v1",
        {
            "hazard_id": hazard.id, "grade": "major" if hazard.major else "general", "task_id": tell.task,
            "description": hazard.description, "location": hazard.place, "clause": hazard.clause,
            "evidence_ids": [evidence], "origin": "inspection", "enterprise_id": tell.enterprise.id,
            "mandatory_penalty": hazard.mandatory, "found_on": tell.today(),
        },
        minutes=3,
    )  # fmt: skip
    return Found(hazard.id, hazard.description, hazard.place, hazard.clause, hazard.major, hazard.mandatory, evidence)


def sign(tell: Teller, hazards: Sequence[Found] = (), **more: Any) -> str:
    """A10: the inspection record, signed for the enterprise, with a film of the inspection; returns its number."""
    number = tell.number("检记")
    start = tell.at - 40 * MINUTE
    body: dict[str, Any] = {
        "task_id": tell.task, "document_no": number, "enterprise_id": tell.enterprise.id,
        "place": tell.enterprise.address, "started_at": start, "ended_at": tell.at + 20 * MINUTE,
        "content": f"查阅责任制、教育培训和隐患排查台账，检查{tell.enterprise.trade}现场和配电设施。",
        "handling": ["责令限期整改"] if hazards else ["现场未发现问题，予以记录"],
        "checked": [
            {"item": "安全教育培训", "result": "fine"},
            {"item": "设备设施", "result": "problem" if hazards else "fine"},
        ],
        "text_hash": tell.digest("检查记录"), "time": tell.at + 20 * MINUTE,
    }  # fmt: skip
    if hazards:
        body["problems"] = [{"text": each.description, "hazard_id": each.id} for each in hazards]
    private: dict[str, object] = {}
    if "refused" not in more:
        body["signer"], private = "主要负责人", {"signer_name": "赵某某"}
    tell.field("inspection_record.signed.v1", {**body, **more}, minutes=20, private=private)
    film(tell, "A7", start)
    return number


def order(tell: Teller, hazards: Sequence[Found], days: int = 15) -> str:
    """A12: a rectification order, handed over at once; returns its number."""
    number = tell.number("责改")
    tell.field(
        "rectification.ordered.v1",
        {
            "document_no": number, "hazard_ids": [each.id for each in hazards], "ordered_on": tell.today(),
            "deadline": tell.today(days), "remedies_told": True, "document_hash": tell.digest("责改"),
            "enterprise_id": tell.enterprise.id, "task_id": tell.task,
        },
        minutes=15,
    )  # fmt: skip
    serve(tell, number)
    return number


def serve(tell: Teller, number: str, **more: Any) -> bytes:
    """B14: a document handed over on the spot; returns the event id."""
    named = {"case_id": tell.case} if tell.in_case else {"task_id": tell.task}
    return tell.field(
        "document.served.v1",
        {
            "document_no": number, "document_hash": tell.digest(number), "method": "direct",
            "served_on": tell.today(), "recipient": "主要负责人", "place": tell.enterprise.address,
            "announced_on_spot": True, **named, **more,
        },
        private={"recipient_name": "赵某某"},
    )  # fmt: skip


def report(tell: Teller, hazards: Sequence[Found]) -> None:
    """A14: the enterprise reports, at the desk of the office."""
    tell.office(
        "rectification.reported.v1",
        {"hazard_ids": [each.id for each in hazards], "content": "已逐项整改，附整改前后照片和责任人签字。"},
        by=tell.team.officers[0],
    )


def reinspect(tell: Teller, hazards: Sequence[Found], outcome: str = "corrected") -> bytes:
    """A15: two officers look again, with a photo of each; returns the event id."""
    number = tell.number("复查")
    after = {each.id: photo(tell, f"复查{each.place}", "A15") for each in hazards}
    opinion = {"corrected": "已整改，符合要求", "partly_corrected": "部分整改", "not_corrected": "未整改"}[outcome]
    return tell.field(
        "reinspection.concluded.v1",
        {
            "document_no": number, "officers": list(tell.team.officers), "reinspected_on": tell.today(),
            "results": [
                {
                    "hazard_id": each.id, "outcome": outcome, "opinion": opinion,
                    "before_ids": [each.photo], "after_ids": [after[each.id]],
                }
                for each in hazards
            ],
            "evidence_ids": list(after.values()), "task_id": tell.task, "enterprise_id": tell.enterprise.id,
            "signer": "主要负责人",
        },
        minutes=15, private={"signer_name": "赵某某"},
    )  # fmt: skip


def close(tell: Teller, hazards: Sequence[Found], basis: bytes, **more: Any) -> None:
    """A16: hazards are closed by another officer than the one who found them."""
    for each in hazards:
        tell.office(
            "hazard.closed.v1",
            {
                "hazard_id": each.id, "basis_event": basis, "verifier": tell.team.officers[1],
                "enterprise_id": tell.enterprise.id, "closed_on": tell.today(), **more,
            },
            by=tell.team.officers[1],
        )  # fmt: skip


def conclude(tell: Teller, outcome: str, **more: Any) -> None:
    """A19: the result is told and the task concluded."""
    tell.field(
        "inspection_result.told.v1",
        {
            "task_id": tell.task, "document_no": tell.number("检告"), "told_on": tell.today(), "method": "on_site",
            "content": "检查结果已告知被检查单位。", "recipient": "主要负责人",
        },
        private={"recipient_name": "赵某某"},
    )  # fmt: skip
    tell.office(
        "task.concluded.v1", {"task_id": tell.task, "outcome": outcome, "concluded_on": tell.today(), **more},
        by=tell.team.officers[0], minutes=60,
    )  # fmt: skip
