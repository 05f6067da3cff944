"""A log entry as a fact: the same from the same bytes, with nothing that depends on what came in before."""

from __future__ import annotations

import pytest

from projections.process.reading import Reading
from schemas import entries
from schemas.envelope import NOTE_BITS, UNSOUND
from schemas.events import REGISTRY, Registry
from schemas.events.on_site import SiteEntered
from tests.support.event_vectors import FULL
from tests.support.process import Event, Writer, facts_of

AT = 1_767_229_200_000
BODY = FULL["site.entered.v1"]


def visit(**more: object) -> Event:
    return Writer().field("site.entered.v1", BODY, ["task:t", "enterprise:e"], occurred=AT, **more)  # type: ignore[arg-type]


def test_a_field_event_keeps_its_four_clocks_and_its_place() -> None:
    place = {"acc": 12, "crs": "WGS84", "lat": 412_000_000, "lon": 1_237_000_000, "mock": False, "src": "gps"}
    clock = {"boot": bytes(16), "mono": 5_000, "offset": -1_500}
    (fact,) = facts_of([visit(received=AT + 9, at=AT + 3, clock=clock, loc=place)])
    assert (fact.occurred, fact.captured, fact.received) == (AT, AT + 3 - 1_500, AT + 9)
    assert fact.location == place
    assert (fact.source, fact.claim, fact.counts, fact.notes) == ("field", False, True, ())
    assert fact.about == ("enterprise:e", "task:t")
    assert fact.authority == "210500"


def test_an_act_of_the_office_has_no_terminal_and_one_officer() -> None:
    (fact,) = facts_of([Writer().office("case.filed.v1", FULL["case.filed.v1"], ["case:c"], received=AT, by="o-1")])
    assert (fact.source, fact.terminal, fact.by, fact.captured) == ("office", b"", ("o-1",), None)
    assert fact.occurred == fact.received == AT
    assert fact.counts


def test_a_claim_is_one_by_the_registry_of_today_whatever_was_noted_then() -> None:
    filed = FULL["case.filed.v1"]
    for notes in ([], ["claim"]):
        (fact,) = facts_of([Writer().field("case.filed.v1", filed, ["case:c"], occurred=AT, notes=notes)])
        assert (fact.claim, fact.counts, fact.notes) == (True, False, ("claim",))
    (fact,) = facts_of([visit(notes=["claim"])])
    assert (fact.claim, fact.notes) == (False, ())


def test_a_type_or_body_that_is_not_understood_is_a_fact_without_a_body_until_it_is() -> None:
    older = Registry(tuple(cls for cls in REGISTRY.classes if cls is not SiteEntered))
    (fact,) = facts_of([visit(notes=["unknown_type"])], older)
    assert (fact.body, fact.counts, fact.notes) == (None, False, ("unknown_type",))
    (fact,) = facts_of([visit(notes=["unknown_type"])])
    assert fact.body is not None
    assert fact.notes == ()
    (fact,) = facts_of([Writer().field("site.entered.v1", {"task_id": 5}, ["task:t"], occurred=AT)])
    assert (fact.body, fact.notes) == (None, ("invalid_body",))


@pytest.mark.parametrize("note", sorted(UNSOUND))
def test_nothing_is_taken_from_an_unsound_envelope(note: str) -> None:
    assert facts_of([visit(notes=[note])]) == []


def test_what_came_in_before_leaves_no_trace_in_a_fact() -> None:
    (first,), (second,) = facts_of([visit()]), facts_of([visit(notes=["duplicate_id"])])
    assert first == second
    (held,) = facts_of([visit(notes=["held"])])
    assert held.notes == ("held",)
    assert set(NOTE_BITS) >= {"held", "duplicate_id"}


def test_a_side_chain_satisfies_nothing() -> None:
    (fact,) = facts_of([visit(branch=bytes(32))])
    assert (fact.source, fact.counts) == ("branch", False)


def test_entries_without_an_event_are_no_facts() -> None:
    read = Reading(REGISTRY)
    assert read("210500", entries.incident("fork", {"seq": 1}, bytes(16), bytes(16), AT), None) is None
    assert read("210500", entries.disclosure(bytes(32), bytes(16), "published", AT), None) is None
