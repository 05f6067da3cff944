"""A case under legal review in a real log: filed, drafted twice, sent for review. All names in it are invented."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from domain.workdays import SHANGHAI
from schemas.entries import Who
from schemas.events import REGISTRY
from schemas.events.draft import DecisionDrafted, hash_of
from server.log.acts import Act, OfficeActs
from tests.support import projections as stories
from tests.support.log import AUTHORITY, Log, now, uuid7
from tests.support.vector_parts import USCC

LIN: Final = "lin"
PARTY: Final = {"id": USCC, "name": "示例制造有限公司", "type": "organisation"}
FACTS: Final = "2026年2月10日检查发现，当事人未按规定对从业人员进行安全生产教育和培训。涉及从业人员12人。"
CAUSE: Final = "未按规定进行安全生产教育和培训"
NEWER: Final = (
    "2026年2月10日检查发现，当事人未按规定对从业人员进行安全生产教育和培训。涉及从业人员15人，含特种作业2人。"
)


def draft(case: str, version: int, **changes: Any) -> dict[str, Any]:
    """The body of a draft with the hash that it must state."""
    fields = {
        "draft_id": uuid7(), "case_id": UUID(case).bytes, "version": version, "kind": "penalty", "party": PARTY,
        "facts": FACTS, "bases": ["中华人民共和国安全生产法 第二十八条"],
        "penalties": [{"kind": "P03", "amount_fen": 6_000_000}], "remedies_text": "可以申请行政复议",
        "drafted_by": LIN, "drafted_on": "2026-03-11", "draft_hash": bytes(32), **changes,
    }  # fmt: skip
    made = REGISTRY.decode_body("decision.drafted.v1", fields)
    assert isinstance(made, DecisionDrafted)
    return {**fields, "draft_hash": hash_of(made)}


async def act(log: Log, name: str, case: str, body: Mapping[str, Any], *, by: str = LIN, at: int = 0) -> None:
    """One act of the office on a case."""
    tags = sorted((f"authority:{AUTHORITY}", f"case:{case}"))
    who = Who(officer=by, session=bytes(32), via="console")
    await log.committer.submit(OfficeActs(AUTHORITY, [Act(name, tags, body, uuid7(), 1, uuid7())], who, at or now()))


async def under_review(
    log: Log, case: str = stories.CASE, *, reviewer: str = "", asked: int = 0, drafts: int = 2
) -> str:
    """File a case, draft its decision and send the last draft for review; gives the id of the review."""
    filed = stories.body("case.filed.v1")
    raw = UUID(case).bytes
    await act(
        log,
        "case.filed.v1",
        case,
        {**filed, "case_id": raw, "party": PARTY, "cause": CAUSE, "handlers": [LIN, "officer-0023"]},
    )
    last = draft(case, 1)
    await act(log, "decision.drafted.v1", case, last)
    for version in range(2, drafts + 1):
        last = draft(case, version, facts=NEWER, penalties=[{"kind": "P03", "amount_fen": 5_000_000}])
        await act(log, "decision.drafted.v1", case, last)
    review = uuid7()
    await act(
        log,
        "legal_review.requested.v1",
        case,
        {
            "review_id": review, "case_id": raw, "draft_hash": last["draft_hash"], "requested_at": asked or now(),
            "requested_by": LIN, "requesting_unit": "执法一科", "unit": "法规科", "trigger": "catalogue",
        },
    )  # fmt: skip
    if reviewer:
        await assigned(log, case, review, reviewer)
    return str(UUID(bytes=review))


async def assigned(log: Log, case: str, review: bytes, reviewer: str) -> None:
    """The review has its reviewer."""
    body = {
        "review_id": review, "case_id": UUID(case).bytes, "reviewer": reviewer, "unit": "法规科",
        "assigned_by": "he", "assigned_at": now(),
    }  # fmt: skip
    await act(log, "legal_review.assigned.v1", case, body, by="he")


async def qualified(log: Log, officer: str) -> None:
    """The officer has a certificate and may review."""
    body = {
        **stories.body("officer_certificate.recorded.v1"), "officer_id": officer, "valid_from": "2020-01-01",
        "valid_to": "2039-12-31", "reviewer_qualification": {"obtained_on": "2020-03-01"},
    }  # fmt: skip
    tags = sorted((f"authority:{AUTHORITY}", f"officer:{officer}"))
    who = Who(officer="he", session=bytes(32), via="console")
    made = Act("officer_certificate.recorded.v1", tags, body, uuid7(), 1, uuid7())
    await log.committer.submit(OfficeActs(AUTHORITY, [made], who, now()))


def days_ago(days: int) -> int:
    """Nine in the morning of so many days ago, ms."""
    day = datetime.datetime.fromtimestamp(time.time(), SHANGHAI) - datetime.timedelta(days)
    return int(day.replace(hour=9, minute=0, second=0, microsecond=0).timestamp() * 1000)
