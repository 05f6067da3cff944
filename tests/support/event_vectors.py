"""Known answers for event bodies: for each type a full and a smallest good body, and bodies wrong in one named way.

`render` makes the files below tests/vectors/events; run `python -m tests.support.event_vectors` to write them. They are
encoded by the terminal side's codec, so that they also hold the two codecs together. In JSON a binary is {"$bin": hex}.
All persons, enterprises and numbers are invented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import canonical
from schemas.events import REGISTRY, EventType, body_json
from tests.support import case_vectors, office_vectors, site_vectors
from tests.support.vector_parts import (
    CASE,
    EVIDENCE,
    HAZARD,
    OFFICERS,
    T0,
    TASK,
    TERMINAL,
    USCC,
    Body,
    Damage,
    digest,
    put,
    uid,
    without,
)

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "events"

OFFICE: Final = frozenset(
    (
        *case_vectors.OFFICE,
        *office_vectors.OFFICE,
        *site_vectors.OFFICE,
        "case.closed.v1",
        "case.filed.v1",
        "legal_review.concluded.v1",
        "penalty.decided.v1",
        "task.assigned.v1",
        "terminal.enrolled.v1",
        "terminal.fork_resolved.v1",
        "terminal.held.v1",
        "terminal.released.v1",
        "terminal.revoked.v1",
    )
)
"""Types that the office alone can bring about; a terminal can only claim them."""

FULL: Final[Mapping[str, Body]] = {
    **case_vectors.FULL,
    **office_vectors.FULL,
    **site_vectors.FULL,
    "terminal.enrolled.v1": {
        "authority": "210500",
        "event_key": digest("event key"),
        "genesis": digest("genesis"),
        "info": {"app": "1.0.0", "model": "handheld", "sensors": ["gnss", "camera"]},
        "replaces": uid(6),
        "request_key": digest("request key"),
        "terminal": TERMINAL,
    },
    "terminal.revoked.v1": {"declared": 412, "reason": "遗失", "terminal": TERMINAL},
    "terminal.held.v1": {"reason": "定位与现场不符", "terminal": TERMINAL},
    "terminal.released.v1": {"reason": "核对无误", "terminal": TERMINAL},
    "terminal.fork_resolved.v1": {"branch": digest("branch"), "terminal": TERMINAL},
    "terminal.clock_checked.v1": {
        "battery_percent": 87,
        "checked_at": T0,
        "free_storage": 21474836480,
        "method": "server",
        "note": "出发前检查",
        "offset_ms": -1500,
    },
    "terminal.record_lost.v1": {
        "hash": digest("envelope"),
        "limit": 60_000,
        "note": "照片误存入记录正文",
        "seq": 3,
        "size": 70_213,
        "type": "evidence.captured.v1",
    },
    "task.assigned.v1": {
        "basis_event": uid(20),
        "campaign": "岁末年初专项行动",
        "checklist": ["培训", "消防通道"],
        "draw_id": uid(21),
        "from_on": "2026-01-01",
        "kind": "key",
        "partners": ["210502"],
        "plan_id": uid(22),
        "tip_id": uid(23),
        "to_on": "2026-01-31",
        "trigger": "举报转办",
        "visit_number": 1,
        "enterprise_id": USCC,
        "lead_agency": "210500",
        "notice_no": "（辽本）应急检通〔2026〕1号",
        "officers": OFFICERS,
        "plan_item_id": uid(7),
        "scheme": {"approved_at": T0, "approver": "officer-0002", "content": "用电安全、消防通道"},
        "source": "plan",
        "task_id": TASK,
        "unannounced": False,
        "urgent": False,
    },
    "site.entered.v1": {
        "evidence_ids": [EVIDENCE],
        "arrival": T0,
        "note": "进入现场",
        "officers_present": OFFICERS,
        "outcome": "entered",
        "person_met": "安全管理员",
        "person_met_name": digest("name of the person met"),
        "place": "一号车间北门",
        "scan_code": "QY-0001",
        "task_id": TASK,
    },
    "credentials.shown.v1": {
        "acknowledged_by": "安全管理员",
        "acknowledged_name": digest("name of the person who acknowledged"),
        "certificates": ["E21050017", "E21050023"],
        "recusal_asked": False,
        "rights_told": ["申请回避", "陈述申辩"],
        "task_id": TASK,
    },
    "recording.captured.v1": {
        "break_reason": "更换电池",
        "case_id": CASE,
        "device": "记录仪 12",
        "officers": OFFICERS,
        "place": "一号车间",
        "retention_class": "永久",
        "task_id": TASK,
        "told": True,
        "end": T0 + 600_000,
        "media_type": "video/mp4",
        "prev_segment_hash": digest("segment 1"),
        "segment_id": uid(8),
        "sha256": digest("segment 2"),
        "size": 48_000_000,
        "start": T0,
        "step_code": "A7",
        "storage_ref": "采集站 3",
    },
    "evidence.captured.v1": {
        "appraisal_id": uid(24),
        "case_id": CASE,
        "derived_from": digest("original file"),
        "file_time": T0,
        "file_tool": "camera 3.1",
        "looks_like": "c3d4e5f60718293a",
        "place": "一号车间",
        "task_id": TASK,
        "captured_by": "officer-0017",
        "chain_of_custody": [{"action": "现场提取", "at": T0, "officer": "officer-0017"}],
        "description": "配电箱无防护",
        "evidence_id": EVIDENCE,
        "kind": "photo",
        "original": True,
        "sha256": digest("photo"),
        "step_code": "A8",
        "witness": "班组长",
        "witness_id": digest("id number of the witness"),
    },
    "hazard.found.v1": {
        "enterprise_id": USCC,
        "found_on": "2026-01-01",
        "reported_to_workers": True,
        "responsible": "enterprise",
        "task_id": TASK,
        "clause": "安全生产法 36",
        "code": "DQ-07",
        "description": "配电箱无防护，线路裸露",
        "evidence_ids": [EVIDENCE],
        "grade": "general",
        "hazard_id": HAZARD,
        "location": "一号车间东侧",
        "mandatory_penalty": False,
        "origin": "inspection",
    },
    "inspection_record.signed.v1": {
        "checked": [{"item": "培训", "result": "fine"}],
        "ended_at": T0 + 7_200_000,
        "enterprise_id": USCC,
        "started_at": T0,
        "text_hash": digest("text of the record"),
        "acting_capacity": {
            "entrusting_agency": "辽宁省本溪市应急管理局",
            "entrustment_id": "（辽本）应急委〔2026〕1号",
            "kind": "entrusted",
            "valid_from": "2026-01-01",
            "valid_to": "2026-12-31",
        },
        "actors": [
            {
                "certificate_no": "E21050017",
                "officer": "officer-0017",
                "role": "lead",
                "signature_ref": digest("signature of officer-0017"),
            },
            {"officer": "helper-0003", "role": "auxiliary"},
        ],
        "backfill": {"approver": "officer-0002", "reason": "井下无信号，出井后补录"},
        "content": "检查用电安全和消防通道",
        "document_hash": digest("record"),
        "document_no": "（辽本）应急检记〔2026〕1号",
        "handling": ["责令限期整改"],
        "import": {"reference": "2025-000017", "system": "旧执法系统"},
        "network": "offline",
        "note": "共三页",
        "place": "一号车间",
        "problems": [{"hazard_id": HAZARD, "text": "配电箱无防护"}],
        "refused": {"reason": "负责人称须请示", "witness": "社区工作人员"},
        "reported_to_agency": T0 + 3_600_000,
        "ruleset_refs": [{"id": "recording-210500", "version": "2026-1"}],
        "signer": "车间主任",
        "signer_name": digest("name of the signer"),
        "task_id": TASK,
        "time": T0,
    },
    "rectification.ordered.v1": {
        "enterprise_id": USCC,
        "task_id": TASK,
        "deadline": "2026-01-15",
        "document_hash": digest("order"),
        "document_no": "（辽本）应急责改〔2026〕1号",
        "hazard_ids": [HAZARD],
        "ordered_on": "2026-01-01",
        "remedies_told": True,
    },
    "rectification.reported.v1": {
        "content": "已更换配电箱",
        "evidence_ids": [uid(9)],
        "extension_decision": {"approver": "officer-0002", "deadline": "2026-01-31", "granted": True},
        "extension_requested": "2026-01-31",
        "hazard_ids": [HAZARD],
    },
    "reinspection.concluded.v1": {
        "applied_on": "2026-01-12",
        "enterprise_id": USCC,
        "signer": "安全管理员",
        "signer_name": digest("name of the signer"),
        "task_id": TASK,
        "document_no": "（辽本）应急复查〔2026〕1号",
        "evidence_ids": [uid(10)],
        "officers": OFFICERS,
        "reinspected_on": "2026-01-16",
        "results": [
            {
                "hazard_id": HAZARD,
                "after_ids": [uid(25)],
                "before_ids": [EVIDENCE],
                "opinion": "已按要求整改",
                "outcome": "corrected",
            }
        ],
    },
    "hazard.closed.v1": {
        "after_ids": [uid(25)],
        "before_ids": [EVIDENCE],
        "closed_on": "2026-01-16",
        "enterprise_id": USCC,
        "on_the_spot": False,
        "task_id": TASK,
        "approver": "officer-0002",
        "basis_event": uid(11),
        "hazard_id": HAZARD,
        "verifier": "officer-0017",
    },
    "case.filed.v1": {
        "complex": True,
        "deaths": 0,
        "harmful": False,
        "hazard_ids": [HAZARD],
        "injured": 1,
        "item_code": "210500-CF-0036",
        "loss_fen": 30_000_000,
        "serious": False,
        "suspected_crime": False,
        "task_id": TASK,
        "tip_id": uid(100),
        "urgent": False,
        "violation_ended_on": "2026-01-02",
        "violation_id": uid(14),
        "approver": "officer-0002",
        "case_id": CASE,
        "cause": "未对安全设备进行经常性维护",
        "document_no": "（辽本）应急立〔2026〕1号",
        "filed_on": "2026-01-05",
        "found_on": "2026-01-01",
        "handlers": OFFICERS,
        "party": {
            "id": USCC,
            "name": "示例制造有限公司",
            "person_id": digest("id number of the person"),
            "person_name": digest("name of the person"),
            "type": "organisation",
        },
        "recusals": [{"decided_by": "officer-0002", "granted": False, "officer": "officer-0023"}],
        "source": "inspection",
        "suspected_clauses": ["安全生产法 36"],
        "violation_on": "2026-01-01",
    },
    "investigation.concluded.v1": {
        "complex": True,
        "concluded_on": "2026-01-18",
        "document_no": "（辽本）应急处呈〔2026〕1号",
        "serious": False,
        "case_id": CASE,
        "evidence_ids": [EVIDENCE],
        "facts_hash": digest("facts"),
        "handlers": OFFICERS,
        "head_opinion": "同意",
        "proposal": "penalise",
        "proposal_text": "建议罚款二万元",
    },
    "penalty_notice.served.v1": {
        "defence_until": "2026-01-23",
        "draft_id": uid(15),
        "facts": "未对安全设备进行经常性维护",
        "hearing_right_told": True,
        "bases": ["安全生产法 99"],
        "case_id": CASE,
        "document_no": "（辽本）应急告〔2026〕1号",
        "draft_hash": digest("notice"),
        "intended": [{"amount_fen": 2_000_000, "kind": "P03"}],
        "kind": "penalty",
        "method": "direct",
        "served_on": "2026-01-20",
    },
    "defence.recorded.v1": {
        "document_no": "（辽本）应急申辩〔2026〕1号",
        "hearing_waived": False,
        "waived_document": digest("waiver"),
        "adopted": "rejected",
        "case_id": CASE,
        "content_hash": digest("defence"),
        "recorded_on": "2026-01-22",
        "review_result": "事实清楚",
        "signature": digest("signature image"),
        "waived": False,
    },
    "legal_review.concluded.v1": {
        "assisted_by": ["adviser-0001"],
        "case_id": CASE,
        "catalogue_version": "2025-1",
        "concluded_at": T0 + 86_400_000,
        "corrections": [{"event": uid(121), "field": "$.start", "text": "请核对起始时间"}],
        "draft_hash": digest("draft"),
        "items": [
            {"answer": "pass", "item": "body_competent"},
            {"answer": "problem", "item": "documents_complete", "text": "缺送达回证"},
        ],
        "opinion": "同意",
        "outcome": "passed",
        "requested_at": T0,
        "review_id": uid(12),
        "reviewer": "officer-0031",
        "unit": "法规科",
    },
    "penalty.decided.v1": {
        "discussion": uid(16),
        "draft_id": uid(15),
        "hearing": uid(17),
        "item_code": "210500-CF-0036",
        "party_present": True,
        "pay_by": "2026-02-19",
        "review_id": uid(12),
        "signed_by": "officer-0002",
        "violation_id": uid(14),
        "bases": ["安全生产法 99"],
        "benchmark": {
            "high_fen": 3_000_000,
            "id": "BM-36",
            "low_fen": 1_000_000,
            "tier": "一档",
            "version": "2025",
        },
        "case_id": CASE,
        "decided_on": "2026-02-02",
        "document_no": "（辽本）应急罚〔2026〕1号",
        "draft_hash": digest("draft"),
        "facts": "未对安全设备进行经常性维护",
        "outside_reason": "主动消除危害后果",
        "penalties": [
            {"amount_fen": 2_000_000, "kind": "P03"},
            {"kind": "P06", "object": "许可证", "until": "2026-03-01"},
        ],
        "remedies_text": "六十日内申请行政复议，六个月内提起诉讼",
        "seal_ref": "seal-1",
    },
    "document.served.v1": {
        "announced_on_spot": False,
        "case_id": CASE,
        "notice_reason": "下落不明",
        "refused": True,
        "task_id": TASK,
        "tracking_no": "XA00000001",
        "video_segment_id": uid(8),
        "document_hash": digest("decision"),
        "document_no": "（辽本）应急罚〔2026〕1号",
        "electronic_consent": False,
        "method": "left",
        "place": "单位门卫室",
        "recipient": "门卫",
        "recipient_name": digest("name of the recipient"),
        "served_on": "2026-02-04",
        "video_evidence_ids": [uid(13)],
        "witness": "社区工作人员",
    },
    "fine_payment.recorded.v1": {
        "payer": "示例贸易有限公司",
        "towards": "fine",
        "amount_fen": 2_000_000,
        "case_id": CASE,
        "channel": "bank",
        "document_no": "（辽本）应急罚〔2026〕1号",
        "instalment": 1,
        "paid_on": "2026-02-10",
        "ticket_no": "T-000001",
    },
    "case.closed.v1": {
        "correction_verified": True,
        "reason": "罚款已缴纳，违法行为已改正",
        "all_fulfilled": True,
        "approver": "officer-0002",
        "case_id": CASE,
        "closed_on": "2026-02-20",
        "document_no": "（辽本）应急结〔2026〕1号",
        "ground": "executed",
    },
}
"""A body with every field of its class."""

BAD: Final[Mapping[str, Mapping[str, tuple[str, Damage]]]] = {
    **case_vectors.BAD,
    **office_vectors.BAD,
    **site_vectors.BAD,
    "terminal.enrolled.v1": {
        "key_of_31_bytes": ("$.event_key", put(bytes(31), "event_key")),
        "float_in_info": ("$", put(1.5, "info", "app")),
    },
    "terminal.revoked.v1": {
        "negative_declared": ("$.declared", put(-1, "declared")),
        "terminal_as_text": ("$.terminal", put("019b77b0-0000-7000-8000-000000000005", "terminal")),
    },
    "terminal.held.v1": {
        "reason_missing": ("$", without("reason")),
        "terminal_as_text": ("$.terminal", put("019b77b0-0000-7000-8000-000000000005", "terminal")),
    },
    "terminal.released.v1": {
        "reason_missing": ("$", without("reason")),
        "reason_of_501_characters": ("$.reason", put("字" * 501, "reason")),
    },
    "terminal.fork_resolved.v1": {
        "branch_of_another_word": ("$", put("first", "branch")),
        "branch_of_16_bytes": ("$", put(bytes(16), "branch")),
    },
    "terminal.clock_checked.v1": {
        "offset_as_float": ("$.offset_ms", put(1.0, "offset_ms")),
        "battery_of_101_percent": ("$.battery_percent", put(101, "battery_percent")),
    },
    "terminal.record_lost.v1": {
        "seq_of_nothing": ("$.seq", put(0, "seq")),
        "type_without_version": ("$.type", put("evidence.captured", "type")),
    },
    "task.assigned.v1": {
        "officers_empty": ("$.officers", put([], "officers")),
        "source_unknown": ("$.source", put("rumour", "source")),
    },
    "site.entered.v1": {
        "arrival_as_text": ("$.arrival", put("2026-01-01T09:00:00+08:00", "arrival")),
        "name_in_the_clear": ("$.person_met_name", put("张三", "person_met_name")),
    },
    "credentials.shown.v1": {
        "certificate_of_31_characters": ("$.certificates[0]", put("E" * 31, "certificates", 0)),
        "recusal_as_number": ("$.recusal_asked", put(0, "recusal_asked")),
    },
    "recording.captured.v1": {
        "digest_as_hex": ("$.sha256", put(digest("segment 2").hex(), "sha256")),
        "step_code_with_spaces": ("$.step_code", put("A 7", "step_code")),
    },
    "evidence.captured.v1": {
        "kind_unknown": ("$.kind", put("rumour", "kind")),
        "custody_without_officer": ("$.chain_of_custody[0]", without("chain_of_custody", 0, "officer")),
    },
    "hazard.found.v1": {
        "grade_missing": ("$", without("grade")),
        "description_a_number": ("$.description", put(7, "description")),
    },
    "inspection_record.signed.v1": {
        "refusal_without_reason": ("$.refused", without("refused", "reason")),
        "time_beyond_2_to_53": ("$.time", put(2**53, "time")),
        "role_unknown": ("$.actors[0].role", put("chief", "actors", 0, "role")),
        "network_unknown": ("$.network", put("flaky", "network")),
        "import_without_reference": ("$.import", without("import", "reference")),
        "capacity_unknown": ("$.acting_capacity.kind", put("borrowed", "acting_capacity", "kind")),
    },
    "rectification.ordered.v1": {
        "deadline_that_does_not_exist": ("$.deadline", put("2026-02-30", "deadline")),
        "hazard_id_of_15_bytes": ("$.hazard_ids[0]", put(bytes(15), "hazard_ids", 0)),
    },
    "rectification.reported.v1": {
        "evidence_ids_empty": ("$.evidence_ids", put([], "evidence_ids")),
        "granted_missing": ("$.extension_decision", without("extension_decision", "granted")),
    },
    "reinspection.concluded.v1": {
        "results_missing": ("$", without("results")),
        "outcome_unknown": ("$.results[0].outcome", put("fine", "results", 0, "outcome")),
    },
    "hazard.closed.v1": {
        "verifier_empty": ("$.verifier", put("", "verifier")),
        "hazard_id_missing": ("$", without("hazard_id")),
    },
    "case.filed.v1": {
        "handlers_of_17": ("$.handlers", put([f"officer-{n:04}" for n in range(17)], "handlers")),
        "id_number_in_the_clear": ("$.party.person_id", put("11010519491231002X", "party", "person_id")),
    },
    "investigation.concluded.v1": {
        "proposal_unknown": ("$.proposal", put("wait", "proposal")),
        "facts_hash_of_20_bytes": ("$.facts_hash", put(bytes(20), "facts_hash")),
    },
    "penalty_notice.served.v1": {
        "fine_as_float": ("$.intended[0].amount_fen", put(20000.5, "intended", 0, "amount_fen")),
        "served_on_as_instant": ("$.served_on", put(T0, "served_on")),
    },
    "defence.recorded.v1": {
        "waived_missing": ("$", without("waived")),
        "adopted_as_nil": ("$.adopted", put(None, "adopted")),
    },
    "legal_review.concluded.v1": {
        "outcome_of_another_language": ("$.outcome", put("同意", "outcome")),
        "items_of_11": ("$.items", put([{"answer": "pass", "item": "facts_clear"}] * 11, "items")),
    },
    "penalty.decided.v1": {
        "kind_unknown": ("$.penalties[0].kind", put("P14", "penalties", 0, "kind")),
        "fine_negative": ("$.penalties[0].amount_fen", put(-1, "penalties", 0, "amount_fen")),
    },
    "document.served.v1": {
        "method_unknown": ("$.method", put("telepathy", "method")),
        "date_with_time": ("$.served_on", put("2026-02-04T00:00:00", "served_on")),
    },
    "fine_payment.recorded.v1": {
        "amount_as_text": ("$.amount_fen", put("20000元", "amount_fen")),
        "date_with_slashes": ("$.paid_on", put("2026/02/10", "paid_on")),
    },
    "case.closed.v1": {
        "ground_missing": ("$", without("ground")),
        "all_fulfilled_as_text": ("$.all_fulfilled", put("yes", "all_fulfilled")),
    },
}
"""Per type: name of the fault -> (path that the refusal names, how the full body is damaged)."""


def smallest(name: str) -> Body:
    """The full body without its optional fields."""
    required = {field.name for field in msgspec.structs.fields(REGISTRY[name].body) if field.required}
    return {key: value for key, value in FULL[name].items() if key in required}


def damaged(name: str, fault: str) -> Body:
    body: Body = _copy(FULL[name])
    BAD[name][fault][1](body)
    return body


def render() -> dict[str, bytes]:
    """File name -> content."""
    files: dict[str, bytes] = {}
    for name, kind in REGISTRY.items():
        vector = {
            "type": name,
            "good": [_good(kind, "full", FULL[name]), _good(kind, "smallest", smallest(name))],
            "bad": [
                {"name": fault, "path": path, "hex": _loose(damaged(name, fault)).hex()}
                for fault, (path, _) in BAD[name].items()
            ],
        }
        files[f"{name}.json"] = (json.dumps(vector, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    return files


def _good(kind: EventType, name: str, body: Body) -> Body:
    data = canonical.encode(body)
    read = kind.decode(data)
    commitments = [commitment.hex() for commitment in kind.commitments(read)]
    return {"name": name, "body": _shown(body), "hex": data.hex(), "json": body_json(read), "commitments": commitments}


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bin": value.hex()}
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _loose(value: Body) -> bytes:
    """Sorted MessagePack that may hold nil and floats, which the canonical codec would not write."""
    return msgspec.msgpack.Encoder(order="sorted").encode(value)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, content in render().items():
        (FOLDER / file).write_bytes(content)
