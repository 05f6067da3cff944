"""Known bodies of inspections, hazards and what surrounds them on the site (E07, E12 to E25).

Read by `event_vectors`, which makes the files of known answers of them. All persons and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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

OFFICE: Final = frozenset(
    (
        "major_hazard.delisted.v1",
        "major_hazard.listed.v1",
        "rectification.extension_decided.v1",
        "task.approved.v1",
        "task.cancelled.v1",
        "task.officers_changed.v1",
    )
)
"""Types of these that the office alone can bring about."""

FULL: Final[Mapping[str, Body]] = {
    "terminal.fault_reported.v1": {
        "case_id": CASE,
        "description": "存储已满，缺十分钟录像",
        "fault": "battery",
        "from_at": T0,
        "task_id": TASK,
        "terminal": TERMINAL,
        "until_at": T0,
        "witness": "纪检人员",
    },
    "no_device_zone.declared.v1": {
        "approver": "officer-0002",
        "enterprise_id": USCC,
        "form_hashes": [digest("form hashes")],
        "from_at": T0,
        "reason": "按规定办理",
        "task_id": TASK,
        "until_at": T0,
        "zone": "井下防爆区域",
    },
    "task.approved.v1": {
        "afterwards": True,
        "approved_at": T0,
        "approver": "officer-0002",
        "opinion": "同意",
        "scheme_hash": digest("scheme hash"),
        "task_id": TASK,
    },
    "task.cancelled.v1": {"approver": "officer-0002", "plan_item_id": uid(41), "reason": "按规定办理", "task_id": TASK},
    "task.officers_changed.v1": {
        "approver": "officer-0002",
        "officers": OFFICERS,
        "reason": "按规定办理",
        "task_id": TASK,
    },
    "task.concluded.v1": {
        "case_id": CASE,
        "concluded_on": "2026-01-05",
        "evidence_ids": [EVIDENCE],
        "guidance": "指导完善制度",
        "no_entry_reason": "closed",
        "outcome": "case_filed",
        "task_id": TASK,
    },
    "inspection_result.told.v1": {
        "content": "指出问题并提出要求",
        "document_no": "（辽本）应急〔2026〕1号",
        "method": "collected",
        "recipient": "安全管理员",
        "recipient_name": digest("recipient name"),
        "task_id": TASK,
        "told_on": "2026-01-05",
    },
    "talk.held.v1": {
        "content": "指出问题并提出要求",
        "enterprise_id": USCC,
        "hazard_ids": [HAZARD],
        "held_on": "2026-01-05",
        "kind": "admonition",
        "person_met": "安全管理员",
        "person_met_name": digest("person met name"),
        "task_id": TASK,
    },
    "appraisal.commissioned.v1": {
        "appraisal_id": uid(42),
        "appraiser": "示例检测有限公司",
        "appraiser_licence": "JC-0001",
        "approver": "officer-0002",
        "case_id": CASE,
        "commissioned_on": "2026-01-05",
        "document_no": "（辽本）应急〔2026〕1号",
        "due_on": "2026-01-05",
        "evidence_ids": [EVIDENCE],
        "question": "设备是否符合标准",
        "task_id": TASK,
    },
    "appraisal.received.v1": {
        "appraisal_id": uid(43),
        "case_id": CASE,
        "conclusion": "不符合标准",
        "document_no": "（辽本）应急〔2026〕1号",
        "received_on": "2026-01-05",
        "remark": "作为认定依据",
        "report_hash": digest("report hash"),
        "task_id": TASK,
        "told_party_on": "2026-01-05",
    },
    "interview.recorded.v1": {
        "case_id": CASE,
        "certificates": ["E21050017", "E21050023"],
        "document_no": "（辽本）应急〔2026〕1号",
        "end": T0 + 3_600_000,
        "interview_id": uid(44),
        "interviewee": {
            "health": digest("health"),
            "home_address": digest("home address"),
            "kind": "other",
            "person_id": digest("person id"),
            "person_name": digest("person name"),
            "phone": digest("phone"),
            "role": "安全管理员",
        },
        "interviewers": OFFICERS,
        "place": "一号车间",
        "recorder": "officer-0023",
        "refused": {"reason": "按规定办理", "witness": "纪检人员"},
        "rights_told": ["申请回避"],
        "segment_ids": [uid(45)],
        "signatures": [{"image_hash": digest("image hash"), "officer": "officer-0017", "signer": "interviewee"}],
        "start": T0,
        "summary": "承认配电箱无防护",
        "task_id": TASK,
        "text_hash": digest("text hash"),
    },
    "on_site_measure.ordered.v1": {
        "approved_at": T0,
        "approver": "officer-0002",
        "document_hash": digest("document hash"),
        "document_no": "（辽本）应急〔2026〕1号",
        "enterprise_id": USCC,
        "hazard_ids": [HAZARD],
        "measure_id": uid(46),
        "measures": [{"kind": "evacuate", "object": "三号冲压机"}],
        "ordered_at": T0,
        "task_id": TASK,
        "until": "2026-12-31",
    },
    "on_site_measure.lifted.v1": {
        "applied_on": "2026-01-05",
        "approver": "officer-0002",
        "document_no": "（辽本）应急〔2026〕1号",
        "enterprise_id": USCC,
        "examined_on": "2026-01-05",
        "hazard_ids": [HAZARD],
        "measure_id": uid(47),
        "opinion": "同意",
        "outcome": "kept",
    },
    "rectification.extension_decided.v1": {
        "approver": "officer-0002",
        "deadline": "2026-03-31",
        "decided_on": "2026-01-05",
        "document_no": "（辽本）应急〔2026〕1号",
        "granted": True,
        "hazard_ids": [HAZARD],
        "order_no": "（辽本）应急责改〔2026〕1号",
        "reason": "按规定办理",
        "requested_on": "2026-01-05",
    },
    "major_hazard.listed.v1": {
        "approver": "officer-0002",
        "deadline": "2026-03-31",
        "document_no": "（辽本）应急〔2026〕1号",
        "enterprise_id": USCC,
        "hazard_id": HAZARD,
        "level": "county",
        "listed_on": "2026-01-05",
        "responsible": "示例制造有限公司",
        "supervisor": "本溪市应急管理局",
    },
    "major_hazard.delisted.v1": {
        "basis_event": uid(48),
        "delist_approver": "本溪市应急管理局",
        "delisted_on": "2026-01-05",
        "document_no": "（辽本）应急〔2026〕1号",
        "enterprise_id": USCC,
        "hazard_id": HAZARD,
        "level": "county",
        "remark": "作为认定依据",
    },
}
"""A body with every field of its class."""

BAD: Final[Mapping[str, Mapping[str, tuple[str, Damage]]]] = {
    "terminal.fault_reported.v1": {
        "description_missing": ("$", without("description")),
        "fault_unknown": ("$.fault", put("rumour", "fault")),
    },
    "no_device_zone.declared.v1": {
        "reason_missing": ("$", without("reason")),
        "task_id_of_15_bytes": ("$.task_id", put(bytes(15), "task_id")),
    },
    "task.approved.v1": {
        "approved_at_missing": ("$", without("approved_at")),
        "task_id_of_15_bytes": ("$.task_id", put(bytes(15), "task_id")),
    },
    "task.cancelled.v1": {
        "approver_missing": ("$", without("approver")),
        "task_id_of_15_bytes": ("$.task_id", put(bytes(15), "task_id")),
    },
    "task.officers_changed.v1": {
        "approver_missing": ("$", without("approver")),
        "task_id_of_15_bytes": ("$.task_id", put(bytes(15), "task_id")),
    },
    "task.concluded.v1": {
        "outcome_missing": ("$", without("outcome")),
        "outcome_unknown": ("$.outcome", put("rumour", "outcome")),
        "concluded_on_that_does_not_exist": ("$.concluded_on", put("2026-02-30", "concluded_on")),
    },
    "inspection_result.told.v1": {
        "content_missing": ("$", without("content")),
        "method_unknown": ("$.method", put("rumour", "method")),
        "recipient_name_in_the_clear": ("$.recipient_name", put("张三", "recipient_name")),
        "told_on_that_does_not_exist": ("$.told_on", put("2026-02-30", "told_on")),
    },
    "talk.held.v1": {
        "content_missing": ("$", without("content")),
        "kind_unknown": ("$.kind", put("rumour", "kind")),
        "person_met_name_in_the_clear": ("$.person_met_name", put("张三", "person_met_name")),
        "held_on_that_does_not_exist": ("$.held_on", put("2026-02-30", "held_on")),
    },
    "appraisal.commissioned.v1": {
        "commissioned_on_missing": ("$", without("commissioned_on")),
        "commissioned_on_that_does_not_exist": ("$.commissioned_on", put("2026-02-30", "commissioned_on")),
    },
    "appraisal.received.v1": {
        "conclusion_missing": ("$", without("conclusion")),
        "received_on_that_does_not_exist": ("$.received_on", put("2026-02-30", "received_on")),
    },
    "interview.recorded.v1": {
        "text_hash_missing": ("$", without("text_hash")),
        "interview_id_of_15_bytes": ("$.interview_id", put(bytes(15), "interview_id")),
    },
    "on_site_measure.ordered.v1": {
        "measures_missing": ("$", without("measures")),
        "until_that_does_not_exist": ("$.until", put("2026-02-30", "until")),
    },
    "on_site_measure.lifted.v1": {
        "outcome_missing": ("$", without("outcome")),
        "outcome_unknown": ("$.outcome", put("rumour", "outcome")),
        "applied_on_that_does_not_exist": ("$.applied_on", put("2026-02-30", "applied_on")),
    },
    "rectification.extension_decided.v1": {
        "approver_missing": ("$", without("approver")),
        "requested_on_that_does_not_exist": ("$.requested_on", put("2026-02-30", "requested_on")),
    },
    "major_hazard.listed.v1": {
        "approver_missing": ("$", without("approver")),
        "level_unknown": ("$.level", put("rumour", "level")),
        "listed_on_that_does_not_exist": ("$.listed_on", put("2026-02-30", "listed_on")),
    },
    "major_hazard.delisted.v1": {
        "delist_approver_missing": ("$", without("delist_approver")),
        "level_unknown": ("$.level", put("rumour", "level")),
        "delisted_on_that_does_not_exist": ("$.delisted_on", put("2026-02-30", "delisted_on")),
    },
}
"""Per type: name of the fault -> (path that the refusal names, how the full body is damaged)."""
