"""What the process consists of, and which event carries each part: steps, deadlines and their pauses.

Steps are those of inspection (A), of a penalty case (B), of the simple procedure (S), of criminal referral (T) and of
accidents (Q); deadlines (DL) name what starts, ends and pauses them. Invariant: nothing here is without an event, and
every field that is named exists in the class of its event (held by a test; docs/process.md is made of this).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANY: Final = "*"
"""In place of an event type: any event that is recorded."""

ENVELOPE: Final = frozenset(
    ("@about", "@at", "@blobs", "@by", "@clock", "@loc", "@occurred", "@prev", "@received", "@seq", "@terminal")
)
"""Names of what stands around a body: in the envelope of the terminal or in the entry of the log."""


@dataclass(frozen=True, slots=True)
class Use:
    """One event type that carries a part of the process, and the fields that say it. "@by" is of the envelope."""

    event: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A step, a deadline, a pause or an input of a rule: its code, its name in both languages, its events."""

    code: str
    zh: str
    en: str
    uses: tuple[Use, ...]


def use(event: str, *fields: str) -> Use:
    """An event type with the fields that matter here."""
    return Use(event, fields)


def part(code: str, zh: str, en: str, *uses: Use) -> Part:
    """One line of a table."""
    return Part(code, zh, en, uses)


INSPECTION: Final = (
    part(
        "A1",
        "年度监督检查计划",
        "Annual plan",
        use("plan.drafted.v1", "draft_id", "figures", "items", "left_out", "file"),
        use("plan_draft.changed.v1", "changes", "left_out"),
        use("enterprise.assessed.v1", "criterion", "holds", "reason"),
        use("plan.approved.v1", "plan_id", "items", "days", "left_out", "approver", "approved_on"),
        use("plan.filed.v1", "filed_with", "filed_on"),
        use("plan_revision.decided.v1", "changes", "decided_on"),
        use("plan_revision.approved.v1", "approved_on"),
        use("plan.closed.v1", "unfinished", "closed_on"),
    ),
    part(
        "A2",
        "双随机抽取",
        "Random selection",
        use("random_selection.announced.v1", "object_pool_hash", "officer_pool_hash", "commitment", "draws_on"),
        use("random_selection.prepared.v1", "public", "recused", "prepared_by"),
        use("random_selection.cancelled.v1", "reason"),
        use("random_selection.drawn.v1", "object_pool_hash", "seed", "drawn_objects", "drawn_officers", "recusals"),
        use("random_selection.revealed.v1", "secret", "public", "teams", "recused"),
    ),
    part(
        "A3",
        "下达任务、批准方案",
        "Assignment and approval",
        use("task.assigned.v1", "source", "officers", "scheme", "plan_item_id", "lead_agency", "partners"),
        use("task.approved.v1", "approver", "approved_at"),
        use("task.officers_changed.v1", "officers", "reason"),
        use("task.cancelled.v1", "reason", "approver"),
    ),
    part(
        "A4",
        "检查通知",
        "Notice",
        use("task.assigned.v1", "notice_no", "unannounced", "visit_number"),
        use("document.served.v1", "document_no", "served_on"),
    ),
    part(
        "A5",
        "进入现场",
        "Entry",
        use("site.entered.v1", "officers_present", "arrival", "scan_code", "outcome", "@loc"),
        use("terminal.clock_checked.v1", "offset_ms", "battery_percent"),
        use("no_device_zone.declared.v1", "from_at", "until_at"),
    ),
    part(
        "A6",
        "出示证件、告知权利",
        "Certificates shown, rights told",
        use("credentials.shown.v1", "certificates", "rights_told", "recusal_asked"),
    ),
    part(
        "A7",
        "音像记录",
        "Recording",
        use("recording.captured.v1", "step_code", "start", "end", "sha256", "prev_segment_hash"),
        use("terminal.fault_reported.v1", "fault", "from_at", "until_at"),
    ),
    part(
        "A8",
        "收集证据",
        "Evidence collected",
        use("evidence.captured.v1", "kind", "sha256", "chain_of_custody", "witness"),
        use("interview.recorded.v1", "interviewee", "interviewers", "signatures", "refused"),
    ),
    part("A9", "发现隐患", "Hazards found", use("hazard.found.v1", "grade", "clause", "code", "evidence_ids")),
    part(
        "A10",
        "现场检查记录签字",
        "Record signed",
        use("inspection_record.signed.v1", "time", "place", "content", "problems", "signer", "refused"),
    ),
    part(
        "A11",
        "现场处理措施",
        "Immediate measures",
        use("on_site_measure.ordered.v1", "measures", "hazard_ids", "until", "approver"),
        use("on_site_measure.lifted.v1", "examined_on", "outcome"),
    ),
    part(
        "A12",
        "责令限期整改",
        "Rectification ordered",
        use("rectification.ordered.v1", "hazard_ids", "deadline", "remedies_told"),
        use("document.served.v1", "document_no", "served_on"),
        use("major_hazard.listed.v1", "level", "deadline"),
    ),
    part(
        "A13",
        "查封扣押",
        "Sealing and seizure",
        use("compulsory_measure.imposed.v1", "kind", "items", "approver", "urgent", "ends_on", "list_delivered"),
        use("compulsory_measure.reported.v1", "reported_at", "approved"),
        use("compulsory_measure.extended.v1", "ends_on", "suspension_for_test"),
        use("compulsory_measure.ended.v1", "ground", "ended_on"),
    ),
    part(
        "A14",
        "整改情况报告",
        "Rectification reported",
        use("rectification.reported.v1", "hazard_ids", "evidence_ids", "extension_requested"),
        use("rectification.extension_decided.v1", "granted", "deadline"),
    ),
    part("A15", "整改复查", "Re-inspection", use("reinspection.concluded.v1", "results", "officers", "evidence_ids")),
    part(
        "A16",
        "隐患销号、摘牌",
        "Hazard closed, delisted",
        use("hazard.closed.v1", "basis_event", "verifier", "on_the_spot", "before_ids", "after_ids"),
        use("major_hazard.delisted.v1", "level", "basis_event", "delist_approver"),
    ),
    part(
        "A17",
        "逾期不改的处置",
        "What follows if nothing is corrected",
        use("case.filed.v1", "hazard_ids", "source"),
        use("daily_penalty.decided.v1", "original_no", "order_no", "from_on", "amount_fen"),
        use("power_cut.ordered.v1", "noticed_at", "starts_at", "principal"),
        use("power_cut.ended.v1", "ended_at"),
        use("closure.requested.v1", "ground", "penalty_nos", "government"),
        use("talk.held.v1", "kind", "held_on"),
    ),
    part(
        "A18",
        "移送其他机关",
        "Handed over to another agency",
        use("transfer.proposed.v1", "kind", "recipient"),
        use("transfer.decided.v1", "approved"),
        use("transfer.delivered.v1", "delivered_on", "receipt"),
    ),
    part(
        "A19",
        "告知检查结果、办结",
        "Result told, inspection concluded",
        use("inspection_result.told.v1", "told_on", "content"),
        use("task.concluded.v1", "outcome", "no_entry_reason"),
        use("disclosure.published.v1", "task_id", "feed", "published_on"),
    ),
)
"""Handbook 2.1."""

CASE: Final = (
    part(
        "B1",
        "案件线索",
        "Lead",
        use("tip.received.v1", "subject", "channel", "death_involved"),
        use("tip.assigned.v1", "route", "assigned_to"),
        use("tip.concluded.v1", "outcome", "replied_on"),
        use("inspection_record.signed.v1", "problems"),
        use("accident.reported.v1", "deaths"),
    ),
    part(
        "B2",
        "立案",
        "Filing",
        use("case.filed.v1", "filed_on", "handlers", "approver", "violation_on", "party"),
        use("case.not_filed.v1", "ground", "reason"),
    ),
    part(
        "B3",
        "回避",
        "Recusal",
        use("recusal.requested.v1", "officer", "requested_on"),
        use("recusal.decided.v1", "granted", "replaced_by"),
        use("case.handlers_changed.v1", "handlers"),
        use("interest.declared.v1", "officer_id", "relation"),
    ),
    part(
        "B4",
        "调查取证",
        "Investigation",
        use("interview.recorded.v1", "case_id", "interviewers", "start", "end"),
        use("evidence.captured.v1", "case_id", "kind"),
        use("appraisal.commissioned.v1", "appraiser", "commissioned_on"),
        use("appraisal.received.v1", "received_on", "conclusion"),
    ),
    part(
        "B5",
        "先行登记保存",
        "Evidence preserved",
        use("evidence_preservation.ordered.v1", "items", "approver", "ordered_on"),
        use("evidence_preservation.disposed.v1", "disposal", "disposed_on"),
    ),
    part(
        "B6",
        "调查终结",
        "Investigation concluded",
        use("investigation.concluded.v1", "facts_hash", "proposal", "handlers"),
        use("decision.drafted.v1", "draft_hash", "penalties", "benchmark"),
    ),
    part(
        "B7",
        "告知拟处罚",
        "Intended penalty told",
        use("penalty_notice.served.v1", "kind", "intended", "bases", "served_on"),
    ),
    part(
        "B8",
        "告知听证权利",
        "Hearing right told",
        use("penalty_notice.served.v1", "kind", "hearing_right_told", "served_on"),
    ),
    part(
        "B9",
        "陈述申辩",
        "Defence",
        use("defence.recorded.v1", "content_hash", "adopted", "review_result", "waived", "waived_document"),
    ),
    part(
        "B10",
        "听证",
        "Hearing",
        use("hearing.requested.v1", "requested_on"),
        use("hearing.withdrawn.v1", "withdrawn_on"),
        use("hearing_notice.served.v1", "served_on", "hearing_on"),
        use("hearing.held.v1", "chair", "held_on", "record_hash", "absent_waiver"),
    ),
    part(
        "B11",
        "法制审核",
        "Legal review",
        use("legal_review.requested.v1", "draft_hash", "requested_at"),
        use("legal_review.assigned.v1", "reviewer", "due_on"),
        use("legal_review.returned.v1", "missing", "corrections"),
        use("legal_review.withdrawn.v1", "reason"),
        use("legal_review.concluded.v1", "outcome", "draft_hash", "reviewer", "items"),
    ),
    part(
        "B12",
        "集体讨论",
        "Collective discussion",
        use("collective_discussion.held.v1", "members", "opinions", "vote", "principal_dissent_reason"),
    ),
    part(
        "B13",
        "处罚决定",
        "Decision",
        use("penalty.decided.v1", "penalties", "benchmark", "draft_hash", "decided_on"),
        use("case.no_penalty_decided.v1", "ground", "facts"),
        use("document_number.issued.v1", "document_no", "draft_hash"),
    ),
    part(
        "B14", "文书送达", "Service", use("document.served.v1", "method", "served_on", "witness", "video_evidence_ids")
    ),
    part(
        "B15",
        "公示",
        "Disclosure",
        use("disclosure.prepared.v1", "proposes", "withheld", "prepared_by"),
        use("disclosure.returned.v1", "reason", "returned_by"),
        use("disclosure.published.v1", "fields", "snapshot_hash", "published_on"),
        use("disclosure.corrected.v1", "corrected_on"),
        use("disclosure.withdrawn.v1", "withdrawn_on", "reason"),
        use("disclosure.expired.v1", "until", "expired_on"),
        use("disclosure.withheld.v1", "ground", "reason", "approver"),
    ),
    part(
        "B16",
        "罚款缴纳",
        "Payment",
        use("fine_payment.recorded.v1", "amount_fen", "paid_on", "ticket_no"),
        use("fine_deferral.requested.v1", "requested_on"),
        use("fine_deferral.decided.v1", "granted", "until", "instalments"),
    ),
    part("B17", "加处罚款", "Late fine", use("late_fine.decided.v1", "from_on", "to_on", "amount_fen", "waived_fen")),
    part(
        "B18",
        "复议、诉讼、变更",
        "Remedies and alteration",
        use("reconsideration.opened.v1", "applied_on", "stayed"),
        use("reconsideration.closed.v1", "outcome"),
        use("suit.opened.v1", "opened_on", "stayed"),
        use("suit.closed.v1", "outcome"),
        use("decision.altered.v1", "effect", "effective_on", "by"),
    ),
    part("B19", "催告", "Demand", use("enforcement_demand.served.v1", "served_on", "perform_by")),
    part(
        "B20",
        "申请法院强制执行",
        "Court enforcement",
        use("court_enforcement.applied.v1", "applied_on", "head_signed"),
        use("court_enforcement.ruled.v1", "accepted_on", "ruled_on", "outcome"),
    ),
    part("B21", "结案", "Closing", use("case.closed.v1", "ground", "all_fulfilled", "approver")),
    part("B22", "归档", "Archiving", use("case_file.archived.v1", "document_list", "volume_hashes", "retention")),
)
"""Handbook 2.2."""

SIDE: Final = (
    part("S1", "当场处罚条件", "Conditions", use("on_spot_penalty.decided.v1", "party", "kinds", "amount_fen")),
    part(
        "S2",
        "当场作出并交付",
        "Decided and handed over",
        use("on_spot_penalty.decided.v1", "document_no", "officers", "defence_heard", "delivered", "refused"),
    ),
    part(
        "S3",
        "决定书内容",
        "Contents",
        use("on_spot_penalty.decided.v1", "facts", "bases", "decided_at", "place", "amount_fen", "remedies_text"),
    ),
    part("S4", "告知先行复议", "Reconsideration first", use("on_spot_penalty.decided.v1", "remedies_text")),
    part("S5", "报机关备案", "Filed with the agency", use("on_spot_penalty.filed.v1", "filed_on")),
    part(
        "S6",
        "当场收缴及交款",
        "Cash taken and handed in",
        use("on_spot_penalty.decided.v1", "cash"),
        use("cash.deposited.v1", "step", "amount_fen", "deposited_on"),
    ),
    part("S7", "不得拆分处罚", "No splitting", use("on_spot_penalty.decided.v1", "violation_id", "party")),
    part("T1", "移送提出", "Referral proposed", use("transfer.proposed.v1", "suspicion", "team", "reported_on")),
    part(
        "T2",
        "移送决定",
        "Referral decided",
        use("transfer.decided.v1", "approved", "decided_at", "decided_by", "reason"),
    ),
    part("T3", "移送交付", "Referral delivered", use("transfer.delivered.v1", "delivered_at", "materials", "receipt")),
    part("T4", "受移送机关答复", "Answer", use("transfer.answered.v1", "outcome", "answered_on", "review_asked")),
    part(
        "Q1",
        "事故报告",
        "Accident reported",
        use("accident.reported.v1", "happened_at", "reported_at", "forwarded_at", "deaths", "kind"),
    ),
    part(
        "Q2", "事故调查报告批复", "Report approved", use("accident.report_approved.v1", "submitted_on", "approved_on")
    ),
    part("Q3", "整改评估公开", "Evaluation published", use("accident.evaluation_published.v1", "published_on")),
)
"""Handbook 2.3 and 2.4."""

REGISTERS: Final = (
    part(
        "R1",
        "人员与证件",
        "Officers and certificates",
        use("officer_certificate.recorded.v1", "officer_id", "categories", "valid_from", "valid_to"),
        use("officer_certificate.status_changed.v1", "status", "effective_on"),
    ),
    part(
        "R2",
        "监管对象与监管主体",
        "Enterprises and who supervises them",
        use("enterprise.profiled.v1", "enterprise_id", "uscc", "point", "risk_grade", "standardisation"),
        use("supervising_body.assigned.v1", "agency", "level", "valid_from"),
        use("supervising_body.ended.v1", "agency", "ended_on"),
    ),
    part(
        "R3",
        "清单、基准与日历",
        "Rule sets and calendars",
        use("rule_set.published.v1", "kind", "version", "entries", "off", "worked", "known_on", "content_hash"),
    ),
    part(
        "R4",
        "文号",
        "Document numbers",
        use("document_number.reserved.v1", "agency", "token", "year", "from_n", "to_n", "expires_at"),
        use("document_number.issued.v1", "document_no", "n"),
        use("document_number.voided.v1", "n", "reason", "approver", "photo_hashes"),
        use("document_number.returned.v1", "from_n", "to_n"),
    ),
    part(
        "R5",
        "终端",
        "Terminals",
        use("terminal.enrolled.v1", "event_key", "authority"),
        use("terminal.revoked.v1", "declared"),
        use("terminal.held.v1", "reason"),
        use("terminal.released.v1", "reason"),
        use("terminal.fork_resolved.v1", "branch"),
        use("terminal.record_lost.v1", "hash", "seq"),
        use("blob.received.v1", "sha256", "size"),
        use("blob.examined.v1", "sha256", "file_time", "looks_like"),
        use("blob.damaged.v1", "sha256", "state"),
    ),
    part(
        "R6",
        "监督",
        "Oversight",
        use("interference.recorded.v1", "position", "form", "content"),
        use("periodic_report.submitted.v1", "period", "figures"),
        use("external_record.received.v1", "source", "reference"),
        use("outside_ledger.mapping_saved.v1", "kind", "version", "columns"),
        use("outside_ledger.imported.v1", "kind", "file", "taken", "known", "refused"),
        use("outside_ledger.rows_received.v1", "kind", "month", "rows"),
        use("outside_ledger.match_decided.v1", "key", "event", "outcome", "reason"),
    ),
    part(
        "R7",
        "更正、补录、查看个人信息",
        "Corrections, backfill, personal values revealed",
        use("record.corrected.v1", "target_event", "field_changes", "reason"),
        use("record.correction_submitted.v1", "target_event", "field_changes", "asked_in"),
        use("backfill.approved.v1", "target_events", "reason", "approver"),
        use("private_value.revealed.v1", "commitment", "reason"),
        use("evidence.read.v1", "files", "purpose", "reader"),
        use("trail.read.v1", "of", "subject", "reader", "form"),
        use("case_file.exported.v1", "purpose", "logs"),
        use("case_file.export_closed.v1", "manifest"),
    ),
    part(
        "R8",
        "预警核查",
        "Signals looked into",
        use("signal.disputed.v1", "signal_id", "grounds"),
        use("signal.resolved.v1", "signal_id", "resolution", "reason"),
    ),
    part(
        "R9",
        "批注",
        "Comments",
        use("comment.made.v1", "anchor", "text", "officer"),
        use("comment.settled.v1", "state", "officer"),
    ),
)
"""What accompanies every file: families E01 to E08 and E46 to E50."""

DEADLINES: Final = (
    part(
        "DL-01",
        "立案至处罚决定",
        "From filing to the decision",
        use("case.filed.v1", "filed_on"),
        use("penalty.decided.v1", "decided_on"),
        use("case.no_penalty_decided.v1", "decided_on"),
    ),
    part(
        "DL-02",
        "听证申请期限",
        "Time to ask for a hearing",
        use("penalty_notice.served.v1", "served_on", "hearing_right_told"),
        use("hearing.requested.v1", "requested_on"),
    ),
    part(
        "DL-03",
        "听证通知至听证",
        "From the notice to the hearing",
        use("hearing_notice.served.v1", "served_on", "hearing_on"),
        use("hearing.held.v1", "held_on"),
    ),
    part(
        "DL-04",
        "先行登记保存处理",
        "Disposal of preserved evidence",
        use("evidence_preservation.ordered.v1", "ordered_on"),
        use("evidence_preservation.disposed.v1", "disposed_on"),
    ),
    part(
        "DL-05",
        "决定书送达",
        "Service of the decision",
        use("penalty.decided.v1", "decided_on", "party_present"),
        use("document.served.v1", "served_on"),
    ),
    part(
        "DL-06",
        "缴纳罚款",
        "Payment of the fine",
        use("document.served.v1", "served_on"),
        use("fine_payment.recorded.v1", "paid_on"),
    ),
    part("DL-07", "加处罚款", "Late fine", use("late_fine.decided.v1", "from_on", "amount_fen")),
    part(
        "DL-08",
        "复议、起诉期限",
        "Time for remedies",
        use("document.served.v1", "served_on"),
        use("penalty.decided.v1", "remedies_text"),
        use("reconsideration.closed.v1", "served_on"),
    ),
    part(
        "DL-09",
        "催告后最早申请",
        "Earliest application after the demand",
        use("enforcement_demand.served.v1", "served_on"),
        use("court_enforcement.applied.v1", "applied_on"),
    ),
    part(
        "DL-10",
        "申请法院执行最迟",
        "Latest application to the court",
        use("document.served.v1", "served_on"),
        use("court_enforcement.applied.v1", "applied_on"),
    ),
    part(
        "DL-11",
        "处罚决定公示",
        "Publication of the decision",
        use("penalty.decided.v1", "decided_on"),
        use("disclosure.published.v1", "published_on"),
    ),
    part(
        "DL-12",
        "其他结果公示",
        "Publication of other results",
        use("task.concluded.v1", "concluded_on"),
        use("disclosure.published.v1", "task_id", "published_on"),
    ),
    part(
        "DL-13",
        "变更后撤回公示",
        "Withdrawal after an alteration",
        use("decision.altered.v1", "effective_on"),
        use("disclosure.withdrawn.v1", "withdrawn_on"),
    ),
    part(
        "DL-14",
        "查封扣押期限",
        "Length of a seizure",
        use("compulsory_measure.imposed.v1", "imposed_on", "ends_on"),
        use("compulsory_measure.ended.v1", "ended_on"),
    ),
    part(
        "DL-15",
        "紧急强制报告",
        "Report of an urgent measure",
        use("compulsory_measure.imposed.v1", "urgent", "imposed_at"),
        use("compulsory_measure.reported.v1", "reported_at"),
    ),
    part(
        "DL-16",
        "移送批准",
        "Approval of a referral",
        use("transfer.proposed.v1", "reported_on"),
        use("transfer.decided.v1", "decided_on"),
    ),
    part(
        "DL-17",
        "移送交付",
        "Delivery of a referral",
        use("transfer.decided.v1", "decided_at"),
        use("transfer.delivered.v1", "delivered_at"),
    ),
    part(
        "DL-18",
        "整改复查",
        "Re-inspection",
        use("rectification.ordered.v1", "deadline"),
        use("reinspection.concluded.v1", "reinspected_on"),
    ),
    part(
        "DL-19",
        "计划调整批准",
        "Approval of a plan revision",
        use("plan_revision.decided.v1", "decided_on"),
        use("plan_revision.approved.v1", "approved_on"),
    ),
    part("DL-20", "季度报表", "Quarterly report", use("periodic_report.submitted.v1", "period", "submitted_on")),
    part("DL-21", "全年报表", "Yearly report", use("periodic_report.submitted.v1", "kind", "submitted_on")),
    part("DL-22", "年度统计公开", "Annual statistics published", use("periodic_report.submitted.v1", "published_on")),
    part(
        "DL-23",
        "举报答复",
        "Reply to a tip",
        use("tip.received.v1", "received_at", "accepted_on"),
        use("tip.concluded.v1", "replied_on"),
    ),
    part(
        "DL-24",
        "当场收缴款交存",
        "Cash handed in",
        use("on_spot_penalty.decided.v1", "cash"),
        use("cash.deposited.v1", "step", "deposited_on"),
    ),
    part(
        "DL-25",
        "事故整改评估",
        "Evaluation after an accident",
        use("accident.report_approved.v1", "approved_on"),
        use("accident.evaluation_published.v1", "published_on"),
    ),
    part(
        "DL-26",
        "法制审核意见",
        "Opinion of the legal review",
        use("legal_review.requested.v1", "requested_at"),
        use("legal_review.returned.v1", "returned_at"),
        use("legal_review.concluded.v1", "concluded_at"),
    ),
)
"""What starts each deadline of the catalogue and what meets it (handbook 2.5)."""

PAUSES: Final = (
    part("DL-01 延长", "办案期限延长", "Case period extended", use("case.period_extended.v1", "last_day", "approver")),
    part(
        "DL-01 中止",
        "办案中止与恢复",
        "Case suspended and resumed",
        use("case.suspended.v1", "ground", "suspended_on"),
        use("case.resumed.v1", "resumed_on"),
    ),
    part(
        "DL-01 鉴定",
        "鉴定期间",
        "Appraisal",
        use("appraisal.commissioned.v1", "commissioned_on"),
        use("appraisal.received.v1", "received_on"),
    ),
    part(
        "DL-06 缓交",
        "批准延期或分期缴纳",
        "Instalments approved",
        use("fine_deferral.decided.v1", "until", "instalments"),
    ),
    part(
        "DL-07 复议诉讼",
        "复议、诉讼期间不计加处罚款",
        "No late fine during remedies",
        use("reconsideration.opened.v1", "opened_on"),
        use("reconsideration.closed.v1", "closed_on"),
        use("suit.opened.v1", "opened_on"),
        use("suit.closed.v1", "closed_on"),
    ),
    part(
        "DL-10 分期",
        "分期缴纳顺延申请期限",
        "Instalments shift the start",
        use("fine_deferral.decided.v1", "instalments"),
    ),
    part(
        "DL-14 检测",
        "检测、鉴定期间不计",
        "Testing and appraisal do not count",
        use("compulsory_measure.imposed.v1", "suspension_for_test"),
        use("compulsory_measure.extended.v1", "suspension_for_test", "ends_on"),
        use("appraisal.commissioned.v1", "commissioned_on"),
        use("appraisal.received.v1", "received_on"),
    ),
    part(
        "DL-18 延期",
        "批准整改延期",
        "Extension of rectification",
        use("rectification.extension_decided.v1", "granted", "deadline"),
        use("rectification.reported.v1", "extension_decision"),
    ),
)
"""What pauses or moves a deadline (handbook 2.5, last column)."""
