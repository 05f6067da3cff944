from __future__ import annotations

import datetime
from typing import Any

import pytest

from domain.certificates import reviewing, scopes_of, standing
from domain.judges.officer import JUDGE, periods
from domain.matter import Fact
from projections.rulefiles import load
from tests.support.facts import LIN, at, certificate, fact, matter

RULES, _ = load()
day = datetime.date.fromisoformat


def changed(status: str, effective_on: str, **more: Any) -> Fact:
    received = more.pop("received", effective_on)
    body = {"officer_id": LIN, "certificate_no": "E1", "status": status, "effective_on": effective_on, "reason": "x"}
    return fact("officer_certificate.status_changed.v1", {**body, **more}, occurred=received, received=received)


def held(**more: Any) -> Fact:
    return certificate(LIN, number="E1", **{"valid_from": "2025-01-01", "valid_to": "2025-12-31", **more})


@pytest.mark.parametrize(
    ("on", "state"),
    [
        ("2024-12-31", "none"),
        ("2025-01-01", "valid"),
        ("2025-12-31", "valid"),
        ("2026-01-01", "expired"),
    ],
)
def test_a_certificate_holds_from_its_first_to_its_last_day(on: str, state: str) -> None:
    assert standing([held()], day(on)).state == state
    # The act in the last minute of the last day in Shanghai is covered, the first of the next day is not.
    assert standing([held()], at(f"{on} 23:59")).state == state


@pytest.mark.parametrize(
    ("changes", "on", "state"),
    [
        ([("suspended", "2025-03-01", "2025-03-10")], "2025-02-28", "valid"),
        ([("suspended", "2025-03-01", "2025-03-10")], "2025-03-10", "suspended"),
        ([("suspended", "2025-03-01", "2025-03-10")], "2025-03-11", "valid"),
        ([("suspended", "2025-03-01", None)], "2025-06-01", "suspended"),
        ([("suspended", "2025-03-01", None), ("active", "2025-04-01", None)], "2025-04-01", "valid"),
        ([("revoked", "2025-03-01", None)], "2025-03-01", "revoked"),
        ([("withdrawn", "2025-03-01", None)], "2025-05-01", "revoked"),
        ([("expired", "2025-03-01", None)], "2025-05-01", "expired"),
    ],
)
def test_a_change_of_status_holds_from_its_day(changes: list[tuple[str, str, str | None]], on: str, state: str) -> None:
    facts = [held(), *(changed(s, e, **({"until": u} if u else {})) for s, e, u in changes)]
    assert standing(facts, day(on)).state == state
    assert standing(list(reversed(facts)), day(on)).state == state


def test_a_renewal_entered_late_changes_the_past_and_both_answers_stay() -> None:
    """Handbook, appendix B: a certificate renewed retroactively."""
    old = held()
    renewed = certificate(
        LIN, number="E2", valid_from="2026-01-01", valid_to="2027-12-31", received="2026-03-01", replaces="E1"
    )
    act = at("2026-02-01")
    assert standing([old, renewed], act).state == "valid"
    assert standing([old, renewed], act, known=at("2026-02-28")).state == "expired"


def test_the_best_of_several_certificates_counts() -> None:
    other = certificate(LIN, number="E9", categories=("交通执法",), valid_from="2025-01-01", valid_to="2026-12-31")
    wanted = scopes_of(RULES, day("2025-06-01"), "210500")
    assert standing([held(), other], day("2025-06-01"), wanted).number == "E1"
    assert standing([held(), other], day("2026-06-01"), wanted).state == "wrong_scope"
    assert standing([other], day("2025-06-01")).state == "valid"
    bare = {
        "officer_id": LIN,
        "certificate_no": "E3",
        "issuer": "X",
        "valid_from": "2025-01-01",
        "valid_to": "2025-12-31",
    }
    assert standing([fact("officer_certificate.recorded.v1", bare)], day("2025-06-01"), wanted).state == "valid"


def test_claims_and_nothing_give_no_certificate() -> None:
    claimed = fact(
        "officer_certificate.recorded.v1",
        {
            "officer_id": LIN,
            "certificate_no": "E1",
            "issuer": "X",
            "valid_from": "2025-01-01",
            "valid_to": "2026-12-31",
        },
        claim=True,
    )
    assert standing([claimed], day("2025-06-01")).state == "none"
    assert standing([], day("2025-06-01")).number == ""
    # A status of a certificate that nobody registered changes nothing.
    assert standing([changed("active", "2025-01-01")], day("2025-06-01")).state == "none"


@pytest.mark.parametrize(
    ("qualification", "on", "state"),
    [
        (None, "2026-03-02", "none"),
        ({"obtained_on": "2026-03-02"}, "2026-03-02", "qualified"),
        ({"obtained_on": "2026-03-03"}, "2026-03-02", "unqualified"),
        ({"grandfathered": True}, "2026-03-02", "qualified"),
        ({"first_review_on": "2017-12-31"}, "2026-03-02", "qualified"),
        ({"first_review_on": "2018-01-01"}, "2026-03-02", "unqualified"),
        ({"first_review_on": "2018-01-01", "grandfathered": True}, "2026-03-02", "unqualified"),
    ],
)
def test_who_reviews_for_the_first_time_has_passed_the_exam(
    qualification: dict[str, object] | None, on: str, state: str
) -> None:
    more = {} if qualification is None else {"reviewer_qualification": qualification}
    assert reviewing([held(**more)], day(on), day("2018-01-01")).state == state


def test_the_register_shows_periods_without_gaps() -> None:
    facts = (held(), changed("suspended", "2025-03-01", until="2025-03-10"))
    assert [(p["from"], p["to"], p["state"]) for p in periods(facts)] == [
        ("2025-01-01", "2025-02-28", "valid"),
        ("2025-03-01", "2025-03-10", "suspended"),
        ("2025-03-11", "2025-12-31", "valid"),
        ("2026-01-01", None, "expired"),
    ]


def test_the_register_says_what_was_entered_late() -> None:
    late = changed("suspended", "2025-03-01", received="2025-04-01")
    declared = fact(
        "interest.declared.v1",
        {"officer_id": LIN, "relation": "relative", "declared_on": "2025-03-01", "enterprise_id": "91210500MA0TEX018W"},
    )
    judged = JUDGE.judge(matter("officer", LIN, [held(), late, declared], rules=RULES))
    assert (judged.stage, judged.columns["late_entries"], judged.columns["interests"]) == ("suspended", 1, 1)
    assert judged.page["changes"][0]["late"] is True
    assert judged.page["reviewing"]["state"] == "none"
    empty = JUDGE.judge(matter("officer", LIN, [], rules=RULES))
    assert (empty.stage, empty.page["periods"]) == ("none", [])
