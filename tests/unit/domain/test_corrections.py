"""INV-39 and INV-36: a correction changes what is judged, never the record, and an old deadline stays visible."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain import corrections
from domain.judges import tip
from domain.matter import Fact, Judgement
from domain.workdays import day_of
from projections.rulefiles import load
from tests.support.facts import at, fact, matter, new_id, text_id

RULES, CALENDAR = load()
TIP = new_id()

RECEIVED = fact(
    "tip.received.v1",
    {
        "tip_id": TIP, "channel": "12350", "kind": "hazard", "subject": "x", "accepted": True,
        "received_at": at("2026-03-02"), "accepted_on": "2026-03-02", "officers": ["officer-0001", "officer-0002"],
    },
    occurred="2026-03-02",
)  # fmt: skip


def change(path: str, new: object = None, **more: Any) -> dict[str, Any]:
    return {"path": path, **({} if new is None else {"new": json.dumps(new)}), **more}


def corrected(
    *changes: dict[str, Any],
    target: bytes = RECEIVED.id,
    on: str = "2026-03-10",
    effect: str = "corrected",
    **more: Any,
) -> Fact:
    body: dict[str, Any] = {"target_event": target, "effect": effect, "reason": "x", "approver": "officer-0002"}
    if changes:
        body["field_changes"] = list(changes)
    return fact("record.corrected.v1", body, occurred=on, about=[f"tip:{text_id(TIP)}"], **more)


def judged(*facts: Fact) -> Judgement:
    return corrections.judged(tip.JUDGE, matter("tip", TIP, facts, rules=RULES, calendar=CALENDAR))


def reply(*facts: Fact) -> tuple[str | None, list[str]]:
    """The last day of the reply, and those that it had before."""
    [found] = [d for d in judged(*facts).deadlines if not d.about.endswith("/accept")]
    return found.last_day, [day_of(e.due - 1).isoformat() for e in found.earlier]


def test_a_corrected_date_moves_the_deadline_and_the_old_one_stays() -> None:
    assert reply(RECEIVED) == ("2026-04-01", [])
    moved = corrected(change("$.accepted_on", "2026-03-05", old='"2026-03-02"'))
    # 35 days end on Saturday 4 April, in the holiday until the 6th.
    assert reply(RECEIVED, moved) == ("2026-04-07", ["2026-04-01"])
    again = corrected(change("$.accepted_on", "2026-03-03"), on="2026-03-12")
    assert reply(RECEIVED, moved, again) == ("2026-04-02", ["2026-04-01", "2026-04-07"])
    assert reply(again, moved, RECEIVED) == ("2026-04-02", ["2026-04-01", "2026-04-07"])


def test_a_withdrawn_record_satisfies_nothing_and_stays() -> None:
    found = judged(RECEIVED, corrected(effect="withdrawn"))
    assert (found.stage, found.deadlines) == ("unregistered", ())
    [fact_then, _] = corrections.applied([RECEIVED, corrected()], [corrected(effect="withdrawn")])
    assert (fact_then.counts, fact_then.notes, fact_then.id) == (False, ("withdrawn",), RECEIVED.id)


def test_a_withdrawn_correction_corrects_nothing() -> None:
    moved = corrected(change("$.accepted_on", "2026-03-05"))
    undone = corrected(target=moved.id, effect="withdrawn", on="2026-03-12")
    assert reply(RECEIVED, moved, undone) == ("2026-04-01", [])
    redone = corrected(target=undone.id, effect="withdrawn", on="2026-03-14")
    assert reply(RECEIVED, moved, undone, redone)[0] == "2026-04-07"


@pytest.mark.parametrize(
    "correction",
    [
        corrected(change("$.accepted_on", "2026-03-05", old='"2026-03-04"')),  # not what the record said
        corrected(change("$.accepted_on", "2026-02-30")),  # no day
        corrected(change("$.accepted_on", 5)),
        corrected(change("$.nowhere.deeper", "x")),
        corrected(change("$.officers[7]", "officer-0009")),
        corrected(change("accepted_on", "2026-03-05")),
        corrected(change("$.tip_id")),  # what is needed cannot be struck out
        corrected({"path": "$.accepted_on", "new": "{"}),
        corrected(change("$.accepted_on", "2026-03-05"), effect="explained"),
        corrected(change("$.accepted_on", "2026-03-05"), claim=True),
        corrected(change("$.accepted_on", "2026-03-05"), authority="110000"),
        corrected(change("$.accepted_on", "2026-03-05"), target=new_id()),
    ],
)
def test_a_correction_that_does_not_fit_changes_nothing(correction: Fact) -> None:
    assert reply(RECEIVED, correction) == ("2026-04-01", [])


def test_lists_ids_and_optional_fields_can_be_corrected() -> None:
    body = {"tip_id": TIP, "route": "own", "assigned_to": "officer-0017", "assigned_on": "2026-03-03", "task_id": TIP}
    assigned = fact("tip.assigned.v1", body, occurred="2026-03-03")
    other = new_id()
    [first] = corrections.applied(
        [assigned],
        [corrected(change("$.task_id", text_id(other)), change("$.due_on", "2026-03-20"), target=assigned.id)],
    )
    assert (first.body.task_id, first.body.due_on.isoformat()) == (other, "2026-03-20")  # type: ignore[union-attr]
    assert first.notes == ("corrected",)
    [second] = corrections.applied([RECEIVED], [corrected(change("$.officers[1]", "officer-0009"))])
    assert second.body.officers == ("officer-0001", "officer-0009")  # type: ignore[union-attr]
    [third] = corrections.applied([RECEIVED], [corrected(change("$.accepted_on"))])
    assert third.body != RECEIVED.body
    assert RECEIVED.body.accepted_on.isoformat() == "2026-03-02"  # type: ignore[union-attr]


def test_an_authority_above_may_correct() -> None:
    assert reply(RECEIVED, corrected(change("$.accepted_on", "2026-03-05"), authority="210000"))[0] == "2026-04-07"
