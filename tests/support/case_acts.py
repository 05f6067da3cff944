"""Acts beside the main line of a case, for tests of its judge: side procedures, money, the simple procedure.

Each takes fields that differ from the lawful act that it makes. All persons and numbers are invented.
"""

from __future__ import annotations

from typing import Any, Final

from tests.support.cases import CLAUSES, ENTERPRISE, HEAD, LIN, NUMBER, PARTY, ZHAO, act, judged, of_case, story
from tests.support.facts import fact
from tests.support.vector_parts import uid

NO: Final = "（示）应急当罚〔2026〕1号"
"""Printed number of the penalty on the spot."""


def proposed(**fields: Any) -> Any:
    """A suspected crime, reported on 6 March 2026."""
    return of_case(
        "transfer.proposed.v1",
        **{"occurred": "2026-03-06", "transfer_id": uid(81), "kind": "crime", "reported_on": "2026-03-06", **fields},
    )


def approved(when: str = "2026-03-09 10:00", **fields: Any) -> Any:
    """The head's decision to refer it."""
    return of_case(
        "transfer.decided.v1",
        **{
            "occurred": when, "transfer_id": uid(81), "approved": True, "decided_at": when, "decided_on": when[:10],
            "decided_by": HEAD, "reason": None, **fields,
        },
    )  # fmt: skip


def imposed(**fields: Any) -> Any:
    """A sealing of 5 March 2026, approved an hour before."""
    return of_case(
        "compulsory_measure.imposed.v1",
        **{
            "occurred": "2026-03-05 10:00", "measure_id": uid(82), "kind": "seal", "imposed_at": "2026-03-05 10:00",
            "imposed_on": "2026-03-05", "ends_on": "2026-04-04", "urgent": False, "approver": HEAD,
            "approved_at": "2026-03-05 09:00", "items": [{"name": "储罐", "quantity": "1 个"}], "list_delivered": True,
            **fields,
        },
    )  # fmt: skip


def ended(day: str) -> Any:
    """The end of that measure."""
    return of_case(
        "compulsory_measure.ended.v1", occurred=day, measure_id=uid(82), ground="decided", ended_on=day, approver=HEAD
    )


def paid(fen: int, day: str = "2026-04-15", **fields: Any) -> Any:
    """A payment towards the fine."""
    return act("paid", amount_fen=fen, paid_on=day, occurred=day, **fields)


def demand(day: str = "2026-10-20") -> Any:
    """The demand before enforcement."""
    return of_case("enforcement_demand.served.v1", occurred=day, decision_no=NUMBER, served_on=day, method="direct",
                   document_no="（示）应急强催〔2026〕1号")  # fmt: skip


def applied(day: str, **fields: Any) -> Any:
    """The application to the court."""
    return of_case(
        "court_enforcement.applied.v1",
        **{
            "occurred": day, "decision_no": NUMBER, "applied_on": day, "head_signed": True, "court": "示例区人民法院",
            "document_no": "（示）应急强执〔2026〕1号", **fields,
        },
    )  # fmt: skip


def spot(**fields: Any) -> Any:
    """A penalty on the spot of 5 March 2026."""
    day = str(fields.get("decided_on", "2026-03-05"))
    return of_case(
        "on_spot_penalty.decided.v1",
        **{
            "occurred": f"{day} 10:00", "document_no": NO, "party": PARTY, "facts": "未佩戴安全帽", "clauses": CLAUSES,
            "bases": CLAUSES, "kinds": ["P03"], "amount_fen": 200_000, "decided_at": f"{day} 10:00", "decided_on": day,
            "officers": [LIN, ZHAO], "delivered": True, "refused": False, "remedies_text": "应当先复议",
            **fields,
        },
    )  # fmt: skip


def lines(*kinds: str, fen: int = 6_000_000) -> list[dict[str, Any]]:
    """Penalty lines of one kind."""
    return [{"kind": kind, "amount_fen": fen} if kind in ("P03", "P04") else {"kind": kind} for kind in kinds]


def other_case(day: str, *, number: str = "（示）应急罚〔2026〕3号", fen: int = 1_000_000, **filing: Any) -> list[Any]:
    """Another case of the same party, filed and fined."""
    """Filing and decision of another case of the same enterprise, as its dossier holds them."""
    case_id = uid(90)
    filed = {
        "case_id": case_id, "source": "tip", "cause": "另案", "party": PARTY, "suspected_clauses": CLAUSES,
        "violation_on": "2026-02-10", "filed_on": "2026-02-20", "handlers": ["officer-0050", "officer-0051"],
        "approver": "officer-0002", **filing,
    }  # fmt: skip
    return [
        fact("case.filed.v1", filed, occurred="2026-02-20"),
        fact(
            "penalty.decided.v1",
            {"case_id": case_id, "document_no": number, "decided_on": day, "penalties": lines("P03", fen=fen)},
            occurred=day,
        ),
    ]


def with_dossier(*facts: Any, **changes: Any) -> Any:
    """What the judge says of the story, with these facts in the dossier of its party."""
    return judged(story(until="decided", **changes), others={f"enterprise:{ENTERPRISE}": facts})
